"""Figure 12: how long requests take at half of the capacity, by an open plan."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import AsyncExitStack
from statistics import median
from typing import Any, Final

from bench.driving.marks import columns_of, entries
from bench.driving.open_model import Latencies, OpenLoop, Source, arrivals
from bench.driving.sessions import Address, come_in
from bench.figures.cold_reads import Pages
from bench.figures.reads import Hot
from bench.measuring.ours import Ours
from bench.measuring.processes import our_server, reference
from bench.measuring.rows import Row
from bench.plan import Bench

__all__ = ["open_model"]

_HOT, _COLD, _WRITES = 0.7, 0.2, 0.1
_MOST_LAG_SECONDS: Final = 0.010
_CURVE: Final = (5, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99)


async def open_model(bench: Bench) -> list[Row]:
    """Figure 12."""
    plan = bench.plan
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(our_server(bench))
        hot = Hot.of(server)
        other = await stack.enter_async_context(reference(bench, "raw_trio", hot.spec()))
        mine = OpenLoop(_sources(bench, server, hot))
        address = Address("127.0.0.1", other.port)
        socks = [address.connect() for _ in range(plan.planned)]
        theirs = OpenLoop([Source(1.0, socks, [itertools.repeat(hot.request)] * len(socks))])
        for each in (mine, theirs):
            stack.callback(each.close)
        rate = _capacity(bench, mine) / 2
        kept = {"ours": list[Latencies](), "raw Trio": list[Latencies]()}
        for turn in range(plan.rounds + 1):
            contenders = [("ours", mine), ("raw Trio", theirs)]
            bench.draw.shuffle(contenders)
            for name, each in contenders:
                seconds = plan.planned_seconds if turn else min(1.0, plan.planned_seconds)
                found = each.drive(arrivals(bench.draw, each.sources, rate, seconds))
                each.settle()
                if turn:
                    kept[name].append(found)
    lag = median(_at(each.lag, 99) for turns in kept.values() for each in turns)
    invalid = f"the generator was late: p99 {lag * 1e3:.1f} ms in the middle turn"
    return [
        Row(
            number=12,
            name="open-model",
            what=f"p99 at half of the capacity, {plan.planned} sessions, {rate:.0f} calls/s",
            reference="raw Trio stream at the same rate",
            unit="ms",
            ours=[_at(each.planned, 99) * 1e3 for each in kept["ours"]],
            theirs=[_at(each.planned, 99) * 1e3 for each in kept["raw Trio"]],
            reach=3.0,
            aim=1.5,
            invalid=(invalid,) if lag > _MOST_LAG_SECONDS else (),
            note=f"{_HOT:.0%} hot, {_COLD:.0%} cold, {_WRITES:.0%} writes; raw Trio: all hot",
            details={"rate": rate, "lag_p99_ms": lag * 1e3},
            plots={"latency": _curves(kept)},
        )
    ]


def _sources(bench: Bench, server: Ours, hot: Hot) -> list[Source]:
    """Return sessions of school life that read, and of teachers that write."""
    address, count = Address.of(server), bench.plan.planned
    cold, writers = max(1, int(count * _COLD)), max(1, int(count * _WRITES))
    columns = columns_of(server, writers)
    pages = Pages(bench, server, hot).requests()

    def readers(number: int) -> list[Any]:
        return [come_in(address, hot.account) for _ in range(number)]

    reading = count - cold - writers
    return [
        Source(_HOT, readers(reading), [itertools.repeat(hot.request)] * reading),
        Source(_COLD, readers(cold), [pages] * cold),
        Source(
            _WRITES,
            [come_in(address, each.account) for each in columns],
            [entries(each) for each in columns],
        ),
    ]


def _capacity(bench: Bench, loop: OpenLoop) -> float:
    """Return how many calls of the mix a second the server answers when always asked."""
    plan = bench.plan
    loop.saturate(bench.draw, plan.planned, plan.seconds)
    return median(loop.saturate(bench.draw, plan.planned, 2 * plan.seconds) for _ in range(3))


def _at(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _curves(kept: dict[str, list[Latencies]]) -> dict[str, Any]:
    """Return, of all turns together, the percentiles by plan and by service time, in ms."""
    curves: dict[str, Any] = {}
    for name, turns in kept.items():
        for kind in ("planned", "service"):
            values = sorted(v for turn in turns for v in getattr(turn, kind))
            most = [p for p in _CURVE if (100 - p) / 100 * len(values) >= 5]
            curves[f"{name}, {kind}"] = [(p, _at(values, p) * 1e3) for p in most]
    return curves
