"""Averages: the published examples, one table a rule, and a slow independent computation."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pronote_protocol import errors
from pronote_protocol.words import Annotation, RoundingDirection
from pronote_server.domain.average_options import (
    ROUNDING_STEPS,
    AssessmentOptions,
    Rounding,
    ServiceOptions,
    SubServiceUse,
    check_bonus_malus,
)
from pronote_server.domain.averages import (
    GivenMark,
    Part,
    Statistics,
    SubService,
    assessment_statistics,
    class_statistics,
    general_average,
    pupil_average,
    service_average,
    year_average,
)

PLAIN = ServiceOptions()
BROUGHT = ServiceOptions(bring_to_20=True)


def mark(
    value: str | Annotation, scale: str = "20", coefficient: str = "1", **options: bool
) -> GivenMark:
    given = value if isinstance(value, Annotation) else Decimal(value)
    return GivenMark(
        given,
        AssessmentOptions(scale=Decimal(scale), coefficient=Decimal(coefficient), **options),
    )


def of(*marks: GivenMark, **options: Any) -> str | None:
    average = pupil_average(marks, ServiceOptions(**options))
    return None if average is None else str(average)


PUBLISHED = (mark("18"), mark("2", "10"), mark("1", "5"))


def test_published_example_of_marks_brought_to_20() -> None:
    assert of(*PUBLISHED, bring_to_20=True) == "8.67"


def test_published_example_of_marks_weighted_by_their_scale() -> None:
    assert of(*PUBLISHED) == "12.00"


def test_published_example_of_a_bonus() -> None:
    assert of(mark("12"), mark("16"), mark("17", bonus=True)) == "17.50"
    assert of(mark("12"), mark("16"), mark("8", bonus=True)) == "14.00"


@pytest.mark.parametrize("second", ["18", "17"])
def test_published_example_of_optional_marks(second: str) -> None:
    """The page says 18 and computes with 17; neither raises an average of 18."""
    firm = mark("16"), mark("18")

    assert of(*firm, mark(second, optional=True), mark("20", optional=True)) == "18.00"


def test_example_of_a_teachers_notice() -> None:
    """18/20, 3/10 and 1/5: about 12.6, or about 9.3 brought to 20."""
    marks = mark("18"), mark("3", "10"), mark("1", "5")

    assert (of(*marks), of(*marks, bring_to_20=True)) == ("12.57", "9.33")


@pytest.mark.parametrize(
    ("marks", "average"),
    [
        ([], None),
        ([mark("0")], "0.00"),
        ([mark(Annotation.ABSENT), mark(Annotation.CONGRATULATIONS)], None),
        ([mark(Annotation.ABSENT), mark("13")], "13.00"),
        ([mark(Annotation.ABSENT_ZERO), mark("13")], "6.50"),
        ([mark(Annotation.NOT_SUBMITTED_ZERO)], "0.00"),
        ([mark("13", coefficient="0")], None),
        ([mark("13", coefficient="0"), mark("8")], "8.00"),
        ([mark("13", coefficient="3"), mark("9")], "12.00"),
        ([mark("13", coefficient="0.5"), mark("10")], "11.00"),
        ([mark("13", optional=True)], None),
        ([mark("13", bonus=True)], None),
        ([mark("13", optional=True), mark("15", bonus=True)], None),
        ([mark("13", optional=True), mark("9", coefficient="0")], None),
        ([mark("10"), mark("20", optional=True, coefficient="0")], "10.00"),
        ([mark("10"), mark("20", bonus=True, coefficient="0")], "10.00"),
        ([mark("10"), mark("20", bonus=True, coefficient="0.5")], "15.00"),
        ([mark("10"), mark("10", bonus=True)], "10.00"),
        ([mark("10"), mark("10", "10", bonus=True)], "15.00"),
        ([mark("10"), mark("10", "10", bonus=True, bring_to_20=True)], "20.00"),
        ([mark("19"), mark("20", bonus=True)], "20.00"),
        ([mark("10"), mark(Annotation.ABSENT_ZERO, bonus=True)], "10.00"),
        ([mark("10"), mark(Annotation.ABSENT_ZERO, optional=True)], "10.00"),
        ([mark("10"), mark("12", optional=True, bonus=True)], "12.00"),
        ([mark("10"), mark("12", optional=True), mark("12", bonus=True)], "12.00"),
    ],
)
def test_what_counts(marks: list[GivenMark], average: str | None) -> None:
    assert of(*marks) == average


def test_an_assessment_may_decide_against_its_service() -> None:
    tenth = mark("10", "10", bring_to_20=True), mark("10", "10", bring_to_20=False)

    assert of(mark("8"), tenth[0]) == of(mark("8"), tenth[0], bring_to_20=True) == "14.00"
    assert of(mark("8"), tenth[1]) == of(mark("8"), tenth[1], bring_to_20=True) == "12.00"


@pytest.mark.parametrize(
    ("values", "average"),
    [
        (["10.01", "4"], "10.01"),
        (["10"], None),
        (["10", "4"], None),
        (["12", "16", "10", "3"], "14.00"),
    ],
)
def test_only_marks_strictly_above_the_middle_may_be_asked_for(
    values: list[str], average: str | None
) -> None:
    marks = [mark(value) for value in values]

    assert of(*marks, only_above_middle=True) == average
    assert of(*marks, mark(Annotation.ABSENT_ZERO), only_above_middle=True) == average


@pytest.mark.parametrize(
    ("marks", "highest", "lowest", "average"),
    [
        ([mark("8"), mark("11"), mark("17")], "2", "1", "13.25"),
        ([mark("8"), mark("11"), mark("17")], "1", "2", "11.00"),
        ([mark("8"), mark("11"), mark("17")], "1", "0", "14.00"),
        ([mark("8"), mark("11"), mark("17")], "0", "0", "11.00"),
        ([mark("8"), mark("17")], "0", "0", "12.50"),
        ([mark("8"), mark("17")], "0", "1", "8.00"),
        ([mark("8")], "0", "0", "8.00"),
        ([mark("8")], "3", "0", "8.00"),
        ([mark("8"), mark("8")], "3", "0", "8.00"),
        ([mark("8"), mark("8"), mark("8", bonus=True)], "3", "0", "8.00"),
        ([mark("8"), mark("14"), mark("2", optional=True)], "1", "0", "14.00"),
        ([mark("8"), mark("14"), mark("20", optional=True)], "0", "1", "14.00"),
        ([mark("8"), mark("14"), mark("14", coefficient="3")], "0", "1", "11.00"),
        ([mark("8"), mark("8", coefficient="3"), mark("14")], "1", "0", "11.00"),
        ([mark("8"), mark("8", "10", bring_to_20=True), mark("12")], "2", "1", "13.00"),
    ],
)
def test_extreme_marks_have_their_own_weight(
    marks: list[GivenMark], highest: str, lowest: str, average: str
) -> None:
    weights = {"highest_weight": Decimal(highest), "lowest_weight": Decimal(lowest)}

    assert of(*marks, **weights) == of(*reversed(marks), **weights) == average


@pytest.mark.parametrize(
    ("taken", "points", "average"),
    [
        (True, "1.5", "14.50"),
        (True, "-1.5", "11.50"),
        (True, "20", "20.00"),
        (True, "-20", "0.00"),
        (False, "1.5", "13.00"),
    ],
)
def test_bonus_and_malus_are_added_when_the_service_says_so(
    taken: bool, points: str, average: str
) -> None:
    options = ServiceOptions(bonus_malus=taken)
    result = pupil_average([mark("13")], options, bonus_malus=Decimal(points))

    assert str(result) == average
    assert pupil_average([], options, bonus_malus=Decimal(points)) is None


def test_bonus_is_added_before_the_average_is_rounded() -> None:
    options = ServiceOptions(bonus_malus=True, pupil_rounding=Rounding(Decimal(1)))

    assert pupil_average([mark("12.4")], options, bonus_malus=Decimal("0.1")) == 13


@pytest.mark.parametrize(
    ("direction", "step", "exact", "rounded"),
    [
        ("nearest", "0.01", "12.344", "12.34"),
        ("nearest", "0.01", "12.345", "12.35"),
        ("nearest", "0.1", "12.25", "12.3"),
        ("nearest", "0.1", "12.2499", "12.2"),
        ("nearest", "0.5", "12.25", "12.5"),
        ("nearest", "0.5", "12.24", "12.0"),
        ("nearest", "1", "12.5", "13"),
        ("nearest", "1", "11.5", "12"),
        ("up", "0.01", "12.3401", "12.35"),
        ("up", "0.01", "12.34", "12.34"),
        ("up", "0.5", "12.01", "12.5"),
        ("up", "1", "12.01", "13"),
        ("down", "0.01", "12.3499", "12.34"),
        ("down", "0.1", "12.99", "12.9"),
        ("down", "0.5", "12.99", "12.5"),
        ("down", "1", "12.99", "12"),
    ],
)
def test_rounding_to_each_step_in_each_direction(
    direction: str, step: str, exact: str, rounded: str
) -> None:
    rounding = Rounding(Decimal(step), RoundingDirection(direction))

    assert str(rounding.of(Fraction(exact))) == rounded


@pytest.mark.parametrize("direction", RoundingDirection)
@pytest.mark.parametrize("step", [*ROUNDING_STEPS, Decimal("1.00"), Decimal("0.50")])
def test_a_rounding_is_read_as_it_was_written(
    step: Decimal, direction: RoundingDirection
) -> None:
    rounding = Rounding(step, direction)

    assert Rounding.read(rounding.written()) == rounding


def test_text_that_is_no_rounding_is_refused() -> None:
    assert Rounding().written() == "nearest-0.01"
    for text in ("", "nearest", "nearest-", "nearest-0.25", "sideways-1", "up-NaN", "up-1-1"):
        with pytest.raises(errors.BadRequest):
            Rounding.read(text)


def test_sub_services_count_by_their_averages_and_coefficients() -> None:
    written = SubService([mark("10"), mark("11")], Decimal(3))
    spoken = SubService([mark("18")], Decimal(1))

    assert service_average([], [written, spoken]) == Decimal("12.38")
    assert service_average([], [written]) == Decimal("10.5")
    assert service_average([mark("10")], []) == 10


def test_sub_services_count_as_they_are_shown() -> None:
    """10.4 is shown as 10; a pencil makes 14 of 10 and 18."""
    whole = ServiceOptions(pupil_rounding=Rounding(Decimal(1)))
    parts = [SubService([mark("10.4")], options=whole), SubService([mark("18")])]

    assert service_average([], parts) == 14


def test_a_sub_service_without_average_does_not_count() -> None:
    parts = [SubService([mark(Annotation.ABSENT)], Decimal(9)), SubService([mark("18")])]

    assert service_average([], parts) == 18
    assert service_average([], parts[:1]) is None
    assert service_average([], [SubService([mark("18")], Decimal(0))]) is None


def test_a_sub_service_may_be_on_another_scale() -> None:
    tenth = SubService([mark("8", "10")], options=ServiceOptions(out_of=10))

    assert service_average([], [tenth, SubService([mark("10")])]) == 13


def test_marks_beside_sub_services_are_one_more_of_them() -> None:
    assert service_average([mark("10")], [SubService([mark("18")], Decimal(3))]) == 16


def test_a_service_may_count_the_assessments_of_its_sub_services_together() -> None:
    options = ServiceOptions(sub_services=SubServiceUse.ASSESSMENTS, bonus_malus=True)
    parts = [SubService([mark("10"), mark("10")], Decimal(9)), SubService([mark("16")])]

    assert service_average([], parts, options) == 12
    assert service_average([mark("20")], parts, options) == 14
    assert service_average([], parts, options, bonus_malus=Decimal(-1)) == 11


def test_bonus_of_a_service_with_sub_services_is_given_once() -> None:
    options = ServiceOptions(bonus_malus=True)
    part = SubService([mark("10")], options=options)

    assert service_average([], [part, part], options, bonus_malus=Decimal(2)) == 12


def test_general_average_has_the_services_coefficients() -> None:
    services = [Part(Decimal(12), Decimal(4)), Part(Decimal(7)), Part(None, Decimal(9))]

    assert general_average(services) == 11
    assert general_average([*services, Part(Decimal(3), Decimal(0))]) == 11
    assert general_average([Part(Decimal(8), out_of=10), Part(Decimal(12))]) == 14
    assert general_average([Part(Decimal(8), out_of=10)], out_of=10) == 8
    assert general_average([Part(None)]) is None
    assert general_average([]) is None


def test_year_is_the_mean_of_its_periods() -> None:
    periods = [Part(Decimal("11.33")), Part(Decimal("12.67")), Part(None)]

    assert year_average(periods) == 12
    assert year_average(periods, rounding=Rounding(Decimal("0.5"))) == 12
    assert year_average([Part(Decimal(10), Decimal(2)), Part(Decimal(16))]) == 12


def test_class_average_is_the_mean_of_its_pupils() -> None:
    averages = [Decimal("12.5"), None, Decimal(8), Decimal(17), Decimal("9.01")]

    assert class_statistics(averages) == Statistics(
        4, Decimal("11.63"), Decimal(8), Decimal(17), Decimal("10.76")
    )
    assert class_statistics(averages[2:4]).median == Decimal("12.5")
    assert class_statistics([Decimal(3), Decimal(1), Decimal(20)]).median == 3
    assert class_statistics([None]) == Statistics(0, None, None, None, None)


def test_statistics_of_an_assessment_are_on_its_own_scale() -> None:
    values: list[Decimal | Annotation] = [Decimal(8), Decimal(5)]
    values += [Annotation.ABSENT, Annotation.ABSENT_ZERO]

    assert assessment_statistics(values) == Statistics(
        3, Decimal("4.33"), Decimal(0), Decimal(8), Decimal(5)
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: AssessmentOptions(scale=Decimal(0)),
        lambda: AssessmentOptions(coefficient=Decimal(-1)),
        lambda: AssessmentOptions(coefficient=Decimal("99.01")),
        lambda: AssessmentOptions(coefficient=Decimal("0.001")),
        lambda: AssessmentOptions(coefficient=Decimal("NaN")),
        lambda: ServiceOptions(out_of=0),
        lambda: ServiceOptions(out_of=101),
        lambda: ServiceOptions(highest_weight=Decimal(-1)),
        lambda: ServiceOptions(lowest_weight=Decimal("Infinity")),
        lambda: Rounding(Decimal("0.25")),
        lambda: Part(Decimal(1), Decimal("1e999999")),
        lambda: check_bonus_malus(Decimal("20.01"), 20),
        lambda: check_bonus_malus(Decimal("-10.01"), 10),
        lambda: check_bonus_malus(Decimal("0.001"), 20),
        lambda: check_bonus_malus(Decimal("NaN"), 20),
    ],
)
def test_impossible_options_are_refused(make: Any) -> None:
    with pytest.raises(errors.BadRequest):
        make()


hundredths = st.integers(0, 9900).map(lambda n: Decimal(n) / 100)
coefficients = st.sampled_from([Decimal(c) for c in ("0", "0.5", "1", "1", "2", "3.25", "99")])
roundings = st.builds(
    Rounding, st.sampled_from(ROUNDING_STEPS), st.sampled_from(RoundingDirection)
)
assessments = st.builds(
    AssessmentOptions,
    scale=st.sampled_from([Decimal(s) for s in ("20", "20", "10", "5", "40", "12.5", "100")]),
    coefficient=coefficients,
    optional=st.booleans(),
    bonus=st.booleans(),
    bring_to_20=st.sampled_from([None, None, True, False]),
)


@st.composite
def given_marks(draw: st.DrawFn) -> GivenMark:
    options = draw(assessments)
    value = st.integers(0, int(options.scale * 4)).map(lambda quarters: Decimal(quarters) / 4)
    return GivenMark(draw(value | st.sampled_from(Annotation)), options)


mark_lists = st.lists(given_marks(), max_size=9)
services = st.builds(
    ServiceOptions,
    out_of=st.sampled_from([20, 20, 10, 100]),
    bring_to_20=st.booleans(),
    only_above_middle=st.booleans(),
    highest_weight=coefficients,
    lowest_weight=coefficients,
    bonus_malus=st.booleans(),
    pupil_rounding=roundings,
)


def kind(given: GivenMark) -> str:
    return (
        "bonus"
        if given.assessment.bonus
        else "optional"
        if given.assessment.optional
        else "firm"
    )


def slow_average(
    marks: Sequence[GivenMark], options: ServiceOptions, points: Decimal
) -> Fraction | None:
    """
    The rules read another way: points over points that could be had, every choice of optional
    marks tried, every extreme found by comparing all with all.
    """
    zero = {Annotation.ABSENT_ZERO, Annotation.NOT_SUBMITTED_ZERO}
    rows: dict[str, list[tuple[Fraction, Fraction]]] = {"firm": [], "optional": [], "bonus": []}
    for one in marks:
        if isinstance(one.value, Annotation) and one.value not in zero:
            continue
        got = Fraction(0) if isinstance(one.value, Annotation) else Fraction(one.value)
        could = Fraction(one.assessment.scale)
        if one.assessment.coefficient == 0:
            continue
        if options.only_above_middle and not got > could / 2:
            continue
        brought = one.assessment.bring_to_20
        if brought or (brought is None and options.bring_to_20):
            got, could = got * options.out_of / could, Fraction(options.out_of)
        times = Fraction(one.assessment.coefficient)
        rows[kind(one)].append((got * times, could * times))
    firm = rows["firm"]
    if not firm:
        return None

    shares = [got / could for got, could in firm]
    if min(shares) < max(shares):
        top = max((could, n) for n, (_, could) in enumerate(firm) if shares[n] == max(shares))
        low = max((could, n) for n, (_, could) in enumerate(firm) if shares[n] == min(shares))
        factors = {top[1]: options.highest_weight, low[1]: options.lowest_weight}
        changed = [
            (
                got * Fraction(factors.get(n, Decimal(1))),
                could * Fraction(factors.get(n, Decimal(1))),
            )
            for n, (got, could) in enumerate(firm)
        ]
        if sum(could for _, could in changed):
            firm = changed
    extra = sum(
        (max(got - could / 2, Fraction(0)) for got, could in rows["bonus"]), Fraction(0)
    )
    best = (
        max(
            (extra + sum(got for got, _ in [*firm, *chosen]))
            / sum(could for _, could in [*firm, *chosen])
            for size in range(len(rows["optional"]) + 1)
            for chosen in itertools.combinations(rows["optional"], size)
        )
        * options.out_of
    )
    if options.bonus_malus:
        best += Fraction(points)
    return min(max(best, Fraction(0)), Fraction(options.out_of))


def test_the_slow_computation_holds_the_published_examples() -> None:
    assert slow_average(PUBLISHED, PLAIN, Decimal(0)) == 12
    assert slow_average(PUBLISHED, BROUGHT, Decimal(0)) == Fraction(26, 3)


@given(mark_lists, services, st.integers(-1000, 1000).map(lambda n: Decimal(n) / 100))
@example([mark("10"), mark("12", optional=True), mark("20", bonus=True)], PLAIN, Decimal(0))
def test_averages_equal_a_slow_independent_computation(
    marks: list[GivenMark], options: ServiceOptions, points: Decimal
) -> None:
    slow = slow_average(marks, options, points)
    average = pupil_average(marks, options, bonus_malus=points)

    assert average == (None if slow is None else options.pupil_rounding.of(slow))


@given(mark_lists, services)
def test_an_average_is_within_its_scale(
    marks: list[GivenMark], options: ServiceOptions
) -> None:
    average = pupil_average(marks, options)

    assert average is None or 0 <= average <= options.out_of


@given(mark_lists, services)
def test_a_mean_without_additions_is_between_its_marks(
    marks: list[GivenMark], options: ServiceOptions
) -> None:
    firm = [m for m in marks if kind(m) == "firm" and isinstance(m.value, Decimal)]
    average = pupil_average(firm, attrs.evolve(options, pupil_rounding=Rounding()))
    assume(average is not None)
    assert average is not None
    shares = [
        Decimal(m.value) / m.assessment.scale * options.out_of
        for m in firm
        if isinstance(m.value, Decimal) and m.assessment.coefficient
    ]

    assert min(shares) - Decimal("0.01") <= average <= max(shares) + Decimal("0.01")


@given(st.data(), mark_lists, services)
def test_the_order_of_marks_does_not_matter(
    data: st.DataObject, marks: list[GivenMark], options: ServiceOptions
) -> None:
    other = data.draw(st.permutations(marks))

    assert pupil_average(other, options) == pupil_average(marks, options)


@given(mark_lists, services, st.sampled_from([2, 3]))
def test_coefficients_count_by_their_ratios_only(
    marks: list[GivenMark], options: ServiceOptions, times: int
) -> None:
    assume(all(m.assessment.coefficient * times <= 99 for m in marks))
    scaled = [
        attrs.evolve(
            m,
            assessment=attrs.evolve(m.assessment, coefficient=m.assessment.coefficient * times),
        )
        for m in marks
    ]

    assert pupil_average(scaled, options) == pupil_average(marks, options)


@given(mark_lists, services, st.sampled_from([2, 4]))
def test_marks_brought_to_20_do_not_depend_on_their_scale(
    marks: list[GivenMark], options: ServiceOptions, times: int
) -> None:
    def on(given: GivenMark, factor: int) -> GivenMark:
        value = given.value
        return GivenMark(
            value if isinstance(value, Annotation) else value * factor,
            attrs.evolve(
                given.assessment, scale=given.assessment.scale * factor, bring_to_20=True
            ),
        )

    assert pupil_average([on(m, times) for m in marks], options) == pupil_average(
        [on(m, 1) for m in marks], options
    )


@given(mark_lists, services, given_marks(), st.booleans())
def test_neither_an_optional_mark_nor_a_bonus_lowers_an_average(
    marks: list[GivenMark], options: ServiceOptions, more: GivenMark, bonus: bool
) -> None:
    before = pupil_average(marks, options)
    extra = attrs.evolve(
        more, assessment=attrs.evolve(more.assessment, optional=True, bonus=bonus)
    )
    after = pupil_average([*marks, extra], options)

    assert (before is None) == (after is None)
    assert before is None or after is None or after >= before


@given(mark_lists, services, st.data())
def test_a_better_optional_or_bonus_mark_never_lowers_an_average(
    marks: list[GivenMark], options: ServiceOptions, data: st.DataObject
) -> None:
    """The real product once took those above the mean of the others: a better 0 cost points."""
    which = [
        n for n, m in enumerate(marks) if kind(m) != "firm" and isinstance(m.value, Decimal)
    ]
    assume(which)
    n = data.draw(st.sampled_from(which))
    scale, value = marks[n].assessment.scale, marks[n].value
    better = list(marks)
    better[n] = attrs.evolve(marks[n], value=scale - (scale - Decimal(str(value))) / 2)
    before, after = pupil_average(marks, options), pupil_average(better, options)

    assert before is None or (after is not None and after >= before)


@given(mark_lists, st.booleans(), st.data())
def test_a_better_mark_never_lowers_an_average_without_weighted_extremes(
    marks: list[GivenMark], brought: bool, data: st.DataObject
) -> None:
    which = [n for n, m in enumerate(marks) if isinstance(m.value, Decimal)]
    assume(which)
    n = data.draw(st.sampled_from(which))
    better = list(marks)
    better[n] = attrs.evolve(marks[n], value=marks[n].assessment.scale)
    options = ServiceOptions(bring_to_20=brought)
    before, after = pupil_average(marks, options), pupil_average(better, options)

    assert before is None or (after is not None and after >= before)


@given(st.fractions(0, 100), roundings)
def test_rounding_moves_by_less_than_a_step_and_where_it_should(
    exact: Fraction, rounding: Rounding
) -> None:
    rounded = Fraction(rounding.of(exact))
    step = Fraction(rounding.step)

    assert (rounded / step).denominator == 1
    match rounding.direction:
        case RoundingDirection.UP:
            assert exact <= rounded < exact + step
        case RoundingDirection.DOWN:
            assert exact - step < rounded <= exact
        case RoundingDirection.NEAREST:
            assert exact - step / 2 < rounded <= exact + step / 2
    assert rounding.of(rounded) == rounded


@given(st.lists(hundredths | st.none()), roundings)
def test_class_statistics_are_in_order(
    averages: list[Decimal | None], rounding: Rounding
) -> None:
    found = class_statistics(averages, rounding)
    known = [average for average in averages if average is not None]

    assert found.count == len(known)
    if known:
        assert (found.minimum, found.maximum) == (min(known), max(known))
        exact = sum(map(Fraction, known), Fraction(0)) / len(known)
        assert found.average == rounding.of(exact)
        assert found.median is not None
        assert sum(x <= found.median + rounding.step for x in known) * 2 >= len(known)
        assert sum(x >= found.median - rounding.step for x in known) * 2 >= len(known)
