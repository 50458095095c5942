"""Thousands of rows into one table, at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert

from pronote_server.storage.prepared import Prepared

__all__ = ["insert_many"]


def insert_many(conn: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """
    Insert all *rows*, or nothing when there are none.

    They have the same keys. As with `sqlalchemy.insert`, what they do not say is the
    column's default; it costs a third, because a `Prepared` statement makes of each row what
    the driver takes, and nothing else.

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
    Prepared(insert(table).values(values)).run(conn, rows)
