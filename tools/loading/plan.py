"""
What will be asked, when, and of whom: decided before the first call leaves.

An open model: arrivals do not wait for answers, as eight hundred people do not wait for
each other. The whole plan follows from its seed.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from pronote_protocol.catalogue import CATALOGUE, Call

__all__ = [
    "DEFAULT_MIX",
    "DRAWN",
    "Arrival",
    "Asking",
    "arrivals",
    "can_be_drawn",
    "mix_from",
    "moments",
    "plan",
]

# A morning: teachers look at their week, the offices at lists and other people's weeks.
DEFAULT_MIX: Final[Mapping[str, float]] = {
    "session.show": 20.0,
    "timetable.mine": 35.0,
    "resources.list": 20.0,
    "timetable.read": 20.0,
    "seats.show": 3.0,
    "base.show": 2.0,
}


# Whose parameters are drawn from what the school has.
DRAWN: Final = frozenset({"resources.list", "timetable.read", "timetable.mine"})


def can_be_drawn(call: Call[Any, Any]) -> bool:
    """Whether this tool knows parameters for *call*."""
    if call.name in DRAWN:
        return True
    try:
        call.params()
    except TypeError:
        return False
    return True


@attrs.frozen
class Asking:
    """
    One kind of call, ready to be made.

    Attributes:
        askers: Ranks of the sessions that may make it.
        params: Ready-made parameters, one of which is drawn for each call.
    """

    call: Call[Any, Any]
    weight: float
    askers: Sequence[int]
    params: Sequence[Any]


@attrs.frozen
class Arrival:
    """
    One planned call.

    Attributes:
        at: Seconds from the beginning of its phase.
        asker: Rank of the session that makes it.
    """

    at: float
    asker: int
    call: Call[Any, Any]
    params: Any


def mix_from(text: str) -> dict[str, float]:
    """
    Return the weights in ``session.show=20,seats.show=5``.

    Raises:
        ValueError: There is no such call, or a weight is no number above 0.
    """
    mix: dict[str, float] = {}
    for part in text.split(","):
        name, _, weight = part.strip().partition("=")
        if name not in CATALOGUE:
            raise ValueError(f"there is no call {name!r}")
        mix[name] = float(weight or 1)
        if not 0 < mix[name] < float("inf"):
            raise ValueError(f"{name}: a weight is more than 0, not {weight}")
    return mix


def arrivals(
    rate: float, seconds: float, draw: random.Random | None, *, to: float | None = None
) -> Iterator[float]:
    """
    Yield the moments of *seconds* at which something is due, *rate* a second.

    Args:
        draw: Poisson arrivals, from this; None = as even as the rate.
        to: The rate at the end, reached evenly.
    """
    # Arrivals of rate 1 are stretched, so that any rate has the same draws.
    slope = ((rate if to is None else to) - rate) / seconds
    number = 0.0 if draw is None else draw.expovariate(1.0)
    while (at := _when(number, rate, slope)) < seconds:
        yield at
        number += 1.0 if draw is None else draw.expovariate(1.0)


def _when(number: float, rate: float, slope: float) -> float:
    """Return when so many are expected to have come: rate * t + slope * t**2 / 2 = number."""
    if abs(slope) < 1e-12:
        return number / rate
    under = rate * rate + 2 * slope * number
    if under < 0:
        return math.inf  # it falls to nothing before
    # The other form of the root loses its digits where the slope is small.
    return 2 * number / (rate + math.sqrt(under)) if number else 0.0


def moments(
    rate: float, seconds: float, *, to: float | None, constant: bool, seed: str
) -> list[float]:
    """Return when something is due in a phase; the same for the same arguments."""
    # Apart from what is asked, so that another mix of calls comes at the same moments.
    gaps = None if constant else random.Random(f"arrivals {seed}")
    return list(arrivals(rate, seconds, gaps, to=to))


def plan(askings: Sequence[Asking], when: Sequence[float], seed: str) -> list[Arrival]:
    """Return every call of a load, in order; the same for the same arguments."""
    draw = random.Random(f"load {seed}")
    chosen = list(askings)
    bounds = list(itertools.accumulate(asking.weight for asking in chosen))
    made: list[Arrival] = []
    for at in when:
        (asking,) = draw.choices(chosen, cum_weights=bounds)
        made.append(
            Arrival(at, draw.choice(asking.askers), asking.call, draw.choice(asking.params))
        )
    return made
