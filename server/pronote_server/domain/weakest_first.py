"""Which entries of a full table to let go, without ever looking through the table."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

__all__ = ["WeakestFirst"]

K = TypeVar("K")


class WeakestFirst(Generic[K]):
    """
    Keys in ranks, the lowest rank being the first to go, and in a rank the one placed first.

    Every operation takes a time that does not depend on how many keys there are. (A plain
    dict would do for a rank but for its first key, which it searches among those deleted.)
    """

    def __init__(self, ranks: int) -> None:
        self._ranks: list[OrderedDict[K, None]] = [OrderedDict() for _ in range(ranks)]
        self._turn = 0

    def place(self, key: K, rank: int, before: int | None = None) -> None:
        """Put *key* last in *rank*, out of the rank it had *before*."""
        if before == rank:
            self._ranks[rank].move_to_end(key)
            return
        if before is not None:
            del self._ranks[before][key]
        self._ranks[rank][key] = None

    def remove(self, key: K, rank: int) -> None:
        del self._ranks[rank][key]

    def weakest(self) -> K | None:
        """Return who goes first."""
        return next(iter(self), None)

    def count(self, rank: int) -> int:
        return len(self._ranks[rank])

    def __iter__(self) -> Iterator[K]:
        """Every key, the first to go first."""
        return itertools.chain.from_iterable(self._ranks)

    def inspect(self) -> K | None:
        """
        Return the first of one rank, for the caller to see whether it has had its time.

        The same rank is shown again until `pass_on`; so that what is over in any rank is
        found little by little, whatever comes in.
        """
        return next(iter(self._ranks[self._turn]), None)

    def pass_on(self) -> None:
        """Show the next rank from now on."""
        self._turn = (self._turn + 1) % len(self._ranks)
