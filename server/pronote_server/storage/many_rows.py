"""
Thousands of rows into one table, at once.

SQLite can undo each statement for itself, and before one that may fail (a trigger that
refuses, a foreign key) it puts every page aside that the statement changes. A statement a row
does so a row: of 12 000 marks it was two thirds of the time. Here a statement writes many.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, insert

from pronote_server.storage.prepared import Prepared

__all__ = ["insert_many"]

# What every SQLite takes in one statement is 999.
_MOST_PARAMETERS: Final = 900


def insert_many(conn: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """
    Insert all *rows*, or nothing when there are none.

    They have the same keys. As with `sqlalchemy.insert`, what they do not say is the
    column's default.

    Raises:
        IntegrityError: As `Connection.execute`; undo what was written.
    """
    if not rows:
        return
    values: dict[str, Any] = {name: bindparam(name) for name in rows[0]}
    for column in table.columns:
        default: Any = column.default
        if default is not None and column.key not in values:
            values[column.key] = bindparam(column.key, default.arg, column.type)
    statement = insert(table).values(values)
    prepared = Prepared(statement)
    if conn.dialect.name != "sqlite":
        prepared.run(conn, rows)
        return
    beginning, _, one_row = str(statement.compile(conn)).rpartition(" VALUES ")
    at_once = _MOST_PARAMETERS // len(values)
    for first in range(0, len(rows), at_once):
        lines = [prepared.line(conn, row) for row in rows[first : first + at_once]]
        conn.exec_driver_sql(
            f"{beginning} VALUES {', '.join([one_row] * len(lines))}",
            tuple(chain.from_iterable(lines)),
        )
