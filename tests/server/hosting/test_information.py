"""Information and surveys, over the wire: who receives them, receipts, results."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from trio.testing import MockClock

from pronote_protocol.catalogue import information as calls
from pronote_protocol.catalogue.changes import READ_CHANGES, ReadChanges
from pronote_protocol.catalogue.information import (
    AcknowledgeInformation,
    DeleteInformation,
    InformationRef,
    InformationRow,
    InformationShown,
    ListInformation,
    PublishInformation,
    ReadResults,
)
from pronote_protocol.catalogue.sessions import CHANGE_ACCESS, ChangeAccess
from pronote_protocol.errors import BadRequest, NotFound, ReadOnly, StaleRevision
from pronote_protocol.messages import BaseChanged
from pronote_protocol.records import unstructure
from pronote_protocol.words import Access, InformationBox, Mode, Population
from pronote_server.clock import Clock
from pronote_server.config import Contract
from pronote_server.hosting.school import School
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

pytestmark = pytest.mark.usefixtures("base_anywhere")

NOW = datetime(2020, 9, 7, 10, 0, tzinfo=UTC)
EVERYBODY = (Population.TEACHERS, Population.STAFF)


CONTRACT = Contract(consultation=True)


@asynccontextmanager
async def working(tmp_path: Path) -> AsyncIterator[tuple[School, TestDoor]]:
    async with (
        open_test_school(
            tmp_path, data=sample_school(), inline=True, clock=Clock(NOW), contract=CONTRACT
        ) as school,
        open_test_door(school) as door,
    ):
        yield school, door


async def teacher(door: TestDoor, login: str = "teacher") -> WireClient:
    return await WireClient.inside(door, login, Mode.TEACHER)


async def cpe(door: TestDoor) -> WireClient:
    return await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)


async def published(client: WireClient, **wish: Any) -> InformationShown:
    return await client.call(
        calls.PUBLISH_INFORMATION, PublishInformation(**{"title": "Réunion", **wish})
    )


async def box(client: WireClient, **wish: Any) -> tuple[InformationRow, ...]:
    return (await client.call(calls.LIST_INFORMATION, ListInformation(**wish))).rows


async def acknowledge(
    client: WireClient, id_: int, answer: str | None = None
) -> InformationShown:
    return await client.call(
        calls.ACKNOWLEDGE_INFORMATION, AcknowledgeInformation(id=id_, answer=answer)
    )


@pytest.mark.parametrize(
    ("populations", "receive"),
    [
        ((Population.TEACHERS,), {"teacher", "teacher2"}),
        ((Population.STAFF,), {"cpe", "guest"}),
        (EVERYBODY, {"teacher", "teacher2", "cpe", "guest"}),
    ],
)
async def test_an_information_reaches_the_populations_it_is_for(
    tmp_path: Path,
    autojump_clock: MockClock,
    populations: tuple[Population, ...],
    receive: set[str],
) -> None:
    async with working(tmp_path) as (_, door):
        admin = await WireClient.inside(door, "admin")
        readers = {
            "teacher": await teacher(door),
            "teacher2": await teacher(door, "teacher2"),
            "cpe": await cpe(door),
            "guest": await WireClient.inside(door, "guest", access=Access.CONSULTATION),
        }
        shown = await published(admin, populations=populations, text="À 17 h")
        id_ = shown.information.id

        received = {login for login, client in readers.items() if await box(client)}

        assert received == receive
        assert await box(admin) == ()
        assert [row.id for row in await box(admin, box=InformationBox.SENT)] == [id_]
        for login, client in readers.items():
            if login in receive:
                read = await client.call(calls.READ_INFORMATION, InformationRef(id=id_))
                assert (read.text, read.information.by) == ("À 17 h", "ADMIN")
            else:
                with pytest.raises(NotFound):
                    await client.call(calls.READ_INFORMATION, InformationRef(id=id_))


async def test_acknowledging_is_once_and_an_answer_may_change(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (_, door):
        admin, one, two = (
            await WireClient.inside(door, "admin"),
            await teacher(door),
            await teacher(door, "teacher2"),
        )
        shown = await published(
            admin, populations=(Population.TEACHERS,), choices=("Oui", "Non", "Sans avis")
        )
        id_ = shown.information.id
        assert [row.survey for row in await box(one, unread=True)] == [True]

        await acknowledge(one, id_, "Oui")
        changed = await acknowledge(one, id_, "Non")
        kept = await acknowledge(one, id_)
        await acknowledge(two, id_)

        assert (kept.information.answer, kept.information.read_at) == (
            "Non",
            changed.information.read_at,
        )
        assert await box(one, unread=True) == ()
        results = await admin.call(calls.READ_RESULTS, ReadResults(id=id_))
        assert (results.read, results.receipts.total) == (2, 2)
        assert [(row.choice, row.count) for row in results.choices] == [
            ("Oui", 0),
            ("Non", 1),
            ("Sans avis", 0),
        ]
        assert [(row.name, row.answer) for row in results.receipts.rows] == [
            ("TEACHER", "Non"),
            ("TEACHER2", None),
        ]
        with pytest.raises(BadRequest):
            await acknowledge(one, id_, "Peut-être")


async def test_results_are_for_the_author_and_administrators(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (school, door):
        author, reader = await teacher(door), await cpe(door)
        office = await WireClient.inside(door, "sec1")
        account = school.directory.by_login("cpe")
        assert account is not None
        id_ = (await published(author, accounts=(account.id,))).information.id
        wish = ReadResults(id=id_)

        assert (await author.call(calls.READ_RESULTS, wish)).receipts.total == 1
        for client in (reader, office, await teacher(door, "teacher2")):
            with pytest.raises(NotFound):
                await client.call(calls.READ_RESULTS, wish)
            with pytest.raises(NotFound):
                await client.call(calls.DELETE_INFORMATION, DeleteInformation(id=id_))
        admin = await WireClient.inside(door, "admin")
        assert (await admin.call(calls.READ_RESULTS, wish)).receipts.total == 1
        assert [row.id for row in await box(admin, box=InformationBox.ALL)] == [id_]
        assert await box(office, box=InformationBox.ALL) == ()
        # To see it is not to have received it.
        with pytest.raises(NotFound):
            await acknowledge(admin, id_)


async def test_who_received_it_is_told_and_nobody_else(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (_, door):
        author, reader = await WireClient.inside(door, "admin"), await teacher(door)
        other = await cpe(door)

        id_ = (await published(author, populations=(Population.TEACHERS,))).information.id
        assert (await reader.hear()).what == ("information",)
        author.events.clear()
        await acknowledge(reader, id_)

        heard = await author.hear()
        assert isinstance(heard, BaseChanged)
        since = await other.call(READ_CHANGES, ReadChanges(since=0, limit=500))
        assert "information" not in {row.family for row in since.rows}
        assert other.events == []


async def test_what_is_published_later_is_seen_then(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (school, door):
        author, reader = await WireClient.inside(door, "admin"), await teacher(door)
        shown = await published(
            author,
            populations=(Population.TEACHERS,),
            published_at=school.now() + timedelta(hours=1),
        )
        id_ = shown.information.id

        assert await box(reader) == ()
        with pytest.raises(NotFound):
            await acknowledge(reader, id_)
        assert [row.id for row in await box(author, box=InformationBox.SENT)] == [id_]
        school.clock = Clock(school.now() + timedelta(hours=2))
        assert [row.id for row in await box(reader)] == [id_]


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"populations": EVERYBODY, "title": "  "},
        {"populations": EVERYBODY, "choices": ("Seul",)},
        {"populations": EVERYBODY, "choices": ("Oui", " Oui ")},
        {"populations": EVERYBODY, "published_at": datetime(9999, 12, 31, tzinfo=UTC)},
    ],
)
async def test_what_makes_no_sense_is_refused_and_leaves_nothing(
    tmp_path: Path, autojump_clock: MockClock, wish: dict[str, Any]
) -> None:
    async with working(tmp_path) as (_, door):
        client = await teacher(door)

        with pytest.raises(BadRequest):
            await published(client, **wish)

        assert await box(client, box=InformationBox.ALL) == ()


async def test_a_retry_with_the_same_key_is_published_once(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (_, door):
        client = await teacher(door)
        wish = {**unstructure(PublishInformation(title="T", populations=EVERYBODY)), "key": "k"}

        first, second = [
            await client.ask("information.publish", wish, InformationShown) for _ in range(2)
        ]

        assert first == second
        assert len(await box(client, box=InformationBox.SENT)) == 1


async def test_deleting_takes_the_receipts_along_unless_it_is_stale(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (_, door):
        client, reader = await teacher(door), await cpe(door)
        shown = await published(client, populations=EVERYBODY)
        id_, revision = shown.information.id, shown.information.revision
        await acknowledge(reader, id_)

        with pytest.raises(StaleRevision):
            await client.call(
                calls.DELETE_INFORMATION, DeleteInformation(id=id_, if_revision=revision - 1)
            )
        await client.call(
            calls.DELETE_INFORMATION, DeleteInformation(id=id_, if_revision=revision)
        )

        assert await box(reader) == ()


async def test_consultation_does_not_acknowledge(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as (_, door):
        client, office = await teacher(door), await WireClient.inside(door, "sec1")
        id_ = (await published(client, populations=EVERYBODY)).information.id
        await office.call(CHANGE_ACCESS, ChangeAccess(access=Access.CONSULTATION))

        assert [row.id for row in await box(office)] == [id_]
        with pytest.raises(ReadOnly):
            await acknowledge(office, id_)
