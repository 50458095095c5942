"""Roll calls: who takes them, what they make, what they take back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import pytest
from trio.testing import MockClock

from pronote_protocol.catalogue import absences, latenesses, roll, sanctions
from pronote_protocol.catalogue.school_life import Moment, ThingRef
from pronote_protocol.errors import BadRequest, Conflict, NotAllowed, NotFound, ReadOnly
from pronote_protocol.records import unstructure
from pronote_protocol.words import Access, EventOrder, Mode, SanctionKind
from pronote_server.clock import Clock
from pronote_server.config import Contract
from pronote_server.hosting.school import School
from pronote_server.storage import base_writes
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

pytestmark = pytest.mark.usefixtures("base_anywhere")

# A Monday, 9:30 in Paris. L1: Monday at 8, T1 with 3A, where P1 and P2 are.
MORNING: Final = datetime(2020, 9, 14, 7, 30, tzinfo=UTC)
MONDAY: Final = date(2020, 9, 14)
L1, L2, L3 = 1, 2, 3
P1, P2, P3, P4 = 1, 2, 3, 4


def at(hour: int, minute: int = 0, day: date = MONDAY) -> Moment:
    return Moment(day, hour * 60 + minute)


@asynccontextmanager
async def inside(tmp_path: Path) -> AsyncIterator[tuple[School, TestDoor]]:
    async with (
        open_test_school(
            tmp_path,
            data=sample_school(),
            inline=True,
            clock=Clock(MORNING),
            contract=Contract(consultation=True),
        ) as school,
        open_test_door(school) as door,
    ):
        yield school, door


async def absent_now(cpe: WireClient) -> list[tuple[int, Moment, Moment | None]]:
    page = await cpe.call(
        absences.LIST_ABSENCES, absences.ListAbsences(order=EventOrder.OLDEST)
    )
    return [(row.pupil_id, row.starts_at, row.ends_at) for row in page.rows]


def taking(**fields: object) -> roll.TakeRoll:
    return roll.TakeRoll(lesson_id=L1, day=MONDAY, **fields)  # type: ignore[arg-type]


async def test_a_teacher_takes_the_roll_of_his_lesson_and_school_life_sees_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as (_, door):
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)

        taken = await teacher.call(
            roll.TAKE_ROLL, taking(absent=(P1,), late=(roll.LatePupil(P2, 10),))
        )
        told = await cpe.hear()
        late = await cpe.call(latenesses.LIST_LATENESSES, latenesses.ListLatenesses())

        assert taken == roll.RollTaken(absences=1, latenesses=1, known_absent=())
        assert await absent_now(cpe) == [(P1, at(8), at(9))]
        assert [(row.pupil_id, row.at, row.minutes) for row in late.rows] == [(P2, at(8), 10)]
        assert set(told.what) == {"absences", "latenesses", "roll"}


async def test_the_roll_is_read_with_what_is_known_of_each_pupil(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as (_, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        last_week = date(2020, 9, 7)
        await cpe.call(
            absences.ENTER_ABSENCE,
            absences.EnterAbsence(
                pupil_id=P1, starts_at=at(8, day=last_week), ends_at=at(9, day=last_week)
            ),
        )
        await cpe.call(
            absences.ENTER_ABSENCE, absences.EnterAbsence(pupil_id=P1, starts_at=at(7, 30))
        )
        await cpe.call(
            sanctions.DECIDE_SANCTION,
            sanctions.DecideSanction(
                pupil_id=P2,
                kind=SanctionKind.EXCLUSION,
                decided_on=MONDAY,
                starts_on=MONDAY,
                ends_on=MONDAY,
            ),
        )
        shown = await teacher.call(roll.READ_ROLL, roll.ReadRoll(lesson_id=L1, day=MONDAY))

    assert (shown.subject, shown.audience) == ("Mathématiques", "3e A")
    assert (shown.starts_at, shown.ends_at, shown.taken_at) == (at(8), at(9), None)
    assert shown.rows == (
        roll.RollRow(P1, "ALBERT Zoé", "3e A", True, 0, True, 1, False),
        roll.RollRow(P2, "BENOIT Émile", "3e A", False, 0, False, 0, True),
    )


async def test_taking_it_again_replaces_what_it_made(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as (school, door):
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        await teacher.call(roll.TAKE_ROLL, taking(absent=(P1,)))
        first = await cpe.call(absences.LIST_ABSENCES, absences.ListAbsences())

        again = await teacher.call(roll.TAKE_ROLL, taking(absent=(P1,)))
        same = await cpe.call(absences.LIST_ABSENCES, absences.ListAbsences())
        await teacher.call(roll.TAKE_ROLL, taking(late=(roll.LatePupil(P1, 5),)))
        late = await cpe.call(latenesses.LIST_LATENESSES, latenesses.ListLatenesses())
        await teacher.call(roll.TAKE_ROLL, taking(late=(roll.LatePupil(P1, 7),)))
        later = await cpe.call(latenesses.LIST_LATENESSES, latenesses.ListLatenesses())
        left = await absent_now(cpe)
        history = await school.base_in_service().database.read(
            lambda conn: base_writes.audit_of(conn, "absence", str(first.rows[0].id))
        )

    assert again.absences == 1
    assert same == first
    assert left == []
    assert [row.minutes for row in late.rows] == [5]
    assert [row.minutes for row in later.rows] == [7]
    assert [(line.before is None, line.after is None) for line in history] == [
        (True, False),
        (False, True),
    ]


async def test_what_school_life_has_touched_stays(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as (_, door):
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        await teacher.call(roll.TAKE_ROLL, taking(absent=(P1,)))
        row = (await cpe.call(absences.LIST_ABSENCES, absences.ListAbsences())).rows[0]
        await cpe.call(
            absences.SETTLE_ABSENCES,
            absences.SettleAbsences(absences=(ThingRef(id=row.id),), justified=True),
        )
        taken = await teacher.call(roll.TAKE_ROLL, taking())

        assert taken == roll.RollTaken(absences=0, latenesses=0, known_absent=(P1,))
        assert await absent_now(cpe) == [(P1, at(8), at(9))]


async def test_it_makes_only_what_nobody_has_entered(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """The dentist from 8:00 to 8:20 and again from 8:40: the roll fills the middle."""
    async with inside(tmp_path) as (_, door):
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        for start, end in ((at(8), at(8, 20)), (at(8, 40), None)):
            await cpe.call(
                absences.ENTER_ABSENCE,
                absences.EnterAbsence(pupil_id=P1, starts_at=start, ends_at=end),
            )
        for _ in range(2):
            taken = await teacher.call(roll.TAKE_ROLL, taking(absent=(P1,)))
            assert taken.absences == 1
        assert await absent_now(cpe) == [
            (P1, at(8), at(8, 20)),
            (P1, at(8, 20), at(8, 40)),
            (P1, at(8, 40), None),
        ]


async def test_a_retry_with_its_key_is_done_once(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as (school, door):
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        asked = {**unstructure(taking(absent=(P1,))), "key": "roll-1"}
        answers = [await teacher.ask("roll.take", asked, roll.RollTaken) for _ in range(2)]
        history = await school.base_in_service().database.read(
            lambda conn: base_writes.audit_of(conn, "roll_call", "1/2020-09-14")
        )

    assert answers[0] == answers[1]
    assert len(history) == 1
    assert history[0].actor == "TEACHER"


async def test_lessons_of_others_do_not_exist_for_a_teacher(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    tuesday = date(2020, 9, 8)
    async with inside(tmp_path) as (_, door):
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        with pytest.raises(NotFound):
            await teacher.call(roll.READ_ROLL, roll.ReadRoll(lesson_id=L2, day=tuesday))
        with pytest.raises(NotFound):
            await teacher.call(roll.TAKE_ROLL, roll.TakeRoll(lesson_id=L2, day=tuesday))
        with pytest.raises(NotFound):
            await teacher.call(roll.TAKE_ROLL, taking(absent=(P3,)))
        with pytest.raises(NotAllowed):
            await teacher.call(absences.LIST_ABSENCES, absences.ListAbsences())


async def test_the_lessons_of_a_day_say_whose_roll_is_missing(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as (_, door):
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        tuesday = roll.ListRollCalls(day=date(2020, 9, 15))
        missing = await cpe.call(
            roll.LIST_ROLL_CALLS, roll.ListRollCalls(day=MONDAY, taken=False)
        )
        await teacher.call(roll.TAKE_ROLL, taking())
        mine = await teacher.call(roll.LIST_ROLL_CALLS, roll.ListRollCalls(day=MONDAY))
        none = await cpe.call(roll.LIST_ROLL_CALLS, roll.ListRollCalls(day=MONDAY, taken=False))
        others = await teacher.call(roll.LIST_ROLL_CALLS, tuesday)
        seen = await cpe.call(roll.LIST_ROLL_CALLS, tuesday)

    assert [row.lesson_id for row in missing.rows] == [L1]
    assert [(row.lesson_id, row.taken_by) for row in mine.rows] == [(L1, "DUPAS Nicole")]
    assert mine.rows[0].taken_at is not None
    assert none.total == 0
    assert others.total == 0
    assert seen.total == 1


async def test_a_roll_needs_a_lesson_that_has_taken_place(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as (_, door):
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        with pytest.raises(BadRequest, match="does not take place"):
            await teacher.call(
                roll.TAKE_ROLL, roll.TakeRoll(lesson_id=L1, day=date(2020, 9, 8))
            )
        with pytest.raises(BadRequest, match="does not take place"):
            await teacher.call(roll.TAKE_ROLL, roll.TakeRoll(lesson_id=L1, day=date(1, 1, 1)))
        with pytest.raises(Conflict, match="not taken place yet"):
            await teacher.call(
                roll.TAKE_ROLL, roll.TakeRoll(lesson_id=L1, day=date(2020, 9, 21))
            )
        with pytest.raises(BadRequest, match="shorter"):
            await teacher.call(roll.TAKE_ROLL, taking(late=(roll.LatePupil(P1, 60),)))
        with pytest.raises(BadRequest, match="twice"):
            await teacher.ask(
                "roll.take",
                {"lesson_id": L1, "day": "2020-09-14", "absent": [P1], "late": [[P1, 3]]},
                roll.RollTaken,
            )


async def test_consultation_reads_the_roll_and_does_not_take_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as (school, door):
        teacher = await WireClient.inside(
            door, "teacher", Mode.TEACHER, access=Access.CONSULTATION
        )
        await teacher.call(roll.READ_ROLL, roll.ReadRoll(lesson_id=L1, day=MONDAY))
        with pytest.raises(ReadOnly):
            await teacher.call(roll.TAKE_ROLL, taking())
        assert school.base_in_service().header.revision == 1
