"""
Figure 14: from nothing to ready, and the import of the SDK.

As a package that was installed starts: its bytecode is there. A checkout has it after one
start, unless the environment forbids Python to write it; then every start would compile 400
modules again, a quarter of a second that nobody has who installs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from time import perf_counter
from typing import Final

import attrs

from bench.measuring.processor import cpu_seconds
from bench.measuring.rows import Compared, Row
from bench.plan import Bench

__all__ = ["starting"]

_DEMO: Final = ("-m", "pronote_server", "demo", "--json", "--host", "127.0.0.1", "--port", "0")
_IMPORT: Final = (
    "-c",
    "import time; t, c = time.perf_counter(), time.process_time(); import pronote_client; "
    "print(time.perf_counter() - t, time.process_time() - c)",
)
_PATIENCE_SECONDS: Final = 60.0


@attrs.frozen
class _Start:
    """Seconds until it was there, by the wall and of the processor."""

    wall: float
    cpu: float


def _environment() -> dict[str, str]:
    forbids = "PYTHONDONTWRITEBYTECODE"
    return {name: value for name, value in os.environ.items() if name != forbids}


async def starting(bench: Bench) -> list[Row]:
    """Figure 14, and the processor's part of it. Both have every core, as elsewhere."""
    demos, imports = [], []
    kept = [] if bench.shared is None else ["--data", str(bench.shared.prepared)]
    # The first of each writes the bytecode.
    _import()
    _demo(kept)
    for _ in range(bench.plan.starts):
        with bench.cores.all():
            imports.append(_import())
            demos.append(_demo(kept))
    rows = []
    for name, what, turns, reach, aim in (
        ("start-demo", "demo to ready, with TLS, in a new folder", demos, 2.0, 1.0),
        ("import-sdk", "import of the SDK, files in memory", imports, 0.25, 0.15),
    ):
        walls, cpus = [each.wall for each in turns], [each.cpu for each in turns]
        alone = Compared.ALONE
        rows += [
            Row(
                number=14,
                name=name,
                what=what,
                reference="",
                unit="s",
                ours=walls,
                compared=alone,
                reach=reach,
                aim=aim,
            ),
            Row(
                number=0,
                name=f"{name}-cpu",
                what=what,
                reference="",
                unit="s CPU",
                ours=cpus,
                compared=alone,
            ),
        ]
    return rows


def _demo(kept: list[str]) -> _Start:
    begun = perf_counter()
    process = subprocess.Popen(
        [sys.executable, *_DEMO, *kept],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=_environment(),
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        start = _Start(perf_counter() - begun, cpu_seconds(process.pid))
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_SECONDS)
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    if b'"ready": true' not in line:
        raise RuntimeError(f"the demo did not start: {line!r}")
    return start


def _import() -> _Start:
    ran = subprocess.run(
        [sys.executable, *_IMPORT], capture_output=True, check=True, env=_environment()
    )
    return _Start(*map(float, ran.stdout.split()))
