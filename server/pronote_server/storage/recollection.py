"""
What a connection remembers that reads while others write.

The state a reading sees is fixed at its first statement, and a commit may come just before.
What it is told from memory is therefore looked at again when all is read: it was right if no
commit that had begun by then changes it. If not, the reading is made again, and told nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

import attrs

from pronote_server.storage.freshness import Freshness, read_by_this_task, recording
from pronote_server.storage.remembered import Memory

__all__ = ["Recollection"]

T = TypeVar("T")

# The services and pupils of a school at work; a list of pupils has some 6 kB.
_MOST: Final = 1_024


@attrs.frozen
class _Fact:
    """
    Attributes:
        since: True of every state from this commit on that has not changed *tables*.
    """

    value: Any
    tables: frozenset[str]
    since: int


class Recollection(Memory):
    """The memory of one reading connection; of the thread that reads."""

    def __init__(self, freshness: Freshness) -> None:
        super().__init__(freshness, set())
        self._facts: dict[Hashable, _Fact] = {}
        self._began_at = 0
        self._told: set[str] = set()
        self._silent = False

    def begin(self) -> None:
        """Note that a reading begins."""
        self._began_at = self._freshness.finished
        self._told.clear()

    def was_right(self) -> bool:
        """Whether what was told is of the state that was read; to be asked at the end."""
        self._silent = bool(self._told) and not self._freshness.unchanged(
            self._told, self._began_at
        )
        return not self._silent

    def ask(self, question: Hashable, answer: Callable[[], T]) -> T:
        known = None if self._silent else self._facts.get(question)
        if known is not None and self._freshness.unchanged(known.tables, known.since):
            self._told.update(known.tables)
            read_by_this_task(known.tables)
            value: T = known.value
            return value
        with recording() as tables:
            value = answer()
        if tables:
            if len(self._facts) >= _MOST:
                self._facts.clear()
            self._facts[question] = _Fact(value, frozenset(tables), self._began_at)
        return value
