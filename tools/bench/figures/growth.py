"""Figure 13: whether figures 1, 7 and 11 stay what they are as a server grows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

import attrs

from bench.driving.crowd import Crowd
from bench.driving.marks import Column, columns_of
from bench.driving.sessions import Address, come_in
from bench.figures.fan_out import FanOut, Spread, entering
from bench.figures.memory import allow_descriptors
from bench.figures.reads import Hot, same_bytes
from bench.measuring.memory import own_bytes
from bench.measuring.ours import Ours
from bench.measuring.processes import Reference, our_server, ours_with_schools, reference
from bench.measuring.rows import Row
from bench.measuring.turns import take_turns
from bench.plan import Bench

__all__ = ["growth_in_schools", "growth_in_sessions"]

_SETTLE_SECONDS: Final = 0.5


@attrs.frozen
class Size:
    """
    What a server of one size costs, round by round.

    Attributes:
        read: A hot read, in raw Trio's of the same rounds.
        told: Processor microseconds per session that is told of a write: what it costs more
            than one that nobody else is told of.
        weight: KiB of a session; one value.
    """

    read: Sequence[float]
    told: Sequence[float]
    weight: Sequence[float]


async def growth_in_sessions(bench: Bench) -> list[Row]:
    """Figure 13, sessions: one server, more and more of them, fifty that ask."""
    sizes: dict[int, Size] = {}
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(our_server(bench))
        other = await stack.enter_async_context(
            reference(bench, "raw_trio", Hot.of(server).spec())
        )
        crowd = Crowd(())
        stack.callback(crowd.close)
        allow_descriptors(max(bench.plan.crowds))
        for count in bench.plan.crowds:
            sizes[count] = _measure(bench, server, other, crowd, count)
    return _rows("sessions", sizes)


async def growth_in_schools(bench: Bench) -> list[Row]:
    """Figure 13, schools: the smallest crowd in one of them, the others open and empty."""
    sizes: dict[int, Size] = {}
    for schools in bench.plan.schools:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(ours_with_schools(bench, schools))
            other = await stack.enter_async_context(
                reference(bench, "raw_trio", Hot.of(server).spec())
            )
            crowd = Crowd(())
            stack.callback(crowd.close)
            sizes[schools] = _measure(bench, server, other, crowd, bench.plan.crowds[0])
    return _rows("schools", sizes)


def _measure(bench: Bench, server: Ours, other: Reference, crowd: Crowd, count: int) -> Size:
    """Let *crowd* become *count*, and measure."""
    hot, address = Hot.of(server), Address.of(server)
    column, another = columns_of(server, 2)
    come_in(address, column.account).close()  # what the first one brings along
    before, comers = own_bytes(server.pid), count - len(crowd)
    for _ in range(comers):
        crowd.add(come_in(address, column.account))
    time.sleep(_SETTLE_SECONDS)
    weight = (own_bytes(server.pid) - before) / comers / 1024
    loops = {
        "ours": hot.loop(bench, server),
        "raw_trio": same_bytes(bench, other.pid, other.port, hot),
    }
    seconds = bench.plan.seconds
    samples = take_turns(bench, {name: each.turn(seconds) for name, each in loops.items()})
    for each in loops.values():
        each.close()
    everybody, nobody = (
        _told(bench, server, address, *each) for each in ((column, crowd), (another, Crowd(())))
    )
    pairs = zip(samples["ours"], samples["raw_trio"], strict=True)
    return Size(
        [mine.us / theirs.us for mine, theirs in pairs],
        [
            max(1e-6, all_.cpu - none.cpu) / count * 1e6
            for all_, none in zip(everybody, nobody, strict=True)
        ],
        # Memory comes in pages: a handful of sessions may find it all there.
        [max(weight, 0.1)] * bench.plan.rounds,
    )


def _told(
    bench: Bench, server: Ours, address: Address, column: Column, crowd: Crowd
) -> list[Spread]:
    """Return what entries of *column* cost, which *crowd* and the writer are told of."""
    write, settle, close = entering(address, column)
    fan_out = FanOut(server.pid, crowd, write, settle)
    for _ in range(bench.plan.rounds + 1):
        fan_out.drive()
    close()
    return fan_out.spreads[1:]


_SHOWN: Final = {
    "read": ("hot read, 50 that ask", "raw Trio's"),
    "told": ("one write told to all", "us CPU/session"),
    "weight": ("memory of an idle session", "KiB"),
}


def _rows(what: str, sizes: Mapping[int, Size]) -> list[Row]:
    smallest, *others = sizes
    rows = []
    for count in others:
        for kind, (shown, unit) in _SHOWN.items():
            pair: list[Any] = [getattr(sizes[each], kind) for each in (count, smallest)]
            rows.append(
                Row(
                    number=13,
                    name=f"growth-{what}-{count}-{kind}",
                    what=f"{shown}, {count} {what}",
                    reference=f"itself, {smallest} {what}",
                    unit=unit,
                    ours=pair[0],
                    theirs=pair[1],
                    reach=1.2,
                    aim=1.1,
                )
            )
    return rows
