"""Discussions, over the wire: who reads them, who is told, what is unread."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from sqlalchemy import select
from trio.testing import MockClock

from pronote_protocol.catalogue import discussions as calls
from pronote_protocol.catalogue.changes import READ_CHANGES, ReadChanges
from pronote_protocol.catalogue.discussions import (
    DiscussionRef,
    DiscussionRow,
    DiscussionShown,
    ListDiscussions,
    ListMessages,
    ListPeople,
    MarkRead,
    MessageRow,
    PostMessage,
    StartDiscussion,
)
from pronote_protocol.catalogue.sessions import CHANGE_ACCESS, ChangeAccess
from pronote_protocol.errors import BadRequest, Conflict, NotFound, ReadOnly
from pronote_protocol.messages import BaseChanged
from pronote_protocol.records import unstructure
from pronote_protocol.words import Access, Mode, Population
from pronote_server.config import Contract
from pronote_server.hosting.school import School
from pronote_server.storage import base_schema as schema
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

pytestmark = pytest.mark.usefixtures("base_anywhere")

CONTRACT = Contract(consultation=True)


@asynccontextmanager
async def working(tmp_path: Path) -> AsyncIterator[tuple[School, TestDoor]]:
    async with (
        open_test_school(
            tmp_path, data=sample_school(), inline=True, contract=CONTRACT
        ) as school,
        open_test_door(school) as door,
    ):
        yield school, door


async def teacher(door: TestDoor, login: str = "teacher") -> WireClient:
    return await WireClient.inside(door, login, Mode.TEACHER)


async def cpe(door: TestDoor) -> WireClient:
    return await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)


def account(school: School, login: str) -> int:
    found = school.directory.by_login(login)
    assert found is not None
    return found.id


async def started(
    client: WireClient, school: School, *logins: str, text: str = "Bonjour"
) -> DiscussionShown:
    ids = tuple(account(school, login) for login in logins)
    return await client.call(
        calls.START_DISCUSSION, StartDiscussion(subject="Sortie", accounts=ids, text=text)
    )


async def listed(client: WireClient, *, unread: bool = False) -> tuple[DiscussionRow, ...]:
    return (await client.call(calls.LIST_DISCUSSIONS, ListDiscussions(unread=unread))).rows


async def messages(client: WireClient, id_: int, **wish: int) -> tuple[MessageRow, ...]:
    return (await client.call(calls.LIST_MESSAGES, ListMessages(id=id_, **wish))).rows


async def post(client: WireClient, id_: int, text: str) -> MessageRow:
    return (await client.call(calls.POST_MESSAGE, PostMessage(id=id_, text=text))).message


async def revision(client: WireClient) -> int:
    shown = await client.call(READ_CHANGES, ReadChanges(since=0, limit=500))
    return shown.revision


async def test_people_to_talk_to_are_every_active_account_but_oneself(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (school, door):
        client = await teacher(door)
        gone = school.directory.by_login("sec8")
        assert gone is not None
        school.directory.put(attrs.evolve(gone, active=False))

        page = await client.call(calls.LIST_PEOPLE, ListPeople())
        found = await client.call(calls.LIST_PEOPLE, ListPeople(text="teach"))

        names = [row.name for row in page.rows]
        assert {"ADMIN", "CPE", "SEC1", "TEACHER2"} <= set(names)
        assert not {"TEACHER", "SEC8"} & set(names)
        assert names == sorted(names, key=str.lower)
        assert [(row.name, row.populations) for row in found.rows] == [
            ("TEACHER2", (Population.TEACHERS,))
        ]
        with pytest.raises(NotFound):
            await started(client, school, "sec8")


async def test_a_message_is_told_at_once_to_those_who_take_part_and_to_nobody_else(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (school, door):
        writer, reader = await teacher(door), await cpe(door)
        other, admin = await teacher(door, "teacher2"), await WireClient.inside(door, "admin")
        shown = await started(writer, school, "cpe")
        before = await revision(admin)

        message = await post(writer, shown.discussion.id, "Et demain ?")

        heard = [await reader.hear(), await reader.hear()]
        assert [each.what for each in heard if isinstance(each, BaseChanged)] == [
            ("discussions",),
            ("discussions",),
        ]
        assert [row.text for row in await messages(reader, shown.discussion.id)] == [
            "Bonjour",
            "Et demain ?",
        ]
        assert message.mine
        for outsider in (other, admin):
            since = await outsider.call(READ_CHANGES, ReadChanges(since=0, limit=500))
            assert "discussions" not in {row.family for row in since.rows}
            assert outsider.events == []
        seen = await reader.call(READ_CHANGES, ReadChanges(since=before - 1, limit=500))
        assert {row.family for row in seen.rows} == {"discussions"}


async def test_nobody_reads_or_writes_a_discussion_he_is_not_in(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (school, door):
        writer = await teacher(door)
        id_ = (await started(writer, school, "cpe")).discussion.id
        ref = DiscussionRef(id=id_)

        for login, mode in (
            ("admin", Mode.ADMINISTRATIVE),
            ("SPR", Mode.ADMINISTRATIVE),
            ("teacher2", Mode.TEACHER),
        ):
            client = await WireClient.inside(door, login, mode)
            assert await listed(client) == ()
            with pytest.raises(NotFound):
                await client.call(calls.READ_DISCUSSION, ref)
            with pytest.raises(NotFound):
                await client.call(calls.LIST_MESSAGES, ListMessages(id=id_))
            with pytest.raises(NotFound):
                await post(client, id_, "Et moi ?")
            with pytest.raises(NotFound):
                await client.call(calls.MARK_READ, MarkRead(id=id_))
            with pytest.raises(NotFound):
                await client.call(calls.LEAVE_DISCUSSION, ref)


async def test_reading_up_to_before_the_first_message_marks_nothing(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Found by the calls' fuzzer: there was no instant to compare with, and no answer."""
    async with working(tmp_path) as (school, door):
        writer, reader = await teacher(door), await cpe(door)
        await started(writer, school, "cpe")
        later = (await started(writer, school, "cpe")).discussion.id

        await reader.call(calls.MARK_READ, MarkRead(id=later, upto=1))

        assert [row.unread for row in await listed(reader)] == [1, 1]


async def test_unread_counts_messages_of_others_after_what_was_marked(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    # The clock stands still here: messages of one instant are told apart all the same.
    async with working(tmp_path) as (school, door):
        writer, reader = await teacher(door), await cpe(door)
        id_ = (await started(writer, school, "cpe")).discussion.id
        second = await post(writer, id_, "Deux")
        await post(writer, id_, "Trois")

        assert [row.unread for row in await listed(reader)] == [3]
        assert [row.unread for row in await listed(writer)] == [0]
        await reader.call(calls.MARK_READ, MarkRead(id=id_, upto=second.id))
        assert [row.unread for row in await listed(reader, unread=True)] == [1]
        await reader.call(calls.MARK_READ, MarkRead(id=id_))
        await reader.call(calls.MARK_READ, MarkRead(id=id_, upto=second.id))
        assert await listed(reader, unread=True) == ()
        shown = await writer.call(calls.READ_DISCUSSION, DiscussionRef(id=id_))
        assert [(row.name, row.read_at is None) for row in shown.participants] == [
            ("CPE", False),
            ("TEACHER", True),
        ]


async def test_lists_begin_with_what_changed_last_and_messages_with_the_oldest(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (school, door):
        client = await teacher(door)
        first = (await started(client, school, "cpe", text="A")).discussion.id
        second = (await started(client, school, "admin", text="B")).discussion.id
        message = await post(client, first, "C")

        assert [row.id for row in await listed(client)] == [first, second]
        assert [row.last_text for row in await listed(client)] == ["C", "B"]
        assert [row.text for row in await messages(client, first)] == ["A", "C"]
        assert [row.text for row in await messages(client, first, limit=1)] == ["A"]
        assert [row.text for row in await messages(client, first, offset=1)] == ["C"]
        assert await messages(client, first, after=message.id) == ()


async def test_who_leaves_sees_it_no_more_and_what_he_wrote_stays(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (school, door):
        writer, reader = await teacher(door), await cpe(door)
        id_ = (await started(writer, school, "cpe", "admin")).discussion.id
        ref = DiscussionRef(id=id_)

        await writer.call(calls.LEAVE_DISCUSSION, ref)
        await post(reader, id_, "Seuls ?")

        assert await listed(writer) == ()
        with pytest.raises(NotFound):
            await messages(writer, id_)
        assert [row.by for row in await messages(reader, id_)] == ["TEACHER", "CPE"]
        assert [row.participants for row in await listed(reader)] == [2]
        heard = len(writer.events)
        await post(reader, id_, "Encore")
        await listed(writer)
        assert len(writer.events) == heard
        admin = await WireClient.inside(door, "admin")
        await admin.call(calls.LEAVE_DISCUSSION, ref)
        with pytest.raises(Conflict):
            await post(reader, id_, "Personne ?")


async def test_a_retry_with_the_same_key_posts_once(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (school, door):
        client = await teacher(door)
        id_ = (await started(client, school, "cpe")).discussion.id
        wish = {**unstructure(PostMessage(id=id_, text="Une fois")), "key": "k"}

        first, second = [
            await client.ask("discussions.post", wish, calls.MessageShown) for _ in range(2)
        ]

        assert first == second
        assert len(await messages(client, id_)) == 2


async def test_what_makes_no_sense_is_refused(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (school, door):
        client = await teacher(door)
        me, other = account(school, "teacher"), account(school, "cpe")
        for wish in (
            StartDiscussion(subject="Seul", accounts=(me,), text="?"),
            StartDiscussion(subject="  ", accounts=(other,), text="?"),
            StartDiscussion(subject="Vide", accounts=(other,), text="  "),
        ):
            with pytest.raises(BadRequest):
                await client.call(calls.START_DISCUSSION, wish)
        with pytest.raises(NotFound):
            await client.call(
                calls.START_DISCUSSION, StartDiscussion(subject="S", accounts=(9999,), text="t")
            )
        assert await listed(client) == ()


async def test_consultation_reads_and_does_not_write(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (school, door):
        client = await WireClient.inside(door, "admin")
        id_ = (await started(client, school, "cpe")).discussion.id
        await client.call(CHANGE_ACCESS, ChangeAccess(access=Access.CONSULTATION))

        assert [row.id for row in await listed(client)] == [id_]
        with pytest.raises(ReadOnly):
            await post(client, id_, "Non")


async def test_the_audit_does_not_hold_what_was_said(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (school, door):
        client = await teacher(door)
        id_ = (await started(client, school, "cpe", text="Un secret")).discussion.id
        await post(client, id_, "Un secret de plus")

        lines = await school.base_in_service().database.read(
            lambda conn: conn.execute(select(schema.audit)).all()
        )

        assert {line.entity for line in lines} == {"discussion", "message"}
        assert not [line for line in lines if "secret" in str(line) or "Sortie" in str(line)]


async def test_an_account_does_not_inherit_the_discussions_of_a_login(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (school, door):
        client = await teacher(door)
        id_ = (await started(client, school, "cpe")).discussion.id
        old = school.directory.by_login("cpe")
        assert old is not None
        later = school.now() + timedelta(seconds=1)
        school.directory.put(attrs.evolve(old, created_at=later))

        successor = await cpe(door)

        assert await listed(successor) == ()
        with pytest.raises(NotFound):
            await messages(successor, id_)
