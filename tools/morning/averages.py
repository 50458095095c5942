"""
Averages, computed a second time from the written rules, by somebody who has not seen the first.

Nothing here comes from the server's domain: it would prove nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from pronote_protocol.catalogue.assessments import AssessmentRow
from pronote_protocol.catalogue.services import RoundingRow, ServiceShown
from pronote_protocol.words import Annotation, RoundingDirection

__all__ = ["mean_of", "median_of", "pupil_average", "rounded"]

_ZEROS = (Annotation.ABSENT_ZERO, Annotation.NOT_SUBMITTED_ZERO)


def rounded(exact: Fraction, to: RoundingRow) -> Decimal:
    """Return *exact* as it is shown."""
    step = Fraction(to.step)
    count = exact / step
    if to.direction is RoundingDirection.UP:
        whole = math.ceil(count)
    elif to.direction is RoundingDirection.DOWN:
        whole = math.floor(count)
    else:
        whole = math.floor(count + Fraction(1, 2))
    return whole * to.step


def pupil_average(
    service: ServiceShown,
    assessments: Sequence[AssessmentRow],
    values: Sequence[Decimal | None],
    annotations: Sequence[Annotation | None],
) -> Decimal | None:
    """Return the average of one row of a grid, out of 20; None where there is none."""
    counted: list[tuple[Fraction, Fraction]] = []
    optional: list[tuple[Fraction, Fraction]] = []
    extra = Fraction()
    for given, value, annotation in zip(assessments, values, annotations, strict=True):
        points = Fraction(0) if annotation in _ZEROS else None
        if value is not None:
            points = Fraction(value)
        if points is None or not given.coefficient:
            continue
        out_of_20 = points * 20 / Fraction(given.scale)
        weight = Fraction(given.coefficient)
        if not (given.bring_to_20 or service.bring_to_20):
            weight *= Fraction(given.scale) / 20
        if service.above_average_only and out_of_20 <= 10:
            continue
        if given.bonus:
            extra += max(out_of_20 - 10, Fraction(0)) * weight
        elif given.optional:
            optional.append((out_of_20, weight))
        else:
            counted.append((out_of_20, weight))
    if not counted:
        return None
    counted = _extremes(service, counted)
    optional.sort(reverse=True)
    # The highest mean that any number of the best optional marks gives.
    best = max(
        _mean([*counted, *optional[:taken]], extra) for taken in range(len(optional) + 1)
    )
    return rounded(min(max(best, Fraction(0)), Fraction(20)), service.rounding_pupil)


def _mean(marks: Iterable[tuple[Fraction, Fraction]], extra: Fraction) -> Fraction:
    marks = list(marks)
    return (sum((v * w for v, w in marks), extra)) / sum((w for _, w in marks), Fraction())


def _extremes(
    service: ServiceShown, marks: list[tuple[Fraction, Fraction]]
) -> list[tuple[Fraction, Fraction]]:
    """Weigh one highest and one lowest mark as the service says, if they differ."""
    marks = sorted(marks)
    top = max(value for value, _ in marks)
    low = min(value for value, _ in marks)
    if top == low:
        return marks
    best = max(mark for mark in marks if mark[0] == top)
    worst = max(mark for mark in marks if mark[0] == low)
    rest = list(marks)
    rest.remove(best)
    rest.remove(worst)
    rest += [
        (top, best[1] * Fraction(service.highest_weight)),
        (low, worst[1] * Fraction(service.lowest_weight)),
    ]
    return rest if any(weight for _, weight in rest) else marks


def mean_of(averages: Iterable[Decimal | None], to: RoundingRow) -> Decimal | None:
    """Return the mean of those that exist."""
    known = [Fraction(each) for each in averages if each is not None]
    return rounded(sum(known, Fraction()) / len(known), to) if known else None


def median_of(averages: Iterable[Decimal | None], to: RoundingRow) -> Decimal | None:
    """Return the middle of those that exist."""
    known = sorted(Fraction(each) for each in averages if each is not None)
    if not known:
        return None
    return rounded((known[(len(known) - 1) // 2] + known[len(known) // 2]) / 2, to)
