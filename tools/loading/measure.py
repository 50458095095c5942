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

__all__ = [
    "GIVEN_UP",
    "PERCENTILES",
    "Histogram",
    "Measures",
    "Slo",
    "Tally",
    "Validity",
    "bytes_from",
    "seconds_from",
]

# Code of what had not ended when its phase did, grace included.
GIVEN_UP: Final = "given_up"
# Codes of what lasted at least so long; refusals are fast and would flatter the figures.
_LASTED: Final = frozenset({None, "timed_out", GIVEN_UP})

PERCENTILES: Final[Mapping[str, float]] = {
    "p50": 50.0,
    "p90": 90.0,
    "p99": 99.0,
    "p99.9": 99.9,
}
_LONGEST_US: Final = 600_000_000
_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_SIZES: Final = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_SIZE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(B|KiB|MiB|GiB)")
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


def bytes_from(text: str) -> float:
    """
    Return the bytes in ``64KiB``.

    Raises:
        ValueError: It is no such size; a unit is required.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected a size like 64KiB or 2MiB, got {text!r}")
    return float(match[1]) * _SIZES[match[2]]


class Histogram:
    """Durations in seconds, kept to a microsecond and three digits, up to ten minutes."""

    def __init__(self) -> None:
        self._kept = HdrHistogram(1, _LONGEST_US, 3)

    def __len__(self) -> int:
        return int(self._kept.get_total_count())

    def add(self, seconds: float) -> None:
        self._kept.record_value(min(max(1, round(seconds * 1e6)), _LONGEST_US))

    def take(self, other: Histogram) -> None:
        """Add all that *other* has."""
        self._kept.add(other._kept)

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
    Figures of one kind of call, or of several.

    Attributes:
        latency: From the planned time to the answer, or to our giving up: a call that was
            not answered in time lasted *at least* that long, and must not vanish.
        naive: From the later of its leaving and the session's previous answer.
        errors: How many were not answered with a result, by code.
        calls: How many ended, one way or the other.
        whole: Whether it is an errand, whose calls have figures of their own.
    """

    latency: Histogram = attrs.field(factory=Histogram)
    naive: Histogram = attrs.field(factory=Histogram)
    errors: Counter[str] = attrs.field(factory=Counter)
    calls: int = 0
    whole: bool = False

    def note(self, latency: float, naive: float, error: str | None) -> None:
        """Note one; only what lasted so long, answered or not, is in the histograms."""
        self.calls += 1
        if error is not None:
            self.errors[error] += 1
        if error in _LASTED:
            self.latency.add(latency)
            self.naive.add(naive)

    @property
    def answered(self) -> int:
        """How many were answered with a result."""
        return self.calls - self.errors.total()

    def take(self, other: Tally) -> None:
        """Add all that *other* has."""
        self.latency.take(other.latency)
        self.naive.take(other.naive)
        self.errors.update(other.errors)
        self.calls += other.calls


@attrs.define
class Second:
    """One second of the run, by planned time."""

    calls: int = 0
    errors: int = 0
    worst: float = 0.0


@attrs.define
class Measures:
    """
    Everything noted of what was planned in one phase, or in several.

    Attributes:
        lag: From the planned time to our sending: our own lateness, nobody else's.
        tallies: By the people who asked, and the call.
        slow_after: Calls that took longer than this are counted in ``slow`` and
            ``naive_slow``; seconds.
        until: When the last call ended.
        endings: Sessions that ended without having been asked to, by people and code.
    """

    slow_after: float = 0.45
    tallies: dict[tuple[str, str], Tally] = attrs.field(factory=dict)
    lag: Histogram = attrs.field(factory=Histogram)
    seconds: dict[int, Second] = attrs.field(factory=dict)
    slow: int = 0
    naive_slow: int = 0
    until: float = 0.0
    endings: Counter[tuple[str, str]] = attrs.field(factory=Counter)

    def note(
        self,
        name: str,
        *,
        planned: float,
        sent: float | None,
        free_since: float,
        answered: float,
        error: str | None = None,
        people: str = "",
        whole: bool = False,
    ) -> None:
        """
        Note one call; times in seconds since the beginning of the phase.

        Args:
            sent: None when it was not planned, so that we cannot have been late.
            free_since: When the session had its previous answer.
            whole: An errand as a whole; what it asked is noted besides, and only that is
                in the totals.
            error: Code of the refusal, or of what else went wrong. A refusal is fast and
                would flatter the figures: only results, and what was not answered in time,
                count in them.
        """
        latency = answered - planned
        naive = answered - (free_since if sent is None else max(sent, free_since))
        if sent is not None and not whole:
            self.lag.add(sent - planned)
        tally = self.tallies.setdefault((people, name), Tally(whole=whole))
        tally.note(latency, naive, error)
        if whole:
            return
        self.until = max(self.until, answered)
        second = self.seconds.setdefault(int(planned), Second())
        second.calls += 1
        second.worst = max(second.worst, latency)
        second.errors += error is not None
        self.slow += latency > self.slow_after
        self.naive_slow += naive > self.slow_after

    def of(self, *, people: str | None = None, call: str | None = None) -> Tally:
        """
        Return the figures of these *people* and this *call* together; None = all.

        Errands as a whole have to be named.
        """
        found = Tally()
        for (who, what), tally in self.tallies.items():
            if people in (None, who) and (what == call or (call is None and not tally.whole)):
                found.take(tally)
        return found

    def take(self, other: Measures, *, begins: float) -> None:
        """Add all that *other* has, whose phase began at *begins* of ours."""
        for key, tally in other.tallies.items():
            self.tallies.setdefault(key, Tally(whole=tally.whole)).take(tally)
        self.lag.take(other.lag)
        for number, second in other.seconds.items():
            # A hair before a second is rounding.
            mine = self.seconds.setdefault(int(begins + number + 1e-6), Second())
            mine.calls += second.calls
            mine.errors += second.errors
            mine.worst = max(mine.worst, second.worst)
        self.slow += other.slow
        self.naive_slow += other.naive_slow
        self.until = max(self.until, begins + other.until)
        self.endings.update(other.endings)

    @property
    def total(self) -> Tally:
        """All calls together; made anew each time."""
        return self.of()

    @property
    def by_call(self) -> dict[str, Tally]:
        """The figures of each call, whoever made it."""
        names = {call for (_, call), tally in self.tallies.items() if not tally.whole}
        return {call: self.of(call=call) for call in sorted(names)}

    @property
    def calls(self) -> int:
        """How many calls ended, one way or the other."""
        return sum(each.calls for each in self.tallies.values() if not each.whole)

    @property
    def errors(self) -> int:
        return sum(each.errors.total() for each in self.tallies.values() if not each.whole)


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
    """
    What the run must reach.

    Attributes:
        bounds: Percentiles and ``max`` in seconds, ``err`` a rate, ``calls`` at least,
            ``memory`` in bytes of the server for each session.
    """

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
            elif name == "calls":
                bounds[name] = float(int(value))
            elif name == "memory":
                bounds[name] = bytes_from(value)
            elif name in PERCENTILES or name == "max":
                bounds[name] = seconds_from(value)
            else:
                known = ", ".join([*PERCENTILES, "max", "err", "calls", "memory"])
                raise ValueError(f"there is no {name!r} to ask for; known: {known}")
            if not 0 <= bounds[name] < float("inf"):
                raise ValueError(f"{name}: expected 0 or more, got {value}")
        return cls(bounds)

    def missed(self, tally: Tally, memory: float | None = None) -> list[str]:
        """
        Return a sentence for each bound that *tally* is over.

        Args:
            memory: Of the server, in bytes for each session; None = not known.
        """
        found = []
        for name, bound in self.bounds.items():
            if name == "err":
                rate = tally.errors.total() / max(1, tally.calls)
                if rate > bound:
                    found.append(f"errors {rate:.3%}, at most {bound:.3%}")
            elif name == "calls":
                if tally.answered < bound:
                    found.append(f"{tally.answered} answers, at least {bound:.0f}")
            elif name == "memory":
                if memory is None:
                    found.append("memory: the server's is not known")
                elif memory > bound:
                    sizes = f"{memory / 1024:.1f} KiB a session, at most {bound / 1024:.1f}"
                    found.append(f"memory {sizes} KiB")
            else:
                value = (
                    tally.latency.max if name == "max" else tally.latency.at(PERCENTILES[name])
                )
                # Nothing answered is no proof that answers are fast.
                if value > bound or not len(tally.latency):
                    found.append(f"{name} {value * 1e3:.1f} ms, at most {bound * 1e3:g} ms")
        return found
