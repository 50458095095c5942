"""Motives, latenesses, sanctions, follow-ups; and what is sealed of all school life."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, insert, select
from trio.testing import MockClock, wait_all_tasks_blocked

from pronote_protocol.catalogue import (
    CATALOGUE,
    absences,
    follow_ups,
    latenesses,
    motives,
    punishments,
    roll,
    sanctions,
)
from pronote_protocol.catalogue.school_life import Moment, ThingRef
from pronote_protocol.errors import (
    BadRequest,
    Conflict,
    NotAllowed,
    NotFound,
    ReadOnly,
    StaleRevision,
)
from pronote_protocol.words import (
    Access,
    FollowUpKind,
    Mode,
    MotiveKind,
    PunishmentKind,
    SanctionKind,
    SealedMatter,
)
from pronote_server.clock import Clock
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

# A Monday, 9:30 in Paris.
MORNING: Final = datetime(2020, 9, 14, 7, 30, tzinfo=UTC)
MONDAY: Final = date(2020, 9, 14)
P1, P3 = 1, 3
CLASS_3A: Final = 1
EIGHT: Final = Moment(MONDAY, 480)
NINE: Final = Moment(MONDAY, 540)
FAMILIES: Final = (
    "absences",
    "follow_ups",
    "latenesses",
    "motives",
    "punishments",
    "roll",
    "sanctions",
)


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


async def test_motives_are_kept_by_kind(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with inside(tmp_path) as (_, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        ill = await cpe.call(
            motives.CREATE_MOTIVE,
            motives.CreateMotive(kind=MotiveKind.ABSENCE, name=" Maladie ", health=True),
        )
        with pytest.raises(Conflict, match="exists already"):
            await cpe.call(
                motives.CREATE_MOTIVE,
                motives.CreateMotive(kind=MotiveKind.ABSENCE, name="MALADIE"),
            )
        with pytest.raises(Conflict, match="name is needed"):
            await cpe.call(
                motives.CREATE_MOTIVE, motives.CreateMotive(kind=MotiveKind.SANCTION, name="\t")
            )
        changed = await cpe.call(
            motives.CHANGE_MOTIVE,
            motives.ChangeMotive(
                id=ill.id, name="Maladie", settled=True, if_revision=ill.revision
            ),
        )
        with pytest.raises(StaleRevision):
            await cpe.call(motives.DELETE_MOTIVE, ThingRef(id=ill.id, if_revision=ill.revision))
        seen = await teacher.call(motives.LIST_MOTIVES, motives.ListMotives())
        await cpe.call(
            absences.ENTER_ABSENCE,
            absences.EnterAbsence(pupil_id=P1, starts_at=EIGHT, motive_id=ill.id),
        )
        with pytest.raises(Conflict, match="given 1 times"):
            await cpe.call(motives.DELETE_MOTIVE, ThingRef(id=ill.id))
        none = await cpe.call(
            motives.LIST_MOTIVES, motives.ListMotives(kind=MotiveKind.LATENESS)
        )

    assert (ill.name, ill.health) == ("Maladie", True)
    assert seen.rows == (changed,)
    assert none.rows == ()


async def test_a_lateness_is_one_for_a_pupil_and_a_moment(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    wish = latenesses.EnterLateness(pupil_id=P1, at=EIGHT, minutes=5)
    async with inside(tmp_path) as (_, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        made = await cpe.call(latenesses.ENTER_LATENESS, wish)
        with pytest.raises(Conflict, match="at that time already"):
            await cpe.call(latenesses.ENTER_LATENESS, wish)
        changed = await cpe.call(
            latenesses.CHANGE_LATENESS,
            latenesses.ChangeLateness(
                id=made.id, at=EIGHT, minutes=9, justified=True, if_revision=made.revision
            ),
        )
        with pytest.raises(StaleRevision):
            await cpe.call(
                latenesses.DELETE_LATENESS, ThingRef(id=made.id, if_revision=made.revision)
            )
        justified = await cpe.call(
            latenesses.LIST_LATENESSES,
            latenesses.ListLatenesses(justified=True, first=MONDAY, last=MONDAY),
        )
        read = await cpe.call(latenesses.READ_LATENESS, ThingRef(id=made.id))
        await cpe.call(latenesses.DELETE_LATENESS, ThingRef(id=made.id))
        with pytest.raises(NotFound):
            await cpe.call(latenesses.READ_LATENESS, ThingRef(id=made.id))

    assert (changed.minutes, justified.rows, read) == (9, (changed,), changed)


async def test_a_sanction_has_the_days_of_its_kind(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    wish = sanctions.DecideSanction(pupil_id=P1, kind=SanctionKind.WARNING, decided_on=MONDAY)
    async with inside(tmp_path) as (_, door):
        office = await WireClient.inside(door, "sec1")
        made = await office.call(sanctions.DECIDE_SANCTION, wish)
        change = sanctions.ChangeSanction(
            id=made.id,
            kind=SanctionKind.EXCLUSION,
            decided_on=MONDAY,
            if_revision=made.revision,
        )
        with pytest.raises(BadRequest, match="starts_on is missing"):
            await office.call(sanctions.CHANGE_SANCTION, change)
        changed = await office.call(
            sanctions.CHANGE_SANCTION,
            sanctions.ChangeSanction(
                id=made.id,
                kind=SanctionKind.EXCLUSION,
                decided_on=MONDAY,
                starts_on=MONDAY,
                ends_on=date(2020, 9, 16),
                if_revision=made.revision,
            ),
        )
        page = await office.call(
            sanctions.LIST_SANCTIONS, sanctions.ListSanctions(kind=SanctionKind.EXCLUSION)
        )
        await office.call(sanctions.DELETE_SANCTION, ThingRef(id=made.id))
        with pytest.raises(NotFound):
            await office.call(sanctions.READ_SANCTION, ThingRef(id=made.id))

    assert made.decided_by == "sec1"
    assert page.rows == (changed,)


async def test_follow_ups_are_not_told_to_teachers(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as (_, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        made = await cpe.call(
            follow_ups.ENTER_FOLLOW_UP,
            follow_ups.EnterFollowUp(
                pupil_id=P1, day=MONDAY, kind=FollowUpKind.INTERVIEW, text="x" * 4000
            ),
        )
        listed = await cpe.call(follow_ups.LIST_FOLLOW_UPS, follow_ups.ListFollowUps())
        read = await cpe.call(follow_ups.READ_FOLLOW_UP, ThingRef(id=made.id))
        changed = await cpe.call(
            follow_ups.CHANGE_FOLLOW_UP,
            follow_ups.ChangeFollowUp(id=made.id, day=MONDAY, kind=FollowUpKind.LETTER),
        )
        with pytest.raises(StaleRevision):
            await cpe.call(
                follow_ups.DELETE_FOLLOW_UP, ThingRef(id=made.id, if_revision=made.revision)
            )
        await cpe.call(follow_ups.DELETE_FOLLOW_UP, ThingRef(id=made.id))
        await wait_all_tasks_blocked()
        with pytest.raises(NotAllowed):
            await teacher.call(follow_ups.LIST_FOLLOW_UPS, follow_ups.ListFollowUps())

    assert [len(row.text) for row in listed.rows] == [200]
    assert read == made
    assert (changed.kind, changed.text) == (FollowUpKind.LETTER, "")
    assert teacher.events == []


# Of P1 and of Monday the 14th.
ENTRIES: Final[tuple[tuple[Any, Any], ...]] = (
    (absences.ENTER_ABSENCE, absences.EnterAbsence(pupil_id=P1, starts_at=EIGHT, ends_at=NINE)),
    (
        latenesses.ENTER_LATENESS,
        latenesses.EnterLateness(pupil_id=P1, at=EIGHT, minutes=5),
    ),
    (
        sanctions.DECIDE_SANCTION,
        sanctions.DecideSanction(pupil_id=P1, kind=SanctionKind.WARNING, decided_on=MONDAY),
    ),
    (
        follow_ups.ENTER_FOLLOW_UP,
        follow_ups.EnterFollowUp(pupil_id=P1, day=MONDAY, kind=FollowUpKind.OTHER),
    ),
    (
        punishments.GIVE_PUNISHMENT,
        punishments.GivePunishment(
            pupil_id=P1, kind=PunishmentKind.DETENTION, duration_minutes=60
        ),
    ),
    (roll.TAKE_ROLL, roll.TakeRoll(lesson_id=1, day=MONDAY)),
)
DELETING: Final[dict[str, Any]] = {
    "absences.enter": absences.DELETE_ABSENCE,
    "latenesses.enter": latenesses.DELETE_LATENESS,
    "sanctions.decide": sanctions.DELETE_SANCTION,
    "follow_ups.enter": follow_ups.DELETE_FOLLOW_UP,
    "punishments.give": punishments.DELETE_PUNISHMENT,
}


async def seal(school: School, at: datetime, code: str = "S1") -> None:
    """Seal school life of 3A in that period from *at* on; every first one has the 14th."""

    def write(conn: Connection) -> None:
        period = schema.period.c
        values = {
            "class_id": CLASS_3A,
            "period_id": conn.execute(select(period.id).where(period.code == code)).scalar(),
            "what": SealedMatter.SCHOOL_LIFE.value,
            "sealed_at": at,
        }
        conn.execute(insert(schema.sealing), values)

    await school.base_in_service().database.write(write)


@pytest.mark.parametrize(
    ("call", "wish"), ENTRIES, ids=lambda value: getattr(value, "name", "")
)
async def test_what_is_sealed_takes_no_entry_and_gives_none_back(
    tmp_path: Path, autojump_clock: MockClock, call: Any, wish: Any
) -> None:
    async with inside(tmp_path) as (school, door):
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        made = await cpe.call(call, wish)
        await seal(school, MORNING)
        with pytest.raises(Conflict, match="sealed"):
            await cpe.call(call, wish)
        if call.name in DELETING:
            with pytest.raises(Conflict, match="sealed"):
                await cpe.call(DELETING[call.name], ThingRef(id=made.id))
        # The other class is not.
        await cpe.call(
            absences.ENTER_ABSENCE, absences.EnterAbsence(pupil_id=P3, starts_at=EIGHT)
        )


async def test_a_period_is_sealed_at_its_end_unless_something_else_was_set(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """December: the first trimester is over; 3A was given until January, 3B was not."""
    entry = absences.EnterAbsence(pupil_id=P1, starts_at=EIGHT, ends_at=NINE)
    async with inside(tmp_path) as (school, door):
        await seal(school, datetime(2021, 1, 4, tzinfo=UTC), "T1")
        school.clock.travel_to(datetime(2020, 12, 7, 8, tzinfo=UTC))
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        await cpe.call(absences.ENTER_ABSENCE, entry)
        with pytest.raises(Conflict, match="sealed"):
            await cpe.call(
                absences.ENTER_ABSENCE,
                absences.EnterAbsence(pupil_id=P3, starts_at=EIGHT, ends_at=NINE),
            )


async def test_consultation_writes_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with inside(tmp_path) as (school, door):
        guest = await WireClient.inside(door, "guest", access=Access.CONSULTATION)
        for call, wish in ENTRIES:
            with pytest.raises(ReadOnly):
                await guest.call(call, wish)
        assert school.base_in_service().header.revision == 1


def test_every_call_says_who_may_make_it() -> None:
    """A teacher: the roll, his punishments, the motives; nothing else of school life."""
    mine = [call for call in CATALOGUE.values() if call.name.partition(".")[0] in FAMILIES]
    teachers = {call.name for call in mine if Mode.TEACHER in call.modes}

    assert teachers == {
        "motives.list",
        "roll.list",
        "roll.read",
        "roll.take",
        "punishments.list",
        "punishments.read",
        "punishments.give",
        "punishments.change",
        "punishments.mark_done",
        "punishments.delete",
    }
    assert all(call.keyed for call in mine if call.writes)
