"""
Keeping the garbage collector from holding every client up.

A full collection walks everything that is alive, in one go: 100 ms once a school has been at
work for a minute, for statements, readers of records and accounts that were made meanwhile
and stay. What was alive before the start is frozen when the server is ready; here, whatever
survives a collection that took long is frozen too, so that the next ones walk only what is new.

What is frozen and becomes garbage in a cycle later is never found again. That is bounded: so
many times at most, and what is not in a cycle goes as always.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import attrs

__all__ = ["freezing_what_stays"]

_LONG_SECONDS: Final = 0.02
# What a server makes and keeps while it warms up is made within as many.
_MOST_TIMES: Final = 8


@attrs.define(eq=False)
class _Watcher:
    long_seconds: float
    most: int
    began: float = 0.0
    times: int = 0

    def hear(self, phase: str, info: Mapping[str, Any]) -> None:
        """Be told of each collection, in whichever thread made it."""
        if info["generation"] != 2 or self.times >= self.most:
            return
        if phase == "start":
            self.began = time.perf_counter()
        elif time.perf_counter() - self.began > self.long_seconds:
            self.times += 1
            gc.freeze()


@contextmanager
def freezing_what_stays(
    *, long_seconds: float = _LONG_SECONDS, most: int = _MOST_TIMES
) -> Iterator[None]:
    """Freeze what survives a full collection longer than that, so many times at most."""
    watcher = _Watcher(long_seconds, most)
    gc.callbacks.append(watcher.hear)
    try:
        yield
    finally:
        gc.callbacks.remove(watcher.hear)
