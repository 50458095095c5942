"""
What every entry of school life asks before it is made, and whom it is told to.

School life and the administration enter everything, a teacher what his own families allow.
What is sealed: the periods of a day that were given an instant for the pupil's class decide;
where none was, the one into which the class divides its year does (or else the trimester,
the semester, the year), which is sealed from the day after its end.

Who is told: school life, and the teachers of the pupil's services.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Row, Table, select

from pronote_protocol.catalogue import Call, Page
from pronote_protocol.catalogue.school_life import EventsWish, Moment, ThingRef
from pronote_protocol.errors import BadRequest, Conflict, NotFound
from pronote_protocol.messages import Nothing
from pronote_protocol.words import MotiveKind, PeriodKind, SealedMatter
from pronote_server.domain.school_calendar import SchoolCalendar, Sealings
from pronote_server.domain.sessions import Session
from pronote_server.hosting.entries import Audience, Entry, enter, who
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import SCHOOL_ZONE
from pronote_server.storage import base_calendar, base_events
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_events import PupilFacts

__all__ = [
    "LISTED_CHARACTERS",
    "audience_of",
    "change",
    "check_days",
    "check_in_year",
    "check_motive",
    "check_open",
    "check_pupil_open",
    "create",
    "days_of",
    "find",
    "list_events",
    "moment",
    "names_of",
    "plain",
    "pupil_for_entry",
    "remove",
    "who",
]

R = TypeVar("R")
_MINUTE: Final = timedelta(minutes=1)

# Of a long text in a list: pages of 500 rows must fit in a frame.
LISTED_CHARACTERS: Final = 200

_KINDS: Final[Mapping[Table, MotiveKind]] = {
    schema.absence: MotiveKind.ABSENCE,
    schema.lateness: MotiveKind.LATENESS,
    schema.punishment: MotiveKind.PUNISHMENT,
    schema.sanction: MotiveKind.SANCTION,
    schema.follow_up: MotiveKind.FOLLOW_UP,
}


def names_of(conn: Connection, persons: Iterable[str]) -> dict[str, str]:
    """Return the names of those persons; of an account, its login."""
    return {
        person: base_events.person_name(conn, person) or person.partition(":")[2] or person
        for person in set(persons)
    }


def moment(at: datetime | None) -> Moment | None:
    return None if at is None else Moment.of(at)


def plain(row: Row[Any], table: Table) -> dict[str, Any]:
    """Return the columns of *table*, for the audit."""
    return {column.name: getattr(row, column.name) for column in table.columns}


def find(conn: Connection, table: Table, ref: ThingRef, entry: Entry | None = None) -> Row[Any]:
    """
    Return the row; for an *entry*, only when its client has seen its last change.

    Raises:
        NotFound: There is none.
        StaleRevision: It was changed since.
    """
    row = base_events.one_event(conn, table, ref.id)
    if row is None:
        raise NotFound(what=f"{table.name} {ref.id}")
    if entry is not None:
        entry.check_fresh(table.name, ref.id, row.revision, ref.if_revision)
    return row


def pupil_for_entry(conn: Connection, pupil_id: int, day: date) -> PupilFacts:
    """
    Return the pupil, of whom something may be entered for that day.

    Raises:
        NotFound: There is none.
        Conflict: He had left.
    """
    found = base_events.pupils_facts(conn, [pupil_id])
    if not found:
        raise NotFound(what=f"pupil {pupil_id}")
    pupil = found[0]
    if pupil.left_on is not None and day > pupil.left_on:
        raise Conflict(
            "Cet élève avait quitté l'établissement.", "This pupil had left the school."
        )
    return pupil


def check_open(
    conn: Connection,
    calendar: SchoolCalendar,
    class_codes: Iterable[str | None],
    days: Iterable[date],
    now: datetime,
) -> None:
    """
    Refuse an entry that touches one of these days where it is sealed for one of the classes.

    Raises:
        Conflict: It is.
    """
    codes = sorted({code for code in class_codes if code is not None})
    kinds = base_calendar.period_kinds(conn, codes)
    for day in sorted(set(days)):
        instants = base_calendar.sealing_instants(conn, SealedMatter.SCHOOL_LIFE, codes, day)
        sealings = Sealings(instants, SCHOOL_ZONE)
        for code in codes:
            preferred = (*filter(None, [kinds.get(code)]), *PeriodKind)
            usual = next(
                (found for kind in preferred if (found := calendar.period_at(day, kind))),
                None,
            )
            named = [period for class_code, period, _ in instants if class_code == code]
            periods = [calendar.period(name) for name in named]
            if not periods and usual is not None:
                periods = [usual]
            for period in periods:
                sealings.check_open([code], period, SealedMatter.SCHOOL_LIFE, now)


def check_pupil_open(
    conn: Connection,
    calendar: SchoolCalendar,
    pupil_id: int,
    days: Iterable[date],
    now: datetime,
) -> None:
    """The same, of the class a pupil is in."""
    codes = [pupil.class_code for pupil in base_events.pupils_facts(conn, [pupil_id])]
    check_open(conn, calendar, codes, days, now)


def days_of(table: Table, values: Mapping[str, Any]) -> list[date]:
    """Return the days whose sealing closes that row: an absence has a first and a last."""
    if table is schema.absence:
        ends = values["ends_at"]
        last = [] if ends is None else [(ends - _MINUTE).date()]
        return [values["starts_at"].date(), *last]
    if table is schema.lateness:
        return [values["at"].date()]
    if table is schema.punishment:
        return [values["given_on"]]
    return [values["decided_on" if table is schema.sanction else "date"]]


def check_in_year(calendar: SchoolCalendar, day: date) -> None:
    """
    Raises:
        BadRequest: The day is not of the school year.
    """
    if not calendar.starts_on <= day <= calendar.ends_on:
        raise BadRequest(
            "Le {day} n'est pas de l'année scolaire.",
            "{day} is not of the school year.",
            day=day.isoformat(),
        )


def check_days(first: date | None, last: date | None) -> None:
    """
    Raises:
        BadRequest: The last day is before the first.
    """
    if first is not None and last is not None and last < first:
        raise BadRequest(problems="last: before first")


def check_motive(conn: Connection, table: Table, motive_id: int | None) -> Row[Any] | None:
    """
    Return the motive.

    Raises:
        NotFound: There is none for such things.
    """
    if motive_id is None:
        return None
    motive = schema.motive
    row = conn.execute(
        select(motive).where(motive.c.id == motive_id, motive.c.kind == _KINDS[table].value)
    ).one_or_none()
    if row is None:
        raise NotFound(what=f"motive {motive_id}")
    return row


def audience_of(conn: Connection, pupil_id: int) -> Audience:
    """Return who is told of what happens to that pupil."""
    return Audience(school_life=True, teachers=base_events.teachers_of_pupil(conn, pupil_id))


async def list_events(
    school: School,
    table: Table,
    wish: EventsWish,
    wanted: Iterable[Any],
    row_of: Any,
) -> Page[Any]:
    """
    Return a page of *table*.

    Args:
        row_of: Makes the rows of the catalogue; takes the connection and the rows.

    Raises:
        BadRequest: The last day is before the first.
    """

    check_days(wish.first, wish.last)

    def read(conn: Connection) -> Page[Any]:
        total, rows = base_events.events(
            conn,
            table,
            [*base_events.within_days(table, wish.first, wish.last), *wanted],
            pupil_id=wish.pupil_id,
            class_id=wish.class_id,
            order=wish.order,
            offset=wish.offset,
            limit=wish.limit,
        )
        return Page(total=total, offset=wish.offset, rows=tuple(row_of(conn, rows)))

    return await school.base_in_service().database.read(read)


def create(
    entry: Entry,
    table: Table,
    family: str,
    values: Mapping[str, Any],
    told: Audience,
    **also: Any,
) -> int:
    """
    Insert a row, note it, and return its id.

    Args:
        also: What the audit says besides its columns.
    """
    row = {**values, "revision": entry.revision}
    ident = base_events.insert_event(entry.conn, table, row)
    entry.changed(family, table.name, ident, None, {"id": ident, **row, **also}, told)
    return ident


def change(
    entry: Entry,
    table: Table,
    family: str,
    before: Row[Any],
    values: Mapping[str, Any],
    told: Audience,
    **also: Any,
) -> None:
    """
    Change a row and note it; what stays as it was is not written.

    Args:
        also: What is kept beside its columns, and said with them.
    """
    old = {**plain(before, table), **{name: getattr(before, name) for name in also}}
    new = {**values, **also}
    if all(old[name] == value for name, value in new.items()):
        return
    row = {**values, "revision": entry.revision}
    base_events.change_event(entry.conn, table, before.id, row)
    entry.changed(family, table.name, before.id, old, {**old, **row, **also}, told)


async def remove(
    school: School,
    session: Session,
    call: Call[ThingRef, Nothing],
    key: str | None,
    ref: ThingRef,
    table: Table,
    family: str,
    audience: Any = audience_of,
) -> Nothing:
    """
    Delete one thing, and with it its documents.

    Raises:
        NotFound, StaleRevision: See `find`.
        Conflict: It is sealed.
    """
    now = school.now()

    def command(entry: Entry) -> Nothing:
        conn = entry.conn
        row = find(conn, table, ref, entry)
        before = plain(row, table)
        calendar = base_calendar.read_calendar(conn)
        check_pupil_open(conn, calendar, row.pupil_id, days_of(table, before), now)
        base_events.delete_event(conn, table, ref.id)
        told = audience(conn, row.pupil_id)
        entry.changed(family, table.name, ref.id, before, None, told)
        return Nothing()

    return await enter(school, session, call, key, command)
