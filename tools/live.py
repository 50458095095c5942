#!/usr/bin/env python3
"""
How soon does everybody know, and nobody else: sessions connected, and one who writes.

A demo server of its own, with TLS, in another process; `--sessions` people of all modes in
this one. Writes of three kinds are made one after the other: one that everybody may see, one of
school life, one of a single teacher. `tools/README.md` says how to read the report.

Exit status: 0 all is well, 1 somebody missed an event, heard it twice or should not have heard
it, 99 p99 is over `--within`, 2 bad usage, 4 no server.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

try:
    import psutil
    import trio

    from loading.demo_server import ServerDied, demo_server
    from loading.listening import Listening, writes_of
    from loading.measure import Histogram, seconds_from
    from loading.sessions import CannotPlan, Crowd, cast
    from pronote_client import CannotConnect
except ImportError as missing:
    print(
        f"tools/live.py: {missing}; run it in an environment with the project and the group "
        "`test`: tools/test makes one, then .venv/bin/python tools/live.py",
        file=sys.stderr,
    )
    raise SystemExit(69) from None

EXIT_SLOW: Final = 99
_SHOWN: Final = 20


def arguments_from(given: list[str]) -> argparse.Namespace:
    """Return what the command line asks for; ends the process when it makes no sense."""
    parser = argparse.ArgumentParser(prog="tools/live.py", description="Live events, timed.")
    parser.add_argument("--sessions", type=int, default=200, metavar="N")
    parser.add_argument("--writes", type=int, default=300, metavar="N")
    parser.add_argument("--pause", type=_seconds, default=0.05, metavar="50ms")
    parser.add_argument("--within", type=_seconds, default=0.1, metavar="100ms")
    parser.add_argument("--ramp", type=float, default=40.0, metavar="N", help="logins a second")
    parser.add_argument("--plain", action="store_true", help="without TLS")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the report, for programs")
    options = parser.parse_args(given)
    if options.sessions < 3 or options.writes < 1 or options.ramp <= 0:
        parser.error("--sessions is at least 3, --writes at least 1, --ramp above 0")
    return options


def _seconds(text: str) -> float:
    try:
        return seconds_from(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Connect everybody, write, and return the report."""
    async with demo_server(plain=options.plain) as server:
        players = cast(server.accounts, options.sessions)
        async with Crowd(server.settings, players, options.ramp, 30.0) as crowd:
            seated = crowd.seated
            writes = await writes_of(seated, players)
            listening = Listening(seated)
            psutil.cpu_percent()
            await listening.run(writes, options.writes, options.pause)
            busy = psutil.cpu_percent()
    concerned = {write.family: len(write.concerned) for write in writes}
    return {
        "sessions": crowd.composition,
        "tls": not options.plain,
        "machine_busy_percent": busy,
        "families": {
            family: {
                "concerned": concerned[family],
                "until_the_last": _milliseconds(histogram),
                "after_the_answer": _milliseconds(listening.after_answer[family]),
            }
            for family, histogram in listening.latency.items()
        },
        "wrong": listening.wrong,
    }


def _milliseconds(histogram: Histogram) -> dict[str, float]:
    found = {"p50": histogram.at(50), "p99": histogram.at(99), "max": histogram.max}
    return {"writes": len(histogram), **{k: round(v * 1e3, 1) for k, v in found.items()}}


def show(report: dict[str, Any]) -> None:
    """Print the report for a person."""
    people = ", ".join(f"{count} {mode}" for mode, count in report["sessions"].items())
    print(f"{people}; {'TLS' if report['tls'] else 'no TLS'}; milliseconds")
    print("                 concerned  writes |   until the last has it  |   after the answer")
    print(
        "                                   |    p50     p99     max   |    p50     p99     max"
    )
    for family, said in report["families"].items():
        whole, after = said["until_the_last"], said["after_the_answer"]
        print(f"{family:15} {said['concerned']:10} {whole['writes']:7} |", end="")
        print("".join(f"{whole[name]:8.1f}" for name in ("p50", "p99", "max")), end="  |")
        print("".join(f"{after[name]:8.1f}" for name in ("p50", "p99", "max")))
    print(f"the machine was {report['machine_busy_percent']:.0f} % busy")
    for line in report["wrong"][:_SHOWN]:
        print(f"WRONG: {line}")
    print(f"{len(report['wrong'])} wrong" if report["wrong"] else "heard by all of them, once")


def main(given: list[str]) -> int:
    """Measure, report, return the exit status."""
    options = arguments_from(given)
    report: dict[str, Any] = {}
    problem: str | None = None
    interrupted = False

    async def run() -> None:
        report.update(await measure(options))

    try:
        trio.run(run)
    except* (ServerDied, CannotConnect, CannotPlan) as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        problem = str(first)
    except* KeyboardInterrupt:
        interrupted = True
    if interrupted:
        return 130
    if problem is not None:
        print(f"tools/live.py: {problem}", file=sys.stderr)
        return 4
    show(report)
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    if report["wrong"]:
        return 1
    slow = [
        said["until_the_last"]["p99"] > options.within * 1e3
        for said in report["families"].values()
    ]
    return EXIT_SLOW if any(slow) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
