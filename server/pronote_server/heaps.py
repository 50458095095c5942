"""
Keeping the C library from giving each thread a heap of its own.

glibc makes up to eight for each processor, so that threads which allocate at once do not
wait for each other. Each keeps for itself what was given back in it: under the fuzzer, with ten
threads, 44 of 80 MiB after 200 000 frames, and growing by some MiB still (23 of 59 with two
heaps). Most of our allocations are made under Python's own lock, one at a time; two heaps are
enough for SQLite beside it. No slower: measured, in `tools/bench/PROFILE.md`.

Another C library (musl, macOS) keeps none for each thread, and has no such setting.
"""

from __future__ import annotations

import ctypes
import os
from typing import Final

__all__ = ["share_heaps"]

_HEAPS: Final = 2
# mallopt(3)
_M_ARENA_MAX: Final = -8
# By these the operator has said it already.
_SAID_BY: Final = ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")


def share_heaps() -> bool:
    """
    Have all threads that are started from now on share two heaps; before the first of them.

    Returns:
        Whether the C library took it; it need not.
    """
    if any(name in os.environ for name in _SAID_BY) or not _is_glibc():
        return False
    return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _HEAPS))


def _is_glibc() -> bool:
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (AttributeError, OSError, ValueError):
        return False
