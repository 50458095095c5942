"""
What the parts of the demo school's daily work share: its days, its ids, its dice.

Everything goes by code and by the order of the school's data, never by that of a table, so
that one seed makes one term.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Final

import attrs
from sqlalchemy import Connection, Table, select

from pronote_protocol.words import PeriodKind
from pronote_server.domain.school_calendar import Period, SchoolCalendar
from pronote_server.domain.school_data import Lesson, Pupil, SchoolData, week_number
from pronote_server.storage.base_services import ServiceKey, services_of_lessons
from pronote_server.storage.many_rows import insert_many

__all__ = ["FULL_TERM", "Term", "last_moment"]

# Days of school in a term and a half: what rates are said for.
FULL_TERM: Final = 90
# With fewer days behind it a school has too little to show.
_FEW_DAYS: Final = 20
_END_OF_DAY: Final = datetime.time(18)
_MINUTE: Final = datetime.timedelta(minutes=1)


def last_moment(calendar: SchoolCalendar, now: datetime.datetime) -> datetime.datetime:
    """
    Return until when the school has worked, on its own clock.

    That is *now*; the end of January while the year has hardly begun, so that a demo started
    in August lives too.
    """
    last = min(now, datetime.datetime.combine(calendar.ends_on, _END_OF_DAY))
    if len(list(calendar.working_days(calendar.starts_on, last.date()))) < _FEW_DAYS:
        january = datetime.date(calendar.school_year + 1, 1, 31)
        return datetime.datetime.combine(january, _END_OF_DAY)
    return last


@attrs.define(slots=False)
class Term:
    """
    Args:
        until: Of the school's clock; nothing happens later.
        revision: Of the base, once this is committed.

    Attributes:
        inserted: How many rows each table was given.
    """

    conn: Connection
    data: SchoolData
    calendar: SchoolCalendar
    seed: int
    until: datetime.datetime
    zone: datetime.tzinfo
    revision: int
    inserted: dict[str, int] = attrs.field(factory=dict, init=False)
    _ids: dict[str, dict[str, int]] = attrs.field(factory=dict, init=False)

    def dice(self, name: str) -> random.Random:
        """Return the dice of one part: a change in one part leaves the others as they were."""
        return random.Random(f"{name} {self.seed}")

    def id_of(self, table: Table, code: str) -> int:
        """Return the id of the thing of that code."""
        if table.name not in self._ids:
            rows = self.conn.execute(select(table.c.code, table.c.id))
            self._ids[table.name] = {row.code: row.id for row in rows}
        return self._ids[table.name][code]

    def insert(self, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Insert all *rows*, which have the same keys, or nothing when there are none."""
        if rows:
            insert_many(self.conn, table, rows)
            self.inserted[table.name] = self.inserted.get(table.name, 0) + len(rows)

    @cached_property
    def days(self) -> tuple[datetime.date, ...]:
        """The days of school so far."""
        return tuple(self.calendar.working_days(self.calendar.starts_on, self.until.date()))

    @cached_property
    def share(self) -> float:
        """How much of a full term these days are, at most 1."""
        return min(1.0, len(self.days) / FULL_TERM)

    @cached_property
    def services(self) -> tuple[ServiceKey, ...]:
        return tuple(services_of_lessons(self.data.lessons))

    @cached_property
    def pupils(self) -> tuple[Pupil, ...]:
        return self.data.present_pupils

    @cached_property
    def _members(self) -> dict[str, list[Pupil]]:
        found: dict[str, list[Pupil]] = {}
        for pupil in self.pupils:
            if pupil.class_code is not None:
                found.setdefault(f"C:{pupil.class_code}", []).append(pupil)
            for code in pupil.group_codes:
                found.setdefault(f"G:{code}", []).append(pupil)
        return found

    def members(self, service: ServiceKey) -> list[Pupil]:
        """Return the pupils of a service."""
        if service.class_code is not None:
            return self._members.get(f"C:{service.class_code}", [])
        return self._members.get(f"G:{service.group_code}", [])

    @cached_property
    def _lessons(self) -> dict[str, list[Lesson]]:
        found: dict[str, list[Lesson]] = {}
        for lesson in self.data.lessons:
            if lesson.placed:
                for service in services_of_lessons([lesson]):
                    found.setdefault(service.code, []).append(lesson)
        return found

    @cached_property
    def _by_weekday(self) -> dict[int | None, list[Lesson]]:
        found: dict[int | None, list[Lesson]] = {}
        for lesson in self.data.lessons:
            if lesson.placed:
                found.setdefault(lesson.day, []).append(lesson)
        return found

    def lessons_on(self, day: datetime.date) -> list[Lesson]:
        """Return the lessons that have begun on *day*, in the order of the timetable."""
        return self._taking_place(self._by_weekday.get(day.weekday(), ()), day)

    def has_lesson(self, service: ServiceKey, day: datetime.date) -> bool:
        its = (each for each in self._lessons.get(service.code, ()))
        return bool(
            self._taking_place((each for each in its if each.day == day.weekday()), day)
        )

    def _taking_place(self, lessons: Iterable[Lesson], day: datetime.date) -> list[Lesson]:
        week = week_number(day, self.calendar.school_year)
        assert week is not None, "a day of school is in the school year"
        return [
            lesson
            for lesson in lessons
            if lesson.takes_place_in(week)
            and self.moment(day, lesson.start_minute or 0) <= self.until
        ]

    def day_of(self, service: ServiceKey, dice: random.Random) -> datetime.date:
        """Draw a day with a lesson of *service*; any day of school when there is none."""
        for _ in range(30):
            day = dice.choice(self.days)
            if self.has_lesson(service, day):
                return day
        return dice.choice(self.days)

    @cached_property
    def trimesters(self) -> tuple[Period, ...]:
        """Those that have begun."""
        periods = self.calendar.periods_of(PeriodKind.TRIMESTER)
        return tuple(period for period in periods if period.starts_on <= self.until.date())

    def trimester_of(self, day: datetime.date) -> Period:
        return next(period for period in self.trimesters if day in period)

    @staticmethod
    def moment(day: datetime.date, minute: int) -> datetime.datetime:
        """Return a minute of *day*, on the school's clock."""
        return datetime.datetime.combine(day, datetime.time()) + minute * _MINUTE

    def instant(self, local: datetime.datetime) -> datetime.datetime:
        return local.replace(tzinfo=self.zone)
