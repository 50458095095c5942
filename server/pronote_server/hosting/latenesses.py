"""Latenesses, in minutes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import latenesses as calls
from pronote_protocol.catalogue.school_life import Moment, ThingRef
from pronote_protocol.errors import Conflict
from pronote_protocol.messages import Nothing
from pronote_server.domain.sessions import Session
from pronote_server.hosting import school_life
from pronote_server.hosting.entries import Entry, enter
from pronote_server.hosting.school import School
from pronote_server.storage import base_calendar, base_events
from pronote_server.storage import base_schema as schema

__all__ = [
    "change_lateness",
    "delete_lateness",
    "enter_lateness",
    "list_latenesses",
    "read_lateness",
]

_TABLE: Final = schema.lateness
_FAMILY: Final = "latenesses"


async def list_latenesses(
    school: School, wish: calls.ListLatenesses
) -> Page[calls.LatenessRow]:
    wanted = [] if wish.justified is None else [_TABLE.c.justified == wish.justified]
    return await school_life.list_events(school, _TABLE, wish, wanted, _rows)


async def read_lateness(school: School, ref: ThingRef) -> calls.LatenessRow:
    """
    Raises:
        NotFound: There is none.
    """
    return await school.base_in_service().database.read(lambda conn: _shown(conn, ref.id))


async def enter_lateness(
    school: School, session: Session, key: str | None, wish: calls.EnterLateness
) -> calls.LatenessRow:
    """
    Raises:
        NotFound: No such pupil or motive.
        BadRequest: It is not of the school year.
        Conflict: There is one of that moment, or it is sealed.
    """
    now = school.now()

    def command(entry: Entry) -> calls.LatenessRow:
        conn = entry.conn
        pupil = school_life.pupil_for_entry(conn, wish.pupil_id, wish.at.day)
        school_life.check_motive(conn, _TABLE, wish.motive_id)
        values = {
            "pupil_id": pupil.id,
            "at": wish.at.at,
            "minutes": wish.minutes,
            "motive_id": wish.motive_id,
            "justified": wish.justified,
        }
        _check_time(conn, pupil.id, None, values, now)
        told = school_life.audience_of(conn, pupil.id)
        return _shown(conn, school_life.create(entry, _TABLE, _FAMILY, values, told))

    return await enter(school, session, calls.ENTER_LATENESS, key, command)


async def change_lateness(
    school: School, session: Session, key: str | None, wish: calls.ChangeLateness
) -> calls.LatenessRow:
    """
    Raises:
        NotFound, StaleRevision, BadRequest, Conflict: As for entering and for `find`.
    """
    now = school.now()

    def command(entry: Entry) -> calls.LatenessRow:
        conn = entry.conn
        row = school_life.find(conn, _TABLE, wish, entry)
        before = school_life.plain(row, _TABLE)
        values = {
            "at": wish.at.at,
            "minutes": wish.minutes,
            "motive_id": wish.motive_id,
            "justified": wish.justified,
        }
        if wish.motive_id != row.motive_id:
            school_life.check_motive(conn, _TABLE, wish.motive_id)
        _check_time(conn, row.pupil_id, before, {**before, **values}, now)
        told = school_life.audience_of(conn, row.pupil_id)
        school_life.change(entry, _TABLE, _FAMILY, row, values, told)
        return _shown(conn, row.id)

    return await enter(school, session, calls.CHANGE_LATENESS, key, command)


async def delete_lateness(
    school: School, session: Session, key: str | None, ref: ThingRef
) -> Nothing:
    """
    Raises:
        NotFound, StaleRevision, Conflict: See `school_life.remove`.
    """
    return await school_life.remove(
        school, session, calls.DELETE_LATENESS, key, ref, _TABLE, _FAMILY
    )


def _check_time(
    conn: Connection,
    pupil_id: int,
    before: dict[str, Any] | None,
    after: dict[str, Any],
    now: datetime,
) -> None:
    calendar = base_calendar.read_calendar(conn)
    days = school_life.days_of(_TABLE, after)
    if before is not None:
        days += school_life.days_of(_TABLE, before)
    school_life.check_in_year(calendar, after["at"].date())
    school_life.check_pupil_open(conn, calendar, pupil_id, days, now)
    other = base_events.same_moment(conn, pupil_id, after["at"])
    if other is not None and (before is None or other != before["id"]):
        raise Conflict(
            "Cet élève a déjà un retard à cette heure.",
            "This pupil has a lateness at that time already.",
            lateness_id=other,
        )


def _shown(conn: Connection, ident: int) -> calls.LatenessRow:
    row = school_life.find(conn, _TABLE, ThingRef(id=ident))
    return next(_rows(conn, [row]))


def _rows(conn: Connection, rows: Sequence[Row[Any]]) -> Iterator[calls.LatenessRow]:
    for row in rows:
        yield calls.LatenessRow(
            row.id,
            row.pupil_id,
            row.pupil,
            row.class_name,
            Moment.of(row.at),
            row.minutes,
            row.motive_id,
            row.motive,
            row.justified,
            row.revision,
        )
