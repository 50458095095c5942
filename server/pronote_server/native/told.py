"""
Which suspended addresses are still told why, and which only find a closed door.

A refusal with its cause, its end and its reference costs a task and, with TLS, a handshake.
Each address gets a few of those, then one a second; all of them together a bounded rate, so
that telling never becomes the attack. Everybody else is closed at accept.
"""

from __future__ import annotations

from typing import Final

import attrs

__all__ = ["Told"]

_BURST: Final = 10.0
_PER_SECOND: Final = 1.0
_BURST_ALL: Final = 100.0
_PER_SECOND_ALL: Final = 50.0
# A flood from more addresses than this is told nothing new until the sweep forgets some.
_MOST_ADDRESSES: Final = 4096


@attrs.define
class _Bucket:
    tokens: float
    at: float

    def take(self, now: float, burst: float, per_second: float) -> bool:
        self.tokens = min(burst, self.tokens + (now - self.at) * per_second)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@attrs.define(eq=False)
class Told:
    """A budget of explanations; transport time in seconds."""

    _all: _Bucket = attrs.field(factory=lambda: _Bucket(_BURST_ALL, 0.0), init=False)
    _each: dict[str, _Bucket] = attrs.field(factory=dict, init=False)

    def may_tell(self, prefix: str, now: float) -> bool:
        """Whether one more client of *prefix* is told at *now*; counts it if so."""
        bucket = self._each.get(prefix)
        if bucket is None:
            if len(self._each) >= _MOST_ADDRESSES:
                return False
            bucket = self._each[prefix] = _Bucket(_BURST, now)
        return bucket.take(now, _BURST, _PER_SECOND) and self._all.take(
            now, _BURST_ALL, _PER_SECOND_ALL
        )

    def sweep(self, now: float) -> None:
        """Forget the addresses whose budget is full again."""
        for prefix, bucket in list(self._each.items()):
            if now - bucket.at > _BURST / _PER_SECOND:
                del self._each[prefix]
