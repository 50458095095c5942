"""
Punishments: given, programmed, carried out.

A teacher gives them to pupils of his services and handles those he gave; to him the others do
not exist. What school life has programmed is no longer his to change or delete.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import punishments as calls
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.errors import BadRequest, Conflict, NotFound
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Mode, PunishmentKind
from pronote_server.domain import discipline
from pronote_server.domain.discipline import Programme, Punishment, TakenTime
from pronote_server.domain.sessions import Session
from pronote_server.hosting import school_life
from pronote_server.hosting.entries import Audience, Entry, enter
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import local
from pronote_server.hosting.scope import check_pupil
from pronote_server.storage import base_calendar, base_events
from pronote_server.storage import base_schema as schema

__all__ = [
    "change_punishment",
    "delete_punishment",
    "give_punishment",
    "list_punishments",
    "mark_punishment",
    "programme_detention",
    "read_punishment",
]

_TABLE: Final = schema.punishment
_FAMILY: Final = "punishments"
_DAY: Final = timedelta(days=1)


async def list_punishments(
    school: School, session: Session, wish: calls.ListPunishments
) -> Page[calls.PunishmentRow]:
    today = local(school.now()).date()
    wanted: list[Any] = []
    if wish.kind is not None:
        wanted.append(_TABLE.c.kind == wish.kind.value)
    if wish.state is not None:
        wanted.append(base_events.in_state(wish.state, today))
    if session.mode is Mode.TEACHER:
        wanted.append(_TABLE.c.given_by == school_life.who(session))

    def rows_of(conn: Connection, rows: Sequence[Row[Any]]) -> Iterator[calls.PunishmentRow]:
        return _rows(conn, rows, today, school_life.LISTED_CHARACTERS)

    return await school_life.list_events(school, _TABLE, wish, wanted, rows_of)


async def read_punishment(
    school: School, session: Session, ref: ThingRef
) -> calls.PunishmentRow:
    """
    Raises:
        NotFound: There is none, or it is not for this session to see.
    """
    today = local(school.now()).date()

    def read(conn: Connection) -> calls.PunishmentRow:
        _find(conn, session, ref)
        return _shown(conn, ref.id, today)

    return await school.base_in_service().database.read(read)


async def give_punishment(
    school: School, session: Session, key: str | None, wish: calls.GivePunishment
) -> calls.PunishmentRow:
    """
    Raises:
        NotFound: No such pupil, or not this teacher's; no such motive.
        BadRequest: It cannot be, see `discipline.check_punishment`.
        Conflict: It is sealed, or the pupil had left.
    """
    now = school.now()
    today = local(now).date()

    def command(entry: Entry) -> calls.PunishmentRow:
        conn = entry.conn
        check_pupil(conn, session, wish.pupil_id)
        given_on = wish.given_on or today
        pupil = school_life.pupil_for_entry(conn, wish.pupil_id, given_on)
        school_life.check_motive(conn, _TABLE, wish.motive_id)
        calendar = base_calendar.read_calendar(conn)
        values = {
            "pupil_id": pupil.id,
            "kind": wish.kind.value,
            "given_on": given_on,
            "given_by": school_life.who(session),
            **_wished(wish),
        }
        companion = _companion(conn, session, wish.companion_id, pupil.id, given_on)
        discipline.check_punishment(_punishment({**values, **companion}, None), calendar)
        school_life.check_open(conn, calendar, [pupil.class_code], [given_on], now)
        told = _audience(conn, values)
        ident = school_life.create(entry, _TABLE, _FAMILY, values, told, **companion)
        base_events.put_companion(conn, ident, wish.companion_id)
        return _shown(conn, ident, today)

    return await enter(school, session, calls.GIVE_PUNISHMENT, key, command)


async def change_punishment(
    school: School, session: Session, key: str | None, wish: calls.ChangePunishment
) -> calls.PunishmentRow:
    """
    Raises:
        NotFound, StaleRevision, BadRequest: As for giving and for `find`.
        Conflict: It is sealed, or for a teacher: school life has programmed it.
    """
    now = school.now()

    def command(entry: Entry) -> calls.PunishmentRow:
        row = _find_to_change(entry, session, wish)
        if wish.motive_id != row.motive_id:
            school_life.check_motive(entry.conn, _TABLE, wish.motive_id)
        values = {"given_on": wish.given_on, **_wished(wish)}
        calendar = base_calendar.read_calendar(entry.conn)
        if wish.companion_id != row.companion_id:
            _companion(entry.conn, session, wish.companion_id, row.pupil_id, wish.given_on)
        after = {
            **school_life.plain(row, _TABLE),
            **values,
            "companion_id": wish.companion_id,
        }
        changed = _punishment(after, _programme(row))
        discipline.check_punishment(changed, calendar)
        if changed.programme is not None and wish.duration_minutes != row.duration_minutes:
            _check_free(entry.conn, row, changed.programme, changed.duration_minutes or 0)
        if wish.companion_id != row.companion_id:
            base_events.put_companion(entry.conn, row.id, wish.companion_id)
        return _change(entry, row, values, now, companion_id=wish.companion_id)

    return await enter(school, session, calls.CHANGE_PUNISHMENT, key, command)


async def programme_detention(
    school: School, session: Session, key: str | None, wish: calls.ProgrammeDetention
) -> calls.PunishmentRow:
    """
    Raises:
        NotFound, StaleRevision: No such punishment, room or supervisor; see `find`.
        BadRequest: It is no detention, or cannot take place then.
        Conflict: Somebody is elsewhere then, or the room is full; it is sealed.
    """
    now = school.now()

    def command(entry: Entry) -> calls.PunishmentRow:
        conn = entry.conn
        row = _find(conn, session, wish, entry)
        room = conn.execute(
            select(schema.room.c.name).where(schema.room.c.id == wish.room_id)
        ).scalar()
        if room is None:
            raise NotFound(what=f"room {wish.room_id}")
        if base_events.person_name(conn, wish.supervisor) is None:
            raise NotFound(what="supervisor")
        programme = Programme(wish.scheduled_at.at, str(wish.room_id), wish.supervisor)
        values = {**school_life.plain(row, _TABLE), "companion_id": row.companion_id}
        discipline.programmed(
            _punishment(values, _programme(row)),
            programme,
            base_calendar.read_calendar(conn),
        )
        _check_free(conn, row, programme, row.duration_minutes)
        changes = {
            "scheduled_at": programme.scheduled_at,
            "room_id": wish.room_id,
            "supervisor": wish.supervisor,
        }
        return _change(entry, row, changes, now)

    return await enter(school, session, calls.PROGRAMME_DETENTION, key, command)


async def mark_punishment(
    school: School, session: Session, key: str | None, wish: calls.MarkPunishment
) -> calls.PunishmentRow:
    """
    Raises:
        NotFound, StaleRevision: See `find`.
        BadRequest, Conflict: See `discipline.carried_out` and `reopened`; it is sealed.
    """
    now = school.now()

    def command(entry: Entry) -> calls.PunishmentRow:
        row = _find(entry.conn, session, wish, entry)
        punishment = _punishment(school_life.plain(row, _TABLE), _programme(row))
        if wish.done_on is None:
            discipline.reopened(punishment)
        else:
            discipline.carried_out(punishment, wish.done_on)
            calendar = base_calendar.read_calendar(entry.conn)
            school_life.check_in_year(calendar, wish.done_on)
        return _change(entry, row, {"done_on": wish.done_on}, now)

    return await enter(school, session, calls.MARK_PUNISHMENT, key, command)


async def delete_punishment(
    school: School, session: Session, key: str | None, ref: ThingRef
) -> Nothing:
    """
    Raises:
        NotFound, StaleRevision: See `find`.
        Conflict: It is sealed, or for a teacher: school life has programmed it.
    """
    now = school.now()

    def command(entry: Entry) -> Nothing:
        conn = entry.conn
        row = _find_to_change(entry, session, ref)
        values = school_life.plain(row, _TABLE)
        school_life.check_pupil_open(
            conn, base_calendar.read_calendar(conn), row.pupil_id, [row.given_on], now
        )
        base_events.delete_event(conn, _TABLE, row.id)
        told = _audience(conn, values)
        before = {**values, "companion_id": row.companion_id}
        entry.changed(_FAMILY, _TABLE.name, row.id, before, None, told)
        return Nothing()

    return await enter(school, session, calls.DELETE_PUNISHMENT, key, command)


def _find(
    conn: Connection, session: Session, ref: ThingRef, entry: Entry | None = None
) -> Row[Any]:
    row = school_life.find(conn, _TABLE, ThingRef(id=ref.id))
    if session.mode is Mode.TEACHER and row.given_by != school_life.who(session):
        raise NotFound(what=f"punishment {ref.id}")
    if entry is not None:
        entry.check_fresh(_TABLE.name, ref.id, row.revision, ref.if_revision)
    return row


def _find_to_change(entry: Entry, session: Session, ref: ThingRef) -> Row[Any]:
    row = _find(entry.conn, session, ref, entry)
    if session.mode is Mode.TEACHER and row.scheduled_at is not None:
        raise Conflict(
            "La vie scolaire a programmé cette punition.",
            "School life has programmed this punishment.",
        )
    return row


def _change(
    entry: Entry, row: Row[Any], values: dict[str, Any], now: datetime, **also: Any
) -> calls.PunishmentRow:
    conn = entry.conn
    days = {row.given_on, values.get("given_on", row.given_on)}
    school_life.check_pupil_open(
        conn, base_calendar.read_calendar(conn), row.pupil_id, days, now
    )
    after = {**school_life.plain(row, _TABLE), **values}
    told = _audience(conn, after)
    school_life.change(entry, _TABLE, _FAMILY, row, values, told, **also)
    return _shown(conn, row.id, local(now).date())


def _companion(
    conn: Connection, session: Session, companion_id: int | None, pupil_id: int, day: date
) -> dict[str, Any]:
    """
    Return who goes along, as the audit and the domain want him.

    Raises:
        NotFound: There is no such pupil, or he is not this teacher's.
        BadRequest: Nobody goes along with himself.
        Conflict: He had left.
    """
    if companion_id is not None:
        check_pupil(conn, session, companion_id)
        school_life.pupil_for_entry(conn, companion_id, day)
        if companion_id == pupil_id:
            raise BadRequest(problems="companion_id: the pupil himself")
    return {"companion_id": companion_id}


def _wished(wish: calls.GivePunishment | calls.ChangePunishment) -> dict[str, Any]:
    return {
        "motive_id": wish.motive_id,
        "duration_minutes": wish.duration_minutes,
        "due_on": wish.due_on,
        "work": wish.work,
        "published_on": wish.published_on,
    }


def _punishment(values: dict[str, Any], programme: Programme | None) -> Punishment:
    companion = values.get("companion_id")
    return Punishment(
        kind=PunishmentKind(values["kind"]),
        given_on=values["given_on"],
        due_on=values["due_on"],
        duration_minutes=values["duration_minutes"],
        companion=None if companion is None else str(companion),
        work=values["work"],
        programme=programme,
        done_on=values.get("done_on"),
    )


def _programme(row: Row[Any]) -> Programme | None:
    """Return when and where it takes place; a room that a transfer removed has no name."""
    if row.scheduled_at is None:
        return None
    room = "?" if row.room_id is None else str(row.room_id)
    return Programme(row.scheduled_at, room, row.supervisor or "?")


def _check_free(conn: Connection, row: Row[Any], programme: Programme, minutes: int) -> None:
    """Refuse a time at which the pupil, the supervisor or the room is taken."""
    table, room = _TABLE.c, schema.room.c
    midnight = datetime.combine(programme.scheduled_at.date(), time())
    others = conn.execute(
        select(_TABLE).where(
            table.scheduled_at >= midnight,
            table.scheduled_at < midnight + _DAY,
            table.id != row.id,
        )
    ).all()
    start = programme.scheduled_at
    end = start + timedelta(minutes=minutes)
    together = 0
    for other in others:
        found = _programme(other)
        if found is None:
            continue
        length = timedelta(minutes=other.duration_minutes or 0)
        if start < found.scheduled_at + length and found.scheduled_at < end:
            together += found.room == programme.room
    discipline.check_time_is_free(
        TakenTime(str(row.pupil_id), programme, minutes),
        (
            TakenTime(str(other.pupil_id), found, other.duration_minutes or 0)
            for other in others
            if (found := _programme(other)) is not None
        ),
    )
    if not programme.room.isdecimal():
        return
    capacity = conn.execute(
        select(room.capacity).where(room.id == int(programme.room))
    ).scalar()
    if capacity is not None and together >= capacity:
        raise Conflict(
            "La salle ne contient que {capacity} élèves.",
            "The room holds {capacity} pupils only.",
            capacity=capacity,
        )


def _audience(conn: Connection, values: dict[str, Any]) -> Audience:
    """Return school life, and the teachers who gave it and who supervise it."""
    persons = (values["given_by"], values.get("supervisor") or "")
    codes = (person.partition(":") for person in persons)
    teachers = frozenset(code for family, _, code in codes if family == "teacher")
    return Audience(school_life=True, teachers=teachers)


def _shown(conn: Connection, ident: int, today: date) -> calls.PunishmentRow:
    row = school_life.find(conn, _TABLE, ThingRef(id=ident))
    return next(_rows(conn, [row], today, None))


def _rows(
    conn: Connection, rows: Sequence[Row[Any]], today: date, characters: int | None
) -> Iterator[calls.PunishmentRow]:
    names = school_life.names_of(conn, (row.given_by for row in rows))
    for row in rows:
        punishment = _punishment(school_life.plain(row, _TABLE), _programme(row))
        yield calls.PunishmentRow(
            row.id,
            row.pupil_id,
            row.pupil,
            row.class_name,
            punishment.kind,
            discipline.state_of(punishment, today),
            row.given_on,
            names[row.given_by],
            row.motive_id,
            row.motive,
            row.duration_minutes,
            row.due_on,
            school_life.moment(row.scheduled_at),
            row.room_id,
            row.room,
            row.supervisor or "",
            row.work[:characters],
            row.done_on,
            row.published_on,
            row.revision,
            row.companion_id,
            row.companion,
        )
