"""
Averages (*moyennes*): of a pupil in a service, of a class, general, of a period or a year.

The product's help pages give four worked examples (bring to 20 or not, optional as a bonus,
optional as a mark); the tests hold them. Everything else is decided here:

1.  Numbers are exact until the end: fractions, never floats. Each average is then rounded once,
    and an average of averages is made from the rounded ones, *as they are shown*, so that
    anybody can check a report with a pencil.
2.  Rounding goes to a step of 0.01, 0.1, 0.5 or 1: to the nearest (the upper one from the
    middle), up, or down. Pupils and class have each their own.
3.  A mark weighs its coefficient, multiplied by scale / 20 unless the assessment is brought to
    20; where an assessment does not say so itself, the service does. So 18/20, 2/10 and 1/5
    make 8.67 brought to 20, and 12 otherwise. (20 stands for the scale of the service's
    averages, `out_of`.)
4.  An excluded annotation counts as if the pupil had not been asked; the two with a star count
    as 0. An empty cell counts for nothing.
5.  A coefficient of 0 takes a mark out of every sum, also as a bonus.
6.  No average is None, never 0: of a pupil whose marks are all excluded, of weight 0, or
    optional. A None is left out of every average above it.
7.  A *bonus* assessment adds its points above the middle of its scale, weighted as in 3, and
    weighs nothing itself: 12, 16 and a bonus of 17 make (12 + 16 + 7) / 2 = 17.5. It cannot
    lower.
8.  An *optional* assessment counts where it raises the pupil's average, strictly. They are
    tried from the best (brought to 20) to the worst, against the average with those already
    taken; the first that does not raise it ends the trying. For weighted means this gives the
    highest average any choice among them could give, so that neither one more optional mark
    nor a better one ever lowers it. Equal marks need no order: they are taken all or none.
9.  Bonus and optional at once is a bonus: it never lowers already. Bonuses are added before
    optional marks are tried.
10. Optional and bonus marks add to an average, they do not make one: alone they give None.
11. *Only above the middle*: marks not strictly above half their scale are left out, zeros of
    annotations too.
12. *Weight of the highest and of the lowest mark*: the coefficient of one mark each is
    multiplied by it, the highest and the lowest brought to 20 among those that are neither
    optional nor bonus and are left after 11. Among equals it is the one that weighs most.
    Where all are equal there is no highest and no lowest, and where nothing would be left,
    nothing is changed.
13. *Bonus/malus*: points given to the pupil for the service, added to the average before it is
    rounded when the service takes them into account. They do not make an average either.
14. An average stays between 0 and `out_of`, whatever is added.
15. *Sub-services*: the service's average is that of the sub-services' averages with their
    coefficients (marks put on the service itself are one more, of coefficient 1), or, when so
    set, that of all assessments under the service's own options. Bonus/malus is the service's.
16. The class average is the mean of its pupils' averages, not of its marks; minimum, maximum
    and median are of the same averages. The median of an even number is halfway between the
    middle two.
17. The general average of a period is the mean of the services' averages, brought to a common
    scale, with their coefficients in that period. That of the year, of a service as well as
    general, is the mean of the periods' averages; a period weighs 1 unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

import attrs

from .average_options import (
    USUAL_ASSESSMENT,
    USUAL_ROUNDING,
    USUAL_SERVICE,
    AssessmentOptions,
    Rounding,
    ServiceOptions,
    SubServiceUse,
    check_weight,
)
from .marks import MarkValue, points_of

__all__ = [
    "GivenMark",
    "Part",
    "Statistics",
    "SubService",
    "assessment_statistics",
    "class_statistics",
    "general_average",
    "pupil_average",
    "service_average",
    "year_average",
]

_ONE: Final = Decimal(1)


@attrs.frozen
class GivenMark:
    """One cell: what a pupil was given, and how the assessment counts."""

    value: MarkValue
    assessment: AssessmentOptions = USUAL_ASSESSMENT


@attrs.frozen
class Part:
    """An average among those of which another is made; None counts for nothing."""

    average: Decimal | None
    coefficient: Decimal = _ONE
    out_of: int = 20

    def __attrs_post_init__(self) -> None:
        check_weight("Coefficient", "Coefficient", self.coefficient)


@attrs.frozen
class SubService:
    """A part of a service with its own marks of the pupil and its own options."""

    marks: Sequence[GivenMark]
    coefficient: Decimal = _ONE
    options: ServiceOptions = USUAL_SERVICE


@attrs.frozen
class Statistics:
    """Of the averages that exist; all None when there is none."""

    count: int
    average: Decimal | None
    minimum: Decimal | None
    maximum: Decimal | None
    median: Decimal | None


def pupil_average(
    marks: Iterable[GivenMark],
    options: ServiceOptions = USUAL_SERVICE,
    *,
    bonus_malus: Decimal = Decimal(0),
) -> Decimal | None:
    """Return the average of one pupil's marks in one service and period."""
    sums = _Sums.of(marks, options)
    return None if sums is None else _shown(sums.mean(), options, bonus_malus)


def service_average(
    marks: Sequence[GivenMark],
    sub_services: Sequence[SubService],
    options: ServiceOptions = USUAL_SERVICE,
    *,
    bonus_malus: Decimal = Decimal(0),
) -> Decimal | None:
    """Return the average of one pupil in a service that may have sub-services (rule 15)."""
    if not sub_services or options.sub_services is SubServiceUse.ASSESSMENTS:
        every = [*marks, *(mark for sub in sub_services for mark in sub.marks)]
        return pupil_average(every, options, bonus_malus=bonus_malus)
    parts = [
        Part(pupil_average(sub.marks, sub.options), sub.coefficient, sub.options.out_of)
        for sub in sub_services
    ]
    if marks:
        parts.append(Part(pupil_average(marks, options), _ONE, options.out_of))
    mean = _mean(parts, options.out_of)
    return None if mean is None else _shown(mean, options, bonus_malus)


def general_average(
    services: Iterable[Part], *, out_of: int = 20, rounding: Rounding = USUAL_ROUNDING
) -> Decimal | None:
    """Return the general average of one pupil, or of a class, over its services."""
    mean = _mean(services, out_of)
    return None if mean is None else rounding.of(mean)


def year_average(
    periods: Iterable[Part], *, out_of: int = 20, rounding: Rounding = USUAL_ROUNDING
) -> Decimal | None:
    """Return the average of the year, of a service or general, over its periods."""
    return general_average(periods, out_of=out_of, rounding=rounding)


def class_statistics(
    averages: Iterable[Decimal | None], rounding: Rounding = USUAL_ROUNDING
) -> Statistics:
    """Return the class average and its extent, from the pupils' averages (rule 16)."""
    known = sorted(average for average in averages if average is not None)
    if not known:
        return Statistics(0, None, None, None, None)
    middle = len(known) // 2
    around = known[middle : middle + 1] if len(known) % 2 else known[middle - 1 : middle + 1]
    return Statistics(
        len(known),
        rounding.of(sum(map(Fraction, known), Fraction()) / len(known)),
        known[0],
        known[-1],
        rounding.of(sum(map(Fraction, around), Fraction()) / len(around)),
    )


def assessment_statistics(
    values: Iterable[MarkValue], rounding: Rounding = USUAL_ROUNDING
) -> Statistics:
    """Return the same of the marks of one assessment, on its own scale (rule 4)."""
    return class_statistics(map(points_of, values), rounding)


@attrs.frozen
class _Counted:
    """A mark brought to `out_of`, and what it weighs there."""

    value: Fraction
    weight: Fraction


@attrs.frozen
class _Sums:
    """A weighted mean under way."""

    total: Fraction
    weight: Fraction

    @classmethod
    def of(cls, marks: Iterable[GivenMark], options: ServiceOptions) -> _Sums | None:
        """Return the sums of what counts, or None when it makes no average (rule 10)."""
        middle = Fraction(options.out_of, 2)
        firm: list[_Counted] = []
        optional: list[_Counted] = []
        bonus = Fraction()
        for mark in marks:
            counted = _counted(mark, options)
            if counted is None or (options.only_above_middle and counted.value <= middle):
                continue
            if mark.assessment.bonus:
                bonus += max(counted.value - middle, Fraction()) * counted.weight
            elif mark.assessment.optional:
                optional.append(counted)
            else:
                firm.append(counted)
        if not firm:
            return None
        firm = _with_extremes_weighted(firm, options)
        sums = cls(
            sum((c.value * c.weight for c in firm), bonus),
            sum((c.weight for c in firm), Fraction()),
        )
        for counted in sorted(optional, key=lambda c: c.value, reverse=True):
            if counted.value <= sums.mean():
                break
            sums = sums.plus(counted)
        return sums

    def plus(self, counted: _Counted) -> _Sums:
        return _Sums(self.total + counted.value * counted.weight, self.weight + counted.weight)

    def mean(self) -> Fraction:
        return self.total / self.weight


def _counted(mark: GivenMark, options: ServiceOptions) -> _Counted | None:
    assessment = mark.assessment
    points = points_of(mark.value)
    if points is None or not assessment.coefficient:
        return None
    ratio = Fraction(assessment.scale) / options.out_of
    brought = assessment.bring_to_20
    weight = Fraction(assessment.coefficient)
    if not (options.bring_to_20 if brought is None else brought):
        weight *= ratio
    return _Counted(Fraction(points) / ratio, weight)


def _with_extremes_weighted(counted: list[_Counted], options: ServiceOptions) -> list[_Counted]:
    """Rule 12; *counted* is not empty and weighs something."""
    if options.highest_weight == options.lowest_weight == 1:
        return counted
    highest = max(counted, key=lambda c: (c.value, c.weight))
    lowest = min(counted, key=lambda c: (c.value, -c.weight))
    if highest.value == lowest.value:
        return counted
    weighted = [
        *_without_one(_without_one(counted, highest), lowest),
        attrs.evolve(highest, weight=highest.weight * Fraction(options.highest_weight)),
        attrs.evolve(lowest, weight=lowest.weight * Fraction(options.lowest_weight)),
    ]
    return weighted if any(c.weight for c in weighted) else counted


def _without_one(counted: list[_Counted], one: _Counted) -> list[_Counted]:
    rest = list(counted)
    rest.remove(one)
    return rest


def _mean(parts: Iterable[Part], out_of: int) -> Fraction | None:
    total = weight = Fraction()
    for part in parts:
        if part.average is not None:
            coefficient = Fraction(part.coefficient)
            total += Fraction(part.average) * coefficient * out_of / part.out_of
            weight += coefficient
    return total / weight if weight else None


def _shown(mean: Fraction, options: ServiceOptions, bonus_malus: Decimal) -> Decimal:
    if options.bonus_malus:
        mean += Fraction(bonus_malus)
    return options.pupil_rounding.of(min(max(mean, Fraction()), Fraction(options.out_of)))
