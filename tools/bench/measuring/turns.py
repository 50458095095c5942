"""Contenders taking turns: short slices, in random order, round after round."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median

import attrs

from bench.plan import Bench

__all__ = ["Sample", "busiest", "take_turns"]


@attrs.frozen(kw_only=True)
class Sample:
    """
    One turn of one contender.

    Attributes:
        units: What was done: calls, logins, connections.
        cpu: Processor seconds of the contender's process.
        wall: Seconds.
        generator: Processor seconds of ours.
    """

    units: int
    cpu: float
    wall: float
    generator: float

    @property
    def us(self) -> float:
        """Processor microseconds per unit."""
        return self.cpu / self.units * 1e6

    @property
    def rate(self) -> float:
        """Units per second."""
        return self.units / self.wall

    @property
    def generator_load(self) -> float:
        """Of one core."""
        return self.generator / self.wall


def take_turns(
    bench: Bench, contenders: Mapping[str, Callable[[], Sample]]
) -> dict[str, list[Sample]]:
    """Return what each contender did in each round; one round before them warms up."""
    samples: dict[str, list[Sample]] = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(bench.plan.rounds + 1):
        bench.draw.shuffle(names)
        for name in names:
            sample = contenders[name]()
            if number:
                samples[name].append(sample)
    return samples


def busiest(samples: Mapping[str, list[Sample]], *names: str) -> dict[str, float]:
    """Return how busy the generator was, in the middle round, with each of *names*."""
    return {name: median(each.generator_load for each in samples[name]) for name in names}
