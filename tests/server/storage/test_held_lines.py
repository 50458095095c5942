"""What entries leave behind is held until the COMMIT, and nobody can tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_header import read_header
from pronote_server.storage.base_writes import (
    AuditEntry,
    Change,
    RememberedAnswer,
    answers_of,
    append_audit,
    audit_of,
    bump_revision,
    changes_since,
    log_change,
    pass_revision,
    recall_answer,
    remember_answer,
)
from pronote_server.storage.database import open_database
from pronote_server.storage.errors import ConstraintBroken
from pronote_server.storage.group_commit import Job
from pronote_server.storage.held_lines import held_by
from pronote_server.storage.prepared import Prepared
from pronote_server.storage.remembered import remembered


async def test_what_entries_leave_is_held_and_nobody_can_tell(
    base_path: Path, now: datetime
) -> None:
    async with open_database(base_path, inline=True) as database:

        def command(conn: Connection) -> None:
            held = held_by(conn)
            assert held is not None
            for number in range(3):
                assert leave(conn, now, f"key {number}") == number + 1
            assert (held.audit_written, held.changes_written, held.answers_written) == (0, 0, 0)
            answer = recall_answer(conn, "7", "key 1")
            assert answer == RememberedAnswer("marks.enter", now, b"\x80")
            # Each is looked at in a way of its own.
            assert len(audit_of(conn, "mark", "1")) == 3
            assert held.answers_written == 3
            assert leave(conn, now, "key 3") == 4
            assert [each.revision for each in changes_since(conn, 0, 10).changes] == [
                1,
                2,
                3,
                4,
            ]
            assert leave(conn, now, "key 4") == 5
            assert read_header(conn).revision == 5
            assert leave(conn, now, "key 5") == 6
            assert conn.exec_driver_sql("SELECT count(*) FROM entry_key").scalar() == 6
            assert leave(conn, now, "key 6") == 7

        await database.write(command)
        await database.read(has_left(7))
        assert await database.write(lambda conn: leave(conn, now, "key 7")) == 8
        await database.read(has_left(8))


@pytest.mark.parametrize("looks", [False, True], ids=["blindly", "having looked"])
async def test_a_command_that_is_undone_leaves_nothing_and_takes_nothing_from_others(
    base_path: Path, now: datetime, looks: bool
) -> None:
    def fails(conn: Connection) -> None:
        leave(conn, now, "undone")
        if looks:  # which writes the lines of the others, too
            assert audit_of(conn, "mark", "1")
            leave(conn, now, "undone later")
        raise LookupError

    def first(conn: Connection) -> list[int]:
        return [leave(conn, now, "first"), leave(conn, now, "second")]

    jobs = [
        Job(fails),
        Job(first),
        Job(fails),
        Job(lambda conn: recall_answer(conn, "7", "undone")),
        Job(lambda conn: leave(conn, now, "undone")),
    ]
    async with open_database(base_path, inline=True) as database:
        database._commit(jobs)
        assert [job.result for job in jobs] == [None, [1, 2], None, None, 3]
        assert [type(job.error) for job in jobs[:3]] == [LookupError, type(None), LookupError]
        await database.read(has_left(3))


async def test_lines_that_cannot_be_written_fail_the_whole_transaction(
    base_path: Path, now: datetime
) -> None:
    async with open_database(base_path, inline=True) as database:
        jobs = [
            Job(lambda conn: leave(conn, now, "key")),
            Job(
                lambda conn: log_change(conn, [Change(1, "mark", "1", "all")])
            ),  # as the first one has
            Job(lambda conn: leave(conn, now, "another")),
        ]
        database._commit(jobs)
        assert [type(job.error) for job in jobs] == [ConstraintBroken] * 3
        await database.read(has_left(0))


@pytest.mark.parametrize("key", ["", "x" * 101, "again"])
async def test_a_key_that_cannot_be_held_fails_its_own_command(
    base_path: Path, now: datetime, key: str
) -> None:
    async with open_database(base_path, inline=True) as database:
        jobs = [
            Job(lambda conn: leave(conn, now, "again")),
            Job(lambda conn: leave(conn, now, key)),
            Job(lambda conn: leave(conn, now, "another")),
        ]
        database._commit(jobs)
        assert [job.result for job in jobs] == [1, None, 2]
        assert isinstance(jobs[1].error, ConstraintBroken)
        await database.read(has_left(2))


async def test_a_revision_that_somebody_else_gives_is_counted_from(
    base_path: Path, now: datetime
) -> None:
    async with open_database(base_path, inline=True) as database:

        def command(conn: Connection) -> list[int]:
            before = bump_revision(conn, now)
            return [before, pass_revision(conn, 40, now), bump_revision(conn, now)]

        assert await database.write(command) == [1, 41, 42]
        assert (await database.read(read_header)).revision == 42


async def test_prepared_statements_and_what_is_remembered_see_what_is_held(
    base_path: Path, now: datetime
) -> None:
    prepared = Prepared(select(schema.audit.c.id))

    @remembered
    def lines(conn: Connection) -> int:
        return len(conn.execute(select(schema.audit.c.id)).all())

    def command(conn: Connection) -> list[int]:
        seen = [lines(conn)]
        leave(conn, now, "first")
        seen.append(lines(conn))
        leave(conn, now, "second")
        return [*seen, len(prepared.tuples(conn))]

    async with open_database(base_path, inline=True) as database:
        assert await database.write(lines) == 0
        assert await database.write(command) == [0, 1, 2]
        assert await database.write(lines) == 2


def leave(conn: Connection, now: datetime, key: str) -> int:
    """Leave what an entry leaves."""
    revision = bump_revision(conn, now)
    append_audit(
        conn,
        [
            AuditEntry(
                revision=revision,
                at=now,
                actor="A",
                method="marks.enter",
                entity="mark",
                entity_id="1",
                after={"value": "12"},
            )
        ],
    )
    log_change(conn, [Change(revision, "mark", "1", "all")])
    remember_answer(conn, "7", key, "marks.enter", now, b"\x80")
    return revision


def has_left(entries: int) -> Callable[[Connection], None]:
    """Return what makes sure that so many entries left everything, once."""

    def look(conn: Connection) -> None:
        assert read_header(conn).revision == entries
        assert [each.revision for each in audit_of(conn, "mark", "1")] == [
            *range(1, entries + 1)
        ]
        assert len(changes_since(conn, 0, 100).changes) == entries
        assert len(answers_of(conn)) == entries

    return look
