"""Figures 5 and 6: durable entries by 64 writers, beside databases alone."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

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
    """Figure 5."""
    name = "sqlite_commit_per_write"
    ours, theirs, rest = await _beside(bench, name)
    return [
        Row(
            number=5,
            name="writes-sqlite",
            what=f"durable entries, {bench.plan.writers} writers",
            reference="SQLite, same rows, a commit and a thread trip each",
            reach=8.0,
            aim=20.0,
            higher_is_better=True,
            unit="entries/s",
            ours=ours,
            theirs=theirs,
            **rest,
        )
    ]


async def beside_postgresql(bench: Bench) -> list[Row]:
    """Figure 6."""
    ours, theirs, rest = await _beside(bench, "postgresql_pool")
    return [
        Row(
            number=6,
            name="writes-postgresql",
            what=f"durable entries, {bench.plan.writers} writers",
            reference="PostgreSQL, same rows, pool of 16",
            reach=3.0,
            aim=8.0,
            higher_is_better=True,
            unit="entries/s",
            ours=ours,
            theirs=theirs,
            **rest,
        )
    ]


def writing(server: Ours, columns: list[Column]) -> Loop:
    """Return one session for each column, entering marks in it."""
    address = Address.of(server)
    return Loop(
        server.pid,
        [Line(come_in(address, each.account), entries(each), Frames()) for each in columns],
    )


async def _beside(bench: Bench, name: str) -> tuple[list[float], list[float], dict[str, Any]]:
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
        samples = take_turns(
            bench,
            {"ours": loop.turn(seconds), name: lambda: other.drive(seconds)},
        )
    rest = {
        "invalid": saturated(samples, "ours"),
        "note": f"{_us(samples['ours'])} us of the server's processor per entry",
        "details": details(samples, "ours", name),
    }
    return (
        [each.rate for each in samples["ours"]],
        [each.rate for each in samples[name]],
        rest,
    )


def _plain(column: Column) -> dict[str, Any]:
    return {
        "assessment": column.assessment,
        "pupils": column.pupils,
        "actor": column.actor,
    }


def _us(samples: list[Sample]) -> int:
    return round(sorted(each.us for each in samples)[len(samples) // 2])
