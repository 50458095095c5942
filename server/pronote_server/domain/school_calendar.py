"""
The school's calendar: its year, its periods, its holidays, and what is sealed when.

A class divides its year into trimesters or semesters, or not at all; periods of a kind do not
overlap, those of different kinds do. What is entered for a class and a period is sealed by
matter (*clôture*): marks, levels and appraisals once somebody has said from when, entries of
school life at the end of the period unless another instant was set.

Days are those of the school's place. Nothing here knows the time of day but sealing, which is
an instant.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import attrs

from pronote_protocol import errors
from pronote_protocol.words import PeriodKind, SealedMatter

from .school_data import week_number

__all__ = [
    "Holiday",
    "Period",
    "PeriodKind",
    "SchoolCalendar",
    "SealedMatter",
    "Sealings",
    "usual_periods",
    "usual_year",
]

_DAY: Final = datetime.timedelta(days=1)

_MATTERS_FR: Final[Mapping[SealedMatter, str]] = MappingProxyType(
    {
        SealedMatter.MARKS: "les notes",
        SealedMatter.LEVELS: "les compétences",
        SealedMatter.APPRAISALS: "les appréciations",
        SealedMatter.SCHOOL_LIFE: "la vie scolaire",
    }
)


@attrs.frozen
class Period:
    """A period of the year, both days included."""

    code: str
    name: str
    kind: PeriodKind
    starts_on: datetime.date
    ends_on: datetime.date

    def __contains__(self, day: datetime.date) -> bool:
        return self.starts_on <= day <= self.ends_on


@attrs.frozen
class Holiday:
    """Days without school, both included; a public holiday has one."""

    name: str
    starts_on: datetime.date
    ends_on: datetime.date

    def __contains__(self, day: datetime.date) -> bool:
        return self.starts_on <= day <= self.ends_on


@attrs.frozen(kw_only=True)
class SchoolCalendar:
    """
    One school's year.

    Like `SchoolData`, it accepts anything, so that :meth:`check` can name every problem.

    Args:
        school_year: The year it begins in: 2020 for 2020-2021.
        starts_on, ends_on: The first and the last day of school.
        days: Working days of the grid, 0 for Monday.
    """

    school_year: int
    starts_on: datetime.date
    ends_on: datetime.date
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    holidays: tuple[Holiday, ...] = ()
    periods: tuple[Period, ...] = ()

    def holiday_at(self, day: datetime.date) -> Holiday | None:
        return next((holiday for holiday in self.holidays if day in holiday), None)

    def is_working(self, day: datetime.date) -> bool:
        """Tell whether there is school: a day of the grid, of the year, and no holiday."""
        return (
            self.starts_on <= day <= self.ends_on
            and day.weekday() in self.days
            and self.holiday_at(day) is None
        )

    def working_days(
        self, first: datetime.date, last: datetime.date
    ) -> Iterator[datetime.date]:
        """Yield the days of school from *first* to *last*, both included, in order."""
        day, last = max(first, self.starts_on), min(last, self.ends_on)
        while day <= last:
            if self.is_working(day):
                yield day
            day += _DAY

    def next_working_day(self, day: datetime.date) -> datetime.date | None:
        """Return the first day of school after *day*, or None when the year is over."""
        if day >= self.ends_on:
            return None
        return next(self.working_days(day + _DAY, self.ends_on), None)

    def periods_of(self, kind: PeriodKind) -> tuple[Period, ...]:
        """Return the periods of one kind, in order of time."""
        found = (period for period in self.periods if period.kind is kind)
        return tuple(sorted(found, key=lambda period: period.starts_on))

    def period_at(self, day: datetime.date, kind: PeriodKind) -> Period | None:
        return next((period for period in self.periods_of(kind) if day in period), None)

    def period(self, code: str) -> Period:
        """
        Raises:
            NotFound: No period has that code.
        """
        for period in self.periods:
            if period.code == code:
                return period
        raise errors.NotFound(what=code)

    def check(self) -> list[str]:
        """Return every problem, in French and each saying where; [] when consistent."""
        return list(self._problems())

    def _problems(self) -> Iterator[str]:
        if self.starts_on > self.ends_on:
            yield "année scolaire : elle finit avant de commencer"
        for name, day in (("début", self.starts_on), ("fin", self.ends_on)):
            if week_number(day, self.school_year) is None:
                yield f"année scolaire : {name} hors de {self.school_year}"
        if not self.days or list(self.days) != sorted({d for d in self.days if 0 <= d <= 6}):
            yield f"année scolaire : jours impossibles {list(self.days)}"
        for holiday in self.holidays:
            if holiday.starts_on > holiday.ends_on:
                yield f"congé {holiday.name} : il finit avant de commencer"
        codes = [period.code for period in self.periods]
        for code in sorted({code for code in codes if codes.count(code) > 1}):
            yield f"période {code} : elle existe deux fois"
        for period in self.periods:
            if period.starts_on > period.ends_on:
                yield f"période {period.code} : elle finit avant de commencer"
            elif period.starts_on < self.starts_on or period.ends_on > self.ends_on:
                yield f"période {period.code} : elle sort de l'année scolaire"
        for kind in PeriodKind:
            for before, after in itertools.pairwise(self.periods_of(kind)):
                if after.starts_on <= before.ends_on:
                    yield f"période {after.code} : elle chevauche {before.code}"


@attrs.frozen
class Sealings:
    """
    From which instant each matter of a class and period is sealed.

    Args:
        instants: By (class code, period code, matter), with a time zone; one to come is a
            sealing that is planned.
        zone: The time zone of the school's days.
    """

    instants: Mapping[tuple[str, str, SealedMatter], datetime.datetime]
    zone: datetime.tzinfo

    def sealed_from(
        self, class_code: str, period: Period, matter: SealedMatter
    ) -> datetime.datetime | None:
        """Return the instant of the sealing, or None when there is none."""
        instant = self.instants.get((class_code, period.code, matter))
        if instant is None and matter is SealedMatter.SCHOOL_LIFE:
            midnight = datetime.datetime.combine(period.ends_on + _DAY, datetime.time())
            return midnight.replace(tzinfo=self.zone)
        return instant

    def is_sealed(
        self, class_code: str, period: Period, matter: SealedMatter, now: datetime.datetime
    ) -> bool:
        instant = self.sealed_from(class_code, period, matter)
        return instant is not None and instant <= now

    def check_open(
        self,
        class_codes: Iterable[str],
        period: Period,
        matter: SealedMatter,
        now: datetime.datetime,
    ) -> None:
        """
        Refuse an entry that touches a sealed period of any of these classes.

        Raises:
            Conflict: It is sealed.
        """
        for class_code in class_codes:
            if self.is_sealed(class_code, period, matter, now):
                raise errors.Conflict(
                    "La période {period} est clôturée pour {matter_fr} de la classe "
                    "{class_code}.",
                    "The period {period} is sealed for {matter} of class {class_code}.",
                    period=period.name,
                    class_code=class_code,
                    matter=matter,
                    matter_fr=_MATTERS_FR[matter],
                )


def usual_year(school_year: int) -> tuple[datetime.date, datetime.date]:
    """Return the days a school year goes from and to until a school sets its own."""
    return datetime.date(school_year, 9, 1), datetime.date(school_year + 1, 7, 7)


def usual_periods(
    school_year: int, starts_on: datetime.date, ends_on: datetime.date
) -> tuple[Period, ...]:
    """
    Return the periods most schools have: three trimesters, two semesters and the year.

    The trimesters end with November and February, the first semester with January.
    """
    date = datetime.date
    march = date(school_year + 1, 3, 1)
    cuts = {
        PeriodKind.TRIMESTER: [date(school_year, 12, 1), march],
        PeriodKind.SEMESTER: [date(school_year + 1, 2, 1)],
        PeriodKind.CONTINUOUS: [],
    }
    names = {
        PeriodKind.TRIMESTER: ("T", "Trimestre"),
        PeriodKind.SEMESTER: ("S", "Semestre"),
        PeriodKind.CONTINUOUS: ("A", "Année"),
    }
    return tuple(
        Period(f"{names[kind][0]}{number}", f"{names[kind][1]} {number}", kind, first, last)
        if cuts[kind]
        else Period("A", "Année continue", kind, first, last)
        for kind in PeriodKind
        for number, (first, last) in enumerate(
            zip(
                [starts_on, *cuts[kind]],
                [*(c - _DAY for c in cuts[kind]), ends_on],
                strict=True,
            ),
            start=1,
        )
    )
