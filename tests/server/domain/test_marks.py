"""Marks: what a cell may hold, and what fingers type into it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pronote_protocol import errors
from pronote_server.domain.marks import (
    COUNTED_AS_ZERO,
    EXCLUDED,
    LABELS,
    Annotation,
    annotation_number,
    annotation_of,
    check_scale,
    checked_value,
    parse_mark,
    points_of,
    written,
)

TWENTY = Decimal(20)


def test_annotations_have_the_published_order() -> None:
    names = ["absent", "exempt", "not-graded", "unfit", "not-submitted"]
    names += ["absent-zero", "not-submitted-zero", "congratulations"]

    assert [annotation.value for annotation in Annotation] == names
    assert [annotation_number(annotation) for annotation in Annotation] == list(range(1, 9))
    assert [annotation_of(number) for number in range(1, 9)] == list(Annotation)


@pytest.mark.parametrize("number", [-1, 0, 9])
def test_there_is_no_ninth_annotation(number: int) -> None:
    with pytest.raises(errors.BadRequest):
        annotation_of(number)


def test_an_annotation_counts_as_zero_or_not_at_all() -> None:
    assert {Annotation.ABSENT_ZERO, Annotation.NOT_SUBMITTED_ZERO} == COUNTED_AS_ZERO
    assert {a for a in Annotation if points_of(a) is None} == EXCLUDED
    assert {points_of(a) for a in COUNTED_AS_ZERO} == {Decimal(0)}
    assert points_of(Decimal("12.5")) == Decimal("12.5")


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("12,5", Decimal("12.5")),
        ("12.5", Decimal("12.5")),
        (" 12 ", Decimal(12)),
        ("012", Decimal(12)),
        ("0", Decimal(0)),
        ("20", Decimal(20)),
        ("7,25", Decimal("7.25")),
        ("A", Annotation.ABSENT),
        ("abs", Annotation.ABSENT),
        ("Abs*", Annotation.ABSENT_ZERO),
        ("z", Annotation.ABSENT_ZERO),
        ("D", Annotation.EXEMPT),
        ("E", Annotation.EXEMPT),
        ("Disp", Annotation.EXEMPT),
        ("n", Annotation.NOT_GRADED),
        ("I", Annotation.UNFIT),
        ("R", Annotation.NOT_SUBMITTED),
        ("S", Annotation.NOT_SUBMITTED),
        ("n.rdu*", Annotation.NOT_SUBMITTED_ZERO),
        ("W", Annotation.NOT_SUBMITTED_ZERO),
        ("fél", Annotation.CONGRATULATIONS),
        ("FEL", Annotation.CONGRATULATIONS),
        ("", None),
        ("  ", None),
    ],
)
def test_what_is_typed_is_understood(typed: str, value: Decimal | Annotation | None) -> None:
    assert parse_mark(typed, TWENTY) == value


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "20,01",
            "21",
            "-1",
            "+1",
            "12,555",
            "12,",
            ",5",
            "1e1",
            "nan",
            "inf",
            "12/20",
            "1 2",
        ),
        *("X", "A*", "*", "1.2.3", "1_0", "9" * 5000, "A" * 5000),
        *("\N{VULGAR FRACTION ONE HALF}", "1\N{SUPERSCRIPT TWO}", "\N{ARABIC-INDIC DIGIT TWO}"),
    ],
)
def test_anything_else_is_refused(typed: str) -> None:
    with pytest.raises(errors.BadRequest):
        parse_mark(typed, TWENTY)


def test_a_refusal_quotes_what_was_typed_and_not_too_much_of_it() -> None:
    with pytest.raises(errors.BadRequest) as refused:
        parse_mark("{scale}" + "x" * 100, TWENTY)

    assert refused.value.fr == "« {scale}xxxxxxxxxxxxx » n'est ni une note ni une annotation."


def test_letters_mean_one_thing_each() -> None:
    """Otherwise which one wins would depend on the order of a table."""
    texts = [t.casefold() for x in LABELS.values() for t in (x.shown, *x.letters)]

    assert set(LABELS) == set(Annotation)
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize(
    "value",
    ["-0.01", "20.01", "12.345", "NaN", "sNaN", "Infinity", "1e999999", "1e-999999", "1e7"],
)
def test_a_value_out_of_the_scale_is_refused(value: str) -> None:
    with pytest.raises(errors.BadRequest):
        checked_value(Decimal(value), TWENTY)


@pytest.mark.parametrize("value", ["12.5", "12.50", "12.5000", "125e-1"])
def test_a_value_has_one_written_form(value: str) -> None:
    assert str(checked_value(Decimal(value), TWENTY)) == "12.50"


def test_zero_has_no_sign() -> None:
    assert str(checked_value(Decimal("-0"), TWENTY)) == "0.00"
    assert str(checked_value(Decimal("0e99999"), TWENTY)) == "0.00"


@pytest.mark.parametrize("scale", ["1", "5", "10", "20", "12.5", "100", "999"])
def test_usual_scales_are_taken(scale: str) -> None:
    check_scale(Decimal(scale))


@pytest.mark.parametrize("scale", ["0", "0.99", "-20", "999.01", "20.001", "NaN", "Infinity"])
def test_impossible_scales_are_refused(scale: str) -> None:
    with pytest.raises(errors.BadRequest):
        check_scale(Decimal(scale))


@given(
    st.sampled_from(Annotation)
    | st.integers(0, 2000).map(lambda hundredths: Decimal(hundredths) / 100)
)
@example(Decimal(20))
@example(Decimal(10))
def test_what_is_written_is_read_back(value: Decimal | Annotation) -> None:
    assert parse_mark(written(value), TWENTY) == value


@given(st.text(max_size=8))
def test_no_text_is_an_internal_error(text: str) -> None:
    try:
        value = parse_mark(text, TWENTY)
    except errors.BadRequest:
        return
    assert value is None or isinstance(value, Annotation) or 0 <= value <= 20
