"""
What was measured, and what may be said of it.

Latency counts from the moment a call was **planned**; what a call waited because the
server, or we, were busy with an earlier one is part of it. Beside it stands the **naive**
service time, from the moment the session had its previous answer: what a generator
reports that asks only when it was answered, and which is blind to every pause but the
first call of it. Comparing the two shows what that blindness hides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import attrs
from hdrh.histogram import HdrHistogram

__all__ = ["PERCENTILES", "Histogram", "Measures", "Slo", "Validity", "seconds_from"]

PERCENTILES: Final[Mapping[str, float]] = {
    "p50": 50.0,
    "p90": 90.0,
    "p99": 99.0,
    "p99.9": 99.9,
}
_LONGEST_US: Final = 600_000_000
_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|ms|s|m|h)")

# Above these the generator measured itself (guide to honest figures).
MOST_LAG_SECONDS: Final = 0.010
MOST_CPU: Final = 0.85


def seconds_from(text: str) -> float:
    """
    Return the seconds in ``25ms``, ``30s`` or ``2m``.

    Raises:
        ValueError: It is no such duration; a unit is required.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected a duration like 25ms, 30s or 2m, got {text!r}")
    return float(match[1]) * _UNITS[match[2]]


class Histogram:
    """Durations in seconds, kept to a microsecond and three digits, up to ten minutes."""

    def __init__(self) -> None:
        self._kept = HdrHistogram(1, _LONGEST_US, 3)

    def __len__(self) -> int:
        return int(self._kept.get_total_count())

    def add(self, seconds: float) -> None:
        self._kept.record_value(min(max(1, round(seconds * 1e6)), _LONGEST_US))

    def at(self, percentile: float) -> float:
        """Return the value *percentile* percent are not above, or 0 when there is none."""
        return float(self._kept.get_value_at_percentile(percentile)) / 1e6 if len(self) else 0.0

    @property
    def max(self) -> float:
        return float(self._kept.get_max_value()) / 1e6 if len(self) else 0.0

    def summary(self) -> dict[str, Any]:
        """Return the percentiles in milliseconds, and all of it for later comparisons."""
        return {
            "count": len(self),
            **{name: round(self.at(p) * 1e3, 3) for name, p in PERCENTILES.items()},
            "max": round(self.max * 1e3, 3),
            "hdr": self._kept.encode().decode("ascii") if len(self) else None,
        }


@attrs.define
class Tally:
    """
    Figures of one kind of call, or of all.

    Attributes:
        latency: From the planned time to the answer, or to our giving up: a call that was
            not answered in time lasted *at least* that long, and must not vanish.
        naive: From the later of its leaving and the session's previous answer.
        errors: How many were not answered with a result, by code.
    """

    latency: Histogram = attrs.field(factory=Histogram)
    naive: Histogram = attrs.field(factory=Histogram)
    errors: Counter[str] = attrs.field(factory=Counter)


@attrs.define
class Second:
    """One second of the run, by planned time."""

    calls: int = 0
    errors: int = 0
    worst: float = 0.0


@attrs.define
class Measures:
    """
    Everything noted between the end of the warm-up and the last answer.

    Attributes:
        lag: From the planned time to our sending: our own lateness, nobody else's.
        slow_after: Calls that took longer than this are counted in ``slow`` and
            ``naive_slow``; seconds.
        until: When the last call ended.
    """

    slow_after: float = 0.45
    total: Tally = attrs.field(factory=Tally)
    by_call: dict[str, Tally] = attrs.field(factory=dict)
    lag: Histogram = attrs.field(factory=Histogram)
    seconds: dict[int, Second] = attrs.field(factory=dict)
    slow: int = 0
    naive_slow: int = 0
    until: float = 0.0

    def note(
        self,
        name: str,
        *,
        planned: float,
        sent: float,
        free_since: float,
        answered: float,
        error: str | None = None,
    ) -> None:
        """
        Note one call; times in seconds since the end of the warm-up.

        Args:
            free_since: When the session had its previous answer.
            error: Code of the refusal, or of what else went wrong. A refusal is fast and
                would flatter the figures: only results and ``timed_out`` count in them.
        """
        self.lag.add(sent - planned)
        self.until = max(self.until, answered)
        latency, naive = answered - planned, answered - max(sent, free_since)
        second = self.seconds.setdefault(int(planned), Second())
        second.calls += 1
        second.worst = max(second.worst, latency)
        second.errors += error is not None
        for tally in (self.total, self.by_call.setdefault(name, Tally())):
            if error is not None:
                tally.errors[error] += 1
            if error in (None, "timed_out"):
                tally.latency.add(latency)
                tally.naive.add(naive)
        self.slow += latency > self.slow_after
        self.naive_slow += naive > self.slow_after

    @property
    def calls(self) -> int:
        """How many calls ended, one way or the other."""
        return sum(second.calls for second in self.seconds.values())

    @property
    def errors(self) -> int:
        return self.total.errors.total()


@attrs.frozen
class Validity:
    """Whether the generator kept up with its own plan; if not, the figures are its own."""

    lag_p99: float
    cpu: float
    unsent: int = 0

    @property
    def reasons(self) -> list[str]:
        """Return why the run says nothing about the server; empty when it does."""
        found = [f"{self.unsent} planned calls were never sent"] if self.unsent else []
        if self.lag_p99 > MOST_LAG_SECONDS:
            found.append(
                f"the generator sent late: lag p99 {self.lag_p99 * 1e3:.1f} ms, "
                f"at most {MOST_LAG_SECONDS * 1e3:.0f} ms"
            )
        if self.cpu > MOST_CPU:
            found.append(
                f"the generator was busy: {self.cpu:.0%} of a core, at most {MOST_CPU:.0%}"
            )
        return found


@attrs.frozen
class Slo:
    """What the run must reach: bounds of percentiles in seconds, and of the error rate."""

    bounds: Mapping[str, float]

    @classmethod
    def parse(cls, text: str) -> Slo:
        """
        Return what ``p99=25ms,p999=100ms,max=1s,err=0.1%`` asks for.

        Raises:
            ValueError: It cannot be read.
        """
        bounds: dict[str, float] = {}
        for part in text.split(","):
            name, _, value = part.strip().partition("=")
            name = {"p999": "p99.9"}.get(name, name)
            if name == "err":
                percent = value.endswith("%")
                bounds[name] = float(value.rstrip("%")) / (100 if percent else 1)
            elif name in PERCENTILES or name == "max":
                bounds[name] = seconds_from(value)
            else:
                known = ", ".join([*PERCENTILES, "max", "err"])
                raise ValueError(f"there is no {name!r} to ask for; known: {known}")
        return cls(bounds)

    def missed(self, measures: Measures) -> list[str]:
        """Return a sentence for each bound that *measures* are over."""
        found = []
        for name, bound in self.bounds.items():
            if name == "err":
                rate = measures.errors / max(1, measures.calls)
                if rate > bound:
                    found.append(f"errors {rate:.3%}, at most {bound:.3%}")
                continue
            histogram = measures.total.latency
            value = histogram.max if name == "max" else histogram.at(PERCENTILES[name])
            # Nothing answered is no proof that answers are fast.
            if value > bound or not len(histogram):
                found.append(f"{name} {value * 1e3:.1f} ms, at most {bound * 1e3:g} ms")
        return found
