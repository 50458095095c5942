"""
What will be asked, when, and of whom: decided before the first call leaves.

An open model: arrivals do not wait for answers, as eight hundred people do not wait for
each other. The whole plan follows from its seed.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from pronote_protocol.catalogue import CATALOGUE, Call

__all__ = ["DEFAULT_MIX", "Arrival", "Errand", "arrivals", "mix_from", "plan"]

# A morning: teachers look at their week, the offices at lists and other people's weeks.
DEFAULT_MIX: Final[Mapping[str, float]] = {
    "session.show": 20.0,
    "timetable.mine": 35.0,
    "resources.list": 20.0,
    "timetable.read": 20.0,
    "seats.show": 3.0,
    "base.show": 2.0,
}


@attrs.frozen
class Errand:
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
        at: Seconds from the beginning of the run, the warm-up included.
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


def arrivals(rate: float, seconds: float, draw: random.Random | None) -> Iterator[float]:
    """
    Yield the moments of *seconds* at which a call is due, *rate* a second.

    Args:
        draw: Poisson arrivals, from this; None = one every 1/rate seconds.
    """
    if draw is None:
        yield from itertools.takewhile(
            lambda at: at < seconds, (number / rate for number in itertools.count())
        )
        return
    at = draw.expovariate(rate)
    while at < seconds:
        yield at
        at += draw.expovariate(rate)


def plan(
    errands: Sequence[Errand], *, rate: float, seconds: float, constant: bool, seed: int
) -> list[Arrival]:
    """Return every call of a run, in order; the same for the same arguments."""
    draw = random.Random(f"load {seed}")
    # Apart, so that another mix of calls comes at the same moments.
    gaps = None if constant else random.Random(f"arrivals {seed}")
    chosen = list(errands)
    bounds = list(itertools.accumulate(errand.weight for errand in chosen))
    made: list[Arrival] = []
    for at in arrivals(rate, seconds, gaps):
        (errand,) = draw.choices(chosen, cum_weights=bounds)
        made.append(
            Arrival(at, draw.choice(errand.askers), errand.call, draw.choice(errand.params))
        )
    return made
