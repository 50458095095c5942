"""
Resources of any kind, one at a time: found, written, and who relies on them.

`base_resources` lists them for who looks something up; here is what changes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import attrs
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    cast,
    delete,
    func,
    insert,
    select,
    update,
)

from pronote_protocol.words import ResourceOrder
from pronote_server.domain.search import fold
from pronote_server.storage import base_schema as schema

__all__ = [
    "Kind",
    "code_is_free",
    "delete_one",
    "exists",
    "insert_one",
    "one",
    "page",
    "relying_on",
    "update_one",
]

Values: TypeAlias = Mapping[str, Any]

# Who is named by ``teacher:CODE`` and the like, which no reference can keep.
_NAMING_PERSONS: Final = (
    schema.punishment.c.given_by,
    schema.punishment.c.supervisor,
    schema.sanction.c.decided_by,
    schema.follow_up.c.by,
    schema.roll_call.c.taken_by,
    schema.document.c.added_by,
    schema.information.c.by,
    schema.receipt.c.person,
    schema.discussion.c.created_by,
    schema.participant.c.person,
)


def _no_name(values: Values) -> str | None:
    return None


@attrs.frozen(kw_only=True)
class Kind:
    """
    How resources of one kind are kept.

    Args:
        named: Returns the name they are sorted and searched by; None of what has none.
        shown: What a row says beside its own columns.
        links: Fields that are ids of others, kept in pairs: the column of those.
        parts: Columns that refer to it, and whose rows go with it.
        also_relying: Other rows that rely on one, beside those whose references say so.
        person: What persons of this kind are called: ``teacher`` of ``teacher:CODE``.
        order: How those without a name are sorted.
    """

    table: Table
    named: Callable[[Values], str | None] = _no_name
    shown: Mapping[str, ColumnElement[Any]] = MappingProxyType({})
    links: Mapping[str, Column[int]] = MappingProxyType({})
    parts: tuple[Column[Any], ...] = ()
    also_relying: tuple[tuple[Column[Any], ColumnElement[bool]], ...] = ()
    person: str | None = None
    order: tuple[ColumnElement[Any], ...] = ()

    def rows(self) -> Select[Any]:
        extra = [column.label(name) for name, column in self.shown.items()]
        return select(self.table, *extra)


def page(
    conn: Connection,
    kind: Kind,
    wanted: Iterable[ColumnElement[bool]],
    *,
    search: str | None = None,
    order: ResourceOrder = ResourceOrder.NAME,
    offset: int,
    limit: int,
) -> tuple[int, list[dict[str, Any]]]:
    """Return how many match, and a page of them."""
    table = kind.table
    matching = [*wanted]
    matching += [
        table.c.search.contains(word, autoescape=True)
        for word in sorted(set(fold(search or "").split()))
    ]
    total: int = conn.execute(
        select(func.count()).select_from(table).where(*matching)
    ).scalar_one()
    if kind.order:
        by: tuple[ColumnElement[Any], ...] = kind.order
    elif order is ResourceOrder.CODE:
        by = (table.c.code,)
    elif order is ResourceOrder.CHANGED:
        by = (table.c.revision.desc(), table.c.sort_name)
    else:
        by = (table.c.sort_name,)
    rows = conn.execute(
        kind.rows().where(*matching).order_by(*by, table.c.id).offset(offset).limit(limit)
    )
    return total, _whole(conn, kind, [dict(row._mapping) for row in rows])


def one(conn: Connection, kind: Kind, ident: int) -> dict[str, Any] | None:
    """Return that one, with what is shown of it, or None."""
    row = conn.execute(kind.rows().where(kind.table.c.id == ident)).one_or_none()
    return None if row is None else _whole(conn, kind, [dict(row._mapping)])[0]


def exists(conn: Connection, table: Table, ident: int) -> bool:
    return conn.execute(select(table.c.id).where(table.c.id == ident)).first() is not None


def code_is_free(conn: Connection, kind: Kind, code: str) -> bool:
    table = kind.table
    return conn.execute(select(table.c.id).where(table.c.code == code)).first() is None


def insert_one(
    conn: Connection, kind: Kind, values: Values, code: str | None, revision: int
) -> int:
    """
    Insert one and return its id, which the audit knows of no other.

    Args:
        code: None makes one, of a kind that has codes.
    """
    table = kind.table
    row = {**_columns(kind, values), "revision": revision}
    if "code" in table.c:
        row["id"] = _fresh_id(conn, table)
        code = row["code"] = _fresh_code(conn, kind, row["id"]) if code is None else code
    key = conn.execute(insert(table).values({**row, **_sought(kind, values, code)}))
    assert key.inserted_primary_key is not None
    ident: int = key.inserted_primary_key[0]
    _link(conn, kind, ident, values)
    return ident


def update_one(
    conn: Connection, kind: Kind, ident: int, values: Values, code: str | None, revision: int
) -> None:
    table = kind.table
    row = {**_columns(kind, values), **_sought(kind, values, code), "revision": revision}
    conn.execute(update(table).where(table.c.id == ident).values(row))
    _link(conn, kind, ident, values)


def delete_one(conn: Connection, kind: Kind, ident: int) -> None:
    """Delete one and its parts; nothing relies on it any more, see `relying_on`."""
    for column in (*kind.parts, *(_owner_of(other) for other in kind.links.values())):
        conn.execute(delete(column.table).where(column == ident))
    conn.execute(delete(kind.table).where(kind.table.c.id == ident))


def relying_on(conn: Connection, kind: Kind, ident: int, code: str | None) -> dict[str, int]:
    """Return how many rows rely on it, by table; its parts do not count."""
    found: dict[str, int] = {}
    for column, only in (*_referring(kind, ident), *_others(kind, ident, code)):
        table = column.table
        count = conn.execute(select(func.count()).select_from(table).where(only)).scalar_one()
        if count:
            found[table.name] = found.get(table.name, 0) + count
    return found


def _referring(kind: Kind, ident: int) -> Iterator[tuple[Column[Any], ColumnElement[bool]]]:
    own = {*kind.parts, *(_owner_of(other) for other in kind.links.values())}
    for table in schema.BASE.sorted_tables:
        for reference in table.foreign_keys:
            column = reference.parent
            if (
                reference.references(kind.table)
                and reference.ondelete == "RESTRICT"
                and column not in own
            ):
                yield column, column == ident


def _others(
    kind: Kind, ident: int, code: str | None
) -> Iterator[tuple[Column[Any], ColumnElement[bool]]]:
    for column, only in kind.also_relying:
        yield column, (column == ident) & only
    if kind.person is not None:
        for column in _NAMING_PERSONS:
            yield column, column == f"{kind.person}:{code}"


def _fresh_id(conn: Connection, table: Table) -> int:
    """Return an id nothing had, not even what was deleted: the audit speaks of it for ever."""
    audit = schema.audit.c
    named = select(func.max(cast(audit.entity_id, Integer))).where(audit.entity == table.name)
    highest = select(func.max(table.c.id))
    return 1 + max(conn.execute(each).scalar() or 0 for each in (named, highest))


def _fresh_code(conn: Connection, kind: Kind, ident: int) -> str:
    letters = kind.table.name.removeprefix("school_")[:2].upper()
    code = f"{letters}{ident}"
    while not code_is_free(conn, kind, code):
        ident += 1
        code = f"{letters}{ident}"
    return code


def _columns(kind: Kind, values: Values) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in kind.links}


def _sought(kind: Kind, values: Values, code: str | None) -> dict[str, str]:
    name = kind.named(values)
    if name is None:
        return {}
    return {"sort_name": fold(name), "search": fold(f"{name} {code or ''}")}


def _owner_of(other: Column[int]) -> Column[Any]:
    """Return the other end of a pair."""
    (owner,) = (column for column in other.table.primary_key.columns if column is not other)
    return owner


def _link(conn: Connection, kind: Kind, ident: int, values: Values) -> None:
    for name, other in kind.links.items():
        owner = _owner_of(other)
        conn.execute(delete(other.table).where(owner == ident))
        rows = [{owner.name: ident, other.name: each} for each in values[name]]
        if rows:
            conn.execute(insert(other.table), rows)


def _whole(conn: Connection, kind: Kind, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for name, other in kind.links.items():
        owner = _owner_of(other)
        found: dict[int, list[int]] = {row["id"]: [] for row in rows}
        pairs = select(owner, other).where(owner.in_(list(found))).order_by(owner, other)
        for ident, each in conn.execute(pairs):
            found[ident].append(each)
        for row in rows:
            row[name] = tuple(found[row["id"]])
    return rows
