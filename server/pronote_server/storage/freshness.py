"""
Which tables changed when, so that an answer made from some of them may be given again.

Nobody declares anything: the writer's statements are looked at for the tables they change,
those of a reading that is `recording` for the tables they read. A table counts as changed
from the moment just *before* the COMMIT, so that whoever has seen a new row is never given an
answer from before it; and a reading counts from the last commit that was over when it began.
In doubt (a statement of another kind) everything has changed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Final

import attrs
from sqlalchemy import Connection, Engine, event

from pronote_server.storage.base_schema import BASE, DOCUMENT_OWNERS

__all__ = [
    "Freshness",
    "Noted",
    "changing",
    "note_changes",
    "note_readings",
    "read_by_this_task",
    "recording",
]

_EVERYTHING: Final = "*"
# In the `info` of a connection that writes: the tables it has changed.
_CHANGED: Final = "pronote.changed"
_TABLES: Final = frozenset(BASE.tables)
# More than there are compiled statements; a list in one of them (``IN``) makes another text.
_TEXTS_KEPT: Final = 1_024
_WORD: Final = re.compile(r"\w+")
# Statements that change no row; of those that do, the table is the word after these.
_HARMLESS: Final = re.compile(
    r"\s*(SELECT|SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|PRAGMA)\b", re.IGNORECASE
)
_CHANGING: Final = re.compile(r'\s*(INSERT INTO|UPDATE|DELETE FROM) "?(\w+)', re.IGNORECASE)

_reading: ContextVar[set[str] | None] = ContextVar("tables of the reading", default=None)


def _dragged() -> dict[str, frozenset[str]]:
    """Return what goes or changes with the rows of each table: cascades, and documents."""
    direct: dict[str, set[str]] = {name: {name} for name in _TABLES}
    for table in BASE.tables.values():
        for key in table.foreign_keys:
            if (key.ondelete or "RESTRICT") != "RESTRICT":
                direct[key.column.table.name].add(table.name)
    for owner in DOCUMENT_OWNERS.values():  # by a trigger
        direct[owner.name].add("document")
    for _ in direct:
        for dragged in direct.values():
            dragged.update(*(direct[name] for name in dragged))
    return {name: frozenset(dragged) for name, dragged in direct.items()}


_DRAGGED: Final = _dragged()


@lru_cache(maxsize=_TEXTS_KEPT)
def changing(statement: str) -> frozenset[str]:
    """Return the tables that *statement* may change, more rather than fewer."""
    if _HARMLESS.match(statement):
        return frozenset()
    found = _CHANGING.match(statement)
    if found is None or found[2] not in _TABLES:
        return frozenset({_EVERYTHING})
    verb, table = found[1].upper(), found[2]
    return _DRAGGED[table] if verb == "DELETE FROM" else frozenset({table})


@lru_cache(maxsize=_TEXTS_KEPT)
def _read_by(statement: str) -> frozenset[str]:
    """Return the tables whose names *statement* holds, which are those it reads or more."""
    return _TABLES.intersection(_WORD.findall(statement))


class Freshness:
    """
    The numbers of the commits of one database.

    The writer thread counts, the Trio thread asks; each attribute is replaced whole, and the
    order of the lines is what makes it right.

    Attributes:
        begun: Number of the last commit that was begun: while it stays, nothing gets stale.
        finished: Number of the last commit that is over.
    """

    __slots__ = ("_changed", "begun", "finished")

    def __init__(self) -> None:
        self.finished = 0
        self.begun = 0
        self._changed: dict[str, int] = {}

    def begin(self, tables: Collection[str]) -> None:
        """Note that a COMMIT which changes *tables* is about to be tried."""
        number = self.finished + 1
        for table in tables:
            self._changed[table] = number
        self.begun = number

    def finish(self) -> None:
        """Note that it is over, whatever came of it."""
        self.finished = self.begun

    def unchanged(self, tables: Collection[str], since: int) -> bool:
        """Whether none of *tables* was changed after commit *since*."""
        if self.begun <= since:
            return True
        changed = self._changed
        if changed.get(_EVERYTHING, 0) > since:
            return False
        for table in tables:  # noqa: SIM110  # asked for every call; `all` costs thrice
            if changed.get(table, 0) > since:
                return False
        return True


@attrs.frozen
class Noted:
    """What a statement changes and reads, for who executes it without the engine's events."""

    changing: frozenset[str]
    reading: frozenset[str]

    @classmethod
    def of(cls, statement: str) -> Noted:
        return cls(changing(statement), _read_by(statement))

    def note(self, info: dict[Any, Any]) -> None:
        """Note it as executed on the connection that has this `info`."""
        if self.changing:
            changed: set[str] | None = info.get(_CHANGED)
            if changed is not None:
                changed.update(self.changing)
        tables = _reading.get()
        if tables is not None:
            tables.update(self.reading)


@contextmanager
def recording() -> Iterator[set[str]]:
    """Collect the tables that are read by this task, and for it in threads, in the block."""
    tables: set[str] = set()
    around = _reading.get()
    token = _reading.set(tables)
    try:
        yield tables
    finally:
        _reading.reset(token)
        if around is not None:
            around.update(tables)


def read_by_this_task(tables: Collection[str]) -> None:
    """Collect *tables* as read, by who knows what they hold without asking."""
    reading = _reading.get()
    if reading is not None:
        reading.update(tables)


def note_readings(engine: Engine) -> None:
    """Have the statements of *engine* collected for readings that are `recording`."""

    @event.listens_for(engine, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, _p: Any, _x: Any, _many: bool) -> None:
        read_by_this_task(_read_by(statement))


def note_changes(connection: Connection, changed: set[str]) -> None:
    """Have the tables that the statements of *connection* change added to *changed*."""
    connection.info[_CHANGED] = changed

    @event.listens_for(connection, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, _p: Any, _x: Any, _many: bool) -> None:
        changed.update(changing(statement))
