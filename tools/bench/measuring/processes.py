"""The processes that are measured: our server, and the references."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import trio

from bench.measuring.ours import Ours
from bench.plan import Bench
from loading.demo_server import accounts_from, demo_server
from pronote_client import ConnectionSettings

__all__ = [
    "Missing",
    "Reference",
    "ReferenceFailed",
    "our_server",
    "ours_with_schools",
    "reference",
    "spec_of_ours",
]

_TOOLS: Final = Path(__file__).resolve().parents[2]
_READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 10.0
# What a reference ends with when a package of the group `bench` is not installed.
MISSING: Final = 69

# Of our server. Rates that suspend an address are counted as ever, and out of reach; an idle
# session is not asked whether it is alive while something else is measured.
_SETTINGS: Final = {
    "SUSPENSION__PRIVILEGED": "[]",
    "SUSPENSION__OVERRIDES": "{requests = 1000000000, connections = 1000000000}",
    "LIMITS__HEARTBEAT_SECONDS": "3600.0",
    "LIMITS__SILENCE_SECONDS": "7200.0",
    "LOG__JSON": "always",
}


class ReferenceFailed(Exception):
    """A reference did not start."""


class Missing(Exception):
    """A reference needs what is not installed here."""


@attrs.frozen
class Reference:
    """A reference that runs: whose processor time counts, and its ready line in ``said``."""

    pid: int
    port: int
    said: Mapping[str, Any]


@asynccontextmanager
async def our_server(bench: Bench, *, plain: bool = True) -> AsyncIterator[Ours]:
    """
    Serve the demo school on the server's core for as long as the block lasts.

    In the short form, as long as the run lasts: what others did to it does not matter there.

    Raises:
        ServerDied: It does not start.
    """
    if bench.shared is None:
        async with _demo(bench, plain=plain, data=None) as ours:
            yield ours
        return
    if plain not in bench.shared.servers:
        bench.shared.servers[plain] = await bench.shared.stack.enter_async_context(
            _demo(bench, plain=plain, data=bench.shared.copy())
        )
    yield bench.shared.servers[plain]


@asynccontextmanager
async def _demo(bench: Bench, *, plain: bool, data: Path | None) -> AsyncIterator[Ours]:
    async with demo_server(plain=plain, settings=_SETTINGS, data=data) as server:
        bench.cores.give_server(server.pid)
        yield Ours(server.pid, server.settings, server.settings_file, server.accounts)


def spec_of_ours(bench: Bench) -> dict[str, Any]:
    """Return what a reference is told that is our own server, otherwise composed."""
    data = bench.shared.copy() if bench.shared is not None else None
    return {
        "environment": {f"PRONOTE_{name}": value for name, value in _SETTINGS.items()}
        | {"PRONOTE_LOG__LEVEL": "error"},
        "data": None if data is None else str(data),
    }


@asynccontextmanager
async def ours_with_schools(bench: Bench, schools: int) -> AsyncIterator[Ours]:
    """Serve the demo school, plain, one of so many."""
    if schools == 1:
        async with our_server(bench) as alone:
            yield alone
        return
    spec = {**spec_of_ours(bench), "schools": schools}
    async with reference(bench, "many_schools", spec) as other:
        file = Path(other.said["settings_file"])
        accounts = accounts_from(other.said["accounts"])
        yield Ours(other.pid, ConnectionSettings.read(file), file, accounts)


@asynccontextmanager
async def reference(
    bench: Bench, name: str, spec: Mapping[str, Any] | None = None
) -> AsyncIterator[Reference]:
    """
    Run ``bench.references.NAME`` on the server's core for as long as the block lasts.

    Args:
        spec: What it is told on its standard input.

    Raises:
        Missing: A package it needs is not installed.
        ReferenceFailed: It does not start.
    """
    process = _start(name)
    try:
        said = await trio.to_thread.run_sync(
            _tell, process, json.dumps(dict(spec or {})).encode(), abandon_on_cancel=True
        )
        bench.cores.give_server(process.pid)
        yield Reference(int(said.get("pid", process.pid)), int(said.get("port", 0)), said)
    finally:
        with trio.CancelScope(shield=True):
            await _end(process)


def _start(name: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", f"bench.references.{name}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=_TOOLS,
        start_new_session=True,
    )


def _tell(process: subprocess.Popen[bytes], spec: bytes) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(spec)
        process.stdin.close()
    except BrokenPipeError:
        pass  # it ended already; below is why
    line = process.stdout.readline()
    try:
        said: dict[str, Any] = json.loads(line)
    except ValueError:
        status = process.wait(_READY_SECONDS)
        if status == MISSING:
            raise Missing(line.decode("utf-8", "replace").strip()) from None
        raise ReferenceFailed(f"{process.args!r} ended with {status}: {line!r}") from None
    return said


async def _end(process: subprocess.Popen[bytes]) -> None:
    """End our own child: politely, and for certain."""
    if process.poll() is None:
        process.terminate()
        with trio.move_on_after(_STOP_SECONDS):
            await trio.to_thread.run_sync(process.wait, abandon_on_cancel=True)
    if process.poll() is None:
        process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
