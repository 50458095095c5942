"""What a school does by itself: at night, and when the time of something has come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import trio
from sqlalchemy import Connection, func, select
from trio.testing import MockClock, wait_all_tasks_blocked

from pronote_protocol.catalogue import information, people
from pronote_protocol.catalogue import periods as period_calls
from pronote_protocol.catalogue.changes import READ_CHANGES, ReadChanges
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.messages import BaseChanged
from pronote_protocol.words import Mode, Population, SealedMatter
from pronote_server.clock import Clock
from pronote_server.hosting import documents, housekeeping
from pronote_server.hosting.school import School
from pronote_server.observe.testing import Logs
from pronote_server.storage import base_schema as schema
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.errors import StorageFailed
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

NOW: Final = datetime(2020, 10, 5, 10, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@asynccontextmanager
async def kept(
    folder: Path, *, clock: Clock | None = None
) -> AsyncIterator[tuple[School, TestDoor]]:
    """A school at work that looks after itself."""
    async with (
        open_test_school(
            folder, data=sample_school(), inline=True, clock=clock or Clock(NOW)
        ) as school,
        open_test_door(school) as door,
        trio.open_nursery() as nursery,
    ):
        await nursery.start(housekeeping.keep_house, school)
        yield school, door
        nursery.cancel_scope.cancel()


async def publish(client: WireClient, at: datetime | None) -> int:
    wish = information.PublishInformation(
        title="Réunion", populations=(Population.TEACHERS,), published_at=at
    )
    shown = await client.call(information.PUBLISH_INFORMATION, wish)
    return shown.information.id


async def changes(client: WireClient, revision: int) -> list[str]:
    answer = await client.call(READ_CHANGES, ReadChanges(since=revision))
    return [row.family for row in answer.rows]


async def pass_time(school: School, time: timedelta) -> None:
    """Have the school's clock jump; clients' connections do not notice."""
    await wait_all_tasks_blocked()
    school.clock.advance(time)
    await wait_all_tasks_blocked()


async def told(client: WireClient, family: str) -> BaseChanged:
    while True:
        event = await client.hear()
        if isinstance(event, BaseChanged) and family in event.what:
            return event


async def logged(school: School) -> int:
    def count(conn: Connection) -> int:
        return conn.execute(select(func.count()).select_from(schema.change_log)).scalar_one()

    return await school.base_in_service().database.read(count)


async def test_an_information_is_told_when_its_time_has_come(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with kept(tmp_path) as (school, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        other = await WireClient.inside(door, "sec1")
        await publish(cpe, NOW + 3 * HOUR)
        first = await told(teacher, "information")  # that something is to come
        wish = information.ListInformation()
        assert (await teacher.call(information.LIST_INFORMATION, wish)).rows == ()

        await pass_time(school, 2 * HOUR)
        assert (await teacher.call(information.LIST_INFORMATION, wish)).rows == ()
        await pass_time(school, HOUR)
        news = await told(teacher, "information")

        assert news.revision > first.revision
        assert len((await teacher.call(information.LIST_INFORMATION, wish)).rows) == 1
        assert await changes(teacher, first.revision) == ["information"]
        assert await changes(other, first.revision) == []
        assert school.base is not None
        assert school.base.header.revision == news.revision


async def test_what_was_shown_at_once_is_not_told_again(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with kept(tmp_path) as (school, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        await pass_time(school, HOUR)
        await publish(cpe, None)
        revision = school.base_in_service().header.revision
        await pass_time(school, 3 * HOUR)
        assert school.base_in_service().header.revision == revision


async def test_what_became_due_while_the_server_was_stopped_is_told_when_it_is_back(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with kept(tmp_path) as (school, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        await publish(cpe, NOW + 3 * HOUR)
        await wait_all_tasks_blocked()
        revision = school.base_in_service().header.revision
    async with open_test_school(tmp_path, inline=True, clock=Clock(NOW + DAY)) as school:
        for _ in range(2):
            await housekeeping.tell_what_is_due(school)
            assert school.base_in_service().header.revision == revision + 1, "told once"


async def test_a_period_is_told_when_it_is_sealed_as_planned(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with kept(tmp_path) as (school, door):
        office = await WireClient.inside(door, "admin")
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        wish = period_calls.SealPeriod(
            period_id=1, class_ids=(1,), what=(SealedMatter.MARKS,), at=NOW + HOUR
        )
        await office.call(period_calls.SEAL_PERIOD, wish)
        await told(teacher, "periods")
        await pass_time(school, HOUR)
        await told(teacher, "periods")


async def test_the_bytes_of_a_deleted_document_go_after_a_week(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with kept(tmp_path) as (school, _):
        files = DocumentFiles.beside(school.base_in_service().file)
        name = files.store(b"Nobody's.")
        for _ in range(8):
            assert set(files.stored()) == {name}
            await pass_time(school, DAY)
        assert set(files.stored()) == set()
        assert files.store(b"Nobody's.") == name
        assert await documents.collect(school) == 1, "asked for, it goes at once"


async def test_changes_are_forgotten_after_a_week(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Whoever asks from further back is told to read everything again."""
    async with kept(tmp_path) as (school, door):
        office = await WireClient.inside(door, "admin")
        start = school.base_in_service().header.revision
        made = await office.call(people.TEACHERS.create, people.CreateTeacher(last_name="A"))
        await pass_time(school, 6 * DAY)
        await office.call(people.TEACHERS.delete, ThingRef(id=made.id))
        newer = school.base_in_service().header.revision
        assert await changes(office, start) == ["teachers", "teachers"]
        await pass_time(school, 3 * DAY)
        assert await changes(office, start) == ["base", "teachers"]
        assert await changes(office, newer - 1) == ["teachers"]
        await pass_time(school, 7 * DAY)
        assert await logged(school) == 1


async def test_forgetting_takes_a_few_revisions_at_a_time(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "_REVISIONS_AT_ONCE", 2)
    async with open_test_school(
        tmp_path, data=sample_school(), inline=True, clock=Clock(NOW)
    ) as school:
        async with open_test_door(school) as door:
            office = await WireClient.inside(door, "admin")
            for number in range(7):
                await office.call(
                    people.TEACHERS.create, people.CreateTeacher(last_name=f"A{number}")
                )
        assert await logged(school) >= 7
        school.clock.advance(timedelta(days=8))
        await housekeeping.clean(school)
        assert await logged(school) == 1


async def test_a_disk_that_says_no_at_night_is_asked_again_the_next(
    tmp_path: Path,
    autojump_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    logs: Logs,
) -> None:
    asked = 0

    async def refuse(*_: Any, **__: Any) -> int:
        nonlocal asked
        asked += 1
        raise StorageFailed("SQLITE_FULL")

    monkeypatch.setattr(documents, "collect", refuse)
    async with kept(tmp_path) as (school, _):
        await pass_time(school, DAY)
        await pass_time(school, DAY)
    assert asked == 2


async def test_a_base_out_of_service_is_left_alone(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with kept(tmp_path) as (school, _):
        school.in_service = False
        await pass_time(school, 2 * DAY)
