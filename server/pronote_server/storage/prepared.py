"""
Statements that are compiled once, for what is asked thousands of times a second.

SQLAlchemy makes a statement, looks it up in its cache, makes a context, a cursor and a result:
60 to 150 us, of which SQLite has 5. A `Prepared` statement keeps the SQL, and what turns
parameters into what the driver takes and columns into what they mean; on SQLite it then
speaks to the driver itself. On any other database it is the statement it was made of. It
means the same, raises the same, and is seen by `freshness` like any other.

The statement must have no list that grows (``IN``), and no default that is made in Python.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import attrs
from sqlalchemy import Connection, exc
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.sql.expression import Executable
from sqlalchemy.types import TypeEngine

from pronote_server.storage.columns import UtcDateTime
from pronote_server.storage.freshness import Noted
from pronote_server.storage.held_lines import HELD_LINES, HELD_TABLES

__all__ = ["Prepared"]

Conversion = Callable[[Any], Any]

# In the `info` of a connection: that of the driver, or None where it is not SQLite's.
_DRIVER: Final = "pronote.driver"


@attrs.frozen
class _Ready:
    """
    What is known of a statement once it was compiled for SQLite.

    Attributes:
        values: From parameters by name to what the driver takes.
        tuple_of: From a row of the driver to what it means; None: to itself.
        discloses: Whether what is held of its tables is to be written first.
    """

    sql: str
    values: Callable[[dict[str, Any]], Sequence[Any]]
    tuple_of: Callable[[tuple[Any, ...]], tuple[Any, ...]] | None
    row: Callable[[Iterable[Any]], Any]
    noted: Noted
    discloses: bool

    def tuples(self, found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return rows of the driver, each column as what it means."""
        return found if self.tuple_of is None else list(map(self.tuple_of, found))


class Prepared:
    """
    A statement of `sqlalchemy` with ``bindparam``; make it once, at import.

    Args:
        among_held: It knows of the lines that are held (see `held_lines`), and does not want
            them written.
    """

    def __init__(self, statement: Executable, *, among_held: bool = False) -> None:
        self._statement = statement
        self._among_held = among_held
        self._made: _Ready | None = None

    def rows(self, conn: Connection, **given: Any) -> list[Any]:
        """Return all rows, whose columns have their names."""
        info = conn.info
        driver = _driver(conn, info)
        if driver is None:
            return list(conn.execute(self._statement, given).all())
        ready = self._made or self._make(conn)
        return list(map(ready.row, ready.tuples(_found(driver, info, ready, given))))

    def tuples(self, conn: Connection, **given: Any) -> list[tuple[Any, ...]]:
        """As `rows`, but bare: for long lists, and for what is asked by every entry."""
        info = conn.info
        driver = _driver(conn, info)
        if driver is None:
            return [tuple(row) for row in conn.execute(self._statement, given)]
        ready = self._made or self._make(conn)
        return ready.tuples(_found(driver, info, ready, given))

    def first(self, conn: Connection, **given: Any) -> Any:
        """Return the first row, or None."""
        rows = self.rows(conn, **given)
        return rows[0] if rows else None

    def run(self, conn: Connection, each: Iterable[dict[str, Any]]) -> None:
        """Do it once for each of these sets of parameters; nothing comes back."""
        self.run_lines(conn, [self.line(conn, one) for one in each])

    def line(self, conn: Connection, given: dict[str, Any]) -> Any:
        """Return a set of parameters as `run_lines` takes it on this connection."""
        if _driver(conn, conn.info) is None:
            return given
        return (self._made or self._make(conn)).values(given)

    def run_lines(self, conn: Connection, lines: list[Any]) -> None:
        """As `run`, with what `line` returned."""
        info = conn.info
        driver = _driver(conn, info)
        if driver is None:
            if lines:
                conn.execute(self._statement, lines)
            return
        ready = self._made or self._make(conn)
        _note(info, ready)
        try:
            if len(lines) == 1:
                driver.execute(ready.sql, lines[0])
            else:
                driver.executemany(ready.sql, lines)
        except sqlite3.Error as error:
            raise _told(ready.sql, lines, error) from error

    def _make(self, conn: Connection) -> _Ready:
        dialect, statement = conn.dialect, self._statement
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        parameters = []
        for name in compiled.positiontup or ():
            bind = compiled.binds[name]
            parameters.append((name, bind.value, _written(bind.type, dialect)))
        exported = getattr(statement, "exported_columns", None)
        columns = () if exported is None else tuple(exported)
        names = [column.key for column in columns]
        row = namedtuple("Row", names)  # type: ignore[misc]  # names of columns are known here
        noted = Noted.of(compiled.string)
        self._made = _Ready(
            compiled.string,
            _values_by_name(parameters),
            _tuple_of(
                [
                    column.type.dialect_impl(dialect).result_processor(dialect, None)
                    for column in columns
                ]
            ),
            row._make,
            noted,
            not self._among_held and not HELD_TABLES.isdisjoint(noted.reading),
        )
        return self._made


def _driver(conn: Connection, info: dict[Any, Any]) -> sqlite3.Connection | None:
    """Return SQLite's own connection; None where another database is."""
    try:
        found: sqlite3.Connection | None = info[_DRIVER]
    except KeyError:
        driver: Any = conn.connection.driver_connection
        found = info[_DRIVER] = driver if isinstance(driver, sqlite3.Connection) else None
    return found


def _found(
    driver: sqlite3.Connection, info: dict[Any, Any], ready: _Ready, given: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """Return the rows as the driver gives them."""
    values = ready.values(given)
    _note(info, ready)
    try:
        found: list[tuple[Any, ...]] = driver.execute(ready.sql, values).fetchall()
    except sqlite3.Error as error:
        raise _told(ready.sql, values, error) from error
    return found


def _note(info: dict[Any, Any], ready: _Ready) -> None:
    """Do what the engine's events do for other statements, before it is executed."""
    if ready.discloses and (held := info.get(HELD_LINES)) is not None:
        held.disclose()
    ready.noted.note(info)


def _written(type_: TypeEngine[Any], dialect: Any) -> Conversion | None:
    """Return what turns a value of that type into what the driver takes."""
    if type(type_) is UtcDateTime:
        return _instant
    conversion: Conversion | None = type_.dialect_impl(dialect).bind_processor(dialect)
    return conversion


_UTC: Final = UtcDateTime()
_SQLITE: Final = SQLiteDialect()


@lru_cache(maxsize=64)
def _instant(value: datetime | None) -> str | None:
    """As `UtcDateTime` on SQLite; an entry has one instant, and writes it three times."""
    naive: datetime | None = _UTC.process_bind_param(value, _SQLITE)
    return None if naive is None else naive.isoformat(" ", "microseconds")


def _values_by_name(
    parameters: Sequence[tuple[str, Any, Conversion | None]],
) -> Callable[[dict[str, Any]], Sequence[Any]]:
    """
    Return a function of the parameters by name: name, value when none is given, conversion.

    Written as text and compiled, as `namedtuple` does: a loop costs as much as the statement.
    """
    known: dict[str, Any] = {}
    values = []
    for place, (name, usual, convert) in enumerate(parameters):
        known[f"usual{place}"], known[f"convert{place}"] = usual, convert
        value = f"given.get({name!r}, usual{place})"
        values.append(value if convert is None else f"convert{place}({value})")
    made: Callable[[dict[str, Any]], Sequence[Any]] = _compiled(
        f"lambda given: [{', '.join(values)}]", known
    )
    return made


def _tuple_of(
    columns: Sequence[Conversion | None],
) -> Callable[[tuple[Any, ...]], tuple[Any, ...]] | None:
    """Return a function that converts these columns of a row; None when there is nothing to."""
    if not any(columns):
        return None
    known = {f"convert{place}": convert for place, convert in enumerate(columns)}
    values = [
        f"row[{place}]" if convert is None else f"convert{place}(row[{place}])"
        for place, convert in enumerate(columns)
    ]
    made: Callable[[tuple[Any, ...]], tuple[Any, ...]] = _compiled(
        f"lambda row: ({', '.join(values)},)", known
    )
    return made


def _compiled(text: str, known: dict[str, Any]) -> Any:
    return eval(text, known)  # of names of our own columns


def _told(sql: str, values: Any, error: sqlite3.Error) -> BaseException:
    """Return *error* as SQLAlchemy raises it."""
    return exc.DBAPIError.instance(
        sql, values, error, sqlite3.Error, hide_parameters=True, connection_invalidated=False
    )
