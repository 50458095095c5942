"""
How long something took a thread, whatever other processes did meanwhile.

On a crowded machine a thread can stand still for twenty milliseconds because its core is lent
to somebody else; that says nothing of what it was doing. Linux counts for each thread how long
it was ready and waited for a core; what is left of the time is its own: it worked, or waited
for a disk, a lock, another thread. Where nobody counts it, all time is its own.
"""

from __future__ import annotations

import os
import time
from typing import Final

__all__ = ["OwnTime"]

# Of the thread that opens it: nanoseconds it ran, nanoseconds it waited, slices it was given.
_SCHEDULE: Final = "/proc/thread-self/schedstat"


class OwnTime:
    """A clock of the one thread that reads it, in seconds; `close` it."""

    def __init__(self) -> None:
        self._descriptor: int | None = None
        self._counted = True

    def __call__(self) -> float:
        now = time.perf_counter()
        if not self._counted:
            return now
        try:
            if self._descriptor is None:
                self._descriptor = os.open(_SCHEDULE, os.O_RDONLY)
            return now - int(os.pread(self._descriptor, 64, 0).split()[1]) * 1e-9
        except (OSError, LookupError, ValueError):  # not Linux, or not told
            self._counted = False
            return now

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self._counted = False
