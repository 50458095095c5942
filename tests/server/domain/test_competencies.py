"""Competencies: published points and thresholds, and what the boundaries do."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronote_protocol import errors
from pronote_server.domain.competencies import (
    INTERMEDIATE,
    LABELS,
    POINTS,
    Level,
    PositioningMode,
    SkillResult,
    mark_from_levels,
    position_of_points,
    positioning,
    positioning_points,
)

FIRST_DAY = datetime.date(2020, 9, 7)
OF_POINTS = {points: level for level, points in POINTS.items()}


def results(*points: int, days: Sequence[int] | None = None) -> list[SkillResult]:
    """Results on successive days, or on the days given."""
    days = days or range(len(points))
    return [
        SkillResult(FIRST_DAY + datetime.timedelta(days=day), OF_POINTS[number])
        for number, day in zip(points, days, strict=True)
    ]


def test_levels_have_the_published_points() -> None:
    plain = [POINTS[level] for level in Level if level in POINTS and level not in INTERMEDIATE]

    assert plain == [50, 40, 25, 10]
    assert sorted(POINTS[level] for level in INTERMEDIATE) == [18, 33]
    assert set(LABELS) == set(Level)


@pytest.mark.parametrize(
    ("points", "position"),
    [
        ("50", 4),
        ("45.01", 4),
        ("45", 3),
        ("33", 3),
        ("32.99", 2),
        ("18", 2),
        ("17.99", 1),
        ("10", 1),
    ],
)
def test_thresholds_and_their_boundaries(points: str, position: int) -> None:
    assert position_of_points(Fraction(points)) == position


@pytest.mark.parametrize(
    ("mode", "points"),
    [
        (PositioningMode.ALL, Fraction(50 + 50 + 10 + 40 + 25 + 25 + 10, 7)),
        (PositioningMode.LAST_FIVE, Fraction(10 + 40 + 25 + 25 + 10, 5)),
        (PositioningMode.BEST_FIVE, Fraction(50 + 50 + 40 + 25 + 25, 5)),
        (
            PositioningMode.PROGRESSIVE,
            Fraction(50 + 100 + 30 + 160 + 125 + 150 + 70, 1 + 2 + 3 + 4 + 5 + 6 + 7),
        ),
    ],
)
def test_modes_choose_what_counts(mode: PositioningMode, points: Fraction) -> None:
    seven = results(50, 50, 10, 40, 25, 25, 10)

    assert positioning_points(seven, mode) == points
    assert positioning_points(seven[::-1], mode) == points


def test_last_five_take_the_best_of_the_oldest_day() -> None:
    day_by_day = results(10, 50, 25, 25, 25, 25, days=[0, 0, 1, 2, 3, 4])

    assert positioning_points(day_by_day, PositioningMode.LAST_FIVE) == 30


def test_progressive_weighs_the_best_of_a_day_most() -> None:
    assert positioning_points(results(50, 10, days=[0, 0]), PositioningMode.PROGRESSIVE) == (
        Fraction(10 + 2 * 50, 3)
    )


@pytest.mark.parametrize("mode", PositioningMode)
def test_what_was_not_seen_is_ignored(mode: PositioningMode) -> None:
    unseen = [SkillResult(FIRST_DAY, level) for level in Level if level not in POINTS]
    weightless = SkillResult(FIRST_DAY, Level.INSUFFICIENT, Decimal(0))

    assert len(unseen) == 4
    assert positioning([*unseen, weightless], mode) is None
    assert positioning([], mode) is None
    assert positioning([*unseen, *results(50), weightless], mode) == 4


def test_a_coefficient_weighs_nothing_else_in_a_positioning() -> None:
    heavy = SkillResult(FIRST_DAY, Level.VERY_GOOD, Decimal(9))

    assert positioning_points([heavy, *results(10)]) == 30


def test_published_examples_of_marks_made_of_levels() -> None:
    """90 points of 150 are 12/20, 135 of 250 are 10.8, shown as 11."""
    assert mark_from_levels(results(40, 40, 10)) == 12
    assert mark_from_levels(results(50, 25, 25, 25, 10)) == 11


def test_a_mark_made_of_levels_has_their_coefficients_and_its_scale() -> None:
    best = SkillResult(FIRST_DAY, Level.VERY_GOOD, Decimal(3))
    none = SkillResult(FIRST_DAY, Level.ABSENT)

    assert mark_from_levels([best, none, *results(10)]) == 16
    assert mark_from_levels([best], Decimal(10)) == 10
    assert mark_from_levels([best], Decimal("12.5")) == Decimal("12.5")
    assert mark_from_levels([none]) is None


def test_an_impossible_coefficient_is_refused() -> None:
    with pytest.raises(errors.BadRequest):
        SkillResult(FIRST_DAY, Level.FRAGILE, Decimal(-1))


any_results = st.lists(
    st.builds(
        SkillResult,
        st.dates(FIRST_DAY, FIRST_DAY + datetime.timedelta(days=4)),
        st.sampled_from(Level),
        st.sampled_from([Decimal(0), Decimal(1), Decimal(2)]),
    ),
    max_size=12,
)


@given(any_results, st.sampled_from(PositioningMode), st.data())
def test_positions_stay_in_bounds_and_do_not_depend_on_order(
    given_results: list[SkillResult], mode: PositioningMode, data: st.DataObject
) -> None:
    points = positioning_points(given_results, mode)
    other = data.draw(st.permutations(given_results))

    assert positioning_points(other, mode) == points
    assert points is None or 10 <= points <= 50


@given(any_results, st.sampled_from(PositioningMode), st.data())
def test_a_better_level_never_lowers_a_position(
    given_results: list[SkillResult], mode: PositioningMode, data: st.DataObject
) -> None:
    seen = [n for n, result in enumerate(given_results) if result.points]
    if not seen:
        return
    n = data.draw(st.sampled_from(seen))
    better = list(given_results)
    better[n] = SkillResult(better[n].on, Level.VERY_GOOD, better[n].coefficient)
    before = positioning_points(given_results, mode)
    after = positioning_points(better, mode)

    assert before is not None
    assert after is not None
    assert after >= before


@given(any_results)
def test_the_best_five_are_never_worse_than_all(given_results: list[SkillResult]) -> None:
    every = positioning_points(given_results)
    best = positioning_points(given_results, PositioningMode.BEST_FIVE)

    assert (every is None) == (best is None)
    assert every is None or best is None or best >= every
