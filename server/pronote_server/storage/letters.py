"""
Letter templates (*lettres types*) as they travel in ``.HCOURRIERS``.

The one place that knows of them: it carries whatever rows a table `letter` of the base has, and
nothing while a base has no such table.
"""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import Connection, Table, insert, select

from pronote_server.storage.base_schema import BASE

__all__ = ["LETTERS_MEMBER", "add_letters", "letters_of"]

LETTERS_MEMBER: Final = "letters.json"


def _table() -> Table | None:
    return BASE.tables.get("letter")


def letters_of(conn: Connection) -> list[dict[str, Any]]:
    """Return the rows of the letter templates, as values JSON can say."""
    table = _table()
    if table is None:
        return []
    rows = conn.execute(select(table).order_by(table.c.id)).mappings()
    plain: list[dict[str, Any]] = json.loads(
        json.dumps([dict(row) for row in rows], default=str)
    )
    return plain


def add_letters(conn: Connection, rows: list[dict[str, Any]]) -> int:
    """Add the templates whose id the base does not have; return how many."""
    table = _table()
    if table is None:
        return 0
    there = set(conn.execute(select(table.c.id)).scalars())
    names = {column.name for column in table.columns}
    new = [
        {name: value for name, value in row.items() if name in names}
        for row in rows
        if row.get("id") not in there
    ]
    if new:
        conn.execute(insert(table), new)
    return len(new)
