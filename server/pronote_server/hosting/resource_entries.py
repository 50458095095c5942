"""
What is done to resources of every kind: listed, read, created, changed, deleted.

Nothing is deleted that something else relies on; the refusal says what does, and how much of
it. The code of a resource never changes: accounts, services and what people wrote name it.
"""

from __future__ import annotations

import enum
import typing
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs
from sqlalchemy import Connection

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue.resource_calls import ListThings
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.errors import BadRequest, Conflict, NotFound
from pronote_protocol.messages import Nothing
from pronote_protocol.words import ResourceOrder
from pronote_server.domain.search import fold
from pronote_server.domain.sessions import Session
from pronote_server.hosting.entries import Audience, Entry, enter
from pronote_server.hosting.resource_kinds import KINDS, Managed
from pronote_server.hosting.school import School
from pronote_server.storage import base_kinds as kept

__all__ = ["change", "create", "delete", "list_page", "noun", "read", "row_of", "the_row"]

# What relies on a resource, as a refusal says it.
_SAID: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "account": ("compte", "account"),
        "absence": ("absence", "absence"),
        "appraisal": ("appréciation", "appraisal"),
        "bonus_malus": ("bonus ou malus", "bonus or malus"),
        "discussion": ("discussion", "discussion"),
        "document": ("document", "document"),
        "evaluation_level": ("évaluation", "level"),
        "follow_up": ("suivi", "follow-up"),
        "group_class": ("groupe", "group"),
        "information": ("information", "information"),
        "lateness": ("retard", "lateness"),
        "lesson": ("cours", "lesson"),
        "lesson_class": ("cours", "lesson"),
        "lesson_group": ("cours", "lesson"),
        "lesson_room": ("cours", "lesson"),
        "lesson_teacher": ("cours", "lesson"),
        "mark": ("note", "mark"),
        "participant": ("discussion", "discussion"),
        "punishment": ("punition", "punishment"),
        "pupil": ("élève", "pupil"),
        "pupil_group": ("membre", "member"),
        "pupil_guardian": ("élève", "pupil"),
        "receipt": ("information reçue", "information received"),
        "roll_call": ("appel", "roll call"),
        "sanction": ("sanction", "sanction"),
        "service": ("service", "service"),
        "staff": ("personnel", "member of the staff"),
    }
)


async def list_page(school: School, managed: Managed, wish: Any) -> Page[Any]:
    """Return a page of the resources of one kind."""
    sought = wish if isinstance(wish, ListThings) else None

    def read_page(conn: Connection) -> Page[Any]:
        total, rows = kept.page(
            conn,
            managed.kind,
            managed.wanted(wish),
            search=sought.search if sought else None,
            order=sought.order if sought else ResourceOrder.NAME,
            offset=wish.offset,
            limit=wish.limit,
        )
        return Page(
            total=total, offset=wish.offset, rows=tuple(row_of(managed, row) for row in rows)
        )

    return await school.base_in_service().database.read(read_page)


async def read(school: School, managed: Managed, ref: ThingRef) -> Any:
    """
    Raises:
        NotFound: There is none.
    """
    return await school.base_in_service().database.read(
        lambda conn: row_of(managed, the_row(conn, managed, ref.id))
    )


async def create(
    school: School, session: Session, key: str | None, managed: Managed, wish: Any
) -> Any:
    """
    Raises:
        NotFound: It refers to something that is not there.
        Conflict: Its code is taken; or see the rules of its kind.
        BadRequest: It cannot be.
    """
    values = _plain(attrs.asdict(wish, recurse=False))
    code = values.pop("code", None)

    def command(entry: Entry) -> Any:
        conn = entry.conn
        _check(conn, managed, None, values)
        if code is not None and not kept.code_is_free(conn, managed.kind, code):
            raise Conflict("Le code {code} est pris.", "Code {code} is taken.", code=code)
        ident = kept.insert_one(conn, managed.kind, values, code, entry.revision)
        row = the_row(conn, managed, ident)
        _note(entry, managed, ident, None, _kept(managed, row))
        return row_of(managed, row)

    return await enter(school, session, managed.calls.create, key, command)


async def change(
    school: School, session: Session, key: str | None, managed: Managed, wish: Any
) -> Any:
    """
    Raises:
        NotFound, StaleRevision: There is none, or it was changed since; or it refers to
            something that is not there.
        Conflict, BadRequest: See the rules of its kind.
    """
    values = _plain(attrs.asdict(wish, recurse=False))
    ident, if_revision = values.pop("id"), values.pop("if_revision")

    def command(entry: Entry) -> Any:
        conn = entry.conn
        old = the_row(conn, managed, ident)
        entry.check_fresh(managed.kind.table.name, ident, old["revision"], if_revision)
        before = _kept(managed, old)
        if all(before[name] == value for name, value in values.items()):
            return row_of(managed, old)
        _check(conn, managed, ident, values)
        told = managed.told(conn, ident)
        kept.update_one(conn, managed.kind, ident, values, old.get("code"), entry.revision)
        managed.follow(entry, ident, before, values)
        row = the_row(conn, managed, ident)
        _note(entry, managed, ident, before, _kept(managed, row), told)
        return row_of(managed, row)

    return await enter(school, session, managed.calls.change, key, command)


async def delete(
    school: School, session: Session, key: str | None, managed: Managed, ref: ThingRef
) -> Nothing:
    """
    Delete what nothing relies on, and its parts.

    Raises:
        NotFound, StaleRevision: There is none, or it was changed since.
        Conflict: Something relies on it; ``relies`` says how much, by table.
    """
    accounts = await _accounts_of(school, managed, ref.id)

    def command(entry: Entry) -> Nothing:
        conn, kind = entry.conn, managed.kind
        row = the_row(conn, managed, ref.id)
        entry.check_fresh(kind.table.name, ref.id, row["revision"], ref.if_revision)
        relies = kept.relying_on(conn, kind, ref.id, row.get("code"))
        if accounts:
            relies["account"] = accounts
        if relies:
            raise _relied_on(relies)
        told = managed.told(conn, ref.id)
        kept.delete_one(conn, kind, ref.id)
        entry.changed(
            managed.calls.family, kind.table.name, ref.id, _kept(managed, row), None, told
        )
        return Nothing()

    return await enter(school, session, managed.calls.delete, key, command)


def the_row(conn: Connection, managed: Managed, ident: int) -> dict[str, Any]:
    """
    Raises:
        NotFound: There is none.
    """
    row = kept.one(conn, managed.kind, ident)
    if row is None:
        raise NotFound(what=f"{noun(managed.kind.table.name)} {ident}")
    return row


def row_of(managed: Managed, row: Mapping[str, Any]) -> Any:
    """Return it as the catalogue's row."""
    return managed.calls.row(
        **{
            name: row[name] if member is None else member(row[name])
            for name, member in _MEMBERS[managed.calls.family].items()
        }
    )


def noun(table: str) -> str:
    """Return what a refusal calls something of that table."""
    return table.removeprefix("school_").removeprefix("staff_")


def _made_of(row: type[Any]) -> dict[str, type[enum.Enum] | None]:
    """Return the fields of a row, and of which words those are that are words."""
    hints = typing.get_type_hints(row)
    return {
        field.name: kind
        if isinstance(kind := hints[field.name], type) and issubclass(kind, enum.Enum)
        else None
        for field in attrs.fields(row)
    }


_MEMBERS: Final = {managed.calls.family: _made_of(managed.calls.row) for managed in KINDS}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as the tables hold them."""
    found = {}
    for name, value in values.items():
        if isinstance(value, enum.Enum):
            value = value.value
        elif isinstance(value, tuple):
            value = tuple(sorted(value))
        found[name] = value
    return found


def _kept(managed: Managed, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the audit says of it: its own columns and links, not what is only shown."""
    aside = {"sort_name", "search", *managed.kind.shown}
    return {name: value for name, value in row.items() if name not in aside}


def _note(
    entry: Entry,
    managed: Managed,
    ident: int,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    also_told: Audience | None = None,
) -> None:
    """Note it, for who may see it now and who might before."""
    told = managed.told(entry.conn, ident)
    if also_told is not None and None not in (told.teachers, also_told.teachers):
        teachers = (told.teachers or frozenset()) | (also_told.teachers or frozenset())
        told = attrs.evolve(told, teachers=teachers)
    entry.changed(managed.calls.family, managed.kind.table.name, ident, before, after, told)


def _check(
    conn: Connection, managed: Managed, ident: int | None, values: Mapping[str, Any]
) -> None:
    """Refuse what has no name, refers to nothing, or breaks a rule of its kind."""
    for name in ("name", "last_name"):
        if name in values and not fold(values[name]):
            raise BadRequest(problems=f"{name}: nothing but spaces")
    _check_references(conn, managed, values)
    managed.check(conn, ident, values)


def _check_references(conn: Connection, managed: Managed, values: Mapping[str, Any]) -> None:
    kind = managed.kind
    for name, value in values.items():
        column = kind.links.get(name, kind.table.c.get(name))
        if column is None or value is None:
            continue
        for reference in column.foreign_keys:
            table = reference.column.table
            for ident in value if name in kind.links else (value,):
                if not kept.exists(conn, table, ident):
                    raise NotFound(what=f"{noun(table.name)} {ident}")


async def _accounts_of(school: School, managed: Managed, ident: int) -> int:
    """Return how many accounts are this person's."""
    kind = managed.kind
    if kind.person is None:
        return 0
    row = await school.base_in_service().database.read(lambda conn: kept.one(conn, kind, ident))
    if row is None:
        return 0
    person = f"{kind.person}:{row['code']}"
    return sum(account.person == person for account in school.directory.accounts)


def _relied_on(relies: Mapping[str, int]) -> Conflict:
    french: dict[str, int] = {}
    english: dict[str, int] = {}
    for table, count in relies.items():
        for said, language in zip(
            _SAID.get(table, (table, table)), (french, english), strict=True
        ):
            language[said] = language.get(said, 0) + count
    return Conflict(
        "Suppression impossible, en dépendent : {relies_fr}.",
        "Not deleted, what relies on it: {relies_en}.",
        relies_fr=", ".join(f"{said} ({count})" for said, count in french.items()),
        relies_en=", ".join(f"{said} ({count})" for said, count in english.items()),
        relies=dict(relies),
    )
