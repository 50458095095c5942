"""
What a base holds of a school: its people, its structure, its timetable.

Everything is frozen and refers to everything else by *code*: a stable text key, unique
among the things of its kind (a teacher and a room may share one). The classes accept any
value, so that a reader of foreign files can build first and ask :meth:`SchoolData.check`
afterwards for every problem at once.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

import attrs

__all__ = [
    "WEEKS_IN_SCHOOL_YEAR",
    "Class_",
    "Group",
    "Lesson",
    "Pupil",
    "Room",
    "SchoolData",
    "Staff",
    "Subject",
    "Teacher",
    "TimeGrid",
    "first_monday",
    "week_number",
]

WEEKS_IN_SCHOOL_YEAR: Final = 53
MINUTES_IN_DAY: Final = 24 * 60


def first_monday(school_year: int) -> datetime.date:
    """
    Return the Monday of school week 0: the week that holds the first working day of September.

    That is 31 August in 2020 (1 September is a Tuesday) and 3 September in 2018 (1 September
    is a Saturday), as the school calendars of those years have it.
    """
    september = datetime.date(school_year, 9, 1)
    weekday = september.weekday()
    return september + datetime.timedelta(days=7 - weekday if weekday > 4 else -weekday)


def week_number(day: datetime.date, school_year: int) -> int | None:
    """Return which school week *day* is in, from 0, or None outside the school year."""
    number = (day - first_monday(school_year)).days // 7
    return number if 0 <= number < WEEKS_IN_SCHOOL_YEAR else None


@attrs.frozen
class Teacher:
    code: str
    last_name: str
    first_name: str = ""
    civility: str = ""

    @property
    def name(self) -> str:
        """The name as lists show it: DUPAS Nicole."""
        return f"{self.last_name} {self.first_name}".strip()


@attrs.frozen
class Subject:
    code: str
    name: str


@attrs.frozen
class Class_:
    code: str
    name: str
    level: str = ""


@attrs.frozen
class Group:
    """A part of one class, or pupils of several: *class_codes* says of which."""

    code: str
    name: str
    class_codes: tuple[str, ...] = ()


@attrs.frozen
class Room:
    code: str
    name: str
    capacity: int | None = None


@attrs.frozen
class Pupil:
    """A pupil; one who has left (*ancien élève*) has a date and neither class nor groups."""

    code: str
    last_name: str
    first_name: str
    class_code: str | None = None
    group_codes: tuple[str, ...] = ()
    born: datetime.date | None = None
    left_on: datetime.date | None = None

    @property
    def name(self) -> str:
        return f"{self.last_name} {self.first_name}".strip()


@attrs.frozen
class Staff:
    code: str
    last_name: str
    first_name: str = ""
    function: str = ""

    @property
    def name(self) -> str:
        return f"{self.last_name} {self.first_name}".strip()


@attrs.frozen
class Lesson:
    """
    One lesson a week (*cours*), placed or still to be placed.

    Args:
        day: 0 for Monday; None, like *start_minute*, when the lesson is not placed.
        start_minute: Minutes since midnight, local time of the school.
        weeks: Bit n set = takes place in school week n, see :func:`week_number`; 0 = every
            week.
    """

    code: str
    subject_code: str
    teacher_codes: tuple[str, ...] = ()
    class_codes: tuple[str, ...] = ()
    group_codes: tuple[str, ...] = ()
    room_codes: tuple[str, ...] = ()
    day: int | None = None
    start_minute: int | None = None
    duration_minutes: int = 60
    weeks: int = 0
    label: str = ""

    @property
    def placed(self) -> bool:
        return self.day is not None and self.start_minute is not None

    def takes_place_in(self, week: int) -> bool:
        return not self.weeks or bool(self.weeks >> week & 1)


@attrs.frozen
class TimeGrid:
    """
    The week's frame (*grille horaire*).

    Lessons need not start on a slot: many schools' do not. The grid is what a timetable is
    drawn on.

    Args:
        days: Working days, 0 for Monday.
        slot_starts: Minutes since midnight, ascending.
        slot_minutes: Length of each slot.
        labels: What each slot is called, as many as there are slots.
        first_day: With which the week begins, 0 for Monday.
        step_minutes: What a slot is divided into; None: it is not.
    """

    days: tuple[int, ...]
    slot_starts: tuple[int, ...]
    slot_minutes: int
    labels: tuple[str, ...]
    first_day: int = 0
    step_minutes: int | None = None


class _Coded(Protocol):
    @property
    def code(self) -> str: ...


@attrs.frozen(kw_only=True)
class SchoolData:
    """
    Args:
        rne: The school's national number (RNE, now UAI), or None when the source has none.
        school_year: The year it begins in: 2020 for 2020-2021.
    """

    name: str
    rne: str | None = None
    school_year: int
    grid: TimeGrid
    teachers: tuple[Teacher, ...] = ()
    subjects: tuple[Subject, ...] = ()
    classes: tuple[Class_, ...] = ()
    groups: tuple[Group, ...] = ()
    rooms: tuple[Room, ...] = ()
    pupils: tuple[Pupil, ...] = ()
    staff: tuple[Staff, ...] = ()
    lessons: tuple[Lesson, ...] = ()

    @property
    def present_pupils(self) -> tuple[Pupil, ...]:
        return tuple(pupil for pupil in self.pupils if pupil.left_on is None)

    @property
    def former_pupils(self) -> tuple[Pupil, ...]:
        return tuple(pupil for pupil in self.pupils if pupil.left_on is not None)

    def check(self) -> list[str]:
        """Return every problem, in French and each saying where; [] when consistent."""
        return list(self._problems())

    def _problems(self) -> Iterator[str]:
        yield from _grid_problems(self.grid)
        teachers = _Codes("le professeur", self.teachers)
        subjects = _Codes("la matière", self.subjects)
        classes = _Codes("la classe", self.classes)
        groups = _Codes("le groupe", self.groups)
        rooms = _Codes("la salle", self.rooms)
        pupils = _Codes("l'élève", self.pupils)
        staff = _Codes("le personnel", self.staff)
        lessons = _Codes("le cours", self.lessons)
        for kind in (teachers, subjects, classes, groups, rooms, pupils, staff, lessons):
            yield from kind.problems
        for group in self.groups:
            yield from classes.missing(group.class_codes, f"groupe {group.code}")
        yield from self._pupil_problems(classes, groups)
        for lesson in self.lessons:
            where = f"cours {lesson.code}"
            yield from subjects.missing((lesson.subject_code,), where)
            yield from teachers.missing(lesson.teacher_codes, where)
            yield from classes.missing(lesson.class_codes, where)
            yield from groups.missing(lesson.group_codes, where)
            yield from rooms.missing(lesson.room_codes, where)
            yield from _time_problems(lesson, where)

    def _pupil_problems(self, classes: _Codes, groups: _Codes) -> Iterator[str]:
        classes_of = {group.code: group.class_codes for group in self.groups}
        for pupil in self.pupils:
            where = f"élève {pupil.code}"
            if pupil.class_code is not None:
                yield from classes.missing((pupil.class_code,), where)
            yield from groups.missing(pupil.group_codes, where)
            if pupil.left_on is not None and (pupil.class_code or pupil.group_codes):
                yield f"{where} : un ancien élève n'a plus ni classe ni groupe"
            for code in pupil.group_codes:
                allowed = classes_of.get(code)
                if allowed and pupil.class_code not in allowed:
                    yield f"{where} : sa classe n'est pas de celles du groupe {code}"


class _Codes:
    """The codes of one kind: which are missing, which are there twice."""

    def __init__(self, noun: str, things: Sequence[_Coded]) -> None:
        self._noun = noun
        self._known: set[str] = set()
        self.problems: list[str] = []
        for thing in things:
            if not thing.code:
                self.problems.append(f"{noun} sans code : {thing}")
            elif thing.code in self._known:
                self.problems.append(f"{noun} {thing.code} existe deux fois")
            self._known.add(thing.code)

    def missing(self, codes: Iterable[str], where: str) -> Iterator[str]:
        seen: set[str] = set()
        for code in codes:
            if code not in self._known:
                yield f"{where} : {self._noun} {code} n'existe pas"
            elif code in seen:
                yield f"{where} : {self._noun} {code} est cité deux fois"
            seen.add(code)


def _grid_problems(grid: TimeGrid) -> Iterator[str]:
    if list(grid.days) != sorted({day for day in grid.days if 0 <= day <= 6}):
        yield f"grille horaire : jours impossibles {list(grid.days)}"
    if not grid.days or not grid.slot_starts:
        yield "grille horaire : aucun jour ou aucun créneau"
    if grid.slot_minutes <= 0:
        yield f"grille horaire : créneaux de {grid.slot_minutes} minutes"
    step = grid.step_minutes
    if step is not None and (step <= 0 or grid.slot_minutes % step):
        yield f"grille horaire : des créneaux de {grid.slot_minutes} minutes au pas de {step}"
    if not 0 <= grid.first_day <= 6:
        yield f"grille horaire : premier jour impossible {grid.first_day}"
    if len(grid.labels) != len(grid.slot_starts):
        yield "grille horaire : il faut autant de libellés que de créneaux"
    if list(grid.slot_starts) != sorted(
        {start for start in grid.slot_starts if 0 <= start < MINUTES_IN_DAY}
    ):
        yield f"grille horaire : créneaux impossibles {list(grid.slot_starts)}"


def _time_problems(lesson: Lesson, where: str) -> Iterator[str]:
    if not 0 < lesson.duration_minutes <= MINUTES_IN_DAY:
        yield f"{where} : durée impossible ({lesson.duration_minutes} minutes)"
        return
    if not 0 <= lesson.weeks < 1 << WEEKS_IN_SCHOOL_YEAR:
        yield f"{where} : semaines impossibles"
    if lesson.day is None and lesson.start_minute is None:
        return
    if lesson.day is None or lesson.start_minute is None:
        yield f"{where} : un jour sans heure, ou une heure sans jour"
        return
    if not 0 <= lesson.day <= 6:
        yield f"{where} : jour impossible ({lesson.day})"
    end_minute = lesson.start_minute + lesson.duration_minutes
    if not 0 <= lesson.start_minute < end_minute <= MINUTES_IN_DAY:
        yield f"{where} : heure impossible ({lesson.start_minute} à {end_minute} minutes)"
