"""Calls that are one short reading: answered where they are asked, or in a thread, alike."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from trio.testing import MockClock

from pronote_protocol.catalogue import CATALOGUE, assessments, marks, periods, resources
from pronote_protocol.catalogue import services as service_calls
from pronote_protocol.codec import unpack
from pronote_protocol.errors import (
    BaseUnavailable,
    InternalError,
    NotAllowed,
    NotFound,
    Refused,
)
from pronote_protocol.limits import WireLimits
from pronote_protocol.records import structure
from pronote_protocol.testing_params import NOT_CHOSEN, params_of
from pronote_protocol.words import Mode, ResourceKind
from pronote_server.clock import Clock
from pronote_server.hosting.hot_answers import Packed, is_kept
from pronote_server.hosting.school import School
from pronote_server.native import peer
from pronote_server.native.calls import ANSWERS, Visit
from pronote_server.native.calls.visit import Reading
from pronote_server.observe.testing import Logs
from pronote_server.storage.database import Database
from pronote_server.storage.short_reads import TURN_SECONDS
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

KEPT: Final = tuple(call for call in CATALOGUE.values() if is_kept(call))
PUPILS: Final = resources.ListResources(kind=ResourceKind.PUPILS)
WHO: Final = (
    ("teacher", Mode.TEACHER),
    ("teacher2", Mode.TEACHER),
    ("cpe", Mode.SCHOOL_LIFE),
)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[School, TestDoor]]:
    async with (
        open_test_school(
            folder,
            data=sample_school(),
            clock=Clock(datetime(2020, 10, 6, 7, tzinfo=UTC)),
            inline=True,
        ) as school,
        open_test_door(school) as door,
    ):
        yield school, door


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where the bases of the test are read from now on: here, or there."""
    seen: list[str] = []
    read, read_now = Database.read, Database.read_now

    async def there(self: Database, query: Any) -> Any:
        seen.append("there")
        return await read(self, query)

    def here(self: Database, query: Any, **turn: Any) -> Any:
        seen.append("here")
        return read_now(self, query, **turn)

    monkeypatch.setattr(Database, "read", there)
    monkeypatch.setattr(Database, "read_now", here)
    return seen


def test_every_call_that_is_kept_is_a_reading() -> None:
    assert len(KEPT) == 6
    assert all(isinstance(ANSWERS[call.name], Reading) for call in KEPT)


async def test_a_short_reading_wakes_nobody(
    tmp_path: Path, asked: list[str], autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as (_, door):
        client = await WireClient.inside(door, "sec1")
        asked.clear()
        await client.call(resources.LIST_RESOURCES, PUPILS)
        await client.call(periods.LIST_PERIODS, periods.ListPeriods())
        week = resources.ReadTimetable(kind=ResourceKind.CLASSES, id=1)
        await client.call(resources.READ_TIMETABLE, week)
        assert asked == ["here"] * 3


@pytest.mark.parametrize(
    ("call", "wish"),
    [
        (
            resources.LIST_RESOURCES,
            resources.ListResources(kind=ResourceKind.PUPILS, limit=500),
        ),
        (
            resources.LIST_RESOURCES,
            resources.ListResources(kind=ResourceKind.PUPILS, search="zoe"),
        ),
        (service_calls.LIST_SERVICES, service_calls.ListServices()),
    ],
)
async def test_what_is_long_is_read_in_a_thread(
    tmp_path: Path, asked: list[str], autojump_clock: MockClock, call: Any, wish: Any
) -> None:
    async with opened(tmp_path) as (_, door):
        client = await WireClient.inside(door, "sec1")
        asked.clear()
        await client.call(call, wish)
        assert asked == ["there"]


async def test_what_cannot_be_read_here_and_now_is_read_in_a_thread(
    tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as (school, door):
        client = await WireClient.inside(door, "sec1")
        short = school.base_in_service().database._short_reads
        assert short is not None
        now = [0.0]
        monkeypatch.setattr(short.fuse, "clock", lambda: now[0])
        short.fuse.note(1.0, now[0])
        asked.clear()
        shown = await client.call(resources.LIST_RESOURCES, PUPILS)
        assert shown.total == 4
        assert asked == ["here", "there"]
        assert await client.call(resources.LIST_RESOURCES, PUPILS) == shown, "and it is kept"
        assert len(asked) == 2
        now[0] = 30.0
        await client.call(periods.LIST_PERIODS, periods.ListPeriods())
        assert asked[2:] == ["here"]


async def test_one_client_holds_the_loop_for_some_readings_and_then_waits(
    tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as (school, door):
        client = await WireClient.inside(door, "sec1")
        short = school.base_in_service().database._short_reads
        assert short is not None
        a_third_each = itertools.count(step=TURN_SECONDS / 3)
        monkeypatch.setattr(short.fuse, "clock", lambda: next(a_third_each))
        asked.clear()
        said = b"".join(
            client.wire.ask(
                resources.LIST_RESOURCES.name, {"kind": "pupils", "offset": offset}
            )[1]
            for offset in range(12)
        )
        await client.stream.send_all(said)
        answers = [await client._next() for _ in range(12)]
        assert [answer.result["offset"] for answer in answers] == list(range(12))
        assert asked[:5] == ["here"] * 5
        assert asked[5] == "there", "the fifth came too late in the turn"


async def test_who_may_not_ask_is_refused_before_anything_is_read(
    tmp_path: Path, asked: list[str], autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as (_, door):
        teacher = await WireClient.inside(door, "teacher", mode=Mode.TEACHER)
        asked.clear()
        with pytest.raises(NotAllowed):
            await teacher.call(resources.LIST_RESOURCES, PUPILS)
        assert asked == []


async def test_a_reading_that_crashes_is_told_by_its_reference(
    tmp_path: Path, logs: Logs, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    def broken(_visit: Visit, _wish: Any) -> Callable[[Any], Any]:
        return lambda conn: conn.exec_driver_sql("SELECT nothing FROM nowhere")

    name = periods.LIST_PERIODS.name
    answer = Reading(broken, lambda _visit, _wish: True)
    monkeypatch.setattr(peer, "ANSWERS", {**ANSWERS, name: answer})
    logs.expect("call.crashed")
    async with opened(tmp_path) as (_, door):
        client = await WireClient.inside(door, "sec1")
        with pytest.raises(InternalError) as refusal:
            await client.call(periods.LIST_PERIODS, periods.ListPeriods())
        (crash,) = logs.of("call.crashed")
        assert crash["reference"] == refusal.value.reference
        assert (await client.call(resources.LIST_RESOURCES, PUPILS)).total == 4


async def test_a_base_that_is_being_closed_is_not_available(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as (school, door):
        client = await WireClient.inside(door, "sec1")
        short = school.base_in_service().database._short_reads
        assert short is not None
        short.close()
        with pytest.raises(BaseUnavailable):
            await client.call(resources.LIST_RESOURCES, PUPILS)


async def test_what_is_not_there_is_not_found(
    tmp_path: Path, asked: list[str], autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as (_, door):
        client = await WireClient.inside(door, "sec1")
        asked.clear()
        for wish in (
            resources.ReadTimetable(kind=ResourceKind.CLASSES, id=99),
            resources.ReadTimetable(kind=ResourceKind.STAFF, id=1),
        ):
            with pytest.raises(NotFound):
                await client.call(resources.READ_TIMETABLE, wish)
        assert asked == ["here", "here"]


async def outcome(read: Callable[[], Any]) -> tuple[str, bytes]:
    """Return what came of a reading: the bytes of the answer, or the refusal."""
    try:
        found = read()
        packed: Packed = await found if hasattr(found, "__await__") else found
    except Refused as refusal:
        return refusal.code, repr(refusal.details).encode()
    return "done", packed.data


@pytest.mark.parametrize("call", KEPT, ids=lambda call: call.name)
async def test_here_and_there_the_answer_is_the_same_to_the_last_byte(
    tmp_path: Path, autojump_clock: MockClock, call: Any
) -> None:
    draw = Random(call.name)

    def choose(name: str, kind: Any) -> Any:
        if kind is int and name.endswith("id") and draw.random() < 0.8:
            return draw.randrange(1, 5)
        if name in ("limit", "offset", "week") and draw.random() < 0.8:
            return draw.randrange(1, 9)
        if name == "code":
            return draw.choice(("3A", "T1", "P1", "GB", "101", "X"))
        if name == "search":
            return draw.choice((None, "", "zoe", "3", "albert zoe"))
        return NOT_CHOSEN

    async with opened(tmp_path) as (school, door):
        office = await WireClient.inside(door, "sec1")
        await entered(office)
        for login, mode in WHO:
            await WireClient.inside(door, login, mode)
        base, reading = school.base_in_service().database, ANSWERS[call.name]
        assert isinstance(reading, Reading)
        seen = set()
        for session in school.sessions:
            if session.mode not in call.modes:
                continue
            visit = Visit(school, session)
            for _ in range(40):
                wish = structure(params_of(call, draw, choose), call.params)
                there = await outcome(lambda: reading(visit, wish))  # noqa: B023
                here = await outcome(lambda: base.read_now(reading.query(visit, wish)))  # noqa: B023
                again = await outcome(lambda: base.read_now(reading.query(visit, wish)))  # noqa: B023
                assert there == here == again, wish
                seen.add(there[0])
                if there[0] == "done":
                    structure(unpack(there[1], WireLimits()), call.result)
        assert "done" in seen


async def entered(office: WireClient) -> None:
    """Enter some marks, so that there is a column to read."""
    listed = await office.call(service_calls.LIST_SERVICES, service_calls.ListServices())
    (period, *_) = (await office.call(periods.LIST_PERIODS, periods.ListPeriods())).rows
    for service in listed.rows:
        wish = assessments.CreateAssessment(
            service_id=service.id, period_id=period.id, date=date(2020, 10, 1)
        )
        made = await office.call(assessments.CREATE_ASSESSMENT, wish)
        column = marks.ReadMarks(assessment_id=made.assessment.id)
        pupils = (await office.call(marks.READ_MARKS, column)).rows
        entries = tuple(
            marks.MarkEntry(row.pupil_id, Decimal(number), None)
            for number, row in enumerate(pupils)
        )
        await office.call(
            marks.ENTER_MARKS,
            marks.EnterMarks(assessment_id=made.assessment.id, entries=entries),
        )
