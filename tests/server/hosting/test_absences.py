"""Absences, behind their calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from trio.testing import MockClock, wait_all_tasks_blocked

from pronote_protocol.catalogue import absences, motives
from pronote_protocol.catalogue.changes import READ_CHANGES, ReadChanges
from pronote_protocol.catalogue.school_life import Moment, ThingRef
from pronote_protocol.catalogue.sessions import BEGIN_EXCLUSIVE
from pronote_protocol.errors import (
    BadRequest,
    Conflict,
    ExclusiveUse,
    NotAllowed,
    NotFound,
    ReadOnly,
    StaleRevision,
)
from pronote_protocol.messages import Nothing
from pronote_protocol.records import unstructure
from pronote_protocol.words import Access, EventOrder, Half, Mode, MotiveKind
from pronote_server.clock import Clock
from pronote_server.hosting.school import School
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

pytestmark = pytest.mark.usefixtures("base_anywhere")

# A Monday, 9:30 in Paris.
MORNING: Final = datetime(2020, 9, 14, 7, 30, tzinfo=UTC)
MONDAY: Final = date(2020, 9, 14)
P1, P2, P3 = 1, 2, 3
CLASS_3B: Final = 2


def at(hour: int, minute: int = 0, day: date = MONDAY) -> Moment:
    return Moment(day, hour * 60 + minute)


def absence(pupil_id: int = P1, **fields: Any) -> absences.EnterAbsence:
    values = {"starts_at": at(8), "ends_at": at(9)} | fields
    return absences.EnterAbsence(pupil_id=pupil_id, **values)


@asynccontextmanager
async def inside(tmp_path: Path) -> AsyncIterator[tuple[School, TestDoor]]:
    async with (
        open_test_school(
            tmp_path, data=sample_school(), inline=True, clock=Clock(MORNING)
        ) as school,
        open_test_door(school) as door,
    ):
        yield school, door


async def ids(client: WireClient, **wish: Any) -> list[int]:
    asked = absences.ListAbsences(**({"order": EventOrder.OLDEST} | wish))
    return [row.id for row in (await client.call(absences.LIST_ABSENCES, asked)).rows]


async def test_an_absence_is_entered_changed_and_deleted(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as (_, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        made = await cpe.call(absences.ENTER_ABSENCE, absence())
        changed = await cpe.call(
            absences.CHANGE_ABSENCE,
            absences.ChangeAbsence(
                id=made.id,
                starts_at=at(8),
                ends_at=at(10),
                justified=True,
                if_revision=made.revision,
            ),
        )
        read = await cpe.call(absences.READ_ABSENCE, ThingRef(id=made.id))
        await cpe.call(
            absences.DELETE_ABSENCE, ThingRef(id=made.id, if_revision=changed.revision)
        )
        with pytest.raises(NotFound):
            await cpe.call(absences.READ_ABSENCE, ThingRef(id=made.id))

    assert (made.pupil, made.class_name, made.ends_at) == ("ALBERT Zoé", "3e A", at(9))
    assert (changed.ends_at, changed.justified) == (at(10), True)
    assert changed.revision > made.revision
    assert read == changed


async def test_a_change_of_what_somebody_else_has_changed_is_refused_with_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as (_, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        office = await WireClient.inside(door, "sec1")
        made = await cpe.call(absences.ENTER_ABSENCE, absence())
        await office.call(
            absences.SETTLE_ABSENCES,
            absences.SettleAbsences(
                absences=(ThingRef(id=made.id, if_revision=made.revision),)
            ),
        )
        stale = absences.ChangeAbsence(
            id=made.id, starts_at=at(8), ends_at=at(12), if_revision=made.revision
        )
        with pytest.raises(StaleRevision) as refused:
            await cpe.call(absences.CHANGE_ABSENCE, stale)
        with pytest.raises(StaleRevision):
            await cpe.call(
                absences.DELETE_ABSENCE, ThingRef(id=made.id, if_revision=made.revision)
            )

    changed = refused.value.details["changed"]
    assert [(line["by"], line["after"]["settled"]) for line in changed] == [("SEC1", True)]


async def test_an_open_absence_is_closed_once(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as (_, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        opened = await cpe.call(absences.ENTER_ABSENCE, absence(ends_at=None))
        with pytest.raises(Conflict, match="absent already"):
            await cpe.call(absences.ENTER_ABSENCE, absence(starts_at=at(14), ends_at=at(15)))
        assert await ids(cpe, open=True) == [opened.id]
        with pytest.raises(BadRequest, match="before it begins"):
            await cpe.call(
                absences.CLOSE_ABSENCE, absences.CloseAbsence(id=opened.id, ends_at=at(8))
            )
        closing = absences.CloseAbsence(id=opened.id, ends_at=at(9, 30))
        closed = await cpe.call(absences.CLOSE_ABSENCE, closing)
        with pytest.raises(Conflict, match="closed already"):
            await cpe.call(absences.CLOSE_ABSENCE, closing)
        assert closed.ends_at == at(9, 30)
        assert await ids(cpe, open=True) == []


async def test_absences_of_one_pupil_touch_but_do_not_overlap(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as (_, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        first = await cpe.call(absences.ENTER_ABSENCE, absence())
        second = await cpe.call(
            absences.ENTER_ABSENCE, absence(starts_at=at(9), ends_at=at(10))
        )
        with pytest.raises(Conflict) as refused:
            await cpe.call(
                absences.CHANGE_ABSENCE,
                absences.ChangeAbsence(id=second.id, starts_at=at(8, 59), ends_at=at(10)),
            )
        assert refused.value.details["absence_id"] == first.id
        await cpe.call(absences.ENTER_ABSENCE, absence(P2))


async def test_the_list_is_narrowed_and_sorted(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    friday = date(2020, 9, 11)
    async with inside(tmp_path) as (_, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        long = absence(P3, starts_at=at(8, day=friday), ends_at=at(0))
        entered = [
            await cpe.call(absences.ENTER_ABSENCE, each)
            for each in (absence(P2, settled=True), absence(P1, ends_at=None), long)
        ]
        second, first, weekend = (row.id for row in entered)

        assert await ids(cpe, order=EventOrder.PUPIL) == [first, second, weekend]
        assert await ids(cpe, order=EventOrder.NEWEST) == [first, second, weekend]
        assert await ids(cpe, pupil_id=P2) == [second]
        assert await ids(cpe, class_id=CLASS_3B) == [weekend]
        assert await ids(cpe, settled=False) == [weekend, first]
        assert await ids(cpe, open=False) == [weekend, second]
        assert await ids(cpe, first=MONDAY, last=MONDAY) == [second, first]
        assert await ids(cpe, last=friday) == [weekend]
        assert await ids(cpe, first=date(2020, 9, 20)) == [first]
        assert await ids(cpe, offset=1, limit=1) == [second]
        assert await ids(cpe, first=date.min, last=date.max) == [weekend, second, first]
        with pytest.raises(BadRequest, match="before first"):
            await cpe.ask(
                "absences.list",
                {"first": "2020-09-14", "last": "2020-09-13"},
                absences.LIST_ABSENCES.result,
            )


async def test_a_motive_settles_unless_it_is_said_otherwise(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as (_, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        ill, late = [
            await cpe.call(
                motives.CREATE_MOTIVE, motives.CreateMotive(kind=kind, name="x", settled=True)
            )
            for kind in (MotiveKind.ABSENCE, MotiveKind.LATENESS)
        ]
        settled = await cpe.call(absences.ENTER_ABSENCE, absence(P1, motive_id=ill.id))
        unsettled = await cpe.call(
            absences.ENTER_ABSENCE, absence(P2, motive_id=ill.id, settled=False)
        )
        with pytest.raises(NotFound):
            await cpe.call(absences.ENTER_ABSENCE, absence(P3, motive_id=late.id))
        with pytest.raises(NotFound):
            await cpe.call(
                absences.SETTLE_ABSENCES,
                absences.SettleAbsences(
                    absences=(ThingRef(id=unsettled.id), ThingRef(id=999)), motive_id=ill.id
                ),
            )
        same = await cpe.call(absences.READ_ABSENCE, ThingRef(id=unsettled.id))

    assert (settled.settled, settled.motive) == (True, "x")
    assert not unsettled.settled
    assert same == unsettled


async def test_half_days_are_counted_on_the_pupils_timetable(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """P1 has one lesson a week, Monday 8 to 9; the open absence goes on until 9:30."""
    week = date(2020, 9, 7)
    async with inside(tmp_path) as (_, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        half_past = absence(starts_at=at(8, 30, week), ends_at=at(18, 0, date(2020, 9, 8)))
        await cpe.call(absences.ENTER_ABSENCE, half_past)
        await cpe.call(absences.ENTER_ABSENCE, absence(ends_at=None))
        shown = await cpe.call(absences.COUNT_HALF_DAYS, absences.CountHalfDays(pupil_id=P1))
        last = await cpe.call(
            absences.COUNT_HALF_DAYS, absences.CountHalfDays(pupil_id=P1, first=MONDAY)
        )
        with pytest.raises(NotFound):
            await cpe.call(absences.COUNT_HALF_DAYS, absences.CountHalfDays(pupil_id=99))

    assert (shown.gross, shown.calculated, shown.missed_minutes) == (2, Decimal("1.5"), 90)
    assert shown.rows == (
        absences.HalfDayRow(week, Half.MORNING, 30, 60),
        absences.HalfDayRow(MONDAY, Half.MORNING, 60, 60),
    )
    assert (last.gross, last.calculated) == (1, Decimal(1))


async def test_what_cannot_be_is_refused(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with inside(tmp_path) as (_, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        with pytest.raises(NotFound):
            await cpe.call(absences.ENTER_ABSENCE, absence(99))
        far = date(9999, 12, 31)
        with pytest.raises(BadRequest, match="school year"):
            await cpe.call(
                absences.ENTER_ABSENCE, absence(starts_at=at(8, day=far), ends_at=None)
            )
        with pytest.raises(BadRequest, match="school year"):
            await cpe.call(
                absences.ENTER_ABSENCE,
                absence(starts_at=at(0, day=date.min), ends_at=at(0, day=date.min)),
            )
        for moment in (["2020-09-14", 1440], ["2020-09-14", -1], ["2020-09-31", 0], "8:00"):
            with pytest.raises(BadRequest, match="starts_at"):
                await cpe.ask(
                    "absences.enter",
                    {"pupil_id": P1, "starts_at": moment},
                    absences.AbsenceRow,
                )


async def test_an_entry_with_a_key_is_done_once(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as (_, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        asked = {**unstructure(absence()), "key": "one"}
        first = await cpe.ask("absences.enter", asked, absences.AbsenceRow)
        assert await cpe.ask("absences.enter", asked, absences.AbsenceRow) == first
        assert await ids(cpe) == [first.id]


async def test_a_teacher_of_the_pupil_is_told_and_no_other(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as (_, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        other = await cpe.call(absences.ENTER_ABSENCE, absence(P3))
        await wait_all_tasks_blocked()
        mine = await cpe.call(absences.ENTER_ABSENCE, absence(P1))
        told = await teacher.hear()
        since = await teacher.call(READ_CHANGES, ReadChanges(since=other.revision - 1))

    assert (told.revision, told.what) == (mine.revision, ("absences",))
    assert len(teacher.events) == 1
    assert [(row.family, row.entity_id) for row in since.rows] == [("absences", str(mine.id))]


@pytest.mark.parametrize("login", ["cpe", "teacher"])
async def test_only_who_may_writes(
    tmp_path: Path, autojump_clock: MockClock, login: str
) -> None:
    async with inside(tmp_path) as (_, door):
        if login == "teacher":
            client = await WireClient.inside(door, login, Mode.TEACHER)
            with pytest.raises(NotAllowed):
                await client.call(absences.ENTER_ABSENCE, absence())
        else:
            client = await WireClient.inside(
                door, login, Mode.SCHOOL_LIFE, access=Access.MODIFICATION
            )
            holder = await WireClient.inside(door, "admin")
            await holder.call(BEGIN_EXCLUSIVE, Nothing())
            with pytest.raises((ExclusiveUse, ReadOnly)):
                await client.call(absences.ENTER_ABSENCE, absence())
