"""Entries: done once, audited, told to whom they concern. The entry here is made for it."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
import trio
from sqlalchemy import Connection, func, insert, select, text, update
from trio.testing import MockClock, wait_all_tasks_blocked

from pronote_protocol import conversation
from pronote_protocol.catalogue import CATALOGUE, Call
from pronote_protocol.catalogue.changes import READ_CHANGES, ChangeRow, ReadChanges
from pronote_protocol.catalogue.sessions import BEGIN_EXCLUSIVE, WHO_AM_I
from pronote_protocol.errors import (
    BadRequest,
    Conflict,
    ExclusiveUse,
    NotFound,
    ReadOnly,
    StaleRevision,
    Unconfirmed,
)
from pronote_protocol.messages import BaseChanged, Nothing
from pronote_protocol.words import Access, Farewell, Mode, Right
from pronote_server.clock import Clock
from pronote_server.domain.sessions import Session
from pronote_server.hosting import connections, entries, news
from pronote_server.hosting.entries import (
    EVERYBODY,
    OFFICE,
    SCHOOL_LIFE,
    Audience,
    Entry,
    enter,
)
from pronote_server.hosting.farewells import goodbye
from pronote_server.hosting.school import School
from pronote_server.native import peer
from pronote_server.native.calls import ANSWERS, Visit
from pronote_server.observe.testing import Logs
from pronote_server.storage import base_schema as schema
from pronote_server.storage import base_writes as kept
from pronote_server.storage import database as database_module
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

pytestmark = pytest.mark.usefixtures("base_anywhere")

RENTREE: Final = datetime(2020, 9, 14, 7, tzinfo=UTC)
TEACHERS: Final = Audience(teachers=frozenset({"T1"}))


@attrs.frozen(kw_only=True)
class Note:
    name: str
    fails: bool = False


@attrs.frozen(kw_only=True)
class Noted:
    id: int
    revision: int


NOTE: Final = Call(
    name="tests.note",
    params=Note,
    result=Noted,
    right=Right.OWN,
    writes=True,
    keyed=True,
    summary="Note a holiday; declared after the catalogue was made, and so not in it.",
)
OTHER: Final = Call(
    name="tests.other",
    params=Note,
    result=Noted,
    right=Right.OWN,
    writes=True,
    keyed=True,
    summary="Another one.",
)


def noting(
    name: str, audience: Audience = EVERYBODY, family: str = "holidays"
) -> Callable[[Entry], Noted]:
    """Return a command that makes a holiday of that name, on a day of its own."""

    def command(entry: Entry) -> Noted:
        day = date(2020, 10, 1) + timedelta(days=_count(entry.conn))
        made = entry.conn.execute(
            insert(schema.holiday).returning(schema.holiday.c.id),
            {"name": name, "starts_on": day, "ends_on": day},
        ).scalar_one()
        entry.changed(family, "holiday", made, None, {"name": name, "day": day}, audience)
        return Noted(id=made, revision=entry.revision)

    return command


def renaming(ident: int, name: str) -> Callable[[Entry], Noted]:
    def command(entry: Entry) -> Noted:
        holiday = schema.holiday
        before = entry.conn.execute(
            select(holiday.c.name).where(holiday.c.id == ident)
        ).scalar_one()
        entry.conn.execute(update(holiday).values(name=name).where(holiday.c.id == ident))
        entry.changed("holidays", "holiday", ident, {"name": before}, {"name": name}, EVERYBODY)
        return Noted(id=ident, revision=entry.revision)

    return command


def _count(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(schema.holiday)).scalar_one()


async def names(school: School) -> list[str]:
    def read(conn: Connection) -> list[str]:
        return list(conn.execute(select(schema.holiday.c.name).order_by("id")).scalars())

    return await school.base_in_service().database.read(read)


def session_of(school: School, client: WireClient) -> Session:
    session = school.sessions.get(client.entered.session)
    assert session is not None
    return session


@pytest.fixture
def by_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients ask for the notes of this module."""

    async def note(visit: Visit, wish: Note) -> Noted:
        def command(entry: Entry) -> Noted:
            noted = noting(wish.name)(entry)
            if wish.fails:
                raise NotFound(what="a reason to go on")
            return noted

        return await enter(visit.school, visit.session, NOTE, visit.key, command)

    monkeypatch.setattr(peer, "CATALOGUE", {**CATALOGUE, NOTE.name: NOTE})
    monkeypatch.setattr(peer, "ANSWERS", {**ANSWERS, NOTE.name: note})


@asynccontextmanager
async def opened(folder: Path, **options: Any) -> AsyncIterator[tuple[School, TestDoor]]:
    async with (
        open_test_school(folder, data=sample_school(), **options) as school,
        open_test_door(school) as door,
    ):
        yield school, door


async def told(client: WireClient) -> list[BaseChanged]:
    """Return what the client was told of the base; asks, so that all of it has come."""
    await client.call(WHO_AM_I, Nothing())
    return [event for event in client.events if isinstance(event, BaseChanged)]


# ------------------------------------------------------------------------------- the key


async def test_an_entry_asked_twice_is_done_once_and_answered_twice(
    tmp_path: Path, by_wire: None, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        office = await WireClient.inside(door, "sec1")
        asked = {"name": "Pont", "key": "k1"}
        first = await office.ask(NOTE.name, asked, Noted)
        again = await office.ask(NOTE.name, asked, Noted)
        other = await office.ask(NOTE.name, {**asked, "key": "k2"}, Noted)

        assert again == first
        assert other.id != first.id
        assert await names(school) == ["Pont", "Pont"]
        assert [event.revision for event in await told(office)] == [
            first.revision,
            other.revision,
        ]


async def test_the_answer_outlives_the_connection_the_session_and_the_server(
    tmp_path: Path, by_wire: None, autojump_clock: MockClock
) -> None:
    asked = {"name": "Pont", "key": "k1"}
    async with opened(tmp_path, inline=True) as (_, door):
        client = await WireClient.inside(door, "sec1", resumable=True)
        first = await client.ask(NOTE.name, asked, Noted)
        await client.aclose()
        back = WireClient.connect(door)
        await back.greet()
        await back.resume(client.entered)
        resumed = await back.ask(NOTE.name, asked, Noted)
        await back.leave()
        fresh = await WireClient.inside(door, "sec1")
        entered_again = await fresh.ask(NOTE.name, asked, Noted)

    async with (
        open_test_school(tmp_path, inline=True) as school,
        open_test_door(school) as door,
    ):
        client = await WireClient.inside(door, "sec1")
        restarted = await client.ask(NOTE.name, asked, Noted)

        assert first == resumed == entered_again == restarted
        assert await names(school) == ["Pont"]


async def test_an_entry_whose_answer_was_cut_is_answered_to_who_comes_back(
    tmp_path: Path, by_wire: None, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        client = await WireClient.inside(door, "sec1", resumable=True)
        asked = {"name": "Pont", "key": "k1"}
        _, frame = client.wire.ask(NOTE.name, asked)
        await client.stream.send_all(frame)
        await client.aclose()
        await wait_all_tasks_blocked()
        back = WireClient.connect(door)
        await back.greet()
        await back.resume(client.entered)
        answer = await back.ask(NOTE.name, asked, Noted)

        assert await names(school) == ["Pont"]
        assert answer.id == 1


async def test_a_key_belongs_to_its_account(
    tmp_path: Path, by_wire: None, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        one = await WireClient.inside(door, "sec1")
        other = await WireClient.inside(door, "sec2")
        first = await one.ask(NOTE.name, {"name": "un", "key": "same"}, Noted)
        second = await other.ask(NOTE.name, {"name": "deux", "key": "same"}, Noted)

        assert first.id != second.id
        assert await names(school) == ["un", "deux"]


async def test_a_key_that_served_for_another_call_is_refused(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        session = session_of(school, await WireClient.inside(door, "sec1"))
        await enter(school, session, NOTE, "k1", noting("Pont"))
        revision = school.base_in_service().header.revision

        with pytest.raises(Conflict, match="another request"):
            await enter(school, session, OTHER, "k1", noting("Fête"))

        assert await names(school) == ["Pont"]
        assert school.base_in_service().header.revision == revision


async def test_a_refused_entry_leaves_its_key_free(
    tmp_path: Path, by_wire: None, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        office = await WireClient.inside(door, "sec1")
        with pytest.raises(NotFound):
            await office.ask(NOTE.name, {"name": "x", "fails": True, "key": "k1"}, Noted)
        await office.ask(NOTE.name, {"name": "y", "key": "k1"}, Noted)

        assert await names(school) == ["y"]


@pytest.mark.parametrize("key", ["", "x" * 65, 7, b"k", ["k"], "\0", "k\0"])
async def test_a_key_is_a_text_of_64_characters_at_most(
    tmp_path: Path, by_wire: None, autojump_clock: MockClock, key: Any
) -> None:
    """That of a NUL was found by the calls' fuzzer: the table took it for an empty one."""
    async with opened(tmp_path, inline=True) as (school, door):
        office = await WireClient.inside(door, "sec1")
        with pytest.raises(BadRequest, match="key"):
            await office.ask(NOTE.name, {"name": "x", "key": key}, Noted)
        await office.ask(NOTE.name, {"name": "y", "key": "k" * 64}, Noted)
        await office.ask(NOTE.name, {"name": "z"}, Noted)

        assert await names(school) == ["y", "z"]


async def test_a_key_is_forgotten_after_24_hours_of_school_time(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    clock = Clock(RENTREE)
    async with opened(tmp_path, inline=True, clock=clock) as (school, door):
        session = session_of(school, await WireClient.inside(door, "sec1"))
        first = await enter(school, session, NOTE, "k1", noting("Pont"))
        clock.advance(timedelta(hours=23, minutes=59))
        await enter(school, session, NOTE, "k2", noting("Fête"))
        assert await enter(school, session, NOTE, "k1", noting("Pont")) == first
        clock.advance(timedelta(minutes=2))
        await enter(school, session, NOTE, "k3", noting("Foire"))

        assert await enter(school, session, NOTE, "k1", noting("Pont")) != first
        assert await names(school) == ["Pont", "Fête", "Foire", "Pont"]


@pytest.mark.sqlite
async def test_forgetting_looks_only_at_what_it_forgets(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """It is part of every entry: reading all the keys of a day each time would be felt."""
    async with opened(tmp_path, inline=True) as (school, _):

        def plan(conn: Connection) -> list[str]:
            said: list[str] = []
            original = conn.execute

            def explaining(statement: Any, *values: Any) -> Any:
                compiled = statement.compile(conn, compile_kwargs={"literal_binds": True})
                rows = original(text(f"EXPLAIN QUERY PLAN {compiled}"))
                said.extend(row.detail for row in rows)
                return original(statement, *values)

            conn.execute = explaining  # type: ignore[method-assign,assignment]
            try:
                kept.forget_old_answers(conn, RENTREE)
            finally:
                del conn.execute
            return said

        steps = await school.base_in_service().database.write(plan)

    assert steps
    assert all(step.startswith("SEARCH") and "ix_entry_key_at" in step for step in steps)


# ---------------------------------------------------------- what is written, and what not


async def test_each_change_leaves_a_line_that_says_who_when_before_and_after(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    clock = Clock(RENTREE)
    async with opened(tmp_path, inline=True, clock=clock) as (school, door):
        one = session_of(school, await WireClient.inside(door, "sec1"))
        other = session_of(school, await WireClient.inside(door, "admin"))
        made = await enter(school, one, NOTE, None, noting("Pont"))
        clock.advance(timedelta(hours=1))
        changed = await enter(school, other, OTHER, None, renaming(made.id, "Fête"))
        history = await school.base_in_service().database.read(
            lambda conn: kept.audit_of(conn, "holiday", str(made.id))
        )

    first, second = history
    assert (first.actor, first.method, first.revision) == ("SEC1", NOTE.name, made.revision)
    assert (first.before, first.after) == (None, {"name": "Pont", "day": "2020-10-01"})
    assert abs(first.at - RENTREE) < timedelta(minutes=1)
    assert (second.actor, second.method, second.revision) == (
        "ADMIN",
        OTHER.name,
        changed.revision,
    )
    assert (second.before, second.after) == ({"name": "Pont"}, {"name": "Fête"})
    assert abs(second.at - RENTREE - timedelta(hours=1)) < timedelta(minutes=1)


async def test_what_stays_as_it_was_leaves_no_line_and_is_told_to_nobody(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        client = await WireClient.inside(door, "sec1")
        session = session_of(school, client)
        made = await enter(school, session, NOTE, None, noting("Pont"))
        await enter(school, session, NOTE, None, renaming(made.id, "Pont"))
        history = await school.base_in_service().database.read(
            lambda conn: kept.audit_of(conn, "holiday", str(made.id))
        )

        assert len(history) == 1
        assert len(await told(client)) == 1


async def test_an_entry_that_is_refused_writes_nothing_at_all(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        client = await WireClient.inside(door, "sec1")
        session = session_of(school, client)

        def command(entry: Entry) -> Noted:
            noting("Pont")(entry)
            raise NotFound(what="the reason")

        before = await everything(school)
        with pytest.raises(NotFound):
            await enter(school, session, NOTE, "k1", command)

        assert await everything(school) == before
        assert await told(client) == []


async def everything(school: School) -> dict[str, list[Any]]:
    """Return every row of the base."""

    def read(conn: Connection) -> dict[str, list[Any]]:
        return {
            table.name: sorted(map(tuple, conn.execute(select(table))), key=repr)
            for table in schema.BASE.sorted_tables
        }

    return await school.base_in_service().database.read(read)


async def test_a_change_on_a_stale_revision_is_refused_with_what_changed(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        one = session_of(school, await WireClient.inside(door, "sec1"))
        other = session_of(school, await WireClient.inside(door, "admin"))
        made = await enter(school, one, NOTE, None, noting("Pont"))
        seen = await enter(school, one, NOTE, None, renaming(made.id, "Pont de mai"))
        newer = await enter(school, other, NOTE, None, renaming(made.id, "Ascension"))

        def on(known: int | None) -> Callable[[Entry], Noted]:
            def command(entry: Entry) -> Noted:
                entry.check_fresh("holiday", made.id, newer.revision, known)
                return renaming(made.id, "à moi")(entry)

            return command

        with pytest.raises(StaleRevision) as refused:
            await enter(school, one, NOTE, None, on(seen.revision))
        assert refused.value.details["revision"] == newer.revision
        assert refused.value.details["changed"] == [
            {"revision": newer.revision, "by": "ADMIN", "after": {"name": "Ascension"}}
        ]
        assert await names(school) == ["Ascension"]

        await enter(school, one, NOTE, None, on(newer.revision))
        await enter(school, one, NOTE, None, on(None))
        assert await names(school) == ["à moi"]


# --------------------------------------------------------------------------- side by side


@pytest.fixture
def held() -> Iterator[threading.Event]:
    """Let go at the end, so that a test that fails does not hang."""
    event = threading.Event()
    yield event
    event.set()


async def hold_writer(school: School, held: threading.Event) -> None:
    """Keep the writer busy, so that what comes waits together."""
    begun = threading.Event()

    def wait(conn: Connection) -> None:
        begun.set()
        held.wait(30)

    school.base_in_service().database.post(wait)
    await trio.to_thread.run_sync(begun.wait, 30)


async def test_entries_that_wait_together_share_a_commit_and_no_fate(
    tmp_path: Path, by_wire: None, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "GROUP_SECONDS", 60.0)
    async with opened(tmp_path) as (school, door):
        clients = [await WireClient.inside(door, f"sec{n}") for n in range(1, 6)]
        witness = await WireClient.inside(door, "admin")
        database = school.base_in_service().database
        answers: dict[int, Any] = {}

        async def ask(number: int) -> None:
            asked = {"name": f"n{number}", "fails": number == 2, "key": "k"}
            try:
                answers[number] = await clients[number].ask(NOTE.name, asked, Noted)
            except NotFound as refusal:
                answers[number] = refusal

        await hold_writer(school, held)
        before = database.statistics()
        async with trio.open_nursery() as nursery:
            for number in range(5):
                nursery.start_soon(ask, number)
            while database.statistics().waiting < 6:
                await trio.lowlevel.checkpoint()
            held.set()
        after = database.statistics()

        # With the one that held the writer: its transaction takes what came meanwhile.
        assert after.commits - before.commits <= 2
        assert after.largest_group >= 5
        assert isinstance(answers.pop(2), NotFound)
        revisions = {answer.revision for answer in answers.values()}
        assert len(revisions) == 4
        assert sorted(await names(school)) == ["n0", "n1", "n3", "n4"]
        assert {event.revision for event in await told(witness)} == revisions
        assert school.base_in_service().header.revision == max(revisions)


async def test_who_is_kicked_during_his_entry_has_made_it_whole(
    tmp_path: Path, by_wire: None, held: threading.Event
) -> None:
    async with opened(tmp_path) as (school, door):
        kicked = await WireClient.inside(door, "sec1")
        witness = await WireClient.inside(door, "admin")
        database = school.base_in_service().database
        asked = {"name": "Pont", "key": "k1"}
        await hold_writer(school, held)
        _, frame = kicked.wire.ask(NOTE.name, asked)
        await kicked.stream.send_all(frame)
        while database.statistics().waiting < 2:
            await trio.lowlevel.checkpoint()
        connections.end(
            school,
            session_of(school, kicked),
            goodbye(Farewell.DISCONNECTED_BY_ADMINISTRATOR, by="test"),
        )
        held.set()
        last = await kicked.last_words()

        with trio.fail_after(10):
            changed = await witness.hear()
        assert last is not None
        assert last.code is Farewell.DISCONNECTED_BY_ADMINISTRATOR
        assert isinstance(changed, BaseChanged)
        assert changed.what == ("holidays",)
        assert await names(school) == ["Pont"]
        back = await WireClient.inside(door, "sec1")
        answer = await back.ask(NOTE.name, asked, Noted)
        assert answer.revision == changed.revision
        assert await names(school) == ["Pont"]


async def test_an_entry_the_disk_is_late_with_is_unconfirmed_then_told_and_never_doubled(
    tmp_path: Path,
    by_wire: None,
    held: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    logs: Logs,
) -> None:
    logs.expect("entry.unconfirmed")
    monkeypatch.setattr(entries, "_COMMIT_SECONDS", 0.2)
    async with opened(tmp_path) as (school, door):
        client = await WireClient.inside(door, "sec1")
        witness = await WireClient.inside(door, "admin")
        asked = {"name": "Pont", "key": "k1"}
        await hold_writer(school, held)

        with pytest.raises(Unconfirmed) as refused:
            await client.ask(NOTE.name, asked, Noted)
        assert refused.value.details["key"] == "k1"
        assert refused.value.retry_after is not None
        monkeypatch.setattr(entries, "_COMMIT_SECONDS", 30.0)
        held.set()

        with trio.fail_after(10):
            changed = await witness.hear()
        assert isinstance(changed, BaseChanged)
        assert school.base_in_service().header.revision == changed.revision
        answer = await client.ask(NOTE.name, asked, Noted)
        assert answer.revision == changed.revision
        assert await names(school) == ["Pont"]


async def test_who_is_kicked_as_his_request_comes_has_made_it_whole_or_not_at_all(
    tmp_path: Path, by_wire: None, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        kicked = await WireClient.inside(door, "sec1")
        witness = await WireClient.inside(door, "admin")
        session = session_of(school, kicked)
        _, frame = kicked.wire.ask(NOTE.name, {"name": "Pont", "key": "k1"})
        await kicked.stream.send_all(frame)
        connections.end(school, session, goodbye(Farewell.IDLE))
        await kicked.last_words()

        assert await names(school) in ([], ["Pont"])
        assert len(await told(witness)) == len(await names(school))


async def test_an_entry_read_before_another_took_the_base_for_himself_is_refused(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """The copy to go back to was made by then: the entry would be lost with the discard."""
    async with opened(tmp_path, inline=True) as (school, door):
        late = session_of(school, await WireClient.inside(door, "sec1"))
        holder = await WireClient.inside(door, "admin")
        await holder.call(BEGIN_EXCLUSIVE, Nothing())

        with pytest.raises(ExclusiveUse):
            await enter(school, late, NOTE, "k1", noting("Pont"))
        assert await names(school) == []
        await enter(school, session_of(school, holder), NOTE, "k1", noting("Fête"))
        assert await names(school) == ["Fête"]


async def test_nobody_enters_in_consultation(
    tmp_path: Path, by_wire: None, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        reader = await WireClient.inside(door, "sec1", access=Access.MODIFICATION)
        session = session_of(school, reader)
        session.access = Access.CONSULTATION
        with pytest.raises(ReadOnly):
            await reader.ask(NOTE.name, {"name": "x"}, Noted)
        with pytest.raises(ReadOnly):
            await enter(school, session, NOTE, None, noting("x"))
        assert await names(school) == []


# -------------------------------------------------------------------------- who is told


async def everyone(door: TestDoor) -> dict[str, WireClient]:
    return {
        "office": await WireClient.inside(door, "sec1"),
        "admin": await WireClient.inside(door, "admin"),
        "teacher": await WireClient.inside(door, "teacher", Mode.TEACHER),
        "teacher2": await WireClient.inside(door, "teacher2", Mode.TEACHER),
        "cpe": await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE),
    }


ALWAYS: Final = {"office", "admin"}


@pytest.mark.parametrize(
    ("audience", "others"),
    [
        (OFFICE, set()),
        (SCHOOL_LIFE, {"cpe"}),
        (TEACHERS, {"teacher"}),
        (Audience(school_life=True, teachers=frozenset({"T2", "T9"})), {"cpe", "teacher2"}),
        (Audience(teachers=None), {"teacher", "teacher2"}),
        (EVERYBODY, {"cpe", "teacher", "teacher2"}),
    ],
)
async def test_only_those_are_told_who_may_see_it(
    tmp_path: Path, autojump_clock: MockClock, audience: Audience, others: set[str]
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        clients = await everyone(door)
        start = school.base_in_service().header.revision
        made = await enter(
            school, session_of(school, clients["office"]), NOTE, None, noting("x", audience)
        )

        for who, client in clients.items():
            expected = who in ALWAYS | others
            assert [event.what for event in await told(client)] == [("holidays",)] * expected
            shown = await client.call(READ_CHANGES, ReadChanges(since=start))
            rows = [ChangeRow(made.revision, "holidays", str(made.id))] * expected
            assert list(shown.rows) == rows, who
            # The revision tells nobody what it was about.
            assert (shown.revision, shown.complete) == (made.revision, True)


async def test_what_is_between_persons_is_told_to_them_alone(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Not even the supervisor hears that others write to each other."""
    between = Audience(persons=frozenset({"teacher:T1", "account:cpe"}))
    async with opened(tmp_path, inline=True) as (school, door):
        clients = {**await everyone(door), "SPR": await WireClient.inside(door, "SPR")}
        start = school.base_in_service().header.revision
        author = session_of(school, clients["teacher"])
        await enter(school, author, NOTE, None, noting("x", between))
        heard = {who for who, client in clients.items() if await told(client)}
        shown = {
            who
            for who, client in clients.items()
            if (await client.call(READ_CHANGES, ReadChanges(since=start))).rows
        }

    assert heard == shown == {"teacher", "cpe"}


async def test_each_hears_of_the_families_he_may_see_in_one_event(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        clients = await everyone(door)

        def command(entry: Entry) -> Noted:
            noting("a", TEACHERS, "marks")(entry)
            noting("b", SCHOOL_LIFE, "absences")(entry)
            noting("c", TEACHERS, "marks")(entry)
            return Noted(id=0, revision=entry.revision)

        await enter(school, session_of(school, clients["admin"]), NOTE, None, command)
        heard = {who: [e.what for e in await told(client)] for who, client in clients.items()}

    assert heard == {
        "office": [("marks", "absences")],
        "admin": [("marks", "absences")],
        "teacher": [("marks",)],
        "teacher2": [],
        "cpe": [("absences",)],
    }


async def test_an_event_is_encoded_once_for_all_who_see_the_same(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[Any] = []
    original = conversation.encode_event

    def counting(event: Any) -> bytes:
        encoded.append(event)
        return original(event)

    async with opened(tmp_path, inline=True) as (school, door):
        clients = await everyone(door)
        session = session_of(school, clients["office"])
        monkeypatch.setattr(news, "encode_event", counting)
        await enter(school, session, NOTE, None, noting("x"))
        for client in clients.values():
            assert len(await told(client)) == 1
        assert len(encoded) == 1

        await enter(school, session, NOTE, None, noting("y", OFFICE))
        assert len(encoded) == 2


async def test_what_changed_is_read_page_by_page_whoever_may_see_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Pages of a teacher may be empty; the revision still leads on."""
    async with opened(tmp_path, inline=True) as (school, door):
        office = await WireClient.inside(door, "sec1")
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        session = session_of(school, office)
        start = school.base_in_service().header.revision
        made = [
            await enter(
                school, session, NOTE, None, noting(f"{n}", EVERYBODY if n == 8 else OFFICE)
            )
            for n in range(10)
        ]

        async def pages(client: WireClient) -> list[list[str]]:
            found, since, complete = [], start, False
            while not complete:
                shown = await client.call(READ_CHANGES, ReadChanges(since=since, limit=3))
                assert shown.revision > since
                found.append([row.entity_id for row in shown.rows])
                since, complete = shown.revision, shown.complete
            assert since == made[-1].revision
            return found

        assert [ident for page in await pages(office) for ident in page] == [
            str(each.id) for each in made
        ]
        assert [ident for page in await pages(teacher) for ident in page] == [str(made[8].id)]
        assert [] in await pages(teacher)


async def test_an_entry_that_changed_thousands_is_told_by_its_families(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """What does not fit in a page was once cut off, and its readers never knew."""
    async with opened(tmp_path, inline=True) as (school, door):
        office = await WireClient.inside(door, "sec1")
        session = session_of(school, office)
        start = school.base_in_service().header.revision

        def command(entry: Entry) -> Noted:
            for number in range(1200):
                entry.changed("marks", "mark", number, None, {"value": 1}, EVERYBODY)
            entry.changed("homework", "homework", 1, None, {"text": "x"}, OFFICE)
            return Noted(id=0, revision=entry.revision)

        made = await enter(school, session, NOTE, None, command)
        later = await enter(school, session, NOTE, None, noting("x"))
        shown = await office.call(READ_CHANGES, ReadChanges(since=start, limit=500))

        assert set(shown.rows) == {
            ChangeRow(made.revision, "marks", ""),
            ChangeRow(made.revision, "homework", ""),
        }
        assert (shown.revision, shown.complete) == (made.revision, False)
        rest = await office.call(READ_CHANGES, ReadChanges(since=made.revision))
        assert (rest.revision, rest.complete) == (later.revision, True)


async def test_who_remembers_a_revision_the_base_never_had_reads_it_all_again(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, inline=True) as (school, door):
        office = await WireClient.inside(door, "sec1")
        now = school.base_in_service().header.revision

        ahead = await office.call(READ_CHANGES, ReadChanges(since=now + 5))
        level = await office.call(READ_CHANGES, ReadChanges(since=now))

    assert ahead.rows == (ChangeRow(now, "base", ""),)
    assert (ahead.revision, ahead.complete) == (now, True)
    assert (level.rows, level.revision, level.complete) == ((), now, True)
