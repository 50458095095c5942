"""
What can be set for an average: of an assessment, of a service, and how averages are rounded.

The rules they belong to are written in :mod:`pronote_server.domain.averages`.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

import attrs

from pronote_protocol import errors
from pronote_protocol.words import RoundingDirection, SubServiceUse

from .marks import check_scale, has_two_decimals

__all__ = [
    "LARGEST_COEFFICIENT",
    "LARGEST_OUT_OF",
    "ROUNDING_STEPS",
    "USUAL_ASSESSMENT",
    "USUAL_ROUNDING",
    "USUAL_SERVICE",
    "AssessmentOptions",
    "Rounding",
    "RoundingDirection",
    "ServiceOptions",
    "SubServiceUse",
    "check_bonus_malus",
    "check_weight",
]

ROUNDING_STEPS: Final = (Decimal("0.01"), Decimal("0.1"), Decimal("0.5"), Decimal(1))

# As the product's own guides have it.
LARGEST_COEFFICIENT: Final = Decimal(99)
LARGEST_OUT_OF: Final = 100

_DIRECTIONS: Final = {direction.value: direction for direction in RoundingDirection}


def check_weight(name_fr: str, name_en: str, weight: Decimal) -> None:
    """
    Refuse an impossible coefficient.

    Raises:
        BadRequest: It is not within 0 to 99, or has more than two decimals.
    """
    if not has_two_decimals(weight) or not 0 <= weight <= LARGEST_COEFFICIENT:
        raise errors.BadRequest(
            f"{name_fr} : de 0 à 99, avec deux décimales au plus.",
            f"{name_en}: from 0 to 99, with two decimals at most.",
            value=str(weight),
        )


def check_bonus_malus(points: Decimal, out_of: int) -> None:
    """
    Refuse points no service can add or take away (rule 13 of `averages`).

    Raises:
        BadRequest: They are not within *out_of* either way, or have more than two decimals.
    """
    if not has_two_decimals(points) or abs(points) > out_of:
        raise errors.BadRequest(
            "Bonus ou malus : de -{out_of} à {out_of}, avec deux décimales au plus.",
            "Bonus or malus: from -{out_of} to {out_of}, with two decimals at most.",
            value=str(points),
            out_of=out_of,
        )


@attrs.frozen
class Rounding:
    """
    How an average is shown: rule 2 of `averages`.

    Raises:
        BadRequest: There is no such step.
    """

    step: Decimal = ROUNDING_STEPS[0]
    direction: RoundingDirection = RoundingDirection.NEAREST

    def __attrs_post_init__(self) -> None:
        if self.step not in ROUNDING_STEPS:
            raise errors.BadRequest(
                "On arrondit à 0,01, 0,1, 0,5 ou 1.",
                "Rounding is to 0.01, 0.1, 0.5 or 1.",
                step=str(self.step),
            )

    @classmethod
    def read(cls, text: str) -> Rounding:
        """
        Return the rounding that :meth:`written` wrote.

        Raises:
            BadRequest: It is none.
        """
        direction, _, step = text.partition("-")
        for known in ROUNDING_STEPS:
            if step == str(known) and direction in _DIRECTIONS:
                return cls(known, _DIRECTIONS[direction])
        raise errors.BadRequest(
            "Arrondi inconnu : {rounding}.",
            "Unknown rounding: {rounding}.",
            rounding=text[:20],
        )

    def written(self) -> str:
        """Return it as text for a column or a setting, such as ``nearest-0.01``."""
        return f"{self.direction.value}-{self.step.normalize():f}"

    def of(self, exact: Fraction) -> Decimal:
        """Return the average that is shown for an *exact* one."""
        steps = exact / Fraction(self.step)
        match self.direction:
            case RoundingDirection.NEAREST:
                whole = (2 * steps + 1) // 2
            case RoundingDirection.UP:
                whole = -(-steps // 1)
            case RoundingDirection.DOWN:
                whole = steps // 1
        return whole * self.step


USUAL_ROUNDING: Final = Rounding()


@attrs.frozen(kw_only=True)
class AssessmentOptions:
    """
    How an assessment (*devoir*) counts.

    Args:
        optional: Counts only where it raises the average.
        bonus: Only points above the middle of the scale count; wins over *optional*.
        bring_to_20: None leaves it to the service.

    Raises:
        BadRequest: The scale or the coefficient is impossible.
    """

    scale: Decimal = Decimal(20)
    coefficient: Decimal = Decimal(1)
    optional: bool = False
    bonus: bool = False
    bring_to_20: bool | None = None

    def __attrs_post_init__(self) -> None:
        check_scale(self.scale)
        check_weight("Coefficient", "Coefficient", self.coefficient)


@attrs.frozen(kw_only=True)
class ServiceOptions:
    """
    How the averages of a service are made, for one period.

    Args:
        out_of: The scale of its averages.
        bonus_malus: Whether those given to pupils are taken into account.

    Raises:
        BadRequest: A number is impossible.
    """

    out_of: int = 20
    bring_to_20: bool = False
    only_above_middle: bool = False
    highest_weight: Decimal = Decimal(1)
    lowest_weight: Decimal = Decimal(1)
    bonus_malus: bool = False
    sub_services: SubServiceUse = SubServiceUse.AVERAGES
    pupil_rounding: Rounding = USUAL_ROUNDING
    class_rounding: Rounding = USUAL_ROUNDING

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.out_of <= LARGEST_OUT_OF:
            raise errors.BadRequest(
                "Une moyenne est sur 1 à 100.",
                "An average is out of 1 to 100.",
                out_of=self.out_of,
            )
        check_weight(
            "Poids de la note la plus haute",
            "Weight of the highest mark",
            self.highest_weight,
        )
        check_weight(
            "Poids de la note la plus basse",
            "Weight of the lowest mark",
            self.lowest_weight,
        )


USUAL_ASSESSMENT: Final = AssessmentOptions()
USUAL_SERVICE: Final = ServiceOptions()
