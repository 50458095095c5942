"""
What the writer asks again and again, remembered as long as nothing it was read from changes.

Each entry asks who teaches the service, who is in the class, what is sealed: the same few
answers all day. A function that is `remembered` is asked once, when a command of the base's
writer calls it, and its answer is given again until a commit, or a command of the transaction
that is open, changes a table it was read from; `freshness` tells. A reader in a thread always
asks the base, for its snapshot may be older than what the writer has seen; the connection of
`short_reads` has a memory that looks twice (`recollection`).
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


@attrs.frozen(eq=False)
class _Remembered:
    value: Any
    tables: frozenset[str]


class Memory:
    """
    What the writing connection of one database remembers; of the writer thread.

    Args:
        changed: The tables the open transaction has changed so far; only ever grows until
            `begin`.
    """

    def __init__(self, freshness: Freshness, changed: set[str]) -> None:
        self._freshness = freshness
        self._changed = changed
        # How many of them were looked at.
        self._seen = 0
        self._known: dict[Hashable, _Remembered] = {}
        self._from_table: dict[str, set[Hashable]] = {}

    def serve(self, conn: Connection) -> None:
        """Be the memory of *conn*."""
        conn.info[_PLACE] = self

    def begin(self) -> None:
        """Note that a transaction begins, whose changes are others than those of the last."""
        self._forget_changed()
        self._changed.clear()
        self._seen = 0

    def ask(self, question: Hashable, answer: Callable[[], T]) -> T:
        if len(self._changed) != self._seen:
            self._forget_changed()
        known = self._known.get(question)
        if known is not None:
            read_by_this_task(known.tables)
            value: T = known.value
            return value
        with recording() as tables:
            value = answer()
        if tables and self._changed.isdisjoint(tables | {"*"}):
            self._remember(question, _Remembered(value, frozenset(tables)))
        return value

    def _remember(self, question: Hashable, known: _Remembered) -> None:
        if len(self._known) >= _MOST:
            self._known.clear()
            self._from_table.clear()
        self._known[question] = known
        for table in known.tables:
            self._from_table.setdefault(table, set()).add(question)

    def _forget_changed(self) -> None:
        self._seen = len(self._changed)
        if "*" in self._changed:
            self._known.clear()
            self._from_table.clear()
            return
        for table in self._changed:
            for question in self._from_table.pop(table, ()):
                for other in self._known.pop(question).tables:
                    if other != table:
                        self._from_table[other].discard(question)


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
        question = (function, args, tuple(given.items()) if given else ())
        return memory.ask(question, lambda: function(conn, *args, **given))

    return ask
