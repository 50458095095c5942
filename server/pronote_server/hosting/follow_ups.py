"""Follow-ups; only school life and the administration hear of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import follow_ups as calls
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.messages import Nothing
from pronote_protocol.words import FollowUpKind
from pronote_server.domain.sessions import Session
from pronote_server.hosting import school_life
from pronote_server.hosting.entries import SCHOOL_LIFE, Entry, enter
from pronote_server.hosting.school import School
from pronote_server.storage import base_calendar
from pronote_server.storage import base_schema as schema

__all__ = [
    "change_follow_up",
    "delete_follow_up",
    "enter_follow_up",
    "list_follow_ups",
    "read_follow_up",
]

_TABLE: Final = schema.follow_up
_FAMILY: Final = "follow_ups"


async def list_follow_ups(school: School, wish: calls.ListFollowUps) -> Page[calls.FollowUpRow]:
    wanted = [] if wish.kind is None else [_TABLE.c.kind == wish.kind.value]

    def rows_of(conn: Connection, rows: Sequence[Row[Any]]) -> Iterator[calls.FollowUpRow]:
        return _rows(conn, rows, school_life.LISTED_CHARACTERS)

    return await school_life.list_events(school, _TABLE, wish, wanted, rows_of)


async def read_follow_up(school: School, ref: ThingRef) -> calls.FollowUpRow:
    """
    Raises:
        NotFound: There is none.
    """
    return await school.base_in_service().database.read(lambda conn: _shown(conn, ref.id))


async def enter_follow_up(
    school: School, session: Session, key: str | None, wish: calls.EnterFollowUp
) -> calls.FollowUpRow:
    """
    Raises:
        NotFound: No such pupil or motive.
        BadRequest: The day is not of the school year.
        Conflict: It is sealed, or the pupil had left.
    """
    now = school.now()

    def command(entry: Entry) -> calls.FollowUpRow:
        conn = entry.conn
        pupil = school_life.pupil_for_entry(conn, wish.pupil_id, wish.day)
        school_life.check_motive(conn, _TABLE, wish.motive_id)
        calendar = base_calendar.read_calendar(conn)
        school_life.check_in_year(calendar, wish.day)
        school_life.check_open(conn, calendar, [pupil.class_code], [wish.day], now)
        values = {"pupil_id": pupil.id, "by": school_life.who(session), **_wished(wish)}
        return _shown(conn, school_life.create(entry, _TABLE, _FAMILY, values, SCHOOL_LIFE))

    return await enter(school, session, calls.ENTER_FOLLOW_UP, key, command)


async def change_follow_up(
    school: School, session: Session, key: str | None, wish: calls.ChangeFollowUp
) -> calls.FollowUpRow:
    """
    Raises:
        NotFound, StaleRevision, BadRequest, Conflict: As for entering and for `find`.
    """
    now = school.now()

    def command(entry: Entry) -> calls.FollowUpRow:
        conn = entry.conn
        row = school_life.find(conn, _TABLE, wish, entry)
        if wish.motive_id != row.motive_id:
            school_life.check_motive(conn, _TABLE, wish.motive_id)
        calendar = base_calendar.read_calendar(conn)
        school_life.check_in_year(calendar, wish.day)
        school_life.check_pupil_open(conn, calendar, row.pupil_id, {row.date, wish.day}, now)
        school_life.change(entry, _TABLE, _FAMILY, row, _wished(wish), SCHOOL_LIFE)
        return _shown(conn, row.id)

    return await enter(school, session, calls.CHANGE_FOLLOW_UP, key, command)


async def delete_follow_up(
    school: School, session: Session, key: str | None, ref: ThingRef
) -> Nothing:
    """
    Raises:
        NotFound, StaleRevision, Conflict: See `school_life.remove`.
    """
    return await school_life.remove(
        school,
        session,
        calls.DELETE_FOLLOW_UP,
        key,
        ref,
        _TABLE,
        _FAMILY,
        lambda conn, pupil_id: SCHOOL_LIFE,
    )


def _wished(wish: calls.EnterFollowUp | calls.ChangeFollowUp) -> dict[str, Any]:
    return {
        "date": wish.day,
        "kind": wish.kind.value,
        "text": wish.text,
        "motive_id": wish.motive_id,
    }


def _shown(conn: Connection, ident: int) -> calls.FollowUpRow:
    row = school_life.find(conn, _TABLE, ThingRef(id=ident))
    return next(_rows(conn, [row], None))


def _rows(
    conn: Connection, rows: Sequence[Row[Any]], characters: int | None
) -> Iterator[calls.FollowUpRow]:
    names = school_life.names_of(conn, (row.by for row in rows))
    for row in rows:
        yield calls.FollowUpRow(
            row.id,
            row.pupil_id,
            row.pupil,
            row.class_name,
            row.date,
            FollowUpKind(row.kind),
            row.text[:characters],
            names[row.by],
            row.motive_id,
            row.motive,
            row.revision,
        )
