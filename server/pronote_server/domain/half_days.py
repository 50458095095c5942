"""
Absences counted in half-days: gross (*brutes*) and calculated (*calculées*).

Published: a gross half-day is 1 whatever the length of the absence in it, a calculated one is
in proportion (2 hours of 4 are a half); the midday reference parts them; an option leaves out
half-days without lessons. Decided here:

1.  A morning goes from the opening of the grid to the midday reference, an afternoon from
    there to its end; lessons before or after the grid extend that day's. An absence outside
    of them (from Monday evening to Tuesday's opening) misses nothing.
2.  A half-day is missed gross when an absence and it share a minute, be it a minute without
    lesson. An instant is not a minute: who is back at the midday reference misses a morning.
3.  The calculated value is the missed part of the lessons' time of the half-day. A lesson
    across midday counts on both sides by its minutes; lessons at one time count once. Without
    lessons it is 0.
4.  The option is on unless a school turns it off: nobody is missed on a Wednesday afternoon.
5.  Only days of school count, see :class:`SchoolCalendar`: no weekend, no holiday.
6.  Absences of one pupil that overlap count once.
7.  An open absence lasts until now, and misses nothing when it begins later. One with an end
    counts to its end, also in time to come.

Times are of the school's own clock, to the minute, without zone: the timetable knows none, and
8:25 stays 8:25 when the clocks change. Ends are exclusive.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeAlias

import attrs

from pronote_protocol import errors
from pronote_protocol.words import Half

from .average_options import Rounding
from .school_calendar import SchoolCalendar
from .school_data import MINUTES_IN_DAY, Lesson, TimeGrid, week_number

__all__ = [
    "AbsenceSpan",
    "Half",
    "HalfDayRules",
    "HalfDayTally",
    "LessonsOn",
    "MissedHalfDay",
    "Span",
    "check_absence",
    "lessons_on",
    "missed_half_days",
    "tally",
]

# Minutes since midnight, the end exclusive.
Span: TypeAlias = tuple[int, int]
LessonsOn: TypeAlias = Callable[[datetime.date], Iterable[Span]]

_DAY: Final = datetime.timedelta(days=1)
_HUNDREDTHS: Final = Rounding()


@attrs.frozen
class AbsenceSpan:
    """From when to when a pupil is absent; without an end the absence is open."""

    starts_at: datetime.datetime
    ends_at: datetime.datetime | None = None


@attrs.frozen(kw_only=True)
class HalfDayRules:
    """
    The school's options.

    Args:
        midday_minute: The midday reference; ours is 12:30 until it is set.

    Raises:
        BadRequest: The reference is not within a day.
    """

    midday_minute: int = 12 * 60 + 30
    skip_without_lessons: bool = True

    def __attrs_post_init__(self) -> None:
        if not 0 < self.midday_minute < MINUTES_IN_DAY:
            raise errors.BadRequest(
                "La référence mi-journée est une heure de la journée.",
                "The midday reference is a time of the day.",
                midday_minute=self.midday_minute,
            )


@attrs.frozen
class MissedHalfDay:
    """
    A half-day of which something was missed: 1 gross.

    Attributes:
        missed_minutes: Minutes of lessons missed, of *lesson_minutes*.
    """

    day: datetime.date
    half: Half
    missed_minutes: int
    lesson_minutes: int

    @property
    def calculated(self) -> Fraction:
        if not self.lesson_minutes:
            return Fraction()
        return Fraction(self.missed_minutes, self.lesson_minutes)


@attrs.frozen
class HalfDayTally:
    """
    What a report says.

    Attributes:
        calculated: Rounded once, to the nearest hundredth.
        missed_minutes: Of lessons.
    """

    gross: int
    calculated: Decimal
    missed_minutes: int


def check_absence(absence: AbsenceSpan, calendar: SchoolCalendar) -> None:
    """
    Refuse an absence that cannot be.

    Raises:
        BadRequest: It ends before it begins, leaves the school year, or is no local time to
            the minute.
    """
    for at in (absence.starts_at, absence.ends_at):
        if at is None:
            continue
        if at.tzinfo is not None or at.second or at.microsecond:
            raise errors.BadRequest(
                "Une absence se donne à la minute, à l'heure de l'établissement.",
                "An absence is given to the minute, in the time of the school.",
                at=at.isoformat(),
            )
        if not calendar.starts_on <= at.date() <= calendar.ends_on:
            raise errors.BadRequest(
                "L'absence sort de l'année scolaire.",
                "The absence leaves the school year.",
                at=at.isoformat(),
            )
    if absence.ends_at is not None and absence.ends_at <= absence.starts_at:
        raise errors.BadRequest(
            "L'absence finit avant de commencer.", "The absence ends before it begins."
        )


def lessons_on(lessons: Iterable[Lesson], school_year: int) -> LessonsOn:
    """Return what tells the lessons of a day, from all those of one pupil's timetable."""
    by_weekday: dict[int, list[tuple[Lesson, Span]]] = {}
    for lesson in lessons:
        if lesson.day is not None and lesson.start_minute is not None:
            span = lesson.start_minute, lesson.start_minute + lesson.duration_minutes
            by_weekday.setdefault(lesson.day, []).append((lesson, span))

    def on(day: datetime.date) -> list[Span]:
        week = week_number(day, school_year)
        if week is None:
            return []
        return [
            span
            for lesson, span in by_weekday.get(day.weekday(), ())
            if lesson.takes_place_in(week)
        ]

    return on


def missed_half_days(
    absences: Iterable[AbsenceSpan],
    lessons: LessonsOn,
    calendar: SchoolCalendar,
    grid: TimeGrid,
    *,
    now: datetime.datetime,
    rules: HalfDayRules = HalfDayRules(),
    first: datetime.date | None = None,
    last: datetime.date | None = None,
) -> list[MissedHalfDay]:
    """
    Return the half-days one pupil missed, in order.

    Args:
        now: Local time, for open absences.
        first, last: The days to look at, both included; the school year by default.
    """
    spans = _merged(
        (absence.starts_at, now if absence.ends_at is None else absence.ends_at)
        for absence in absences
    )
    first = calendar.starts_on if first is None else first
    last = calendar.ends_on if last is None else last
    found: dict[datetime.date, list[Span]] = {}
    for start, end in spans:
        for day in calendar.working_days(max(first, start.date()), min(last, end.date())):
            absent = _minute_of(start, day), _minute_of(end, day)
            found.setdefault(day, []).append(absent)
    return [
        missed
        for day, absent in sorted(found.items())
        for missed in _missed_of_day(day, absent, _united(lessons(day)), grid, rules)
    ]


def tally(missed: Sequence[MissedHalfDay]) -> HalfDayTally:
    """Return the sums of half-days."""
    return HalfDayTally(
        len(missed),
        _HUNDREDTHS.of(sum((half.calculated for half in missed), Fraction())),
        sum(half.missed_minutes for half in missed),
    )


def _missed_of_day(
    day: datetime.date,
    absent: Sequence[Span],
    lessons: Sequence[Span],
    grid: TimeGrid,
    rules: HalfDayRules,
) -> Iterable[MissedHalfDay]:
    edges = [(start, start + grid.slot_minutes) for start in grid.slot_starts]
    edges += lessons
    if not edges:
        return
    opens, closes = min(start for start, _ in edges), max(end for _, end in edges)
    midday = rules.midday_minute
    for half, window in (
        (Half.MORNING, (opens, min(midday, closes))),
        (Half.AFTERNOON, (max(midday, opens), closes)),
    ):
        here = _within(lessons, window)
        gone = _within(absent, window)
        if not gone or (rules.skip_without_lessons and not here):
            continue
        missed = sum(_minutes(_within(here, span)) for span in gone)
        yield MissedHalfDay(day, half, missed, _minutes(here))


def _minute_of(at: datetime.datetime, day: datetime.date) -> int:
    """Return *at* in minutes of *day*, kept within it."""
    if at.date() != day:
        return 0 if at.date() < day else MINUTES_IN_DAY
    return at.hour * 60 + at.minute


def _merged(
    spans: Iterable[tuple[datetime.datetime, datetime.datetime]],
) -> list[tuple[datetime.datetime, datetime.datetime]]:
    """Return the same time in spans that neither overlap nor touch."""
    merged: list[tuple[datetime.datetime, datetime.datetime]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _united(spans: Iterable[Span]) -> list[Span]:
    """The same for minutes of a day."""
    united: list[Span] = []
    for start, end in sorted(spans):
        if united and start <= united[-1][1]:
            united[-1] = united[-1][0], max(end, united[-1][1])
        else:
            united.append((start, end))
    return united


def _within(spans: Iterable[Span], window: Span) -> list[Span]:
    """Return what of *spans* lies in *window*, without what is empty."""
    cut = ((max(start, window[0]), min(end, window[1])) for start, end in spans)
    return [span for span in cut if span[0] < span[1]]


def _minutes(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in spans)
