"""The school's year: days of school, periods, and what is sealed when."""

from __future__ import annotations

import datetime
from datetime import UTC, date

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronote_protocol import errors
from pronote_protocol.words import PeriodKind, SealedMatter
from pronote_server.domain.school_calendar import (
    Holiday,
    Period,
    SchoolCalendar,
    Sealings,
    usual_periods,
)
from pronote_server.domain.school_data import first_monday

FIRST, LAST = date(2020, 9, 1), date(2021, 7, 6)
CALENDAR = SchoolCalendar(
    school_year=2020,
    starts_on=FIRST,
    ends_on=LAST,
    holidays=(
        Holiday("Toussaint", date(2020, 10, 17), date(2020, 11, 1)),
        Holiday("Armistice", date(2020, 11, 11), date(2020, 11, 11)),
    ),
    periods=usual_periods(2020, FIRST, LAST),
)
PARIS = datetime.timezone(datetime.timedelta(hours=1))
(FIRST_TRIMESTER, *_) = CALENDAR.periods_of(PeriodKind.TRIMESTER)
END = datetime.datetime(2020, 11, 30, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2020, 8, 31), False),
        (date(2020, 9, 1), True),
        (date(2020, 9, 5), False),
        (date(2020, 9, 6), False),
        (date(2020, 10, 16), True),
        (date(2020, 10, 19), False),
        (date(2020, 11, 2), True),
        (date(2020, 11, 10), True),
        (date(2020, 11, 11), False),
        (date(2021, 7, 6), True),
        (date(2021, 7, 7), False),
    ],
)
def test_there_is_school_on_days_of_the_grid_within_the_year(day: date, working: bool) -> None:
    assert CALENDAR.is_working(day) is working


def test_the_grid_says_which_days_of_the_week_are_worked() -> None:
    with_saturday = attrs.evolve(CALENDAR, days=(0, 1, 3, 4, 5))

    assert with_saturday.is_working(date(2020, 9, 5))
    assert not with_saturday.is_working(date(2020, 9, 2))


def test_days_of_school_are_listed_over_a_holiday() -> None:
    days = list(CALENDAR.working_days(date(2020, 10, 15), date(2020, 11, 3)))

    assert days == [
        date(2020, 10, 15),
        date(2020, 10, 16),
        date(2020, 11, 2),
        date(2020, 11, 3),
    ]
    assert CALENDAR.next_working_day(date(2020, 10, 16)) == date(2020, 11, 2)
    assert CALENDAR.next_working_day(LAST) is None
    assert CALENDAR.next_working_day(date.max) is None
    assert next(CALENDAR.working_days(date.min, date.max)) == FIRST


@pytest.mark.parametrize(
    ("day", "kind", "code"),
    [
        (FIRST, PeriodKind.TRIMESTER, "T1"),
        (date(2020, 11, 30), PeriodKind.TRIMESTER, "T1"),
        (date(2020, 12, 1), PeriodKind.TRIMESTER, "T2"),
        (date(2021, 2, 28), PeriodKind.TRIMESTER, "T2"),
        (LAST, PeriodKind.TRIMESTER, "T3"),
        (date(2021, 1, 31), PeriodKind.SEMESTER, "S1"),
        (date(2021, 2, 1), PeriodKind.SEMESTER, "S2"),
        (date(2021, 2, 1), PeriodKind.CONTINUOUS, "A"),
        (date(2020, 8, 31), PeriodKind.TRIMESTER, None),
        (date(2021, 7, 7), PeriodKind.CONTINUOUS, None),
    ],
)
def test_a_day_is_in_one_period_of_each_kind(
    day: date, kind: PeriodKind, code: str | None
) -> None:
    period = CALENDAR.period_at(day, kind)

    assert (period.code if period else None) == code


@given(st.dates(FIRST, LAST), st.sampled_from(PeriodKind), st.integers(2000, 2100))
def test_usual_periods_cover_the_year_without_overlap(
    day: date, kind: PeriodKind, year: int
) -> None:
    first, last = first_monday(year), date(year + 1, 7, 5)
    periods = usual_periods(year, first, last)
    calendar = SchoolCalendar(school_year=year, starts_on=first, ends_on=last, periods=periods)

    assert calendar.check() == []
    assert sum(day in period for period in CALENDAR.periods_of(kind)) == 1


def test_a_period_is_found_by_its_code() -> None:
    assert CALENDAR.period("T2").name == "Trimestre 2"
    with pytest.raises(errors.NotFound):
        CALENDAR.period("T4")


def test_every_problem_is_named() -> None:
    trimester = PeriodKind.TRIMESTER
    bad = SchoolCalendar(
        school_year=2020,
        starts_on=LAST,
        ends_on=date(2022, 1, 1),
        days=(4, 4, 7),
        holidays=(Holiday("Noël", date(2021, 1, 3), date(2020, 12, 19)),),
        periods=(
            Period("T1", "1", trimester, date(2021, 7, 6), date(2021, 8, 1)),
            Period("T2", "2", trimester, date(2021, 8, 1), date(2021, 8, 31)),
            Period("T3", "3", trimester, date(2021, 9, 2), date(2021, 9, 1)),
            Period("A", "Année", PeriodKind.CONTINUOUS, FIRST, date(2021, 8, 1)),
            Period("A", "Année", PeriodKind.SEMESTER, LAST, date(2021, 8, 1)),
        ),
    )

    assert bad.check() == [
        "année scolaire : fin hors de 2020",
        "année scolaire : jours impossibles [4, 4, 7]",
        "congé Noël : il finit avant de commencer",
        "période A : elle existe deux fois",
        "période T3 : elle finit avant de commencer",
        "période A : elle sort de l'année scolaire",
        "période T2 : elle chevauche T1",
    ]
    assert "finit avant" in attrs.evolve(CALENDAR, ends_on=date(2020, 8, 31)).check()[0]
    assert CALENDAR.check() == []


def test_marks_stay_open_until_somebody_seals_them() -> None:
    nothing = Sealings({}, PARIS)
    later = END + datetime.timedelta(days=200)

    for matter in (SealedMatter.MARKS, SealedMatter.LEVELS, SealedMatter.APPRAISALS):
        assert nothing.sealed_from("3A", FIRST_TRIMESTER, matter) is None
        nothing.check_open(["3A"], FIRST_TRIMESTER, matter, later)


def test_school_life_is_sealed_when_the_last_day_of_the_period_is_over() -> None:
    nothing = Sealings({}, PARIS)
    moment = datetime.timedelta(microseconds=1)

    assert nothing.sealed_from("3A", FIRST_TRIMESTER, SealedMatter.SCHOOL_LIFE) == END
    nothing.check_open(["3A"], FIRST_TRIMESTER, SealedMatter.SCHOOL_LIFE, END - moment)
    with pytest.raises(errors.Conflict) as refused:
        nothing.check_open(["3A"], FIRST_TRIMESTER, SealedMatter.SCHOOL_LIFE, END)
    assert refused.value.fr == (
        "La période Trimestre 1 est clôturée pour la vie scolaire de la classe 3A."
    )


@pytest.mark.parametrize("matter", SealedMatter)
def test_a_sealing_is_of_one_class_one_period_one_matter_and_may_be_planned(
    matter: SealedMatter,
) -> None:
    instant = END + datetime.timedelta(days=3)
    sealings = Sealings({("3A", "T1", matter): instant}, PARIS)
    before = instant - datetime.timedelta(seconds=1)

    sealings.check_open(["3A"], FIRST_TRIMESTER, matter, before)
    with pytest.raises(errors.Conflict):
        sealings.check_open(["3B", "3A"], FIRST_TRIMESTER, matter, instant)
    if matter is not SealedMatter.SCHOOL_LIFE:
        sealings.check_open(["3B"], FIRST_TRIMESTER, matter, instant)
    for other in set(SealedMatter) - {matter, SealedMatter.SCHOOL_LIFE}:
        sealings.check_open(["3A"], FIRST_TRIMESTER, other, instant)
    sealings.check_open(["3A"], CALENDAR.period("T2"), matter, instant)
