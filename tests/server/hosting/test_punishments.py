"""Punishments, behind their calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from trio.testing import MockClock

from pronote_protocol.catalogue import punishments as calls
from pronote_protocol.catalogue.school_life import Moment, ThingRef
from pronote_protocol.errors import BadRequest, Conflict, NotAllowed, NotFound, StaleRevision
from pronote_protocol.words import EventOrder, Mode, PunishmentKind, PunishmentState
from pronote_server.clock import Clock
from pronote_server.domain.school_data import Room
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
TUESDAY: Final = date(2020, 9, 15)
P1, P2, P3 = 1, 2, 3
ROOM: Final = 1


@asynccontextmanager
async def inside(tmp_path: Path, capacity: int = 30) -> AsyncIterator[TestDoor]:
    data = attrs.evolve(sample_school(), rooms=(Room("101", "Salle 101", capacity),))
    async with (
        open_test_school(tmp_path, data=data, inline=True, clock=Clock(MORNING)) as school,
        open_test_door(school) as door,
    ):
        yield door


def detention(pupil_id: int = P1, **fields: Any) -> calls.GivePunishment:
    values: dict[str, Any] = {"kind": PunishmentKind.DETENTION, "duration_minutes": 60}
    return calls.GivePunishment(pupil_id=pupil_id, **(values | fields))


def programme(ident: int, hour: int = 17, **fields: Any) -> calls.ProgrammeDetention:
    values: dict[str, Any] = {
        "scheduled_at": Moment(TUESDAY, hour * 60),
        "room_id": ROOM,
        "supervisor": "staff:S1",
    }
    return calls.ProgrammeDetention(id=ident, **(values | fields))


async def ids(client: WireClient, **wish: Any) -> list[int]:
    asked = calls.ListPunishments(order=EventOrder.OLDEST, **wish)
    return [row.id for row in (await client.call(calls.LIST_PUNISHMENTS, asked)).rows]


async def test_a_detention_is_given_programmed_and_carried_out(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as door:
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        given = await teacher.call(calls.GIVE_PUNISHMENT, detention(work="Ranger"))
        planned = await cpe.call(
            calls.PROGRAMME_DETENTION, programme(given.id, if_revision=given.revision)
        )
        told = await teacher.hear()
        with pytest.raises(Conflict, match="has programmed"):
            await teacher.call(calls.DELETE_PUNISHMENT, ThingRef(id=given.id))
        with pytest.raises(StaleRevision):
            await teacher.call(
                calls.DELETE_PUNISHMENT, ThingRef(id=given.id, if_revision=given.revision)
            )
        with pytest.raises(BadRequest, match="before"):
            await cpe.call(
                calls.MARK_PUNISHMENT, calls.MarkPunishment(id=given.id, done_on=MONDAY)
            )
        done = await cpe.call(
            calls.MARK_PUNISHMENT, calls.MarkPunishment(id=given.id, done_on=TUESDAY)
        )
        undone = await cpe.call(
            calls.MARK_PUNISHMENT, calls.MarkPunishment(id=given.id, done_on=None)
        )

    assert (given.given_by, given.given_on) == ("DUPAS Nicole", MONDAY)
    assert given.state is PunishmentState.TO_PROGRAMME
    assert planned.state is PunishmentState.PROGRAMMED
    assert (planned.room, planned.supervisor) == ("Salle 101", "staff:S1")
    assert told.what == ("punishments",)
    assert done.state is PunishmentState.CARRIED_OUT
    assert undone.state is PunishmentState.PROGRAMMED


async def test_a_teacher_punishes_his_own_pupils_and_sees_what_he_gave(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as door:
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        with pytest.raises(NotFound):
            await teacher.call(calls.GIVE_PUNISHMENT, detention(P3))
        other = await cpe.call(calls.GIVE_PUNISHMENT, detention(P1))
        mine = await teacher.call(calls.GIVE_PUNISHMENT, detention(P1))

        assert await ids(teacher) == [mine.id]
        assert await ids(cpe) == [other.id, mine.id]
        others: tuple[tuple[Any, Any], ...] = (
            (calls.READ_PUNISHMENT, ThingRef(id=other.id)),
            (calls.DELETE_PUNISHMENT, ThingRef(id=other.id)),
            (calls.MARK_PUNISHMENT, calls.MarkPunishment(id=other.id, done_on=TUESDAY)),
            (
                calls.CHANGE_PUNISHMENT,
                calls.ChangePunishment(id=other.id, given_on=MONDAY, duration_minutes=30),
            ),
        )
        for call, wish in others:
            with pytest.raises(NotFound):
                await teacher.call(call, wish)
        with pytest.raises(NotAllowed):
            await teacher.call(calls.PROGRAMME_DETENTION, programme(mine.id))
        changed = await teacher.call(
            calls.CHANGE_PUNISHMENT,
            calls.ChangePunishment(id=mine.id, given_on=MONDAY, duration_minutes=30),
        )
        await teacher.call(calls.DELETE_PUNISHMENT, ThingRef(id=mine.id))
        assert changed.duration_minutes == 30
        assert await ids(cpe) == [other.id]


async def test_the_list_knows_the_states(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with inside(tmp_path) as door:
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        week_ago = MONDAY - timedelta(days=7)
        homework: dict[str, Any] = {
            "kind": PunishmentKind.EXTRA_HOMEWORK,
            "duration_minutes": None,
        }
        late, due, waiting, planned, out = [
            (await cpe.call(calls.GIVE_PUNISHMENT, each)).id
            for each in (
                detention(
                    **homework, work="x", due_on=MONDAY - timedelta(1), given_on=week_ago
                ),
                detention(**homework, work="x", due_on=MONDAY),
                detention(),
                detention(P2),
                detention(P3, kind=PunishmentKind.EXCLUSION_FROM_LESSON),
            )
        ]
        await cpe.call(calls.PROGRAMME_DETENTION, programme(planned))
        for state, expected in (
            (PunishmentState.OVERDUE, [late]),
            (PunishmentState.PROGRAMMED, [due, planned]),
            (PunishmentState.TO_PROGRAMME, [waiting]),
            (PunishmentState.CARRIED_OUT, [out]),
        ):
            assert await ids(cpe, state=state) == expected
            for ident in expected:
                read = await cpe.call(calls.READ_PUNISHMENT, ThingRef(id=ident))
                assert read.state is state
        assert await ids(cpe, kind=PunishmentKind.DETENTION) == [waiting, planned]
        assert await ids(cpe, last=week_ago) == [late]
        assert await ids(cpe, class_id=2) == [out]


async def test_nobody_is_in_two_places_and_a_room_is_not_overfull(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as door:
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        first = await cpe.call(calls.GIVE_PUNISHMENT, detention())
        second = await cpe.call(calls.GIVE_PUNISHMENT, detention())
        await cpe.call(calls.PROGRAMME_DETENTION, programme(first.id))
        with pytest.raises(Conflict, match="pupil has a detention"):
            await cpe.call(calls.PROGRAMME_DETENTION, programme(second.id))
        await cpe.call(calls.PROGRAMME_DETENTION, programme(first.id))
        after = await cpe.call(calls.PROGRAMME_DETENTION, programme(second.id, 18))
        with pytest.raises(NotFound):
            await cpe.call(calls.PROGRAMME_DETENTION, programme(first.id, room_id=99))
        with pytest.raises(NotFound):
            await cpe.call(
                calls.PROGRAMME_DETENTION, programme(first.id, supervisor="staff:XX")
            )
        sunday = Moment(date(2020, 9, 20), 600)
        with pytest.raises(BadRequest, match="no school"):
            await cpe.call(calls.PROGRAMME_DETENTION, programme(first.id, scheduled_at=sunday))

    assert after.scheduled_at == Moment(TUESDAY, 18 * 60)


async def test_a_room_holds_no_more_pupils_than_it_can(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path, capacity=1) as door:
        cpe = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        first = await cpe.call(calls.GIVE_PUNISHMENT, detention(P1))
        second = await cpe.call(calls.GIVE_PUNISHMENT, detention(P2))
        await cpe.call(calls.PROGRAMME_DETENTION, programme(first.id))
        with pytest.raises(Conflict, match="holds 1 pupils"):
            await cpe.call(calls.PROGRAMME_DETENTION, programme(second.id))
        await cpe.call(calls.PROGRAMME_DETENTION, programme(second.id, 18))
        longer = calls.ChangePunishment(id=first.id, given_on=MONDAY, duration_minutes=90)
        with pytest.raises(Conflict, match="holds 1 pupils"):
            await cpe.call(calls.CHANGE_PUNISHMENT, longer)


async def test_what_a_kind_needs_is_asked_for(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with inside(tmp_path) as door:
        teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)
        with pytest.raises(BadRequest, match="duration_minutes is missing"):
            await teacher.call(calls.GIVE_PUNISHMENT, detention(duration_minutes=None))
        with pytest.raises(BadRequest, match="due_on has no use"):
            await teacher.call(calls.GIVE_PUNISHMENT, detention(due_on=TUESDAY))
        with pytest.raises(BadRequest, match="school year"):
            await teacher.call(calls.GIVE_PUNISHMENT, detention(given_on=date.min))
