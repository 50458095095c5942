"""The functions of the staff (*fonctions*), as a transfer brings them: by their names."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select

from pronote_server.domain.search import fold
from pronote_server.storage.base_schema import staff_function

__all__ = ["functions_named"]


def functions_named(conn: Connection, names: Iterable[str], revision: int) -> dict[str, int]:
    """
    Return the ids of the functions with these names, which are made where they are missing.

    Case and accents make no other function. An empty name is that of none.
    """
    table = staff_function
    rows = conn.execute(select(table.c.id, table.c.code, table.c.name)).all()
    known = {fold(row.name): row.id for row in rows}
    codes = {row.code for row in rows}
    found = {}
    for name in sorted(filter(None, names)):
        folded = fold(name)
        if folded not in known:
            code = name if name not in codes else f"{name} ({len(codes) + 1})"
            codes.add(code)
            row = {
                "code": code,
                "name": name,
                "sort_name": folded,
                "search": folded,
                "revision": revision,
            }
            key = conn.execute(insert(table).values(row)).inserted_primary_key
            assert key is not None
            known[folded] = key[0]
        found[name] = known[folded]
    return found
