"""
SQLite, the rows of an entry, one commit each, a thread trip per write.

It works on a copy of the school's own base, indices, constraints and triggers included, and
writes what an entry writes: revision, mark, assessment, audit, change, answer under a key. It
reads nothing but the key, asks nobody's rights, tells nobody, and has no clients.
"""

from __future__ import annotations

import itertools
import sqlite3
import time
from typing import Any

import trio

from bench.references.in_turns import work_in_turns
from bench.references.starting import told

__all__: list[str] = []

_AUDIENCE = '[false, ["DUPAS"]]'


class Writing:
    """One connection, one thread at a time."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._base = sqlite3.connect(
            spec["base"], isolation_level=None, check_same_thread=False
        )
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self._base.execute(f"PRAGMA {pragma}")
        self._columns = spec["columns"]
        self._keys = itertools.count(1)
        self._thread = trio.CapacityLimiter(1)

    def write(self, assessment: int, pupil: int, actor: str) -> None:
        run, number = self._base.execute, next(self._keys)
        key, value = f"{number:024x}", (850, 1200)[number & 1]
        now = f"2020-11-23 09:00:00.{number % 1_000_000:06}"
        run("BEGIN IMMEDIATE")
        if run(
            "SELECT 1 FROM entry_key WHERE account = ? AND key = ?", (actor, key)
        ).fetchone():
            raise AssertionError("a key came twice")
        ((revision,),) = run(
            "UPDATE header SET revision = revision + 1, last_entry_at = ? RETURNING revision",
            (now,),
        ).fetchall()
        run(
            "INSERT INTO mark (assessment_id, pupil_id, value, annotation, revision)"
            " VALUES (?, ?, ?, NULL, ?) ON CONFLICT DO UPDATE"
            " SET value = excluded.value, revision = excluded.revision",
            (assessment, pupil, value, revision),
        )
        run("UPDATE assessment SET revision = ? WHERE id = ?", (revision, assessment))
        run(
            "INSERT INTO audit (revision, at, actor, method, entity, entity_id, before, after)"
            " VALUES (?, ?, ?, 'marks.enter', 'mark', ?, ?, ?)",
            (
                revision,
                now,
                actor,
                f"{assessment}/{pupil}",
                '{"value": "8.5"}',
                '{"value": "12"}',
            ),
        )
        run(
            "INSERT INTO change_log (revision, entity, entity_id, audience)"
            " VALUES (?, 'marks', ?, ?)",
            (revision, f"{assessment}/{pupil}", _AUDIENCE),
        )
        run(
            "INSERT INTO entry_key (account, key, method, at, answer)"
            " VALUES (?, ?, 'marks.enter', ?, ?)",
            (actor, key, now, b"\x82\xa8revision\x01\xa7changed\x01"),
        )
        run("COMMIT")

    async def work(self, seconds: float) -> int:
        """Let every writer write for *seconds*."""
        stop, done = time.perf_counter() + seconds, 0

        async def writer(assessment: int, pupils: list[int], actor: str) -> None:
            nonlocal done
            for pupil in itertools.cycle(pupils):
                await trio.to_thread.run_sync(
                    self.write, assessment, pupil, actor, limiter=self._thread
                )
                done += 1
                if time.perf_counter() > stop:
                    return

        async with trio.open_nursery() as nursery:
            for column in self._columns:
                nursery.start_soon(
                    writer, column["assessment"], column["pupils"], column["actor"]
                )
        return done


async def main() -> None:
    await work_in_turns(Writing(told()).work)


if __name__ == "__main__":
    trio.run(main)
