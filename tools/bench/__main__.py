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
import sys
import traceback
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import attrs
import trio

from bench.figures import FIGURES
from bench.measuring.processes import Missing
from bench.measuring.processor import Cores
from bench.measuring.rows import Row
from bench.plan import FULL, SHORT, Bench, Plan, Shared
from bench.report.table import show
from loading.report import EXIT_INVALID, versions

__all__ = ["main", "measure"]


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


async def measure(bench: Bench, names: list[str]) -> list[Row]:
    """
    Measure the figures *names*, one after the other.

    One that breaks is told, and noted in ``bench.broken``; the others are measured.
    """
    async with AsyncExitStack() as stack:
        if bench.plan.short:
            bench = attrs.evolve(bench, shared=Shared(stack))
        return await _measure(bench, names)


async def _measure(bench: Bench, names: list[str]) -> list[Row]:
    rows: list[Row] = []
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            rows += await FIGURES[name](bench)
        except Missing as exc:
            bench.missing.append(f"{name}: {exc}")
        except Exception as exc:
            traceback.print_exception(exc)
            bench.broken.append(name)
    return rows


def report(bench: Bench, rows: list[Row]) -> dict[str, Any]:
    """Return everything, for programs."""
    return {
        "versions": versions(),
        "machine": {
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "load_average": list(os.getloadavg()),
        },
        "plan": attrs.asdict(bench.plan),
        "missing": bench.missing,
        "broken": bench.broken,
        "figures": [row.as_json() for row in rows],
    }


def main(given: list[str]) -> int:
    """Measure, report, return the exit status."""
    options = arguments_from(given)
    if options.list:
        print("\n".join(FIGURES))
        return 0
    bench = Bench(plan_from(options), Cores.share(), random.Random(options.seed))
    rows = trio.run(measure, bench, options.only or list(FIGURES))
    show(rows, bench.missing)
    if options.json is not None:
        text = json.dumps(report(bench, rows), ensure_ascii=False, indent=1)
        options.json.write_text(text + "\n", "utf-8")
    if bench.broken:
        print(f"broken: {', '.join(bench.broken)}", file=sys.stderr)
        return 1
    return EXIT_INVALID if any(row.invalid for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
