"""Motives and their flags."""

from __future__ import annotations

from typing import Any, Final

import attrs
from sqlalchemy import Connection, Row, func, select

from pronote_protocol.catalogue import motives as calls
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.errors import Conflict, NotFound
from pronote_protocol.messages import Nothing
from pronote_protocol.words import MotiveKind
from pronote_server.domain.search import fold
from pronote_server.domain.sessions import Session
from pronote_server.hosting.entries import EVERYBODY, Entry, enter
from pronote_server.hosting.school import School
from pronote_server.storage import base_events
from pronote_server.storage import base_schema as schema

__all__ = ["change_motive", "create_motive", "delete_motive", "list_motives"]

_TABLE: Final = schema.motive
_MOST: Final = 500
_FLAGS: Final = (
    "admissible",
    "settled",
    "out_of_school",
    "health",
    "report_card",
    "published",
    "usable_by_guardians",
)


async def list_motives(school: School, wish: calls.ListMotives) -> calls.MotivesShown:
    return await school.base_in_service().database.read(
        lambda conn: calls.MotivesShown(rows=tuple(_motives(conn, wish.kind)))
    )


async def create_motive(
    school: School, session: Session, key: str | None, wish: calls.CreateMotive
) -> calls.MotiveRow:
    """
    Raises:
        Conflict: The name is taken within its kind, or says nothing, or there are too many.
    """

    def command(entry: Entry) -> calls.MotiveRow:
        conn = entry.conn
        total: int = conn.execute(select(func.count()).select_from(_TABLE)).scalar_one()
        if total >= _MOST:
            raise Conflict(
                "Il y a déjà {most} motifs.", "There are {most} motives already.", most=_MOST
            )
        name = _name(conn, wish.kind, wish.name, None)
        values = {"kind": wish.kind.value, "name": name, **_flags(wish)}
        ident = base_events.insert_event(conn, _TABLE, values)
        after = {"id": ident, **values}
        entry.changed("motives", _TABLE.name, ident, None, after, EVERYBODY)
        return _row(_found(conn, ident), entry.revision)

    return await enter(school, session, calls.CREATE_MOTIVE, key, command)


async def change_motive(
    school: School, session: Session, key: str | None, wish: calls.ChangeMotive
) -> calls.MotiveRow:
    """
    Raises:
        NotFound, StaleRevision: There is none; it was changed since.
        Conflict: The name is taken within its kind, or says nothing.
    """

    def command(entry: Entry) -> calls.MotiveRow:
        conn = entry.conn
        row = _found(conn, wish.id)
        revision = _revisions(conn, wish.id).get(str(wish.id), 0)
        entry.check_fresh(_TABLE.name, wish.id, revision, wish.if_revision)
        before = dict(row._mapping)
        name = _name(conn, MotiveKind(row.kind), wish.name, row.id)
        after = {**before, "name": name, **_flags(wish)}
        if after == before:
            return _row(row, revision)
        base_events.change_event(conn, _TABLE, row.id, after)
        entry.changed("motives", _TABLE.name, row.id, before, after, EVERYBODY)
        return _row(_found(conn, row.id), entry.revision)

    return await enter(school, session, calls.CHANGE_MOTIVE, key, command)


async def delete_motive(
    school: School, session: Session, key: str | None, ref: ThingRef
) -> Nothing:
    """
    Raises:
        NotFound, StaleRevision: There is none; it was changed since.
        Conflict: Something has it.
    """

    def command(entry: Entry) -> Nothing:
        conn = entry.conn
        row = _found(conn, ref.id)
        revision = _revisions(conn, ref.id).get(str(ref.id), 0)
        entry.check_fresh(_TABLE.name, ref.id, revision, ref.if_revision)
        count = base_events.count_with_motive(conn, ref.id)
        if count:
            raise Conflict(
                "Ce motif est donné {count} fois.",
                "This motive is given {count} times.",
                count=count,
            )
        base_events.delete_event(conn, _TABLE, ref.id)
        before = dict(row._mapping)
        entry.changed("motives", _TABLE.name, ref.id, before, None, EVERYBODY)
        return Nothing()

    return await enter(school, session, calls.DELETE_MOTIVE, key, command)


def _motives(conn: Connection, kind: MotiveKind | None) -> list[calls.MotiveRow]:
    wanted = select(_TABLE)
    if kind is not None:
        wanted = wanted.where(_TABLE.c.kind == kind.value)
    revisions = _revisions(conn)
    rows = sorted(
        conn.execute(wanted).all(), key=lambda row: (row.kind, fold(row.name), row.id)
    )
    return [_row(row, revisions.get(str(row.id), 0)) for row in rows[:_MOST]]


def _revisions(conn: Connection, ident: int | None = None) -> dict[str, int]:
    """Return when each was last written, by the audit: the table does not say."""
    audit = schema.audit.c
    wanted = select(audit.entity_id, func.max(audit.revision)).where(
        audit.entity == _TABLE.name
    )
    if ident is not None:
        wanted = wanted.where(audit.entity_id == str(ident))
    return {row[0]: row[1] for row in conn.execute(wanted.group_by(audit.entity_id))}


def _found(conn: Connection, ident: int) -> Row[Any]:
    row = conn.execute(select(_TABLE).where(_TABLE.c.id == ident)).one_or_none()
    if row is None:
        raise NotFound(what=f"motive {ident}")
    return row


def _name(conn: Connection, kind: MotiveKind, name: str, known: int | None) -> str:
    """Return the name without the spaces around it, if nothing else has it."""
    if not fold(name):
        raise Conflict("Il faut un nom.", "A name is needed.")
    for each in _motives(conn, kind):
        if each.id != known and fold(each.name) == fold(name):
            raise Conflict("Ce motif existe déjà.", "This motive exists already.")
    return name.strip()


def _flags(wish: calls.CreateMotive | calls.ChangeMotive) -> dict[str, bool]:
    values = attrs.asdict(wish)
    return {name: values[name] for name in _FLAGS}


def _row(row: Row[Any], revision: int) -> calls.MotiveRow:
    return calls.MotiveRow(
        row.id,
        MotiveKind(row.kind),
        row.name,
        row.admissible,
        row.settled,
        row.out_of_school,
        row.health,
        row.report_card,
        row.published,
        row.usable_by_guardians,
        revision,
    )
