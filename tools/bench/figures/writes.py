"""Figures 5 and 6: durable entries by 64 writers, beside databases alone."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import attrs

from bench.driving.closed_loop import Frames, Line, Loop
from bench.driving.marks import Column, columns_of, entries
from bench.driving.sessions import Address, base_file, come_in
from bench.driving.turns_of_others import TurnsOf
from bench.measuring.ours import Ours
from bench.measuring.processes import our_server, reference
from bench.measuring.rows import Row, details, saturated
from bench.measuring.turns import Sample, take_turns
from bench.plan import Bench

__all__ = ["beside_postgresql", "beside_sqlite"]


async def beside_sqlite(bench: Bench) -> list[Row]:
    """
    Figure 5; and what an entry costs the processor, for information.

    Rates depend on the disk and on who else wants the core; the second row does much less.
    """
    name = "sqlite_commit_per_write"
    samples = await _beside(bench, name)
    row = _row(bench, samples, name, 5, "SQLite, same rows, a commit and a thread trip each")
    cpu = Row(
        number=0,
        name="writes-sqlite-cpu",
        what=row.what,
        reference=row.reference,
        unit="us CPU/entry",
        ours=[each.us for each in samples["ours"]],
        theirs=[each.us for each in samples[name]],
    )
    return [attrs.evolve(row, name="writes-sqlite", reach=8.0, aim=20.0), cpu]


async def beside_postgresql(bench: Bench) -> list[Row]:
    """Figure 6."""
    name = "postgresql_pool"
    row = _row(bench, await _beside(bench, name), name, 6, "PostgreSQL, same rows, pool of 16")
    return [attrs.evolve(row, name="writes-postgresql", reach=3.0, aim=8.0)]


def _row(
    bench: Bench, samples: dict[str, list[Sample]], name: str, number: int, shown: str
) -> Row:
    return Row(
        number=number,
        name=name,
        what=f"durable entries, {bench.plan.writers} writers",
        reference=shown,
        unit="entries/s",
        ours=[each.rate for each in samples["ours"]],
        theirs=[each.rate for each in samples[name]],
        higher_is_better=True,
        invalid=saturated(samples, "ours"),
        details=details(samples, "ours", name),
    )


def writing(server: Ours, columns: list[Column]) -> Loop:
    """Return one session for each column, entering marks in it."""
    address = Address.of(server)
    return Loop(
        server.pid,
        [Line(come_in(address, each.account), entries(each), Frames()) for each in columns],
    )


async def _beside(bench: Bench, name: str) -> dict[str, list[Sample]]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(our_server(bench))
        columns = columns_of(server, bench.plan.writers)
        loop = writing(server, columns)
        stack.callback(loop.close)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="pronote-bench-"))
        copy = Path(folder) / "copy.sqlite"
        with (
            closing(sqlite3.connect(f"file:{base_file(server)}?mode=ro", uri=True)) as base,
            closing(sqlite3.connect(copy)) as to,
        ):
            base.backup(to)
        spec = {"base": str(copy), "columns": [_plain(each) for each in columns]}
        other = TurnsOf(await stack.enter_async_context(reference(bench, name, spec)))
        stack.callback(other.close)
        seconds = bench.plan.seconds
        return take_turns(
            bench,
            {"ours": loop.turn(seconds), name: lambda: other.drive(seconds)},
        )


def _plain(column: Column) -> dict[str, Any]:
    return {
        "assessment": column.assessment,
        "pupils": column.pupils,
        "actor": column.actor,
    }
