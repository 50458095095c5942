"""Figure 13: whether figures 1, 7 and 11 stay what they are as a server grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final

import attrs

from bench.driving.crowd import Crowd
from bench.driving.marks import columns_of
from bench.driving.sessions import Address, come_in
from bench.figures.fan_out import FanOut, entering
from bench.figures.memory import allow_descriptors, comers, weigh
from bench.figures.reads import Hot, same_bytes
from bench.measuring.ours import Ours
from bench.measuring.processes import Reference, our_server, ours_with_schools, reference
from bench.measuring.rows import Row
from bench.measuring.turns import take_turns
from bench.plan import Bench

__all__ = ["growth_in_schools", "growth_in_sessions"]


@attrs.frozen
class Size:
    """
    What a server of one size costs, round by round.

    Attributes:
        read: A hot read, in raw Trio's of the same rounds.
        told: Processor microseconds per session that is told of a write: what it costs more
            than one that nobody else is told of.
        weight: KiB of an idle session; empty where it was not weighed.
    """

    read: Sequence[float]
    told: Sequence[float]
    weight: Sequence[float] = ()


async def growth_in_sessions(bench: Bench) -> list[Row]:
    """
    Figure 13, sessions: one server, more and more of them, fifty that ask.

    A first few hundred weigh nothing: they find the memory that filling the school left. What
    is compared is the last third of the idle ones with the third before it.
    """
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
    steps = bench.plan.idle_steps
    async with our_server(bench) as server:
        weights = weigh(server.pid, comers(server), bench.plan.idle, steps)
    # Of nine thousand, the last three beside the three before them.
    some, step = max(1, steps // 3), bench.plan.idle // steps
    late, early = weights[-some:], weights[-2 * some : -some]
    return [
        *_rows("sessions", sizes),
        _row(
            f"growth-sessions-{bench.plan.idle}-weight",
            ("weight", f"{(steps - some) * step} to {steps * step} sessions"),
            "those before them",
            (late, early),
        ),
    ]


async def growth_in_schools(bench: Bench) -> list[Row]:
    """Figure 13, schools: a crowd in one of them, the others open and empty."""
    sizes: dict[int, Size] = {}
    for schools in bench.plan.schools:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(ours_with_schools(bench, schools))
            other = await stack.enter_async_context(
                reference(bench, "raw_trio", Hot.of(server).spec())
            )
            steps = max(2, bench.plan.idle_steps // 3)
            weights = weigh(server.pid, comers(server), max(steps, bench.plan.idle // 3), steps)
            crowd = Crowd(())
            stack.callback(crowd.close)
            size = _measure(bench, server, other, crowd, bench.plan.crowds[1])
            sizes[schools] = attrs.evolve(size, weight=weights[1:])
    return _rows("schools", sizes)


def _measure(bench: Bench, server: Ours, other: Reference, crowd: Crowd, count: int) -> Size:
    """Let *crowd* become *count*, and measure."""
    hot, address = Hot.of(server), Address.of(server)
    column, another = columns_of(server, 2)
    for _ in range(count - len(crowd)):
        crowd.add(come_in(address, column.account))
    loops = {
        "ours": hot.loop(bench, server),
        "raw_trio": same_bytes(bench, other.pid, other.port, hot),
    }
    seconds = bench.plan.seconds
    samples = take_turns(bench, {name: each.turn(seconds) for name, each in loops.items()})
    for each in loops.values():
        each.close()
    fan_outs = []
    for author, listeners in ((column, crowd), (another, Crowd(()))):
        write, settle, close = entering(address, author)
        fan_outs.append((FanOut(server.pid, listeners, write, settle), close))
    for _ in range(bench.plan.rounds + 1):
        for fan_out, _ in fan_outs:
            fan_out.drive()
    for _, close in fan_outs:
        close()
    everybody, nobody = (fan_out.spreads[1:] for fan_out, _ in fan_outs)
    pairs = zip(samples["ours"], samples["raw_trio"], strict=True)
    return Size(
        [mine.us / theirs.us for mine, theirs in pairs],
        [
            max(1e-6, all_.cpu - none.cpu) / count * 1e6
            for all_, none in zip(everybody, nobody, strict=True)
        ],
    )


_SHOWN: Final = {
    "read": ("hot read, 50 that ask", "raw Trio's"),
    "told": ("one write told to all", "us CPU/session"),
    "weight": ("memory of an idle session", "KiB"),
}


def _rows(what: str, sizes: Mapping[int, Size]) -> list[Row]:
    smallest, *others = sizes
    return [
        _row(
            f"growth-{what}-{count}-{kind}",
            (kind, f"{count} {what}"),
            f"itself, {smallest} {what}",
            (getattr(sizes[count], kind), getattr(sizes[smallest], kind)),
        )
        for count in others
        for kind in _SHOWN
        if getattr(sizes[count], kind)
    ]


def _row(
    name: str, what: tuple[str, str], beside: str, values: tuple[Sequence[float], ...]
) -> Row:
    shown, unit = _SHOWN[what[0]]
    ours, theirs = values
    if what[0] == "weight":
        # Memory comes in pages: a handful of sessions may find it all there.
        ours, theirs = ([max(each, 0.1) for each in one] for one in values)
    return Row(
        number=13,
        name=name,
        what=f"{shown}, {what[1]}",
        reference=beside,
        unit=unit,
        ours=ours,
        theirs=theirs,
        reach=1.2,
        aim=1.1,
    )
