"""Sanctions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import sanctions as calls
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.messages import Nothing
from pronote_protocol.words import SanctionKind
from pronote_server.domain.discipline import Sanction, check_sanction
from pronote_server.domain.sessions import Session
from pronote_server.hosting import school_life
from pronote_server.hosting.entries import Entry, enter
from pronote_server.hosting.school import School
from pronote_server.storage import base_calendar
from pronote_server.storage import base_schema as schema

__all__ = [
    "change_sanction",
    "decide_sanction",
    "delete_sanction",
    "list_sanctions",
    "read_sanction",
]

_TABLE: Final = schema.sanction
_FAMILY: Final = "sanctions"


async def list_sanctions(school: School, wish: calls.ListSanctions) -> Page[calls.SanctionRow]:
    wanted = [] if wish.kind is None else [_TABLE.c.kind == wish.kind.value]
    return await school_life.list_events(school, _TABLE, wish, wanted, _rows)


async def read_sanction(school: School, ref: ThingRef) -> calls.SanctionRow:
    """
    Raises:
        NotFound: There is none.
    """
    return await school.base_in_service().database.read(lambda conn: _shown(conn, ref.id))


async def decide_sanction(
    school: School, session: Session, key: str | None, wish: calls.DecideSanction
) -> calls.SanctionRow:
    """
    Raises:
        NotFound: No such pupil or motive.
        BadRequest: It cannot be, see `discipline.check_sanction`.
        Conflict: It is sealed, or the pupil had left.
    """
    now = school.now()

    def command(entry: Entry) -> calls.SanctionRow:
        conn = entry.conn
        pupil = school_life.pupil_for_entry(conn, wish.pupil_id, wish.decided_on)
        school_life.check_motive(conn, _TABLE, wish.motive_id)
        calendar = base_calendar.read_calendar(conn)
        check_sanction(_sanction(wish), calendar)
        school_life.check_open(conn, calendar, [pupil.class_code], [wish.decided_on], now)
        values = {
            "pupil_id": pupil.id,
            "decided_by": school_life.who(session),
            **_wished(wish),
        }
        told = school_life.audience_of(conn, pupil.id)
        return _shown(conn, school_life.create(entry, _TABLE, _FAMILY, values, told))

    return await enter(school, session, calls.DECIDE_SANCTION, key, command)


async def change_sanction(
    school: School, session: Session, key: str | None, wish: calls.ChangeSanction
) -> calls.SanctionRow:
    """
    Raises:
        NotFound, StaleRevision, BadRequest, Conflict: As for deciding and for `find`.
    """
    now = school.now()

    def command(entry: Entry) -> calls.SanctionRow:
        conn = entry.conn
        row = school_life.find(conn, _TABLE, wish, entry)
        if wish.motive_id != row.motive_id:
            school_life.check_motive(conn, _TABLE, wish.motive_id)
        calendar = base_calendar.read_calendar(conn)
        check_sanction(_sanction(wish), calendar)
        days = {row.decided_on, wish.decided_on}
        school_life.check_pupil_open(conn, calendar, row.pupil_id, days, now)
        told = school_life.audience_of(conn, row.pupil_id)
        school_life.change(entry, _TABLE, _FAMILY, row, _wished(wish), told)
        return _shown(conn, row.id)

    return await enter(school, session, calls.CHANGE_SANCTION, key, command)


async def delete_sanction(
    school: School, session: Session, key: str | None, ref: ThingRef
) -> Nothing:
    """
    Raises:
        NotFound, StaleRevision, Conflict: See `school_life.remove`.
    """
    return await school_life.remove(
        school, session, calls.DELETE_SANCTION, key, ref, _TABLE, _FAMILY
    )


def _sanction(wish: calls.DecideSanction | calls.ChangeSanction) -> Sanction:
    return Sanction(
        kind=wish.kind,
        decided_on=wish.decided_on,
        starts_on=wish.starts_on,
        ends_on=wish.ends_on,
    )


def _wished(wish: calls.DecideSanction | calls.ChangeSanction) -> dict[str, Any]:
    return {
        "kind": wish.kind.value,
        "decided_on": wish.decided_on,
        "starts_on": wish.starts_on,
        "ends_on": wish.ends_on,
        "motive_id": wish.motive_id,
    }


def _shown(conn: Connection, ident: int) -> calls.SanctionRow:
    row = school_life.find(conn, _TABLE, ThingRef(id=ident))
    return next(_rows(conn, [row]))


def _rows(conn: Connection, rows: Sequence[Row[Any]]) -> Iterator[calls.SanctionRow]:
    names = school_life.names_of(conn, (row.decided_by for row in rows))
    for row in rows:
        yield calls.SanctionRow(
            row.id,
            row.pupil_id,
            row.pupil,
            row.class_name,
            SanctionKind(row.kind),
            row.decided_on,
            names[row.decided_by],
            row.starts_on,
            row.ends_on,
            row.motive_id,
            row.motive,
            row.revision,
        )
