"""Exclusive use with a way back: begin, save, discard, and what happens in between."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
import trio
from sqlalchemy import Connection, insert, select
from trio.testing import MockClock, wait_all_tasks_blocked

from pronote_protocol.catalogue import Call
from pronote_protocol.catalogue.changes import READ_CHANGES, ChangeRow, ReadChanges
from pronote_protocol.catalogue.sessions import (
    BEGIN_EXCLUSIVE,
    CHANGE_ACCESS,
    END_EXCLUSIVE,
    SHOW_EXCLUSIVE,
    WHO_AM_I,
    ChangeAccess,
    EndExclusiveUse,
)
from pronote_protocol.errors import BaseUnavailable, Conflict, ExclusiveUse, InternalError
from pronote_protocol.messages import BaseChanged, ExclusiveChanged, Nothing
from pronote_protocol.words import Access, Farewell, Mode, Right, SessionState
from pronote_server.config import Contract
from pronote_server.domain.accounts import Account, Directory
from pronote_server.domain.rights import rights_of
from pronote_server.domain.sessions import Session
from pronote_server.hosting import connections, exclusive_work
from pronote_server.hosting.entries import EVERYBODY, Entry, enter
from pronote_server.hosting.farewells import goodbye
from pronote_server.hosting.school import School
from pronote_server.observe.testing import Logs
from pronote_server.storage import base_schema as schema
from pronote_server.storage import copying
from pronote_server.storage.copying import copy_beside
from pronote_server.storage.errors import StorageFailed
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

ENTRY: Final = Call(
    name="tests.exclusive",
    params=Nothing,
    result=Nothing,
    right=Right.OWN,
    writes=True,
    keyed=True,
    summary="For the tests of this module only.",
)
SAVE: Final = EndExclusiveUse(save=True)
DISCARD: Final = EndExclusiveUse(save=False)
# What a base that was put back knows of the discard.
TRACES: Final = {"header", "change_log", "entry_key"}


@asynccontextmanager
async def opened(folder: Path, **options: Any) -> AsyncIterator[tuple[School, TestDoor]]:
    async with (
        open_test_school(folder, data=sample_school(), **options) as school,
        open_test_door(school) as door,
    ):
        yield school, door


def session_of(school: School, client: WireClient) -> Session:
    session = school.sessions.get(client.entered.session)
    assert session is not None
    return session


async def note(school: School, client: WireClient, name: str, key: str | None = None) -> None:
    def command(entry: Entry) -> Nothing:
        day = date(2020, 10, 1 + len(entry.conn.execute(select(schema.holiday)).all()))
        made = entry.conn.execute(
            insert(schema.holiday).returning(schema.holiday.c.id),
            {"name": name, "starts_on": day, "ends_on": day},
        ).scalar_one()
        entry.changed("holidays", "holiday", made, None, {"name": name}, EVERYBODY)
        return Nothing()

    await enter(school, session_of(school, client), ENTRY, key, command)


async def names(school: School) -> list[str]:
    def read(conn: Connection) -> list[str]:
        return list(conn.execute(select(schema.holiday.c.name).order_by("id")).scalars())

    return await school.base_in_service().database.read(read)


async def everything(school: School) -> dict[str, list[Any]]:
    """Return every row of the base, but for the traces of a discard."""

    def read(conn: Connection) -> dict[str, list[Any]]:
        return {
            table.name: sorted(map(tuple, conn.execute(select(table))), key=repr)
            for table in schema.BASE.sorted_tables
            if table.name not in TRACES
        }

    return await school.base_in_service().database.read(read)


def copies(school: School) -> list[str]:
    return sorted(path.name for path in (school.folder / "bases").glob(".*"))


async def test_while_one_has_the_base_the_others_read(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        holder = await WireClient.inside(door, "admin")
        other = await WireClient.inside(door, "sec1")
        shown = await holder.call(BEGIN_EXCLUSIVE, Nothing())
        await note(school, holder, "Pont")

        assert shown.holder == "ADMIN"
        with pytest.raises(ExclusiveUse):
            await note(school, other, "Fête")
        with pytest.raises(ExclusiveUse):
            await other.call(BEGIN_EXCLUSIVE, Nothing())
        with pytest.raises(ExclusiveUse):
            await other.call(END_EXCLUSIVE, DISCARD)
        me = await other.call(WHO_AM_I, Nothing())
        assert me.state is SessionState.FORCED_CONSULTATION
        assert await names(school) == ["Pont"]

        await holder.call(END_EXCLUSIVE, SAVE)
        await note(school, other, "Fête")
        assert await names(school) == ["Pont", "Fête"]


@pytest.fixture(autouse=True)
def rights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let group Secrétariat ask too: it is the exclusive use that must refuse."""

    def more(directory: Directory, account: Account, mode: Mode) -> frozenset[Right]:
        return rights_of(directory, account, mode) | {Right.EXCLUSIVE_USE}

    monkeypatch.setattr(connections, "rights_of", more)


async def test_what_was_done_before_the_discard_and_after_the_beginning_is_gone(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        holder = await WireClient.inside(door, "admin")
        other = await WireClient.inside(door, "teacher", Mode.TEACHER)
        await note(school, other, "avant", "k0")
        before = await everything(school)
        await holder.call(BEGIN_EXCLUSIVE, Nothing())
        for number in range(5):
            await note(school, holder, f"pendant {number}", f"k{number}")
        known = school.base_in_service().header.revision
        await holder.call(END_EXCLUSIVE, DISCARD)

        assert await everything(school) == before
        after = school.base_in_service().header.revision
        assert after > known
        assert copies(school) == []
        for client in (holder, other):
            await client.call(SHOW_EXCLUSIVE, Nothing())
            *_, last = [event for event in client.events if isinstance(event, BaseChanged)]
            assert last == BaseChanged(revision=after, what=("base",))
            shown = await client.call(READ_CHANGES, ReadChanges(since=known))
            assert shown.rows == (ChangeRow(after, "base", ""),)
            assert (shown.revision, shown.complete) == (after, True)
            *_, last_holder = [e for e in client.events if isinstance(e, ExclusiveChanged)]
            assert last_holder.holder is None

        # A retry of what was given up is refused; what was done before is answered as it was.
        with pytest.raises(Conflict, match="given up"):
            await note(school, holder, "pendant 1", "k1")
        await note(school, other, "avant", "k0")
        assert await names(school) == ["avant"]
        # It can be entered again, under another key, with a revision nobody knows.
        await note(school, holder, "après", "k9")
        assert await names(school) == ["avant", "après"]
        assert school.base_in_service().header.revision == after + 1


async def test_saving_keeps_everything_and_forgets_the_copy(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        holder = await WireClient.inside(door, "admin")
        await holder.call(BEGIN_EXCLUSIVE, Nothing())
        assert copies(school) == [".Base.not.before"]
        await note(school, holder, "pendant")
        revision = school.base_in_service().header.revision
        await holder.call(END_EXCLUSIVE, SAVE)

        assert await names(school) == ["pendant"]
        assert school.base_in_service().header.revision == revision
        assert copies(school) == []
        for how in (SAVE, DISCARD):
            with pytest.raises(Conflict):
                await holder.call(END_EXCLUSIVE, how)


@pytest.mark.parametrize("way", ["logout", "kicked", "cut", "consultation"])
async def test_a_holder_who_goes_has_saved(
    tmp_path: Path, autojump_clock: MockClock, way: str
) -> None:
    contract = Contract(consultation=True)
    async with opened(tmp_path, inline=True, contract=contract) as (school, door):
        holder = await WireClient.inside(door, "admin")
        other = await WireClient.inside(door, "sec1")
        await holder.call(BEGIN_EXCLUSIVE, Nothing())
        await note(school, holder, "pendant")
        match way:
            case "logout":
                await holder.leave()
            case "kicked":
                code = Farewell.DISCONNECTED_BY_ADMINISTRATOR
                connections.end(school, session_of(school, holder), goodbye(code))
            case "cut":
                await holder.aclose()
                await wait_all_tasks_blocked()
            case _:
                await holder.call(CHANGE_ACCESS, ChangeAccess(access=Access.CONSULTATION))

        await note(school, other, "après")
        assert await names(school) == ["pendant", "après"]
        assert copies(school) == []
        await other.call(WHO_AM_I, Nothing())
        told = [event.holder for event in other.events if isinstance(event, ExclusiveChanged)]
        assert told == ["ADMIN", None]


async def test_a_holder_who_may_come_back_keeps_the_base_and_the_way_back(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        holder = await WireClient.inside(door, "admin", resumable=True)
        other = await WireClient.inside(door, "sec1")
        await holder.call(BEGIN_EXCLUSIVE, Nothing())
        await note(school, holder, "pendant")
        await holder.aclose()
        await wait_all_tasks_blocked()
        with pytest.raises(ExclusiveUse):
            await note(school, other, "Fête")
        back = WireClient.connect(door)
        await back.greet()
        await back.resume(holder.entered)
        await back.call(END_EXCLUSIVE, DISCARD)

        assert await names(school) == []


# ------------------------------------------------------------------------------- crashes


async def test_a_crash_under_exclusive_use_has_saved_and_leaves_no_copy(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        holder = await WireClient.inside(door, "admin")
        await holder.call(BEGIN_EXCLUSIVE, Nothing())
        await note(school, holder, "pendant")
        path = school.base_in_service().file
        # As the files are when the process is killed.
        left = {each.name: each.read_bytes() for each in path.parent.iterdir()}
    for each in path.parent.iterdir():
        each.unlink()
    for name, content in left.items():
        (path.parent / name).write_bytes(content)
    assert copy_beside(path).exists()
    for leftover in ("..Base.not.before.new", ".Base.not.before-wal", ".Base.not.before-shm"):
        (path.parent / leftover).write_bytes(b"half of it")

    async with (
        open_test_school(tmp_path, inline=True) as school,
        open_test_door(school) as door,
    ):
        assert await names(school) == ["pendant"]
        assert copies(school) == []
        holder = await WireClient.inside(door, "admin")
        with pytest.raises(Conflict):
            await holder.call(END_EXCLUSIVE, DISCARD)


async def test_a_crash_right_after_the_base_is_put_back_shows_no_revision_twice(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file alone must say it: nothing is written to it after it is in its place."""
    put: list[int] = []
    original = copying.put_back

    def watched(copy: Path, target: Path) -> None:
        original(copy, target)
        with closing(sqlite3.connect(f"file:{target}?immutable=1", uri=True)) as conn:
            put.append(conn.execute("SELECT revision FROM header").fetchone()[0])

    monkeypatch.setattr(exclusive_work, "put_back", watched)
    async with opened(tmp_path, inline=True) as (school, door):
        holder = await WireClient.inside(door, "admin")
        await holder.call(BEGIN_EXCLUSIVE, Nothing())
        for number in range(3):
            await note(school, holder, f"{number}")
        known = school.base_in_service().header.revision
        await holder.call(END_EXCLUSIVE, DISCARD)

        assert put == [known + 1]
        assert school.base_in_service().header.revision == known + 1


@pytest.mark.parametrize("what", ["copy_database", "put_back"])
async def test_a_disk_that_says_no_leaves_the_base_in_service(
    tmp_path: Path,
    autojump_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    logs: Logs,
    what: str,
) -> None:
    def fail(*_: Path) -> None:
        raise StorageFailed("SQLITE_IOERR_WRITE")

    logs.expect("call.failed")
    async with opened(tmp_path, inline=True) as (school, door):
        holder = await WireClient.inside(door, "admin")
        other = await WireClient.inside(door, "sec1")
        with monkeypatch.context() as patch:
            patch.setattr(exclusive_work, what, fail)
            if what == "copy_database":
                with pytest.raises(InternalError):
                    await holder.call(BEGIN_EXCLUSIVE, Nothing())
                assert school.exclusive.holder is None
                await note(school, other, "Fête")
                return
            await holder.call(BEGIN_EXCLUSIVE, Nothing())
            await note(school, holder, "pendant")
            with pytest.raises(InternalError):
                await holder.call(END_EXCLUSIVE, DISCARD)
        # Nothing has happened, and it can be tried again.
        assert await names(school) == ["pendant"]
        assert school.exclusive.holder is not None
        await holder.call(END_EXCLUSIVE, DISCARD)
        assert await names(school) == []
        await note(school, other, "Fête")


# ------------------------------------------------------------------------------- at once


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def slowly(gate: threading.Event, begun: threading.Event, function: Any) -> Any:
    def waiting(one: Path, other: Path) -> None:
        begun.set()
        gate.wait(30)
        function(one, other)

    return waiting


@pytest.mark.parametrize("another", [False, True])
async def test_a_holder_kicked_while_the_copy_is_made_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: threading.Event, another: bool
) -> None:
    """And the next holder's copy is his own, made when the first is out of the way."""
    begun = threading.Event()
    monkeypatch.setattr(
        exclusive_work, "copy_database", slowly(gate, begun, copying.copy_database)
    )
    async with opened(tmp_path) as (school, door):
        first = await WireClient.inside(door, "admin")
        second = await WireClient.inside(door, "sec1")
        async with trio.open_nursery() as nursery:

            async def begin_and_lose() -> None:
                with suppress(EOFError):  # the answer may come before the goodbye
                    await first.call(BEGIN_EXCLUSIVE, Nothing())

            nursery.start_soon(begin_and_lose)
            await trio.to_thread.run_sync(begun.wait, 30)
            connections.end(school, session_of(school, first), goodbye(Farewell.IDLE))
            await note(school, second, "entre-temps")
            if another:
                nursery.start_soon(second.call, BEGIN_EXCLUSIVE, Nothing())
                while school.exclusive.holder is None:
                    await trio.lowlevel.checkpoint()
            gate.set()
        if another:
            await note(school, second, "pendant")
            await second.call(END_EXCLUSIVE, DISCARD)
        async with school.copying:
            pass  # what is under way may end

        assert await names(school) == ["entre-temps"]
        await school.base_in_service().database.write(lambda conn: None)
        assert copies(school) == []


async def test_readers_are_told_to_come_again_while_the_base_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: threading.Event
) -> None:
    begun = threading.Event()
    monkeypatch.setattr(exclusive_work, "put_back", slowly(gate, begun, copying.put_back))
    async with opened(tmp_path) as (_, door):
        holder = await WireClient.inside(door, "admin")
        other = await WireClient.inside(door, "teacher", Mode.TEACHER)
        await holder.call(BEGIN_EXCLUSIVE, Nothing())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(holder.call, END_EXCLUSIVE, DISCARD)
            await trio.to_thread.run_sync(begun.wait, 30)
            with pytest.raises(BaseUnavailable) as refused:
                await other.call(READ_CHANGES, ReadChanges(since=0))
            assert (await other.call(WHO_AM_I, Nothing())).login == "teacher"
            gate.set()
        await other.call(READ_CHANGES, ReadChanges(since=0))

    assert refused.value.retry_after == 1.0


async def test_a_holder_kicked_while_the_base_is_put_back_has_discarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: threading.Event
) -> None:
    begun = threading.Event()
    monkeypatch.setattr(exclusive_work, "put_back", slowly(gate, begun, copying.put_back))
    async with opened(tmp_path) as (school, door):
        holder = await WireClient.inside(door, "admin")
        other = await WireClient.inside(door, "sec1")
        await holder.call(BEGIN_EXCLUSIVE, Nothing())
        await note(school, holder, "pendant")
        async with trio.open_nursery() as nursery:

            async def end_and_lose() -> None:
                with suppress(EOFError):  # the answer may come before the goodbye
                    await holder.call(END_EXCLUSIVE, DISCARD)

            nursery.start_soon(end_and_lose)
            await trio.to_thread.run_sync(begun.wait, 30)
            connections.end(school, session_of(school, holder), goodbye(Farewell.IDLE))
            gate.set()
        with trio.fail_after(10):
            while not isinstance(await other.hear(), BaseChanged):
                pass

        assert await names(school) == []
        assert school.exclusive.holder is None
        await note(school, other, "après")
