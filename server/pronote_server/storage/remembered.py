"""
What the writer asks again and again, remembered as long as nothing it was read from changes.

Each entry asks who teaches the service, who is in the class, what is sealed: the same few
answers all day. A function that is `remembered` is asked once, when a command of the base's
writer calls it, and its answer is given again until a commit, or a command of the transaction
that is open, changes a table it was read from; `freshness` tells. A reader always asks the
base: its snapshot may be older than what the writer has seen.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import attrs
from sqlalchemy import Connection

from pronote_server.storage.freshness import Freshness, read_by_this_task, recording

__all__ = ["Memory", "remembered"]

P = ParamSpec("P")
T = TypeVar("T")

_PLACE: Final = "pronote.memory"
# Of a whole school: some hundreds of services, classes and periods.
_MOST: Final = 4_096


@attrs.define(eq=False)
class _Remembered:
    value: Any
    tables: frozenset[str]
    since: int


class Memory:
    """
    What the writing connection of one database remembers; of the writer thread.

    Args:
        changed: The tables the open transaction has changed so far.
    """

    def __init__(self, freshness: Freshness, changed: set[str]) -> None:
        self._freshness = freshness
        self._changed = changed
        self._known: dict[Hashable, _Remembered] = {}

    def serve(self, conn: Connection) -> None:
        """Be the memory of *conn*."""
        conn.info[_PLACE] = self

    def ask(self, question: Hashable, answer: Callable[[], T]) -> T:
        known = self._known.get(question)
        if known is not None and self._is_true(known):
            read_by_this_task(known.tables)
            value: T = known.value
            return value
        since = self._freshness.finished
        with recording() as tables:
            value = answer()
        found = _Remembered(value, frozenset(tables), since)
        if tables and self._changed.isdisjoint(tables | {"*"}):
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[question] = found
        return value

    def _is_true(self, known: _Remembered) -> bool:
        if not self._changed.isdisjoint(known.tables) or "*" in self._changed:
            return False
        finished = self._freshness.finished
        if known.since != finished:
            if not self._freshness.unchanged(known.tables, known.since):
                return False
            known.since = finished
        return True


def remembered(
    function: Callable[Concatenate[Connection, P], T],
) -> Callable[Concatenate[Connection, P], T]:
    """
    Have *function* remembered by who writes.

    Its arguments are hashable, its answer is a value nobody changes, and it depends on
    nothing but its arguments and the base.
    """

    @functools.wraps(function)
    def ask(conn: Connection, /, *args: P.args, **given: P.kwargs) -> T:
        memory: Memory | None = conn.info.get(_PLACE)
        if memory is None:
            return function(conn, *args, **given)
        question = (function, args, tuple(given.items()))
        return memory.ask(question, lambda: function(conn, *args, **given))

    return ask
