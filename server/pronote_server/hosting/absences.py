"""Absences: entered, changed, settled, closed, counted in half-days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time
from typing import Any, Final

from sqlalchemy import Connection, Row

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import absences as calls
from pronote_protocol.catalogue.school_life import Moment, ThingRef
from pronote_protocol.errors import BadRequest, Conflict, NotFound
from pronote_protocol.messages import Nothing
from pronote_protocol.words import ResourceKind
from pronote_server.domain import half_days
from pronote_server.domain.half_days import AbsenceSpan, check_absence
from pronote_server.domain.school_data import Lesson
from pronote_server.domain.sessions import Session
from pronote_server.hosting import half_day_options, school_life
from pronote_server.hosting.entries import Entry, enter
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import local
from pronote_server.storage import base_calendar, base_events, base_file
from pronote_server.storage import base_schema as schema

__all__ = [
    "change_absence",
    "close_absence",
    "count_half_days",
    "delete_absence",
    "enter_absence",
    "list_absences",
    "read_absence",
    "settle_absences",
]

_TABLE: Final = schema.absence
_FAMILY: Final = "absences"


async def list_absences(school: School, wish: calls.ListAbsences) -> Page[calls.AbsenceRow]:
    wanted: list[Any] = []
    if wish.open is not None:
        ends_at = _TABLE.c.ends_at
        wanted.append(ends_at.is_(None) if wish.open else ends_at.is_not(None))
    if wish.settled is not None:
        wanted.append(_TABLE.c.settled == wish.settled)
    return await school_life.list_events(school, _TABLE, wish, wanted, _rows)


async def read_absence(school: School, ref: ThingRef) -> calls.AbsenceRow:
    """
    Raises:
        NotFound: There is none.
    """
    return await school.base_in_service().database.read(lambda conn: _shown(conn, ref.id))


async def enter_absence(
    school: School, session: Session, key: str | None, wish: calls.EnterAbsence
) -> calls.AbsenceRow:
    """
    Raises:
        NotFound: No such pupil or motive.
        BadRequest: It cannot be, see `half_days.check_absence`.
        Conflict: The pupil is absent then already, or it is sealed.
    """
    now = school.now()

    def command(entry: Entry) -> calls.AbsenceRow:
        conn = entry.conn
        starts_at, ends_at = wish.starts_at.at, _end(wish.ends_at)
        pupil = school_life.pupil_for_entry(conn, wish.pupil_id, starts_at.date())
        motive = school_life.check_motive(conn, _TABLE, wish.motive_id)
        settled = wish.settled
        if settled is None:
            settled = motive is not None and motive.settled
        values = {
            "pupil_id": pupil.id,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "motive_id": wish.motive_id,
            "justified": wish.justified,
            "settled": settled,
        }
        _check_time(conn, pupil.id, None, values, now)
        told = school_life.audience_of(conn, pupil.id)
        return _shown(conn, school_life.create(entry, _TABLE, _FAMILY, values, told))

    return await enter(school, session, calls.ENTER_ABSENCE, key, command)


async def change_absence(
    school: School, session: Session, key: str | None, wish: calls.ChangeAbsence
) -> calls.AbsenceRow:
    """
    Raises:
        NotFound, StaleRevision, BadRequest, Conflict: As for entering and for `find`.
    """
    now = school.now()

    def command(entry: Entry) -> calls.AbsenceRow:
        values = {
            "starts_at": wish.starts_at.at,
            "ends_at": _end(wish.ends_at),
            "motive_id": wish.motive_id,
            "justified": wish.justified,
            "settled": wish.settled,
        }
        return _change(entry, wish, values, now)

    return await enter(school, session, calls.CHANGE_ABSENCE, key, command)


async def close_absence(
    school: School, session: Session, key: str | None, wish: calls.CloseAbsence
) -> calls.AbsenceRow:
    """
    Raises:
        NotFound, StaleRevision, BadRequest, Conflict: As for changing; and when it is closed.
    """
    now = school.now()

    def command(entry: Entry) -> calls.AbsenceRow:
        row = school_life.find(entry.conn, _TABLE, wish, entry)
        if row.ends_at is not None:
            raise Conflict("Cette absence est déjà close.", "This absence is closed already.")
        return _change(entry, wish, {"ends_at": wish.ends_at.at}, now)

    return await enter(school, session, calls.CLOSE_ABSENCE, key, command)


async def settle_absences(
    school: School, session: Session, key: str | None, wish: calls.SettleAbsences
) -> calls.AbsencesShown:
    """
    Raises:
        NotFound, StaleRevision, Conflict: Of any of them; none is settled then.
        BadRequest: One is named twice.
    """
    now = school.now()

    def command(entry: Entry) -> calls.AbsencesShown:
        if len({ref.id for ref in wish.absences}) != len(wish.absences):
            raise BadRequest(problems="absences: one is named twice")
        values: dict[str, Any] = {"settled": wish.settled}
        if wish.motive_id is not None:
            values["motive_id"] = wish.motive_id
        if wish.justified is not None:
            values["justified"] = wish.justified
        return calls.AbsencesShown(
            rows=tuple(_change(entry, ref, values, now) for ref in wish.absences)
        )

    return await enter(school, session, calls.SETTLE_ABSENCES, key, command)


async def delete_absence(
    school: School, session: Session, key: str | None, ref: ThingRef
) -> Nothing:
    """
    Raises:
        NotFound, StaleRevision, Conflict: See `school_life.remove`.
    """
    return await school_life.remove(
        school, session, calls.DELETE_ABSENCE, key, ref, _TABLE, _FAMILY
    )


async def count_half_days(school: School, wish: calls.CountHalfDays) -> calls.HalfDaysShown:
    """
    Return the half-days a pupil missed, by the lessons of his timetable of today.

    Raises:
        NotFound: No such pupil.
        BadRequest: The last day is before the first.
    """
    school_life.check_days(wish.first, wish.last)
    now = local(school.now())

    def read(conn: Connection) -> calls.HalfDaysShown:
        if not base_events.pupils_facts(conn, [wish.pupil_id]):
            raise NotFound(what=f"pupil {wish.pupil_id}")
        calendar = base_calendar.read_calendar(conn)
        lines = base_file.timetable(conn, ResourceKind.PUPILS, wish.pupil_id)
        lessons = (
            Lesson(
                code="",
                subject_code="",
                day=line.day,
                start_minute=line.start_minute,
                duration_minutes=line.duration_minutes,
                weeks=line.weeks,
            )
            for line in lines
        )
        rows = base_events.overlapping_absences(
            conn, [wish.pupil_id], datetime.combine(calendar.starts_on, time()), None
        )
        missed = half_days.missed_half_days(
            (AbsenceSpan(row.starts_at, row.ends_at) for row in rows),
            half_days.lessons_on(lessons, calendar.school_year),
            calendar,
            base_file.read_grid(conn),
            now=now,
            first=wish.first,
            last=wish.last,
            rules=half_day_options.rules_of(conn),
        )
        sums = half_days.tally(missed)
        return calls.HalfDaysShown(
            gross=sums.gross,
            calculated=sums.calculated,
            missed_minutes=sums.missed_minutes,
            rows=tuple(
                calls.HalfDayRow(one.day, one.half, one.missed_minutes, one.lesson_minutes)
                for one in missed
            ),
        )

    return await school.base_in_service().database.read(read)


def _change(
    entry: Entry, ref: ThingRef, values: dict[str, Any], now: datetime
) -> calls.AbsenceRow:
    conn = entry.conn
    row = school_life.find(conn, _TABLE, ref, entry)
    before = school_life.plain(row, _TABLE)
    after = {**before, **values}
    if after["motive_id"] != before["motive_id"]:
        school_life.check_motive(conn, _TABLE, after["motive_id"])
    _check_time(conn, row.pupil_id, before, after, now)
    told = school_life.audience_of(conn, row.pupil_id)
    school_life.change(entry, _TABLE, _FAMILY, row, values, told)
    return _shown(conn, row.id)


def _check_time(
    conn: Connection,
    pupil_id: int,
    before: dict[str, Any] | None,
    after: dict[str, Any],
    now: datetime,
) -> None:
    calendar = base_calendar.read_calendar(conn)
    starts_at, ends_at = after["starts_at"], after["ends_at"]
    moved = before is None or (starts_at, ends_at) != (before["starts_at"], before["ends_at"])
    if moved:
        check_absence(AbsenceSpan(starts_at, ends_at), calendar)
    days = school_life.days_of(_TABLE, after)
    if before is not None:
        days += school_life.days_of(_TABLE, before)
    school_life.check_pupil_open(conn, calendar, pupil_id, days, now)
    if not moved:
        return
    known = None if before is None else before["id"]
    for other in base_events.overlapping_absences(conn, [pupil_id], starts_at, ends_at):
        if other.id != known:
            raise Conflict(
                "L'élève est déjà absent depuis le {since}.",
                "The pupil is absent already, since {since}.",
                since=other.starts_at.isoformat(timespec="minutes"),
                absence_id=other.id,
            )


def _end(at: Moment | None) -> datetime | None:
    return None if at is None else at.at


def _shown(conn: Connection, ident: int) -> calls.AbsenceRow:
    row = school_life.find(conn, _TABLE, ThingRef(id=ident))
    return next(_rows(conn, [row]))


def _rows(conn: Connection, rows: Sequence[Row[Any]]) -> Iterator[calls.AbsenceRow]:
    for row in rows:
        yield calls.AbsenceRow(
            row.id,
            row.pupil_id,
            row.pupil,
            row.class_name,
            Moment.of(row.starts_at),
            school_life.moment(row.ends_at),
            row.motive_id,
            row.motive,
            row.justified,
            row.settled,
            row.revision,
        )
