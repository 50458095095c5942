"""The writer thread and its readers, on real files; nothing here depends on speed."""

from __future__ import annotations

import math
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
from sqlalchemy import Connection
from structlog.testing import capture_logs
from trio.testing import MockClock, wait_all_tasks_blocked

from pronote_server.storage import database as database_module
from pronote_server.storage.database import Database, open_database
from pronote_server.storage.errors import (
    ConstraintBroken,
    DatabaseBroken,
    DatabaseClosed,
    StorageFailed,
)

MARKS = """
    CREATE TABLE mark (id INTEGER PRIMARY KEY, value TEXT NOT NULL UNIQUE,
                       parent INTEGER REFERENCES mark (id))
"""


def create(connection: Connection) -> None:
    connection.exec_driver_sql(MARKS)


def insert(value: str, parent: int | None = None) -> Callable[[Connection], str]:
    def command(connection: Connection) -> str:
        connection.exec_driver_sql(
            "INSERT INTO mark (value, parent) VALUES (?, ?)", (value, parent)
        )
        return value

    return command


def values(connection: Connection) -> list[str]:
    rows = connection.exec_driver_sql("SELECT value FROM mark ORDER BY id")
    return [row[0] for row in rows]


def seen_from_outside(path: Path) -> list[str]:
    """What another program reads in the file at this moment."""
    outside = sqlite3.connect(path)
    try:
        return [row[0] for row in outside.execute("SELECT value FROM mark ORDER BY id")]
    finally:
        outside.close()


@contextmanager
def held_writer(database: Database) -> Iterator[Callable[[], None]]:
    """Keep the writer thread busy from the next post on, until the yielded call."""
    released = threading.Event()
    assert database.post(lambda _: released.wait())
    try:
        yield released.set
    finally:
        released.set()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "marks.sqlite"


@pytest.fixture
async def database(path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    # What waits together shares a transaction however slow this machine is today.
    monkeypatch.setattr(database_module, "GROUP_SECONDS", math.inf)
    async with open_database(path) as database:
        await database.write(create)
        yield database


async def test_an_acknowledged_write_is_visible_to_another_program(
    database: Database, path: Path
) -> None:
    assert await database.write(insert("a")) == "a"

    assert seen_from_outside(path) == ["a"]


async def test_the_file_is_opened_so_that_a_power_cut_loses_nothing(database: Database) -> None:
    def pragmas(connection: Connection) -> list[object]:
        return [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    full = 2
    assert await database.write(pragmas) == ["wal", full, 1]


async def test_callers_that_wait_together_share_one_commit(database: Database) -> None:
    statements: list[str] = []

    def trace(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_trace_callback(statements.append)

    await database.write(trace)
    statements.clear()
    with held_writer(database) as release:
        async with trio.open_nursery() as nursery:
            for number in range(200):
                nursery.start_soon(database.write, insert(str(number)))
            await wait_all_tasks_blocked()
            release()

    assert [one for one in statements if one.startswith(("BEGIN", "COMMIT"))] == [
        "BEGIN IMMEDIATE",
        "COMMIT",
    ]
    assert database.statistics().largest_group == 201
    assert database.statistics().waiting == 0
    assert len(await database.read(values)) == 200


async def test_nobody_resumes_before_the_commit_of_his_group(
    database: Database, path: Path
) -> None:
    resumed: list[str] = []

    async def write(value: str) -> None:
        resumed.append(await database.write(insert(value)))

    with held_writer(database) as release_first:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write, "a")
            await wait_all_tasks_blocked()
            ran = trio.Event()
            token = trio.lowlevel.current_trio_token()
            released = threading.Event()

            def last_of_the_group(_: Connection) -> None:
                token.run_sync_soon(ran.set)
                released.wait()

            database.post(last_of_the_group)
            release_first()
            try:
                await ran.wait()  # the insert of "a" was run, its transaction is open
                await wait_all_tasks_blocked()

                assert resumed == []
                assert seen_from_outside(path) == []
            finally:
                released.set()
    assert resumed == ["a"]


async def test_a_command_that_raises_is_undone_alone(database: Database, path: Path) -> None:
    outcomes: dict[str, str] = {}

    def half_done(connection: Connection) -> None:
        insert("half")(connection)
        raise LookupError("no such pupil")

    async def note(name: str, command: Callable[[Connection], object]) -> None:
        try:
            outcomes[name] = repr(await database.write(command))
        except Exception as error:
            outcomes[name] = type(error).__name__

    with held_writer(database) as release:
        async with trio.open_nursery() as nursery:
            for name, command in {
                "before": insert("before"),
                "raises": half_done,
                "duplicate": insert("before"),
                "orphan": insert("orphan", parent=99),
                "after": insert("after"),
            }.items():
                nursery.start_soon(note, name, command)
                await wait_all_tasks_blocked()
            release()

    assert outcomes == {
        "before": "'before'",
        "raises": "LookupError",
        "duplicate": "ConstraintBroken",
        "orphan": "ConstraintBroken",
        "after": "'after'",
    }
    assert seen_from_outside(path) == ["before", "after"]
    assert database.statistics().failed == 3


async def test_a_full_disk_reaches_everybody_who_shared_the_transaction(
    database: Database, path: Path
) -> None:
    """SQLite gives up the whole transaction then, not the statement alone."""

    def fill(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
        insert("x" * 100_000)(connection)

    told: list[StorageFailed] = []

    async def expect_failure(command: Callable[[Connection], object]) -> None:
        with pytest.raises(StorageFailed) as caught:
            await database.write(command)
        told.append(caught.value)

    with held_writer(database) as release:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(expect_failure, insert("innocent"))
            await wait_all_tasks_blocked()
            nursery.start_soon(expect_failure, fill)
            await wait_all_tasks_blocked()
            with capture_logs():  # the post that held the writer failed too
                release()
                await wait_all_tasks_blocked()
                while len(told) < 2:
                    await trio.lowlevel.checkpoint()

    assert [failure.disk_full for failure in told] == [True, True]
    assert told[0] is not told[1]
    assert seen_from_outside(path) == []

    def make_room(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")

    await database.write(make_room)
    await database.write(insert("again"))
    assert seen_from_outside(path) == ["again"]


async def test_a_failed_commit_reaches_everybody_and_the_next_group_works(
    database: Database, path: Path
) -> None:
    def orphan_found_at_commit(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        insert("orphan", parent=99)(connection)

    async def expect_failure(command: Callable[[Connection], object]) -> None:
        with pytest.raises(ConstraintBroken):
            await database.write(command)

    with capture_logs() as logs, held_writer(database) as release:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(expect_failure, insert("innocent"))
            nursery.start_soon(expect_failure, orphan_found_at_commit)
            await wait_all_tasks_blocked()
            release()

    assert [one["event"] for one in logs] == ["database.post_failed"]
    assert seen_from_outside(path) == []
    await database.write(insert("next"))
    assert seen_from_outside(path) == ["next"]


async def test_cancelling_a_caller_loses_the_answer_not_the_write(
    database: Database, path: Path
) -> None:
    with held_writer(database) as release:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(database.write, insert("cancelled"))
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        release()
    await database.write(insert("after"))

    assert seen_from_outside(path) == ["cancelled", "after"]
    assert database.statistics().waiting == 0


async def test_a_caller_already_cancelled_writes_nothing(database: Database) -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        await database.write(insert("never"))

    assert await database.read(values) == []


async def test_readers_work_side_by_side(database: Database) -> None:
    meeting = threading.Barrier(2, timeout=60)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(database.read, lambda _: meeting.wait())
        nursery.start_soon(database.read, lambda _: meeting.wait())


async def test_a_read_sees_one_state_from_its_beginning_to_its_end(database: Database) -> None:
    await database.write(insert("before"))
    looked, written = trio.Event(), threading.Event()
    token = trio.lowlevel.current_trio_token()
    seen: list[list[str]] = []

    def look_twice(connection: Connection) -> None:
        seen.append(values(connection))
        token.run_sync_soon(looked.set)
        written.wait()
        seen.append(values(connection))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(database.read, look_twice)
        await looked.wait()
        await database.write(insert("meanwhile"))
        written.set()

    assert seen == [["before"], ["before"]]
    assert await database.read(values) == ["before", "meanwhile"]


async def test_a_query_cannot_write(database: Database) -> None:
    with pytest.raises(StorageFailed, match="SQLITE_READONLY"):
        await database.read(insert("sneaked in"))

    assert await database.read(values) == []


async def test_posts_are_refused_and_logged_once_when_too_many_wait(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "POSTS_WAITING", 3)
    with capture_logs() as logs, held_writer(database):
        accepted = [database.post(insert(str(number))) for number in range(5)]

    await database.write(insert("last"))
    assert accepted == [True, True, False, False, False]  # the holder is a post as well
    assert [one["event"] for one in logs] == ["database.queue_full"]
    assert database.statistics().refused_posts == 3
    assert database.post(insert("room again"))
    await database.write(lambda _: None)
    assert await database.read(values) == ["0", "1", "last", "room again"]


async def test_a_post_that_fails_is_logged(database: Database) -> None:
    with capture_logs() as logs:
        database.post(insert("orphan", parent=99))
        await database.write(lambda _: None)

    assert [(one["event"], one["log_level"]) for one in logs] == [
        ("database.post_failed", "error")
    ]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Posts wait for company longer than a test lasts."""
    monkeypatch.setattr(database_module, "POSTS_SECONDS", 3600.0)


async def test_a_post_is_written_though_nobody_comes_after_it(database: Database) -> None:
    written = trio.Event()
    token = trio.lowlevel.current_trio_token()
    database.post(lambda _: token.run_sync_soon(written.set))

    with trio.fail_after(30):
        await written.wait()


async def test_posts_share_one_commit_and_who_writes_takes_them_along_in_order(
    database: Database, patient: None
) -> None:
    before = database.statistics().commits
    with trio.fail_after(30):
        database.post(insert("first"))
        for _ in range(50):  # it is not written meanwhile
            assert await database.read(values) == []
        database.post(insert("second"))
        assert await database.write(insert("written")) == "written"
        database.post(insert("third"))
        await database.posted()

    assert await database.read(values) == ["first", "second", "written", "third"]
    assert database.statistics().commits - before == 2


async def test_a_post_between_two_writes_delays_neither(
    database: Database, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each in a transaction of its own: the second is behind the post when that is taken."""
    monkeypatch.setattr(database_module, "GROUP_COMMANDS", 1)
    held = threading.Event()
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(database.write, lambda _: held.wait())
            await wait_all_tasks_blocked()
            database.post(insert("posted"))
            nursery.start_soon(database.write, insert("written"))
            await wait_all_tasks_blocked()
            held.set()

    assert await database.read(values) == ["posted", "written"]


async def test_leaving_does_not_wait_for_company_either(path: Path, patient: None) -> None:
    with trio.fail_after(30):
        async with open_database(path) as database:
            await database.write(create)
            database.post(insert("last"))
            await wait_all_tasks_blocked()

    assert seen_from_outside(path) == ["last"]


async def test_who_asks_for_what_was_posted_is_not_told_of_its_failures(
    database: Database, patient: None
) -> None:
    def orphan_found_at_commit(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        insert("orphan", parent=99)(connection)

    with capture_logs() as logs:
        database.post(orphan_found_at_commit)
        await database.posted()

    assert [one["event"] for one in logs] == ["database.post_failed"]
    await database.posted()  # there is nothing: at once
    assert await database.read(values) == []


async def test_leaving_commits_what_is_queued_and_closes_the_file(path: Path) -> None:
    async with open_database(path) as database:
        await database.write(create)
        for number in range(50):
            database.post(insert(str(number)))

    assert not path.with_name(path.name + "-wal").exists()
    assert len(seen_from_outside(path)) == 50
    with pytest.raises(DatabaseClosed):
        await database.write(insert("late"))
    with pytest.raises(DatabaseClosed):
        await database.read(values)
    assert not database.post(insert("late"))


async def test_leaving_is_not_cut_short_by_cancellation(path: Path) -> None:
    with trio.CancelScope() as scope:
        async with open_database(path) as database:
            await database.write(create)
            for number in range(50):
                database.post(insert(str(number)))
            scope.cancel()

    assert len(seen_from_outside(path)) == 50


async def test_a_disk_that_hangs_does_not_hold_the_server_back_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "DRAIN_SECONDS", 0)

    async def expect_failure(database: Database) -> None:
        with pytest.raises(DatabaseBroken):
            await database.write(insert("lost"))

    hanging = threading.Event()
    async with trio.open_nursery() as nursery:
        with capture_logs() as logs:
            async with open_database(path) as database:
                await database.write(create)
                await database.write(lambda _: None)
                database.post(lambda _: hanging.wait())
                nursery.start_soon(expect_failure, database)
                await wait_all_tasks_blocked()
    hanging.set()

    assert [one["event"] for one in logs] == ["database.not_drained", "database.post_failed"]
    for thread in threading.enumerate():
        if thread.name == f"writer of {path.name}":
            await trio.to_thread.run_sync(thread.join)


async def test_the_death_of_the_writer_reaches_every_waiter(database: Database) -> None:
    def die(_: Connection) -> None:
        raise SystemExit("a bug that no command should have")

    async def expect_broken(command: Callable[[Connection], object]) -> None:
        with pytest.raises(DatabaseBroken) as caught:
            await database.write(command)
        assert isinstance(caught.value.__cause__, SystemExit)

    with capture_logs() as logs, held_writer(database) as release:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(expect_broken, insert("same group"))
            nursery.start_soon(expect_broken, die)
            nursery.start_soon(expect_broken, insert("still queued"))
            await wait_all_tasks_blocked()
            release()

    assert [one["event"] for one in logs] == [
        "database.writer_crashed",
        "database.post_failed",
    ]
    await expect_broken(insert("too late"))
    assert not database.post(insert("too late"))
    assert await database.read(values) == []


async def test_a_file_that_is_no_database_is_said_in_our_words(path: Path) -> None:
    await trio.Path(path).write_bytes(b"Cher journal, " * 100)

    with pytest.raises(StorageFailed, match="SQLITE_NOTADB"):
        async with open_database(path):
            pass


async def test_inline_mode_lives_under_a_mock_clock(
    path: Path, autojump_clock: MockClock
) -> None:
    async with open_database(path, inline=True) as database:
        await database.write(create)
        await database.write(insert("a"))
        assert seen_from_outside(path) == ["a"]
        assert database.post(insert("b"))
        with pytest.raises(ConstraintBroken):
            await database.write(insert("a"))
        with trio.CancelScope() as scope:
            scope.cancel()
            await database.write(insert("never"))

        assert await database.read(values) == ["a", "b"]
        assert trio.current_time() == 0
    with pytest.raises(DatabaseClosed):
        await database.write(insert("late"))


async def test_who_gives_up_before_a_reader_is_free_asks_nothing(tmp_path: Path) -> None:
    asked: list[str] = []
    held = threading.Event()

    def hold(_: Connection) -> None:
        held.wait(10)

    async with open_database(tmp_path / "base", readers=1) as database:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(database.read, hold)
            await wait_all_tasks_blocked()
            with trio.CancelScope() as scope:
                scope.cancel()
                await database.read(lambda _: asked.append("cancelled before"))
            with trio.move_on_after(0.01) as scope:
                await database.read(lambda _: asked.append("given up"))
            assert scope.cancelled_caught
            held.set()
        assert await database.read(lambda _: "free") == "free"
    assert asked == []


async def test_a_query_that_runs_is_not_cancelled_and_its_reader_serves_the_next(
    tmp_path: Path,
) -> None:
    held, begun = threading.Event(), threading.Event()

    def slow(_: Connection) -> str:
        begun.set()
        held.wait(10)
        return "done"

    async with open_database(tmp_path / "base", readers=1) as database:
        results: list[str] = []

        async def ask() -> None:
            results.append(await database.read(slow))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await trio.to_thread.run_sync(begun.wait)
            nursery.cancel_scope.cancel()
            held.set()
        assert results == ["done"]
        with pytest.raises(LookupError):
            await database.read(_fails)
        assert await database.read(lambda _: 1) == 1


def _fails(_: Connection) -> None:
    raise LookupError
