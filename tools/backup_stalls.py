"""
How long others wait while backups and archives of the demo school are made.

    tools/backup_stalls.py --rounds 5

In one process, in turns: the loop left alone, and the loop while an archive is made, over and
over. A task that wants its turn every two milliseconds tells how late it got it; another one
enters something, again and again, and tells how long the commit took. On a busy machine look at
the difference: both lines were measured side by side. Exit 1: with backups, the loop was held
for more than ``--at-most`` milliseconds longer than without.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import attrs
import trio
from sqlalchemy import Connection

from pronote_server.clock import Clock
from pronote_server.config import Passwords, SchoolSettings, Suspension
from pronote_server.hosting.backup_making import make
from pronote_server.hosting.demo import fill_demo
from pronote_server.hosting.opening import open_school
from pronote_server.hosting.school import School
from pronote_server.storage.base_writes import bump_revision
from pronote_server.storage.packages import PackageKind

__all__ = ["main"]

_TICK = 0.002


@attrs.define
class _Seen:
    """In milliseconds."""

    late: list[float] = attrs.field(factory=list)
    commits: list[float] = attrs.field(factory=list)
    made: list[float] = attrs.field(factory=list)

    def line(self, what: str) -> str:
        return (
            f"{what:<14} turn late: {_of(self.late, 0.5):6.1f} {_of(self.late, 0.99):6.1f} "
            f"{_of(self.late, 0.999):6.1f} {max(self.late):6.1f}   commit: "
            f"{_of(self.commits, 0.5):6.1f} {_of(self.commits, 0.99):6.1f} "
            f"{max(self.commits):6.1f} ms (median, p99, p99.9 of turns, most)"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--at-most", type=float, default=50.0, metavar="MS")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="pronote-stalls-") as folder:
        alone, busy, size = trio.run(_measure, Path(folder), options.rounds)
    print(alone.line("left alone"))
    print(busy.line("with archives"))
    print(
        f"{len(busy.made)} archives of {size / 2**20:.1f} MiB, "
        f"{_of(busy.made, 0.5):.0f} ms each (median)"
    )
    return 1 if max(busy.late) > max(alone.late) + options.at_most else 0


async def _measure(folder: Path, rounds: int) -> tuple[_Seen, _Seen, int]:
    alone, busy, size = _Seen(), _Seen(), 0
    settings = SchoolSettings(
        rne="0990001N", name="École", passwords=Passwords(scram_iterations=4096)
    )
    async with open_school(settings, Suspension(), folder, Clock()) as school:
        await fill_demo(school, 0)
        gc.collect()
        gc.freeze()  # as the server does once it is ready
        await make(school, PackageKind.ARCHIVE)  # what is done once is done now
        for _ in range(rounds):
            await _watch(school, alone, None)
            size = await _watch(school, busy, PackageKind.ARCHIVE)
    return alone, busy, size


async def _watch(school: School, seen: _Seen, kind: PackageKind | None) -> int:
    size = 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_tick, seen)
        nursery.start_soon(_enter, school, seen)
        if kind is None:
            await trio.sleep(2)
        else:
            until = trio.current_time() + 2
            while trio.current_time() < until:
                started = time.perf_counter()
                size = (await make(school, kind)).size
                seen.made.append((time.perf_counter() - started) * 1000)
        nursery.cancel_scope.cancel()
    return size


async def _tick(seen: _Seen) -> None:
    while True:
        due = time.perf_counter() + _TICK
        await trio.sleep(_TICK)
        seen.late.append((time.perf_counter() - due) * 1000)


async def _enter(school: School, seen: _Seen) -> None:
    base = school.base
    assert base is not None
    now = school.now()

    def write(conn: Connection) -> None:
        bump_revision(conn, now)

    while True:
        started = time.perf_counter()
        await base.database.write(write)
        seen.commits.append((time.perf_counter() - started) * 1000)
        await trio.sleep(_TICK)


def _of(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


if __name__ == "__main__":
    sys.exit(main())
