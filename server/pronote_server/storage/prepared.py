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
from collections.abc import Callable, Iterable
from typing import Any, Final

import attrs
from sqlalchemy import Connection, exc
from sqlalchemy.sql.expression import Executable

from pronote_server.storage.freshness import Noted

__all__ = ["Prepared"]

Conversion = Callable[[Any], Any]

_SQLITE: Final = "sqlite"


@attrs.frozen
class _Ready:
    """What is known of a statement once it was compiled for SQLite."""

    sql: str
    # In the order of the SQL: name, value when none is given, conversion.
    parameters: tuple[tuple[str, Any, Conversion | None], ...]
    columns: tuple[Conversion | None, ...]
    row: Callable[[Iterable[Any]], Any]
    noted: Noted

    def values(self, given: dict[str, Any]) -> list[Any]:
        values = []
        for name, usual, convert in self.parameters:
            value = given.get(name, usual)
            values.append(value if convert is None else convert(value))
        return values

    def tuples(self, found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return rows of the driver, each column as what it means."""
        if not any(self.columns):
            return found
        return [
            tuple(
                [
                    value if convert is None else convert(value)
                    for value, convert in zip(each, self.columns, strict=True)
                ]
            )
            for each in found
        ]


class Prepared:
    """A statement of `sqlalchemy` with ``bindparam``; make it once, at import."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._made: _Ready | None = None

    def rows(self, conn: Connection, **given: Any) -> list[Any]:
        """Return all rows, whose columns have their names."""
        if conn.dialect.name != _SQLITE:
            return list(conn.execute(self._statement, given).all())
        ready = self._ready(conn)
        return list(map(ready.row, ready.tuples(self._found(conn, ready, given))))

    def tuples(self, conn: Connection, **given: Any) -> list[tuple[Any, ...]]:
        """As `rows`, but bare: for long lists."""
        if conn.dialect.name != _SQLITE:
            return [tuple(row) for row in conn.execute(self._statement, given)]
        ready = self._ready(conn)
        return ready.tuples(self._found(conn, ready, given))

    def first(self, conn: Connection, **given: Any) -> Any:
        """Return the first row, or None."""
        rows = self.rows(conn, **given)
        return rows[0] if rows else None

    def run(self, conn: Connection, each: Iterable[dict[str, Any]]) -> None:
        """Do it once for each of these sets of parameters; nothing comes back."""
        given = list(each)
        if conn.dialect.name != _SQLITE:
            if given:
                conn.execute(self._statement, given)
            return
        ready = self._ready(conn)
        many = [ready.values(one) for one in given]
        ready.noted.note(conn)
        driver: Any = conn.connection.driver_connection
        try:
            if len(many) == 1:
                driver.execute(ready.sql, many[0])
            else:
                driver.executemany(ready.sql, many)
        except sqlite3.Error as error:
            raise _told(ready.sql, many, error) from error

    def _found(
        self, conn: Connection, ready: _Ready, given: dict[str, Any]
    ) -> list[tuple[Any, ...]]:
        """Return the rows as the driver gives them."""
        values = ready.values(given)
        ready.noted.note(conn)
        driver: Any = conn.connection.driver_connection
        try:
            found: list[tuple[Any, ...]] = driver.execute(ready.sql, values).fetchall()
        except sqlite3.Error as error:
            raise _told(ready.sql, values, error) from error
        return found

    def _ready(self, conn: Connection) -> _Ready:
        if self._made is None:
            self._made = self._make(conn)
        return self._made

    def _make(self, conn: Connection) -> _Ready:
        dialect, statement = conn.dialect, self._statement
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        parameters = []
        for name in compiled.positiontup or ():
            bind = compiled.binds[name]
            impl = bind.type.dialect_impl(dialect)
            parameters.append((name, bind.value, impl.bind_processor(dialect)))
        exported = getattr(statement, "exported_columns", None)
        columns = () if exported is None else tuple(exported)
        names = [column.key for column in columns]
        row = namedtuple("Row", names)  # type: ignore[misc]  # names of columns are known here
        return _Ready(
            compiled.string,
            tuple(parameters),
            tuple(
                column.type.dialect_impl(dialect).result_processor(dialect, None)
                for column in columns
            ),
            row._make,
            Noted.of(compiled.string),
        )


def _told(sql: str, values: Any, error: sqlite3.Error) -> BaseException:
    """Return *error* as SQLAlchemy raises it."""
    return exc.DBAPIError.instance(
        sql, values, error, sqlite3.Error, hide_parameters=True, connection_invalidated=False
    )
