"""
Marks (*notes*): what may stand in a pupil's cell of an assessment, and how it is typed.

A value is a number of points on the assessment's scale, or one of eight annotations. Those
whose numbers are published are excluded from averages (absent, exempt, not graded, unfit, not
submitted) or count as zero (absent and not submitted, marked with a star). Nothing is
published about the eighth, *Félicitations*: ours is excluded, because it praises a work that
was not measured.

Of the letters, A, N, I, Z and W are those of the product's English build. D, R and F are ours,
for French hands (*Dispensé*, *non Rendu*, *Félicitations*); E and S are the English build's
for the first two, and are understood too. What is shown (*Abs*, *Disp* ...) can be typed as
well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

from pronote_protocol import errors
from pronote_protocol.words import Annotation

from .search import fold

__all__ = [
    "COUNTED_AS_ZERO",
    "EXCLUDED",
    "LABELS",
    "LARGEST_SCALE",
    "Annotation",
    "AnnotationLabel",
    "MarkValue",
    "annotation_number",
    "annotation_of",
    "check_scale",
    "checked_value",
    "has_two_decimals",
    "parse_mark",
    "points_of",
    "written",
]

MarkValue: TypeAlias = Decimal | Annotation

COUNTED_AS_ZERO: Final = frozenset({Annotation.ABSENT_ZERO, Annotation.NOT_SUBMITTED_ZERO})
EXCLUDED: Final = frozenset(Annotation) - COUNTED_AS_ZERO

# Three figures is what a cell shows; the oldest guide known to us stops at 99.
LARGEST_SCALE: Final = Decimal(999)

_ORDER: Final = tuple(Annotation)
_HUNDREDTH: Final = Decimal("0.01")
_NUMBER: Final = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,2}))?")


@attrs.frozen
class AnnotationLabel:
    """
    How an annotation reads and is typed.

    Attributes:
        shown: The short form of a table's cell, in French.
        letters: What is typed, the first one shown in help.
    """

    shown: str
    letters: tuple[str, ...]
    fr: str
    en: str


LABELS: Final[Mapping[Annotation, AnnotationLabel]] = MappingProxyType(
    {
        Annotation.ABSENT: AnnotationLabel("Abs", ("A",), "Absent", "Absent"),
        Annotation.EXEMPT: AnnotationLabel("Disp", ("D", "E"), "Dispensé", "Exempt"),
        Annotation.NOT_GRADED: AnnotationLabel("N.Not", ("N",), "Non noté", "Not graded"),
        Annotation.UNFIT: AnnotationLabel("Inap", ("I",), "Inapte", "Unfit"),
        Annotation.NOT_SUBMITTED: AnnotationLabel(
            "N.Rdu", ("R", "S"), "Non rendu", "Not submitted"
        ),
        Annotation.ABSENT_ZERO: AnnotationLabel(
            "Abs*", ("Z",), "Absent, compte zéro", "Absent, counts as zero"
        ),
        Annotation.NOT_SUBMITTED_ZERO: AnnotationLabel(
            "N.Rdu*", ("W",), "Non rendu, compte zéro", "Not submitted, counts as zero"
        ),
        Annotation.CONGRATULATIONS: AnnotationLabel(
            "Fél", ("F",), "Félicitations", "Congratulations"
        ),
    }
)

_TYPED: Final[Mapping[str, Annotation]] = MappingProxyType(
    {
        fold(text): annotation
        for annotation, label in LABELS.items()
        for text in (label.shown, *label.letters)
    }
)


def annotation_number(annotation: Annotation) -> int:
    """Return the number the real product's web clients know it by, from 1."""
    return _ORDER.index(annotation) + 1


def annotation_of(number: int) -> Annotation:
    """
    Return the annotation of a number.

    Raises:
        BadRequest: There are numbers 1 to 8.
    """
    if not 1 <= number <= len(_ORDER):
        raise errors.BadRequest(
            "Il n'y a pas d'annotation {number}.",
            "There is no annotation {number}.",
            number=number,
        )
    return _ORDER[number - 1]


def check_scale(scale: Decimal) -> None:
    """
    Refuse a scale (*barème*) no assessment can have.

    Raises:
        BadRequest: It is not within 1 to 999, or has more than two decimals.
    """
    if not has_two_decimals(scale) or not 1 <= scale <= LARGEST_SCALE:
        raise errors.BadRequest(
            "Le barème va de 1 à 999, avec deux décimales au plus.",
            "A scale goes from 1 to 999, with two decimals at most.",
            scale=str(scale),
        )


def checked_value(value: MarkValue, scale: Decimal) -> MarkValue:
    """
    Return *value* in its one written form (12.5 and 12.50 are the same mark).

    Raises:
        BadRequest: It is not within 0 to *scale*, or has more than two decimals.
    """
    if isinstance(value, Annotation):
        return value
    if not has_two_decimals(value) or not 0 <= value <= scale:
        raise errors.BadRequest(
            "La note {value} n'est pas entre 0 et {scale}, avec deux décimales au plus.",
            "The mark {value} is not within 0 to {scale}, with two decimals at most.",
            value=str(value),
            scale=str(scale),
        )
    return abs(value).quantize(_HUNDREDTH)


def parse_mark(text: str, scale: Decimal) -> MarkValue | None:
    """
    Return what a person typed into a cell; None when it was emptied.

    Decimals follow a comma or a point. Letters may be small.

    Raises:
        BadRequest: It is neither a number within the scale nor an annotation.
    """
    typed = text.strip()
    if not typed:
        return None
    if annotation := _TYPED.get(fold(typed)):
        return annotation
    if (number := _NUMBER.fullmatch(typed)) is None:
        raise errors.BadRequest(
            "« {typed} » n'est ni une note ni une annotation.",
            '"{typed}" is neither a mark nor an annotation.',
            typed=typed[:20],
        )
    return checked_value(Decimal(f"{number[1]}.{number[2] or 0}"), scale)


def written(value: MarkValue) -> str:
    """Return *value* as a French cell shows it, such as ``12,5`` or ``Abs*``."""
    if isinstance(value, Annotation):
        return LABELS[value].shown
    return f"{value.quantize(_HUNDREDTH)}".rstrip("0").rstrip(".").replace(".", ",")


def points_of(value: MarkValue) -> Decimal | None:
    """Return the points that count in an average; None when nothing does."""
    if isinstance(value, Annotation):
        return Decimal(0) if value in COUNTED_AS_ZERO else None
    return value


def has_two_decimals(value: Decimal) -> bool:
    """Tell whether *value* is a number of hundredths; a huge or undefined one is not."""
    if not value.is_finite() or abs(value.adjusted()) > 6:
        return value.is_zero() and value.is_finite()
    return value == value.quantize(_HUNDREDTH)
