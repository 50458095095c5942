"""Short readings in the Trio thread: what they see, and when they go to a thread instead."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import Connection, exc, func, insert, select, update
from trio.testing import MockClock

from pronote_server.observe.testing import Logs
from pronote_server.storage import base_schema as schema
from pronote_server.storage.database import Database, open_database
from pronote_server.storage.errors import DatabaseClosed, StorageFailed
from pronote_server.storage.freshness import Freshness, note_readings
from pronote_server.storage.own_time import OwnTime
from pronote_server.storage.remembered import remembered
from pronote_server.storage.short_reads import (
    AWAY_SECONDS,
    SLOW_SECONDS,
    TURN_SECONDS,
    Fuse,
    NotNow,
    ShortReads,
)
from pronote_server.storage.sqlite import impatient_engine, read_ahead, writing_engine


@attrs.define
class HandClock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@attrs.define
class Read:
    """A reading connection, the clock it is measured by, and somebody who writes beside it."""

    reads: ShortReads
    clock: HandClock
    freshness: Freshness
    writer: Connection

    def commit(self, statement: Any) -> None:
        """Commit as the writer of the base does."""
        with self.writer.begin():
            self.writer.execute(statement)
            self.freshness.begin({"subject"})
        self.freshness.finish()

    def slowly(self, seconds: float) -> Callable[[Connection], int]:
        def query(conn: Connection) -> int:
            self.clock.now += seconds
            return how_many(conn)

        return query


def subject(number: int) -> dict[str, Any]:
    name = f"S{number}"
    return {"code": name, "name": name, "sort_name": name, "search": name}


def how_many(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(schema.subject)).scalar_one()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "base.not"


@pytest.fixture
def base(path: Path) -> Iterator[Read]:
    with writing_engine(path).connect() as writer:
        with writer.begin():
            schema.BASE.create_all(writer)
            writer.execute(insert(schema.subject), subject(1))
        freshness, clock = Freshness(), HandClock()
        engine = impatient_engine(path)
        note_readings(engine)
        reads = ShortReads(engine.connect(), freshness, Fuse("base", clock))
        yield Read(reads, clock, freshness, writer)
        reads.close()


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    async with open_database(path, short_reads=True) as database:
        await database.write(lambda conn: schema.BASE.create_all(conn))
        yield database


def test_a_slow_reading_is_answered_and_the_next_ones_are_for_the_threads(
    base: Read, logs: Logs
) -> None:
    assert base.reads.read(base.slowly(SLOW_SECONDS + 0.001)) == 1
    for _ in range(2):
        with pytest.raises(NotNow):
            base.reads.read(how_many)
    assert base.reads.fuse.blown == 1
    assert [entry["milliseconds"] for entry in logs.of("base.reads_are_slow")] == [21]


def test_after_half_a_minute_one_is_tried_again_and_tells_whether_it_is_better(
    base: Read, logs: Logs
) -> None:
    base.reads.read(base.slowly(1))
    base.clock.now += AWAY_SECONDS - 0.001
    with pytest.raises(NotNow):
        base.reads.read(how_many)

    base.clock.now += 0.001
    assert base.reads.read(base.slowly(1)) == 1, "still slow"
    with pytest.raises(NotNow):
        base.reads.read(how_many)
    assert len(logs.of("base.reads_are_slow")) == 1, "a bad day is told once"

    base.clock.now += AWAY_SECONDS
    assert base.reads.read(how_many) == 1
    assert base.reads.read(how_many) == 1
    base.reads.read(base.slowly(1))
    assert len(logs.of("base.reads_are_slow")) == 2, "and so is the next one"
    assert base.reads.fuse.blown == 3


def test_a_reading_that_fails_slowly_blows_the_fuse_too(base: Read) -> None:
    def fail(_: Connection) -> None:
        base.clock.now += 1
        raise KeyError("of the query")

    with pytest.raises(KeyError):
        base.reads.read(fail)
    with pytest.raises(NotNow):
        base.reads.read(how_many)


def test_a_turn_of_the_loop_has_its_share_and_the_next_one_another(base: Read) -> None:
    half = base.slowly(TURN_SECONDS / 2)
    assert [base.reads.read(half, 1.0) for _ in range(3)] == [1, 1, 1]
    with pytest.raises(NotNow):
        base.reads.read(half, 1.0)
    assert base.reads.read(half, 2.0) == 1
    assert [base.reads.read(half) for _ in range(4)] == [1] * 4, "nobody said whose turn it is"
    assert base.reads.fuse.blown == 0


def test_what_is_locked_is_not_waited_for(base: Read, path: Path) -> None:
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    def wait_for_it(conn: Connection) -> None:  # as only a writer waits, or a recovery
        conn.exec_driver_sql("PRAGMA query_only = OFF")
        try:
            conn.execute(update(schema.subject).values(name="x"))
        finally:
            conn.exec_driver_sql("PRAGMA query_only = ON")

    try:
        with pytest.raises(NotNow):
            base.reads.read(wait_for_it)
    finally:
        holder.close()
    assert base.reads.read(how_many) == 1


def test_its_connection_waits_for_nobody(base: Read) -> None:
    def patience(conn: Connection) -> Any:
        return conn.exec_driver_sql("PRAGMA busy_timeout").scalar()

    assert base.reads.read(patience) == 0


def test_its_connection_cannot_write(base: Read) -> None:
    with pytest.raises(StorageFailed, match="READONLY"):
        base.reads.read(lambda conn: conn.execute(update(schema.subject).values(name="x")))


def test_a_query_that_fails_leaves_the_connection_as_it_was(base: Read) -> None:
    with pytest.raises(exc.OperationalError, match="no such table"):
        base.reads.read(lambda conn: conn.exec_driver_sql("SELECT * FROM nowhere"))
    base.commit(insert(schema.subject).values(subject(2)))
    assert base.reads.read(how_many) == 2


def test_one_reading_sees_one_state(base: Read) -> None:
    def twice(conn: Connection) -> tuple[int, int]:
        before = how_many(conn)
        base.commit(insert(schema.subject).values(subject(2)))
        return before, how_many(conn)

    assert base.reads.read(twice) == (1, 1)
    assert base.reads.read(how_many) == 2


@remembered
def total(conn: Connection) -> int:
    return how_many(conn)


@pytest.fixture
def asked(base: Read) -> list[str]:
    """What the base itself was asked."""
    seen: list[str] = []
    base.reads._connection.connection.driver_connection.set_trace_callback(seen.append)  # type: ignore[union-attr]
    return seen


def test_what_is_remembered_is_asked_once_until_it_changes(
    base: Read, asked: list[str]
) -> None:
    assert [base.reads.read(total) for _ in range(3)] == [1, 1, 1]
    assert len([each for each in asked if "count" in each]) == 1

    base.commit(insert(schema.subject).values(subject(2)))
    assert base.reads.read(total) == 2


def test_what_is_told_from_memory_is_of_the_state_that_is_read(base: Read) -> None:
    """A commit comes after the memory was asked, and before the first statement."""
    base.reads.read(total)
    late = [subject(2)]

    def total_and_rows(conn: Connection) -> tuple[int, int]:
        first = total(conn)
        if late:
            base.commit(insert(schema.subject).values(late.pop()))
        return first, len(conn.execute(select(schema.subject)).all())

    assert base.reads.read(total_and_rows) == (2, 2)


def test_an_error_that_came_of_an_old_memory_is_no_error(base: Read) -> None:
    base.reads.read(total)
    late = [subject(2)]

    def must_agree(conn: Connection) -> int:
        first = total(conn)
        if late:
            base.commit(insert(schema.subject).values(late.pop()))
        if first != how_many(conn):
            raise LookupError("these are of two states")
        return first

    assert base.reads.read(must_agree) == 2


async def test_a_database_reads_at_once_what_was_acknowledged(database: Database) -> None:
    await database.write(lambda conn: conn.execute(insert(schema.subject), subject(7)))
    assert database.read_now(how_many) == 1
    assert await database.read(how_many) == 1
    assert database.statistics().slow_reads == 0


async def test_a_database_that_was_not_asked_for_it_reads_in_threads(path: Path) -> None:
    async with open_database(path) as database:
        with pytest.raises(NotNow):
            database.read_now(how_many)


async def test_a_database_that_was_left_is_closed_here_too(path: Path) -> None:
    async with open_database(path, short_reads=True) as database:
        pass
    with pytest.raises(DatabaseClosed):
        database.read_now(how_many)


async def test_under_a_mock_clock_no_reading_is_slow(
    path: Path, autojump_clock: MockClock
) -> None:
    async with open_database(path, inline=True, short_reads=True) as database:
        await database.write(lambda conn: schema.BASE.create_all(conn))
        assert database._short_reads is not None
        clock = database._short_reads.fuse.clock
        assert clock() == clock() == 0.0


def test_time_of_ones_own_goes_forward_and_ends_with_its_file() -> None:
    own = OwnTime()
    times = [own() for _ in range(100)]
    assert times == sorted(times)
    own.close()
    assert own() > times[0]


def test_reading_ahead_says_nothing_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    read_ahead(tmp_path / "nowhere")
