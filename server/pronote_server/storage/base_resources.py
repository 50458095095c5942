"""Lists of resources: by name, page by page, searched without regard to case and accents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import attrs
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    String,
    Table,
    bindparam,
    case,
    func,
    literal,
    select,
)

from pronote_protocol.words import ResourceKind
from pronote_server.domain.search import fold
from pronote_server.storage import base_schema as schema
from pronote_server.storage.prepared import Prepared

__all__ = ["ResourceLine", "list_resources", "resource", "resource_by_code"]


@attrs.frozen
class ResourceLine:
    """
    One resource.

    Attributes:
        detail: What tells it from another of that name: the civility of a teacher, the level
            of a class, the classes of a group, the places of a room, the class of a pupil
            (of a former one, when he left), the function of a member of staff.
    """

    id: int
    code: str
    name: str
    detail: str


@attrs.frozen
class _Listed:
    """How the resources of one kind are read."""

    table: Table
    name: ColumnElement[str]
    detail: ColumnElement[Any]
    source: FromClause
    only: ColumnElement[bool] | None = None

    def lines(self) -> Select[Any]:
        table = self.table
        wanted = select(
            table.c.id, table.c.code, self.name.label("name"), self.detail.label("detail")
        ).select_from(self.source)
        return wanted if self.only is None else wanted.where(self.only)

    def count(self) -> Select[Any]:
        wanted = select(func.count().label("count")).select_from(self.table)
        return wanted if self.only is None else wanted.where(self.only)


_NOTHING: Final[ColumnElement[str]] = literal("", String)


def _person(table: Table) -> ColumnElement[str]:
    first_name = table.c.first_name
    return table.c.last_name + case((first_name == "", ""), else_=" " + first_name)


def _listed(table: Table, name: ColumnElement[str], detail: ColumnElement[Any]) -> _Listed:
    return _Listed(table, name, detail, table)


_LISTED: Final[Mapping[ResourceKind, _Listed]] = MappingProxyType(
    {
        ResourceKind.TEACHERS: _listed(
            schema.teacher, _person(schema.teacher), schema.teacher.c.civility
        ),
        ResourceKind.SUBJECTS: _listed(schema.subject, schema.subject.c.name, _NOTHING),
        ResourceKind.CLASSES: _listed(
            schema.school_class, schema.school_class.c.name, schema.school_class.c.level
        ),
        ResourceKind.GROUPS: _listed(schema.school_group, schema.school_group.c.name, _NOTHING),
        ResourceKind.PUPILS: _Listed(
            schema.pupil,
            _person(schema.pupil),
            func.coalesce(schema.school_class.c.name, ""),
            schema.pupil.outerjoin(schema.school_class),
            schema.pupil.c.left_on.is_(None),
        ),
        ResourceKind.FORMER_PUPILS: _Listed(
            schema.pupil,
            _person(schema.pupil),
            schema.pupil.c.left_on,
            schema.pupil,
            schema.pupil.c.left_on.is_not(None),
        ),
        ResourceKind.ROOMS: _listed(schema.room, schema.room.c.name, schema.room.c.capacity),
        ResourceKind.STAFF: _Listed(
            schema.staff,
            _person(schema.staff),
            func.coalesce(schema.staff_function.c.name, ""),
            schema.staff.outerjoin(schema.staff_function),
        ),
    }
)


def list_resources(
    conn: Connection, kind: ResourceKind, search: str | None, offset: int, limit: int
) -> tuple[int, list[ResourceLine]]:
    """
    Return how many resources match, and *limit* of them from *offset* on, by folded name.

    Args:
        search: Words that name or code contain, all of them, in any order.
    """
    words = set(fold(search or "").split())
    if not words:
        total = _COUNTS[kind].first(conn).count
        rows = _PAGES[kind].rows(conn, first=offset, most=limit)
        return total, _lines(conn, kind, rows)
    listed = _LISTED[kind]
    matching = [listed.table.c.search.contains(word, autoescape=True) for word in words]
    found: int = conn.execute(listed.count().where(*matching)).scalar_one()
    page = _page(listed, offset, limit).where(*matching)
    return found, _lines(conn, kind, conn.execute(page).all())


def _page(listed: _Listed, offset: Any, limit: Any) -> Select[Any]:
    table = listed.table
    page = listed.lines().order_by(table.c.sort_name, table.c.id)
    return page.offset(offset).limit(limit)


# Lists that are leafed through, not searched.
_COUNTS: Final = {kind: Prepared(listed.count()) for kind, listed in _LISTED.items()}
_PAGES: Final = {
    kind: Prepared(
        _page(listed, bindparam("first", type_=Integer), bindparam("most", type_=Integer))
    )
    for kind, listed in _LISTED.items()
}


def resource(conn: Connection, kind: ResourceKind, resource_id: int) -> ResourceLine | None:
    """Return the resource with this id, or None."""
    return _one(conn, kind, _LISTED[kind].table.c.id == resource_id)


def resource_by_code(conn: Connection, kind: ResourceKind, code: str) -> ResourceLine | None:
    """Return the resource with this code, or None."""
    return _one(conn, kind, _LISTED[kind].table.c.code == code)


def _one(
    conn: Connection, kind: ResourceKind, which: ColumnElement[bool]
) -> ResourceLine | None:
    found = _lines(conn, kind, conn.execute(_LISTED[kind].lines().where(which)).all())
    return found[0] if found else None


def _lines(conn: Connection, kind: ResourceKind, rows: Sequence[Any]) -> list[ResourceLine]:
    if kind is ResourceKind.GROUPS:
        classes = _classes_of_groups(conn, [row.id for row in rows])
        return [
            ResourceLine(row.id, row.code, row.name, ", ".join(classes.get(row.id, ())))
            for row in rows
        ]
    shown = _SHOWN.get(kind, str)
    return [
        ResourceLine(id_, code, name, "" if detail is None else shown(detail))
        for id_, code, name, detail in rows
    ]


_SHOWN: Final[Mapping[ResourceKind, Callable[[Any], str]]] = MappingProxyType(
    {
        ResourceKind.ROOMS: lambda places: f"{places} places",
        ResourceKind.FORMER_PUPILS: lambda day: f"{day:%d/%m/%Y}",
    }
)


def _classes_of_groups(conn: Connection, group_ids: list[int]) -> dict[int, list[str]]:
    link, classes = schema.group_class, schema.school_class
    found: dict[int, list[str]] = {}
    if not group_ids:
        return found
    wanted = (
        select(link.c.group_id, classes.c.name)
        .join(classes)
        .where(link.c.group_id.in_(group_ids))
        .order_by(classes.c.sort_name, classes.c.id)
    )
    for group_id, name in conn.execute(wanted):
        found.setdefault(group_id, []).append(name)
    return found
