"""
The roll call of a lesson.

It makes absences that last as long as the lesson, less what somebody else has entered already,
and latenesses at its beginning. Its audit names it, so that taking it again finds what it made.
What somebody has changed since (a motive, an end) is his, and stays.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import attrs
from sqlalchemy import Connection

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import roll as calls
from pronote_protocol.catalogue.school_life import Moment, ThingRef
from pronote_protocol.errors import BadRequest, Conflict, NotFound
from pronote_protocol.words import Mode
from pronote_server.domain.school_calendar import SchoolCalendar
from pronote_server.domain.school_data import week_number
from pronote_server.domain.sessions import Session
from pronote_server.hosting import school_life
from pronote_server.hosting.entries import Audience, Entry, enter, teacher_code
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import local
from pronote_server.storage import base_calendar, base_events, base_roll
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_events import Absent
from pronote_server.storage.base_roll import DayLesson

__all__ = ["list_roll_calls", "read_roll", "take_roll"]


@attrs.frozen
class _Roll:
    """A lesson on a day."""

    lesson: DayLesson
    day: date
    calendar: SchoolCalendar

    @property
    def starts_at(self) -> datetime:
        midnight = datetime.combine(self.day, datetime.min.time())
        return midnight + timedelta(minutes=self.lesson.start_minute)

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.lesson.duration_minutes)

    @property
    def name(self) -> str:
        """As the audit names it."""
        return f"{self.lesson.id}/{self.day.isoformat()}"


async def list_roll_calls(
    school: School, session: Session, wish: calls.ListRollCalls
) -> Page[calls.RollCallRow]:
    """Return the lessons of a day: of a teacher his own. A day without school has none."""
    code = teacher_code(session)
    teacher = session.mode is Mode.TEACHER

    def read(conn: Connection) -> Page[calls.RollCallRow]:
        calendar = base_calendar.read_calendar(conn)
        lessons: list[DayLesson] = []
        if calendar.is_working(wish.day) and not (teacher and code is None):
            lessons = [
                lesson
                for lesson in base_roll.lessons_of_day(
                    conn, wish.day.weekday(), code if teacher else None
                )
                if _takes_place(lesson, wish.day, calendar)
            ]
        taken = {each.lesson_id: each for each in base_roll.roll_calls(conn, wish.day)}
        if wish.taken is not None:
            lessons = [each for each in lessons if (each.id in taken) is wish.taken]
        page = lessons[wish.offset : wish.offset + wish.limit]
        names = school_life.names_of(conn, (one.taken_by for one in taken.values()))
        rows = []
        for lesson in page:
            found = taken.get(lesson.id)
            rows.append(
                calls.RollCallRow(
                    lesson.id,
                    lesson.start_minute,
                    lesson.duration_minutes,
                    lesson.subject,
                    lesson.teachers,
                    lesson.audience,
                    lesson.rooms,
                    "" if found is None else names[found.taken_by],
                    None if found is None else found.taken_at,
                )
            )
        return Page(total=len(lessons), offset=wish.offset, rows=tuple(rows))

    return await school.base_in_service().database.read(read)


async def read_roll(school: School, session: Session, wish: calls.ReadRoll) -> calls.RollShown:
    """
    Raises:
        NotFound: No such lesson, or not this teacher's.
        BadRequest: It does not take place on that day.
    """

    def read(conn: Connection) -> calls.RollShown:
        roll = _roll(conn, session, wish.lesson_id, wish.day)
        pupils = base_events.pupils_facts(
            conn, base_roll.pupils_of_lesson(conn, roll.lesson.id)
        )
        ids = [pupil.id for pupil in pupils]
        absent = {
            each.pupil_id
            for each in base_events.overlapping_absences(
                conn, ids, roll.starts_at, roll.ends_at
            )
        }
        late: dict[int, int] = {}
        for each in base_roll.latenesses_between(conn, ids, roll.starts_at, roll.ends_at):
            late.setdefault(each.pupil_id, each.minutes)
        before = base_roll.absences_of_day(conn, ids, roll.starts_at)
        unsettled = base_roll.unsettled_before(conn, ids, wish.day)
        excluded = base_roll.excluded_on(conn, ids, wish.day)
        taken = next(iter(base_roll.roll_calls(conn, wish.day, roll.lesson.id)), None)
        names = school_life.names_of(conn, [] if taken is None else [taken.taken_by])
        return calls.RollShown(
            lesson_id=roll.lesson.id,
            subject=roll.lesson.subject,
            audience=roll.lesson.audience,
            starts_at=Moment.of(roll.starts_at),
            ends_at=Moment.of(roll.ends_at),
            taken_by="" if taken is None else names[taken.taken_by],
            taken_at=None if taken is None else taken.taken_at,
            rows=tuple(
                calls.RollRow(
                    pupil.id,
                    pupil.name,
                    pupil.class_name,
                    pupil.id in absent,
                    late.get(pupil.id, 0),
                    pupil.id in before,
                    unsettled.get(pupil.id, 0),
                    pupil.id in excluded,
                )
                for pupil in pupils
            ),
        )

    return await school.base_in_service().database.read(read)


async def take_roll(
    school: School, session: Session, key: str | None, wish: calls.TakeRoll
) -> calls.RollTaken:
    """
    Raises:
        NotFound: No such lesson, or not this teacher's; a pupil who is not of it.
        BadRequest: The lesson does not take place on that day; late by more than it lasts,
            or named twice.
        Conflict: That day is still to come, or sealed.
    """
    now = school.now()

    def command(entry: Entry) -> calls.RollTaken:
        conn = entry.conn
        roll = _roll(conn, session, wish.lesson_id, wish.day)
        if wish.day > local(now).date():
            raise Conflict(
                "Ce cours n'a pas encore eu lieu.", "This lesson has not taken place yet."
            )
        pupils = base_events.pupils_facts(
            conn, base_roll.pupils_of_lesson(conn, roll.lesson.id)
        )
        codes = [pupil.class_code for pupil in pupils]
        school_life.check_open(conn, roll.calendar, codes, [wish.day], now)
        taking = _Taking(entry, roll, frozenset(pupil.id for pupil in pupils))
        taken = taking.take(wish)
        _note(entry, roll, school_life.who(session), now)
        return taken

    return await enter(school, session, calls.TAKE_ROLL, key, command)


class _Taking:
    """One roll call being taken: compares what it says with what is there."""

    def __init__(self, entry: Entry, roll: _Roll, pupils: frozenset[int]) -> None:
        self._entry = entry
        self._conn = entry.conn
        self._roll = roll
        self._pupils = pupils
        self._told: dict[int, Audience] = {}

    def take(self, wish: calls.TakeRoll) -> calls.RollTaken:
        late = {each.pupil_id: each.minutes for each in wish.late}
        named = [*wish.absent, *(each.pupil_id for each in wish.late)]
        if len(set(named)) != len(named):
            raise BadRequest(problems="a pupil is named twice")
        for pupil_id in named:
            if pupil_id not in self._pupils:
                raise NotFound(what=f"pupil {pupil_id}")
        if any(minutes >= self._roll.lesson.duration_minutes for minutes in late.values()):
            raise BadRequest(
                "Un retard est plus court que le cours.",
                "A lateness is shorter than the lesson.",
            )
        absences, known_absent = self._absences(frozenset(wish.absent))
        return calls.RollTaken(
            absences=absences,
            latenesses=self._latenesses(late),
            known_absent=known_absent,
        )

    def _absences(self, absent: frozenset[int]) -> tuple[int, tuple[int, ...]]:
        table, roll = schema.absence, self._roll
        found = base_events.overlapping_absences(
            self._conn, self._pupils, roll.starts_at, roll.ends_at
        )
        ours = self._made(table, [each.id for each in found])
        count = 0
        known: set[int] = set()
        for pupil_id in sorted(self._pupils):
            his = [each for each in found if each.pupil_id == pupil_id]
            others = [each for each in his if each.id not in ours]
            pieces = _pieces(roll, others) if pupil_id in absent else []
            if others and pupil_id not in absent:
                known.add(pupil_id)
            count += len(pieces)
            for each in his:
                if each.id not in ours:
                    continue
                if (each.starts_at, each.ends_at) in pieces:
                    pieces.remove((each.starts_at, each.ends_at))
                else:
                    self._take_back(table, "absences", each.id, pupil_id)
            for starts_at, ends_at in pieces:
                values = {
                    "pupil_id": pupil_id,
                    "starts_at": starts_at,
                    "ends_at": ends_at,
                    "motive_id": None,
                    "justified": False,
                    "settled": False,
                }
                self._make(table, "absences", values)
        return count, tuple(sorted(known))

    def _latenesses(self, late: dict[int, int]) -> int:
        table, roll = schema.lateness, self._roll
        found = base_roll.latenesses_between(
            self._conn, self._pupils, roll.starts_at, roll.ends_at
        )
        ours = self._made(table, [each.id for each in found])
        wanted = dict(late)
        count = 0
        for each in found:
            if each.id not in ours:
                # Somebody else has entered one for this lesson: it is his.
                wanted.pop(each.pupil_id, None)
            elif wanted.get(each.pupil_id) == each.minutes:
                del wanted[each.pupil_id]
                count += 1
            else:
                self._take_back(table, "latenesses", each.id, each.pupil_id)
        for pupil_id, minutes in sorted(wanted.items()):
            values = {
                "pupil_id": pupil_id,
                "at": roll.starts_at,
                "minutes": minutes,
                "motive_id": None,
                "justified": False,
            }
            self._make(table, "latenesses", values)
            count += 1
        return count

    def _made(self, table: Any, ids: list[int]) -> set[int]:
        method, name = calls.TAKE_ROLL.name, self._roll.name
        return base_roll.made_by(self._conn, table, ids, method, name) if ids else set()

    def _make(self, table: Any, family: str, values: dict[str, Any]) -> None:
        told = self._audience(values["pupil_id"])
        school_life.create(self._entry, table, family, values, told, roll=self._roll.name)

    def _take_back(self, table: Any, family: str, ident: int, pupil_id: int) -> None:
        row = school_life.find(self._conn, table, ThingRef(id=ident))
        base_events.delete_event(self._conn, table, ident)
        before = school_life.plain(row, table)
        told = self._audience(pupil_id)
        self._entry.changed(family, table.name, ident, before, None, told)

    def _audience(self, pupil_id: int) -> Audience:
        if pupil_id not in self._told:
            self._told[pupil_id] = school_life.audience_of(self._conn, pupil_id)
        return self._told[pupil_id]


def _note(entry: Entry, roll: _Roll, by: str, now: datetime) -> None:
    """Write that the roll was taken, and tell its teachers and school life."""
    conn = entry.conn
    known = next(iter(base_roll.roll_calls(conn, roll.day, roll.lesson.id)), None)
    before = None if known is None else attrs.asdict(known)
    base_roll.put_roll_call(conn, roll.lesson.id, roll.day, by, now)
    after = {"lesson_id": roll.lesson.id, "taken_by": by, "taken_at": now}
    teachers = base_roll.lesson_teachers(conn, roll.lesson.id)
    told = Audience(school_life=True, teachers=teachers)
    entry.changed("roll", schema.roll_call.name, roll.name, before, after, told)


def _roll(conn: Connection, session: Session, lesson_id: int, day: date) -> _Roll:
    """Return the lesson on that day, for this session to take the roll of."""
    code = teacher_code(session)
    found: list[DayLesson] = []
    if session.mode is not Mode.TEACHER:
        found = base_roll.lessons_of_day(conn, lesson_id=lesson_id)
    elif code is not None:
        found = base_roll.lessons_of_day(conn, teacher_code=code, lesson_id=lesson_id)
    if not found:
        raise NotFound(what=f"lesson {lesson_id}")
    calendar = base_calendar.read_calendar(conn)
    if not calendar.is_working(day) or not _takes_place(found[0], day, calendar):
        raise BadRequest(
            "Ce cours n'a pas lieu le {day}.",
            "This lesson does not take place on {day}.",
            day=day.isoformat(),
        )
    return _Roll(found[0], day, calendar)


def _takes_place(lesson: DayLesson, day: date, calendar: SchoolCalendar) -> bool:
    week = week_number(day, calendar.school_year)
    if week is None or lesson.day != day.weekday():
        return False
    return not lesson.weeks or bool(lesson.weeks >> week & 1)


def _pieces(roll: _Roll, others: list[Absent]) -> list[tuple[datetime, datetime | None]]:
    """Return what of the lesson no absence of *others*, in order of time, covers."""
    pieces: list[tuple[datetime, datetime | None]] = []
    at = roll.starts_at
    for other in others:
        if other.starts_at > at:
            pieces.append((at, other.starts_at))
        at = roll.ends_at if other.ends_at is None else max(at, other.ends_at)
    if at < roll.ends_at:
        pieces.append((at, roll.ends_at))
    return pieces
