"""
Competencies: from the levels of a pupil's skills to a position 1 to 4, and to a mark.

Published (help pages *automatic positioning*, *grade of an evaluation*): the points 50, 40, 25
and 10, those of the intermediate levels 33 and 18; results with a coefficient of 0 are ignored;
four modes, the second of which takes, among results of one date, the best first; more than 45
points is 4, between 33 and 45 is 3, between 18 and 33 is 2, less than 18 is 1. Decided here:

1. Both words *more than* and *less than* are taken strictly: 45 is still 3, and 18 is 2. The 33
   that two intervals share belongs to the upper one, as 18 does.
2. A level that says why nothing was seen (absent, exempt, not evaluated, not submitted) is
   ignored, as if the skill had not been evaluated. No result left gives None, never 1.
3. In the first three modes each result weighs the same, since the page divides by the number of
   evaluations; a coefficient only says 0 or not.
4. In the progressive mode the results weigh 1, 2, 3 ... from the oldest, and the sum is divided
   by those weights: by the number alone, two results could make 75 points of 50. Among results
   of one date the best comes last, in the pupil's favour as in the second mode.
5. A mark is the share of the points that could be had, each weighted by its coefficient, on the
   scale of the assessment, rounded to the nearest whole point, the upper one from the middle.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final

import attrs

from pronote_protocol.words import Level, PositioningMode

from .average_options import Rounding, check_weight

__all__ = [
    "INTERMEDIATE",
    "LABELS",
    "LARGEST_POINTS",
    "POINTS",
    "Level",
    "LevelLabel",
    "PositioningMode",
    "SkillResult",
    "mark_from_levels",
    "position_of_points",
    "positioning",
    "positioning_points",
]

POINTS: Final[Mapping[Level, int]] = MappingProxyType(
    {
        Level.VERY_GOOD: 50,
        Level.SATISFACTORY: 40,
        Level.ALMOST_SATISFACTORY: 33,
        Level.FRAGILE: 25,
        Level.BEGINNING: 18,
        Level.INSUFFICIENT: 10,
    }
)
LARGEST_POINTS: Final = max(POINTS.values())

# Offered only by schools that want finer levels.
INTERMEDIATE: Final = frozenset({Level.ALMOST_SATISFACTORY, Level.BEGINNING})

_TAKEN: Final = 5
_WHOLE: Final = Rounding(Decimal(1))


@attrs.frozen
class LevelLabel:
    """How a level reads, and its short form in a table."""

    shown: str
    fr: str
    en: str


LABELS: Final[Mapping[Level, LevelLabel]] = MappingProxyType(
    {
        Level.VERY_GOOD: LevelLabel("A+", "Très bonne maîtrise", "Very good mastery"),
        Level.SATISFACTORY: LevelLabel("A", "Maîtrise satisfaisante", "Satisfactory mastery"),
        Level.ALMOST_SATISFACTORY: LevelLabel("B", "Presque maîtrisé", "Almost mastered"),
        Level.FRAGILE: LevelLabel("C", "Maîtrise fragile", "Fragile mastery"),
        Level.BEGINNING: LevelLabel("D", "Début de maîtrise", "Beginning of mastery"),
        Level.INSUFFICIENT: LevelLabel("E", "Maîtrise insuffisante", "Insufficient mastery"),
        Level.ABSENT: LevelLabel("Abs", "Absent", "Absent"),
        Level.EXEMPT: LevelLabel("Disp", "Dispensé", "Exempt"),
        Level.NOT_EVALUATED: LevelLabel("N.Éval", "Non évalué", "Not evaluated"),
        Level.NOT_SUBMITTED: LevelLabel("N.Rdu", "Non rendu", "Not submitted"),
    }
)


@attrs.frozen
class SkillResult:
    """
    One level a pupil reached in one evaluation.

    Raises:
        BadRequest: The coefficient is impossible.
    """

    on: datetime.date
    level: Level
    coefficient: Decimal = Decimal(1)

    def __attrs_post_init__(self) -> None:
        check_weight("Coefficient", "Coefficient", self.coefficient)

    @property
    def points(self) -> int | None:
        """None when it does not count."""
        return POINTS.get(self.level) if self.coefficient else None


def positioning_points(
    results: Iterable[SkillResult], mode: PositioningMode = PositioningMode.ALL
) -> Fraction | None:
    """Return the exact mean of points, 10 to 50; None when nothing counts."""
    counted = [(result.on, points) for result in results if (points := result.points)]
    match mode:
        case PositioningMode.LAST_FIVE:
            counted = sorted(counted, reverse=True)[:_TAKEN]
        case PositioningMode.BEST_FIVE:
            counted = sorted(counted, key=lambda c: c[1], reverse=True)[:_TAKEN]
        case PositioningMode.ALL | PositioningMode.PROGRESSIVE:
            counted.sort()
    if not counted:
        return None
    progressive = mode is PositioningMode.PROGRESSIVE
    weights = [n if progressive else 1 for n in range(1, len(counted) + 1)]
    total = sum(points * n for (_, points), n in zip(counted, weights, strict=True))
    return Fraction(total, sum(weights))


def position_of_points(points: Fraction) -> int:
    """Return the position, 4 the best, of a mean of points."""
    if points > 45:
        return 4
    return 3 if points >= 33 else 2 if points >= 18 else 1


def positioning(
    results: Iterable[SkillResult], mode: PositioningMode = PositioningMode.ALL
) -> int | None:
    """Return the position of a pupil, 1 to 4; None when nothing counts."""
    points = positioning_points(results, mode)
    return None if points is None else position_of_points(points)


def mark_from_levels(
    results: Iterable[SkillResult], scale: Decimal = Decimal(20)
) -> Decimal | None:
    """Return the mark of one evaluation on *scale* (rule 5); None when nothing counts."""
    got = could = Fraction()
    for result in results:
        if points := result.points:
            got += points * Fraction(result.coefficient)
            could += LARGEST_POINTS * Fraction(result.coefficient)
    return min(_WHOLE.of(got / could * Fraction(scale)), scale) if could else None
