"""Answers that are kept: given again while true, to whoever may have them, and no longer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from trio.testing import MockClock

from pronote_protocol.catalogue import periods, resources, services
from pronote_protocol.errors import NotAllowed, NotInService
from pronote_protocol.words import Mode, ResourceKind, Right
from pronote_server.hosting import bases
from pronote_server.hosting.hot_answers import HotAnswers, Packed
from pronote_server.hosting.school import School
from pronote_server.storage import base_schema as schema
from pronote_server.storage import freshness
from pronote_server.storage.freshness import Freshness
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

PUPILS = resources.ListResources(kind=ResourceKind.PUPILS)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[School, TestDoor]]:
    async with (
        open_test_school(folder, data=sample_school(), inline=True) as school,
        open_test_door(school) as door,
    ):
        yield school, door


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Callable[[School], list[Any]]:
    """Count how often the base of a school is read."""

    def watch(school: School) -> list[Any]:
        database = school.base_in_service().database
        seen: list[Any] = []
        read, read_now = database.read, database.read_now

        async def counted(query: Any) -> Any:
            seen.append(query)
            return await read(query)

        def counted_now(query: Any, **turn: Any) -> Any:
            seen.append(query)
            return read_now(query, **turn)

        monkeypatch.setattr(database, "read", counted)
        monkeypatch.setattr(database, "read_now", counted_now)
        return seen

    return watch


async def test_what_was_read_once_is_not_read_again_whoever_asks(
    tmp_path: Path, readings: Callable[[School], list[Any]], autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as (school, door):
        seen = readings(school)
        office = await WireClient.inside(door, "sec1")
        other = await WireClient.inside(door, "cpe", mode=Mode.SCHOOL_LIFE)
        first = await office.call(resources.LIST_RESOURCES, PUPILS)
        assert [row.name for row in first.rows][:2] == ["ALBERT Zoé", "BENOIT Émile"]
        assert await office.call(resources.LIST_RESOURCES, PUPILS) == first
        assert await other.call(resources.LIST_RESOURCES, PUPILS) == first
        assert len(seen) == 1


async def test_a_kept_answer_counts_as_a_call_of_its_session(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as (school, door):
        office = await WireClient.inside(door, "sec1")
        await office.call(resources.LIST_RESOURCES, PUPILS)
        (session,) = school.sessions
        session.last_call_at = 0.0
        await office.call(resources.LIST_RESOURCES, PUPILS)
        assert session.last_call_at == pytest.approx(school.clock.timestamp())


async def test_a_kept_answer_is_not_for_who_has_no_right_to_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as (school, door):
        office = await WireClient.inside(door, "sec1")
        teacher = await WireClient.inside(door, "teacher", mode=Mode.TEACHER)
        await office.call(resources.LIST_RESOURCES, PUPILS)
        with pytest.raises(NotAllowed):
            await teacher.call(resources.LIST_RESOURCES, PUPILS)
        (session,) = (each for each in school.sessions if each.login == "sec1")
        session.rights -= {Right.READ_RESOURCES}
        with pytest.raises(NotAllowed):
            await office.call(resources.LIST_RESOURCES, PUPILS)


async def test_a_teacher_is_given_his_own_and_never_somebody_elses(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as (_, door):
        asked = services.ListServices()
        seen = []
        for login, mode in (
            ("teacher", Mode.TEACHER),
            ("teacher2", Mode.TEACHER),
            ("sec1", Mode.ADMINISTRATIVE),
        ):
            client = await WireClient.inside(door, login, mode=mode)
            first = await client.call(services.LIST_SERVICES, asked)
            assert await client.call(services.LIST_SERVICES, asked) == first
            seen.append(first.total)
        assert seen == [1, 2, 3]


async def test_no_answer_is_kept_for_a_base_that_is_not_in_service(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as (school, door):
        office = await WireClient.inside(door, "sec1")
        await office.call(resources.LIST_RESOURCES, PUPILS)
        school.in_service = False
        with pytest.raises(NotInService):
            await office.call(resources.LIST_RESOURCES, PUPILS)


async def test_an_entry_is_seen_at_once_and_takes_only_what_it_touches(
    tmp_path: Path, readings: Callable[[School], list[Any]], autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as (school, door):
        office = await WireClient.inside(door, "sec1")
        before = await office.call(periods.LIST_PERIODS, periods.ListPeriods())
        pupils = await office.call(resources.LIST_RESOURCES, PUPILS)
        new = periods.ChangePeriod(id=before.rows[0].id, name="Premier trimestre bis")
        await office.call(periods.CHANGE_PERIOD, new)
        seen = readings(school)
        after = await office.call(periods.LIST_PERIODS, periods.ListPeriods())
        assert after.rows[0].name == "Premier trimestre bis"
        assert len(seen) == 1
        assert await office.call(resources.LIST_RESOURCES, PUPILS) == pupils
        assert len(seen) == 1


async def test_whatever_writes_to_the_base_is_seen_entry_or_not(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as (school, door):
        office = await WireClient.inside(door, "sec1")
        await office.call(resources.LIST_RESOURCES, PUPILS)
        await school.base_in_service().database.write(
            lambda conn: conn.execute(update(schema.pupil).values(first_name="Ana")).rowcount
        )
        shown = await office.call(resources.LIST_RESOURCES, PUPILS)
        assert {row.name.split()[-1] for row in shown.rows} == {"Ana"}


async def test_another_base_knows_nothing_of_what_was_kept(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as (school, door):
        office = await WireClient.inside(door, "sec1")
        assert (await office.call(resources.LIST_RESOURCES, PUPILS)).total == 4
        school.in_service = False
        await bases.create_base(school, "Autre", 2020, bases.STANDARD_GRID)
        school.in_service = True
        assert (await office.call(resources.LIST_RESOURCES, PUPILS)).total == 0


class _Sitting:
    mode = Mode.ADMINISTRATIVE
    rights = frozenset(Right)
    person = None


_FIFTY = Packed.of([0] * 50)


async def _answer() -> Packed:
    return _FIFTY


@settings(max_examples=25)
@given(st.lists(st.binary(min_size=1, max_size=3), max_size=60))
def test_what_is_kept_stays_within_its_bound(questions: list[bytes]) -> None:
    hot = HotAnswers(Freshness(), most_bytes=5_000)
    session: Any = _Sitting()

    for asked in questions:
        keeping = hot.keep(asked, resources.LIST_RESOURCES, session, _reading_pupils)
        with pytest.raises(StopIteration):
            keeping.send(None)
        assert hot.size <= 5_000
        assert hot.recall(asked, session) is not None


async def _reading_pupils() -> Packed:
    tables = freshness._reading.get()
    assert tables is not None
    tables.add("pupil")
    return _FIFTY


async def test_what_read_nothing_is_not_kept() -> None:
    hot = HotAnswers(Freshness())
    session: Any = _Sitting()
    await hot.keep(b"q", resources.LIST_RESOURCES, session, _answer)
    assert hot.recall(b"q", session) is None
