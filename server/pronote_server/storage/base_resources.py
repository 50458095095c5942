"""Lists of resources: by name, page by page, searched without regard to case and accents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import attrs
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    Table,
    bindparam,
    case,
    cast,
    func,
    literal,
    select,
)

from pronote_protocol.words import ResourceKind
from pronote_server.domain.search import fold
from pronote_server.storage import base_schema as schema
from pronote_server.storage.prepared import Prepared
from pronote_server.storage.remembered import remembered

__all__ = [
    "ResourceLine",
    "list_resources",
    "resource",
    "resource_by_code",
    "resource_rows",
    "searched",
]

# The fields of a `ResourceLine`, in their order.
Row: TypeAlias = tuple[Any, ...]


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
    only: ColumnElement[bool] | None = None

    def lines(self) -> Select[Any]:
        table = self.table
        wanted = select(
            table.c.id, table.c.code, self.name.label("name"), self.detail.label("detail")
        )
        return wanted if self.only is None else wanted.where(self.only)

    def count(self) -> Select[Any]:
        wanted = select(func.count().label("count")).select_from(self.table)
        return wanted if self.only is None else wanted.where(self.only)

    def page(self, offset: Any, limit: Any) -> Select[Any]:
        page = self.lines().order_by(self.table.c.sort_name, self.table.c.id)
        return page.offset(offset).limit(limit)


_NOTHING: Final[ColumnElement[str]] = literal("", String)


def _person(table: Table) -> ColumnElement[str]:
    first_name = table.c.first_name
    return table.c.last_name + case((first_name == "", ""), else_=" " + first_name)


def _name_of(table: Table, key: ColumnElement[Any]) -> ColumnElement[str]:
    # Not by a join, which would be made for every row that an offset passes over.
    return func.coalesce(select(table.c.name).where(table.c.id == key).scalar_subquery(), "")


_LISTED: Final[Mapping[ResourceKind, _Listed]] = MappingProxyType(
    {
        ResourceKind.TEACHERS: _Listed(
            schema.teacher, _person(schema.teacher), schema.teacher.c.civility
        ),
        ResourceKind.SUBJECTS: _Listed(schema.subject, schema.subject.c.name, _NOTHING),
        ResourceKind.CLASSES: _Listed(
            schema.school_class, schema.school_class.c.name, schema.school_class.c.level
        ),
        ResourceKind.GROUPS: _Listed(schema.school_group, schema.school_group.c.name, _NOTHING),
        ResourceKind.PUPILS: _Listed(
            schema.pupil,
            _person(schema.pupil),
            _name_of(schema.school_class, schema.pupil.c.class_id),
            schema.pupil.c.left_on.is_(None),
        ),
        ResourceKind.FORMER_PUPILS: _Listed(
            schema.pupil,
            _person(schema.pupil),
            cast(schema.pupil.c.left_on, String),
            schema.pupil.c.left_on.is_not(None),
        ),
        ResourceKind.ROOMS: _Listed(schema.room, schema.room.c.name, schema.room.c.capacity),
        ResourceKind.STAFF: _Listed(
            schema.staff,
            _person(schema.staff),
            _name_of(schema.staff_function, schema.staff.c.function_id),
        ),
    }
)

# What is shown of a detail that is no text.
_SHOWN: Final[Mapping[ResourceKind, Callable[[Any], str]]] = MappingProxyType(
    {
        ResourceKind.ROOMS: lambda places: "" if places is None else f"{places} places",
        ResourceKind.FORMER_PUPILS: lambda day: f"{day[8:]}/{day[5:7]}/{day[:4]}",
    }
)

# What is asked all day: lists that are leafed through, not searched, and whose a week is.
_COUNTS: Final = {kind: Prepared(listed.count()) for kind, listed in _LISTED.items()}
_PAGES: Final = {
    kind: Prepared(
        listed.page(bindparam("first", type_=Integer), bindparam("most", type_=Integer))
    )
    for kind, listed in _LISTED.items()
}
_BY_ID: Final = {
    kind: Prepared(listed.lines().where(listed.table.c.id == bindparam("which")))
    for kind, listed in _LISTED.items()
}
_BY_CODE: Final = {
    kind: Prepared(listed.lines().where(listed.table.c.code == bindparam("which")))
    for kind, listed in _LISTED.items()
}


def list_resources(
    conn: Connection, kind: ResourceKind, search: str | None, offset: int, limit: int
) -> tuple[int, list[ResourceLine]]:
    """
    Return how many resources match, and *limit* of them from *offset* on, by folded name.

    Args:
        search: Words that name or code contain, all of them, in any order.
    """
    total, rows = resource_rows(conn, kind, search, offset, limit)
    return total, [ResourceLine(*row) for row in rows]


def resource_rows(
    conn: Connection, kind: ResourceKind, search: str | None, offset: int, limit: int
) -> tuple[int, list[Row]]:
    """As `list_resources`, each line as the tuple of its fields."""
    words = searched(search)
    if not words:
        rows = _PAGES[kind].tuples(conn, first=offset, most=limit)
        return _total(conn, kind), _shown(conn, kind, rows)
    listed = _LISTED[kind]
    matching = [listed.table.c.search.contains(word, autoescape=True) for word in words]
    found: int = conn.execute(listed.count().where(*matching)).scalar_one()
    page = conn.execute(listed.page(offset, limit).where(*matching))
    return found, _shown(conn, kind, [tuple(row) for row in page])


def searched(search: str | None) -> frozenset[str]:
    """Return the words that are looked for; none: everything is listed."""
    return frozenset(fold(search).split()) if search else frozenset()


@remembered
def _total(conn: Connection, kind: ResourceKind) -> int:
    total: int = _COUNTS[kind].first(conn).count
    return total


def resource(conn: Connection, kind: ResourceKind, resource_id: int) -> ResourceLine | None:
    """Return the resource with this id, or None."""
    return _one(conn, kind, _BY_ID[kind].tuples(conn, which=resource_id))


def resource_by_code(conn: Connection, kind: ResourceKind, code: str) -> ResourceLine | None:
    """Return the resource with this code, or None."""
    return _one(conn, kind, _BY_CODE[kind].tuples(conn, which=code))


def _one(conn: Connection, kind: ResourceKind, found: list[Row]) -> ResourceLine | None:
    return ResourceLine(*_shown(conn, kind, found)[0]) if found else None


def _shown(conn: Connection, kind: ResourceKind, rows: list[Row]) -> list[Row]:
    """Return *rows*, their details as persons read them."""
    if kind is ResourceKind.GROUPS:
        classes = _classes_of_groups(conn, [row[0] for row in rows])
        return [(*row[:3], ", ".join(classes.get(row[0], ()))) for row in rows]
    shown = _SHOWN.get(kind)
    if shown is None:
        return rows
    return [(id_, code, name, shown(detail)) for id_, code, name, detail in rows]


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
