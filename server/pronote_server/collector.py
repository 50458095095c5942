"""
Keeping the garbage collector from holding every client up.

A full collection walks everything that is alive, in one go: 100 ms once a school has been at
work for a minute, for statements, readers of records, accounts and addresses that were seen
and stay. What was alive before the start is frozen when the server is ready; here, whatever
survives a collection that took long is frozen too, so that the next ones walk only what is
new.

What is frozen and becomes garbage in a cycle later is not found any more (what is in no cycle
goes as always). So it is not done for ever: eight times at once, then once in thirty seconds,
and every thirty-second time everything is walked, which is as long as it would be without all
this, once in a quarter of an hour at most and hardly ever in a day of school.

Younger collections come after five thousand objects instead of seven hundred, and fewer of them
lead to a full one: clients come and go in rings of objects that are soon dead, and a login
costs a tenth less for it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import attrs

__all__ = ["freezing_what_stays"]

_LONG_SECONDS: Final = 0.02
# What a server makes and keeps while it warms up is made within as many.
_AT_ONCE: Final = 8
_ONE_MORE_SECONDS: Final = 30.0
_TIMES_TO_A_THAW: Final = 32
_THRESHOLDS: Final = (5_000, 20, 10)


@attrs.define(eq=False)
class _Watcher:
    long_seconds: float
    clock: Callable[[], float]
    thawed_after: int
    allowed: float = float(_AT_ONCE)
    allowed_at: float = 0.0
    frozen: int = 0
    began: float = 0.0

    def hear(self, phase: str, info: Mapping[str, Any]) -> None:
        """Be told of each collection, in whichever thread made it."""
        if info["generation"] != 2:
            return
        now = self.clock()
        if phase == "start":
            if self.frozen >= self.thawed_after:
                self.frozen = 0
                gc.unfreeze()
            self.began = now
        elif now - self.began > self.long_seconds and self._may_freeze(now):
            self.frozen += 1
            gc.freeze()

    def _may_freeze(self, now: float) -> bool:
        earned = (now - self.allowed_at) / _ONE_MORE_SECONDS
        self.allowed, self.allowed_at = min(_AT_ONCE, self.allowed + earned), now
        if self.allowed < 1:
            return False
        self.allowed -= 1
        return True


@contextmanager
def freezing_what_stays(
    *,
    long_seconds: float = _LONG_SECONDS,
    clock: Callable[[], float] = time.perf_counter,
    thawed_after: int = _TIMES_TO_A_THAW,
) -> Iterator[None]:
    """Collect seldom, and freeze what survives a full collection of over *long_seconds*."""
    usual = gc.get_threshold()
    gc.set_threshold(*_THRESHOLDS)
    watcher = _Watcher(long_seconds, clock, thawed_after)
    gc.callbacks.append(watcher.hear)
    try:
        yield
    finally:
        gc.callbacks.remove(watcher.hear)
        gc.set_threshold(*usual)
