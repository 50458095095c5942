"""What a figure is: ours and theirs, round by round, and how far we want to get."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from statistics import median, quantiles
from typing import Any, Final

import attrs

from bench.measuring.turns import Sample, busiest

__all__ = ["Compared", "Row", "details", "saturated"]

# Above this the generator measures itself.
_MOST_GENERATOR: Final = 0.85


class Compared(enum.Enum):
    """What the judged value is made of, round by round."""

    RATIO = "ours / reference"
    DIFFERENCE = "ours - reference"
    ALONE = "ours"


def saturated(samples: Mapping[str, list[Sample]], *names: str) -> tuple[str, ...]:
    """Return why the turns of *names* are invalid: a generator that could not keep up."""
    return tuple(
        f"the generator used {load:.0%} of its core with {name}, at most {_MOST_GENERATOR:.0%}"
        for name, load in busiest(samples, *names).items()
        if load > _MOST_GENERATOR
    )


def details(samples: Mapping[str, list[Sample]], *names: str) -> dict[str, Any]:
    """Return what else the turns of *names* tell, for the JSON."""
    return {
        name: {
            "rates": [round(each.rate, 1) for each in samples[name]],
            "units": sum(each.units for each in samples[name]),
            "generator_load": [round(each.generator_load, 3) for each in samples[name]],
        }
        for name in names
    }


@attrs.frozen(kw_only=True)
class Row:
    """
    One line of the table.

    Attributes:
        number: Of the figure in the README's table; 0: for information, no target.
        name: What ``--only`` calls it.
        unit: Of ``ours`` and ``theirs``.
        ours, theirs: One value per round.
        reach, aim: Of the judged value; None: nothing to reach.
        invalid: Why nothing may be concluded.
        details: More, for the JSON.
        plots: Names of the plots of the page that belong to it, with their data.
    """

    number: int
    name: str
    what: str
    reference: str
    unit: str
    ours: Sequence[float]
    theirs: Sequence[float] = ()
    compared: Compared = Compared.RATIO
    higher_is_better: bool = False
    reach: float | None = None
    aim: float | None = None
    invalid: tuple[str, ...] = ()
    note: str = ""
    details: Mapping[str, Any] = attrs.field(factory=dict)
    plots: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def values(self) -> list[float]:
        """The judged value of each round."""
        if self.compared is Compared.ALONE:
            return list(self.ours)
        pairs = zip(self.ours, self.theirs, strict=True)
        if self.compared is Compared.RATIO:
            return [ours / theirs for ours, theirs in pairs]
        return [ours - theirs for ours, theirs in pairs]

    @property
    def value(self) -> float:
        return median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """The middle half of the rounds."""
        values = self.values
        if len(values) < 3:
            return min(values), max(values)
        low, _, high = quantiles(values, n=4, method="inclusive")
        return low, high

    @property
    def verdict(self) -> str:
        if self.invalid:
            return "INVALID"
        if self.reach is None:
            return ""
        sign = -1 if self.higher_is_better else 1
        for bound, word in ((self.aim, "aim"), (self.reach, "reached")):
            if bound is not None and sign * self.value <= sign * bound:
                return word
        return "missed"

    def as_json(self) -> dict[str, Any]:
        low, high = self.spread
        return {
            "number": self.number,
            "name": self.name,
            "what": self.what,
            "reference": self.reference,
            "unit": self.unit,
            "ours": list(self.ours),
            "theirs": list(self.theirs),
            "compared": self.compared.value,
            "value": self.value,
            "spread": [low, high],
            "higher_is_better": self.higher_is_better,
            "reach": self.reach,
            "aim": self.aim,
            "verdict": self.verdict,
            "invalid_because": list(self.invalid),
            "note": self.note,
            "details": dict(self.details),
            "plots": dict(self.plots),
        }
