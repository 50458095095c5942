"""Half-days of absence, held to a model that looks at every minute."""

from __future__ import annotations

import datetime
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pronote_protocol import errors
from pronote_protocol.words import Half
from pronote_server.domain.half_days import (
    AbsenceSpan,
    HalfDayRules,
    MissedHalfDay,
    Span,
    check_absence,
    lessons_on,
    missed_half_days,
    tally,
)
from pronote_server.domain.school_calendar import Holiday, SchoolCalendar
from pronote_server.domain.school_data import Lesson, TimeGrid

CALENDAR = SchoolCalendar(
    school_year=2020,
    starts_on=date(2020, 9, 1),
    ends_on=date(2021, 7, 6),
    holidays=(Holiday("Toussaint", date(2020, 10, 17), date(2020, 11, 1)),),
)
GRID = TimeGrid((0, 1, 2, 3, 4), tuple(range(8 * 60, 18 * 60, 60)), 60, ("h",) * 10)
FOUR_AND_THREE: list[Span] = [(8 * 60, 12 * 60), (14 * 60, 17 * 60)]
NOW = datetime.datetime.fromisoformat("2020-11-05T10:00")
EVERY_HALF = HalfDayRules(skip_without_lessons=False)


def absence(starts_at: str, ends_at: str | None) -> AbsenceSpan:
    """Times as 11-03T08:00, the year being 2020."""
    return AbsenceSpan(
        datetime.datetime.fromisoformat(f"2020-{starts_at}"),
        None if ends_at is None else datetime.datetime.fromisoformat(f"2020-{ends_at}"),
    )


def missed(
    *absences: AbsenceSpan,
    lessons: list[Span] = FOUR_AND_THREE,
    rules: HalfDayRules = EVERY_HALF,
) -> list[MissedHalfDay]:
    return missed_half_days(absences, lambda day: lessons, CALENDAR, GRID, now=NOW, rules=rules)


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "gross", "calculated"),
    [
        ("11-03T08:00", "11-03T12:00", 1, "1.00"),
        ("11-03T08:00", "11-03T10:00", 1, "0.50"),
        ("11-03T08:00", "11-03T08:01", 1, "0.00"),
        ("11-03T08:00", "11-03T09:20", 1, "0.33"),
        ("11-03T12:00", "11-03T12:30", 1, "0.00"),
        ("11-03T12:00", "11-03T12:31", 2, "0.00"),
        ("11-03T12:30", "11-03T14:00", 1, "0.00"),
        ("11-03T11:00", "11-03T15:00", 2, "0.58"),
        ("11-03T00:00", "11-04T00:00", 2, "2.00"),
        ("11-03T17:00", "11-04T08:00", 1, "0.00"),
        ("11-03T18:00", "11-04T08:00", 0, "0.00"),
        ("11-03T18:00", "11-04T08:01", 1, "0.00"),
        ("11-06T14:00", "11-09T09:00", 2, "1.25"),
        ("11-07T00:00", "11-09T00:00", 0, "0.00"),
        ("10-16T14:00", "11-02T12:00", 2, "2.00"),
        ("10-19T08:00", "10-19T18:00", 0, "0.00"),
        ("11-05T08:00", None, 1, "0.50"),
        ("11-04T14:00", None, 2, "1.50"),
        ("11-05T10:00", None, 0, "0.00"),
        ("11-06T08:00", None, 0, "0.00"),
        ("11-06T08:00", "11-06T12:00", 1, "1.00"),
    ],
)
def test_absences_are_counted(
    starts_at: str, ends_at: str | None, gross: int, calculated: str
) -> None:
    found = tally(missed(absence(starts_at, ends_at)))

    assert (found.gross, str(found.calculated)) == (gross, calculated)


def test_each_half_day_says_what_was_missed_of_it() -> None:
    assert missed(absence("11-03T10:00", "11-03T15:00")) == [
        MissedHalfDay(date(2020, 11, 3), Half.MORNING, 120, 240),
        MissedHalfDay(date(2020, 11, 3), Half.AFTERNOON, 60, 180),
    ]


def test_absences_that_overlap_count_once() -> None:
    twice = absence("11-03T08:00", "11-03T10:00"), absence("11-03T09:00", "11-03T11:00")
    apart = absence("11-03T08:00", "11-03T09:00"), absence("11-03T11:00", "11-03T12:00")

    assert tally(missed(*twice)).missed_minutes == 180
    assert tally(missed(*twice)).gross == tally(missed(*apart)).gross == 1
    assert tally(missed(*apart)).missed_minutes == 120


def test_lessons_at_one_time_count_once() -> None:
    both: list[Span] = [(8 * 60, 10 * 60), (9 * 60, 11 * 60), (9 * 60, 10 * 60)]

    assert missed(absence("11-03T08:00", "11-03T09:30"), lessons=both) == [
        MissedHalfDay(date(2020, 11, 3), Half.MORNING, 90, 180)
    ]


def test_half_days_without_lessons_count_only_where_the_school_wants_it() -> None:
    mornings: list[Span] = [(8 * 60, 12 * 60)]
    all_day = absence("11-04T08:00", "11-04T18:00")

    assert tally(missed(all_day, lessons=mornings, rules=HalfDayRules())).gross == 1
    assert tally(missed(all_day, lessons=mornings)).gross == 2
    assert tally(missed(all_day, lessons=[])).calculated == 0
    assert missed(all_day, lessons=[], rules=HalfDayRules()) == []


def test_a_lesson_across_midday_is_of_both_half_days() -> None:
    lunch: list[Span] = [(12 * 60, 13 * 60 + 30)]

    assert missed(absence("11-03T08:00", "11-03T13:00"), lessons=lunch) == [
        MissedHalfDay(date(2020, 11, 3), Half.MORNING, 30, 30),
        MissedHalfDay(date(2020, 11, 3), Half.AFTERNOON, 30, 60),
    ]


def test_the_midday_reference_is_the_schools() -> None:
    at_one = HalfDayRules(midday_minute=13 * 60)

    assert tally(missed(absence("11-03T12:00", "11-03T13:00"), rules=at_one)).gross == 1
    late = HalfDayRules(midday_minute=20 * 60, skip_without_lessons=False)
    assert missed(absence("11-03T18:00", "11-03T23:00"), rules=late) == []
    for minute in (0, -1, 1440):
        with pytest.raises(errors.BadRequest):
            HalfDayRules(midday_minute=minute)


def test_a_lesson_outside_the_grid_belongs_to_its_day() -> None:
    evening: list[Span] = [(18 * 60, 20 * 60)]

    assert tally(missed(absence("11-03T19:00", "11-03T20:00"), lessons=evening)).calculated == (
        Decimal("0.5")
    )


def test_only_the_days_asked_for_are_counted() -> None:
    first, last = date(2020, 11, 3), date(2020, 11, 4)
    week = [absence("11-02T08:00", "11-06T18:00")]
    found = missed_half_days(
        week, lambda day: FOUR_AND_THREE, CALENDAR, GRID, now=NOW, first=first, last=last
    )

    assert [half.day for half in found] == [first, first, last, last]


def test_lessons_of_a_day_are_those_placed_in_its_week() -> None:
    first_week_only = 1
    on = lessons_on(
        [
            Lesson("a", "MATH", day=1, start_minute=480, duration_minutes=55),
            Lesson("b", "MATH", day=1, start_minute=540, weeks=first_week_only),
            Lesson("c", "MATH", day=2, start_minute=480),
            Lesson("d", "MATH"),
        ],
        2020,
    )

    assert on(date(2020, 9, 1)) == [(480, 535), (540, 600)]
    assert on(date(2020, 9, 8)) == [(480, 535)]
    assert on(date(2020, 9, 5)) == on(date(2019, 9, 3)) == []


@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [
        ("2020-11-03T08:00", "2020-11-03T08:00"),
        ("2020-11-03T08:00", "2020-11-02T09:00"),
        ("2020-08-31T08:00", None),
        ("2020-09-01T08:00", "2021-07-07T08:00"),
        ("2020-11-03T08:00:01", None),
        ("2020-11-03T08:00", "2020-11-03T09:00:00.000001"),
        ("2020-11-03T08:00+01:00", None),
    ],
)
def test_impossible_absences_are_refused(starts_at: str, ends_at: str | None) -> None:
    at = datetime.datetime.fromisoformat
    with pytest.raises(errors.BadRequest):
        check_absence(AbsenceSpan(at(starts_at), at(ends_at) if ends_at else None), CALENDAR)


def test_possible_absences_are_taken() -> None:
    check_absence(absence("09-01T00:00", None), CALENDAR)
    check_absence(absence("11-07T08:00", "11-07T08:01"), CALENDAR)


def test_nothing_is_missed_of_a_school_without_hours() -> None:
    empty = TimeGrid((), (), 60, ())
    whole = [absence("11-03T08:00", "11-03T18:00")]

    assert missed_half_days(whole, lambda day: [], CALENDAR, empty, now=NOW) == []


# The week before the autumn holiday and its first days; minutes in fives, so that a model of
# minutes stays quick.
START = datetime.datetime.fromisoformat("2020-10-15T00:00")
instants = st.integers(0, 7 * 288).map(lambda n: START + datetime.timedelta(minutes=5 * n))
absences = st.builds(AbsenceSpan, instants, instants | st.none())
spans = st.tuples(st.integers(84, 240), st.integers(1, 24)).map(
    lambda drawn: (drawn[0] * 5, (drawn[0] + drawn[1]) * 5)
)


def slow_half_days(
    all_absences: list[AbsenceSpan],
    by_weekday: list[list[Span]],
    now: datetime.datetime,
    rules: HalfDayRules,
) -> list[MissedHalfDay]:
    found = []
    for n in range(8):
        day = START.date() + datetime.timedelta(days=n)
        if day.weekday() > 4 or date(2020, 10, 17) <= day <= date(2020, 11, 1):
            continue
        taught = {m for a, b in by_weekday[day.weekday()] for m in range(a, b)}
        opened = taught | set(range(8 * 60, 18 * 60))
        opened = set(range(min(opened), max(opened) + 1))
        midnight = datetime.datetime.combine(day, datetime.time())
        absent = {
            m
            for m in range(1440)
            if any(
                one.starts_at <= midnight + datetime.timedelta(minutes=m) < (one.ends_at or now)
                for one in all_absences
            )
        }
        for half in Half:
            mine = {m for m in opened if (m < rules.midday_minute) is (half is Half.MORNING)}
            if not absent & mine or (rules.skip_without_lessons and not taught & mine):
                continue
            found.append(
                MissedHalfDay(day, half, len(absent & taught & mine), len(taught & mine))
            )
    return found


@given(
    st.lists(absences, max_size=4),
    st.lists(st.lists(spans, max_size=4), min_size=7, max_size=7),
    instants,
    st.builds(
        HalfDayRules,
        midday_minute=st.sampled_from([600, 750, 780, 1200]),
        skip_without_lessons=st.booleans(),
    ),
)
@example([AbsenceSpan(START, None)], [[(480, 720)]] * 7, START, HalfDayRules())
def test_half_days_equal_a_model_of_minutes(
    all_absences: list[AbsenceSpan],
    by_weekday: list[list[Span]],
    now: datetime.datetime,
    rules: HalfDayRules,
) -> None:
    found = missed_half_days(
        all_absences,
        lambda day: by_weekday[day.weekday()],
        CALENDAR,
        GRID,
        now=now,
        rules=rules,
    )

    assert found == slow_half_days(all_absences, by_weekday, now, rules)
    assert tally(found).calculated <= tally(found).gross
    assert all(0 <= half.calculated <= 1 for half in found)
    assert sum((half.calculated for half in found), Fraction()) <= len(found)
