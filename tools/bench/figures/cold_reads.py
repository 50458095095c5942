"""Figure 4: a read that nobody made before, beside its query alone and a hot read."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Final

from bench.driving.closed_loop import Frames, Line, Loop
from bench.driving.sessions import Address, ask, base_file, come_in, request
from bench.driving.turns_of_others import TurnsOf
from bench.figures.reads import Hot
from bench.measuring.ours import Ours
from bench.measuring.processes import our_server, reference
from bench.measuring.rows import Row, details, saturated
from bench.measuring.turns import take_turns
from bench.plan import Bench

__all__ = ["Pages", "cold_read"]

# Thirty rows on average; no two pages are the same, so that none can have been kept.
_ROWS: Final = range(20, 41)
_KINDS: Final = ("pupils", "former-pupils")

Page = tuple[str, int, int]


class Pages:
    """Pages of pupils in random order, each once; then again, which is noted."""

    def __init__(self, bench: Bench, server: Ours, hot: Hot) -> None:
        with come_in(Address.of(server), hot.account) as sock:
            totals = {
                kind: ask(sock, "resources.list", kind=kind, limit=1)["total"]
                for kind in _KINDS
            }
        self.all: list[Page] = [
            (kind, limit, offset)
            for kind, total in totals.items()
            for limit in _ROWS
            for offset in range(total - limit)
        ]
        bench.draw.shuffle(self.all)
        self._next = itertools.cycle(self.all)
        self.asked = 0

    def requests(self) -> Iterator[bytes]:
        """Yield requests, of which several connections may take turns."""
        while True:
            self.asked += 1
            kind, limit, offset = next(self._next)
            yield request(1, "resources.list", {"kind": kind, "limit": limit, "offset": offset})

    @property
    def repeated(self) -> tuple[str, ...]:
        """Return why the run is invalid: pages were read twice."""
        if self.asked <= len(self.all):
            return ()
        return (f"{self.asked} pages were read, and there are {len(self.all)}",)


async def cold_read(bench: Bench) -> list[Row]:
    """Figure 4."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(our_server(bench))
        hot = Hot.of(server)
        pages = Pages(bench, server, hot)
        address = Address.of(server)
        cold = Loop(
            server.pid,
            [
                Line(come_in(address, hot.account), pages.requests(), Frames())
                for _ in range(bench.plan.connections)
            ],
        )
        again = hot.loop(bench, server)
        spec = {"base": str(base_file(server)), "pages": pages.all}
        raw = TurnsOf(
            await stack.enter_async_context(reference(bench, "raw_sqlite_query", spec))
        )
        for each in (cold, again, raw):
            stack.callback(each.close)
        seconds = bench.plan.seconds
        samples = take_turns(
            bench,
            {
                "ours": cold.turn(seconds),
                "hot": again.turn(seconds),
                "raw_sqlite_query": lambda: raw.drive(seconds),
            },
        )
    query, kept = samples["raw_sqlite_query"], samples["hot"]
    return [
        Row(
            number=4,
            name="cold-read",
            what=f"cold read from the base, {_ROWS[0]} to {_ROWS[-1]} rows",
            reference="raw sqlite3 query + our hot read",
            unit="us CPU/call",
            ours=[each.us for each in samples["ours"]],
            theirs=[one.us + two.us for one, two in zip(query, kept, strict=True)],
            reach=2.0,
            aim=1.4,
            invalid=saturated(samples, "ours") + pages.repeated,
            details={
                **details(samples, "ours", "hot", "raw_sqlite_query"),
                "query_us": [each.us for each in query],
                "hot_us": [each.us for each in kept],
            },
        )
    ]
