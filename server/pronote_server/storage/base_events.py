"""
What happens to pupils: absences, latenesses, punishments, sanctions, follow-ups.

Their tables are alike: an id, a pupil, a motive, a revision, and the column that says when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import attrs
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from pronote_protocol.words import EventOrder, PunishmentKind, PunishmentState
from pronote_server.storage import base_schema as schema

__all__ = [
    "Absent",
    "PupilFacts",
    "change_event",
    "count_with_motive",
    "delete_event",
    "events",
    "in_state",
    "insert_event",
    "one_event",
    "overlapping_absences",
    "person_name",
    "pupils_facts",
    "put_companion",
    "same_moment",
    "teachers_of_pupil",
    "within_days",
]

_DAY: Final = timedelta(days=1)
_WHEN: Final[Mapping[Table, Column[Any]]] = {
    schema.absence: schema.absence.c.starts_at,
    schema.lateness: schema.lateness.c.at,
    schema.punishment: schema.punishment.c.given_on,
    schema.sanction: schema.sanction.c.decided_on,
    schema.follow_up: schema.follow_up.c.date,
}


@attrs.frozen
class PupilFacts:
    """
    Attributes:
        class_code: Of the class he is in today; None when he is in none.
    """

    id: int
    name: str
    class_code: str | None
    class_name: str
    left_on: date | None


@attrs.frozen
class Absent:
    """From when to when a pupil is absent; open without an end."""

    id: int
    pupil_id: int
    starts_at: datetime
    ends_at: datetime | None
    settled: bool


def _whole(table: Table) -> Select[Any]:
    """Return the query for rows of *table*, with names as lists show them."""
    pupil, class_, motive = schema.pupil, schema.school_class, schema.motive
    name = pupil.c.last_name + " " + pupil.c.first_name
    columns: list[Any] = [
        table,
        func.trim(name).label("pupil"),
        func.coalesce(class_.c.name, "").label("class_name"),
        func.coalesce(motive.c.name, "").label("motive"),
    ]
    source = (
        table.join(pupil, pupil.c.id == table.c.pupil_id)
        .outerjoin(class_, class_.c.id == pupil.c.class_id)
        .outerjoin(motive, motive.c.id == table.c.motive_id)
    )
    if table is schema.punishment:
        room = schema.room
        source = source.outerjoin(room, room.c.id == table.c.room_id)
        columns.append(func.coalesce(room.c.name, "").label("room"))
        link, companion = schema.punishment_companion, schema.pupil.alias("companion")
        source = source.outerjoin(link, link.c.punishment_id == table.c.id).outerjoin(
            companion, companion.c.id == link.c.pupil_id
        )
        named = func.trim(companion.c.last_name + " " + companion.c.first_name)
        columns += [
            link.c.pupil_id.label("companion_id"),
            func.coalesce(named, "").label("companion"),
        ]
    return select(*columns).select_from(source)


def one_event(conn: Connection, table: Table, ident: int) -> Row[Any] | None:
    """
    Return that row with its ``pupil``, ``class_name`` and ``motive``; of a punishment also
    ``room``, ``companion_id`` and ``companion``.
    """
    return conn.execute(_whole(table).where(table.c.id == ident)).one_or_none()


def events(
    conn: Connection,
    table: Table,
    wanted: Iterable[ColumnElement[bool] | None],
    *,
    pupil_id: int | None,
    class_id: int | None,
    order: EventOrder,
    offset: int,
    limit: int,
) -> tuple[int, Sequence[Row[Any]]]:
    """Return how many rows match, and a page of them as `one_event` does."""
    matching = [each for each in wanted if each is not None]
    if pupil_id is not None:
        matching.append(table.c.pupil_id == pupil_id)
    if class_id is not None:
        of_class = select(schema.pupil.c.id).where(schema.pupil.c.class_id == class_id)
        matching.append(table.c.pupil_id.in_(of_class))
    when = _WHEN[table]
    sorted_by: list[Any]
    if order is EventOrder.PUPIL:
        sorted_by = [schema.pupil.c.sort_name, schema.pupil.c.id, when, table.c.id]
    elif order is EventOrder.OLDEST:
        sorted_by = [when, table.c.id]
    else:
        sorted_by = [when.desc(), table.c.id.desc()]
    total: int = conn.execute(
        select(func.count()).select_from(table).where(and_(True, *matching))
    ).scalar_one()
    rows = conn.execute(
        _whole(table)
        .where(and_(True, *matching))
        .order_by(*sorted_by)
        .offset(offset)
        .limit(limit)
    ).all()
    return total, rows


def within_days(
    table: Table, first: date | None, last: date | None
) -> list[ColumnElement[bool] | None]:
    """Return the conditions that a row touches these days, both included."""
    when = _WHEN[table]
    if table not in (schema.absence, schema.lateness):
        return [
            None if first is None else when >= first,
            None if last is None else when <= last,
        ]
    found: list[ColumnElement[bool] | None] = []
    if last is not None and last < date.max:
        found.append(when < datetime.combine(last + _DAY, time()))
    if first is not None:
        start = datetime.combine(first, time())
        if table is schema.absence:
            found.append(or_(table.c.ends_at > start, table.c.ends_at.is_(None)))
        else:
            found.append(when >= start)
    return found


def in_state(state: PunishmentState, today: date) -> ColumnElement[bool]:
    """Return the condition that a punishment has come so far, as `discipline.state_of` does."""
    table = schema.punishment.c
    done = or_(
        table.kind == PunishmentKind.EXCLUSION_FROM_LESSON.value, table.done_on.is_not(None)
    )
    if state is PunishmentState.CARRIED_OUT:
        return done
    if state is PunishmentState.TO_PROGRAMME:
        return and_(~done, table.scheduled_at.is_(None), table.due_on.is_(None))
    passed = case(
        (table.scheduled_at.is_not(None), table.scheduled_at < datetime.combine(today, time())),
        else_=table.due_on < today,
    )
    dated = or_(table.scheduled_at.is_not(None), table.due_on.is_not(None))
    return and_(~done, dated, passed if state is PunishmentState.OVERDUE else ~passed)


def insert_event(conn: Connection, table: Table, values: Mapping[str, Any]) -> int:
    ident: int = conn.execute(insert(table).values(**values).returning(table.c.id)).scalar_one()
    return ident


def change_event(conn: Connection, table: Table, ident: int, values: Mapping[str, Any]) -> None:
    conn.execute(update(table).where(table.c.id == ident).values(**values))


def put_companion(conn: Connection, punishment_id: int, pupil_id: int | None) -> None:
    """Say who goes along with the punished; None: nobody."""
    table = schema.punishment_companion
    conn.execute(delete(table).where(table.c.punishment_id == punishment_id))
    if pupil_id is not None:
        conn.execute(insert(table).values(punishment_id=punishment_id, pupil_id=pupil_id))


def delete_event(conn: Connection, table: Table, ident: int) -> None:
    conn.execute(delete(table).where(table.c.id == ident))


def overlapping_absences(
    conn: Connection,
    pupil_ids: Iterable[int],
    starts_at: datetime,
    ends_at: datetime | None,
) -> list[Absent]:
    """Return the absences of these pupils that share a minute with that time, oldest first."""
    table = schema.absence
    wanted = [
        table.c.pupil_id.in_(list(pupil_ids)),
        or_(table.c.ends_at.is_(None), table.c.ends_at > starts_at),
    ]
    if ends_at is not None:
        wanted.append(table.c.starts_at < ends_at)
    rows = conn.execute(
        select(
            table.c.id, table.c.pupil_id, table.c.starts_at, table.c.ends_at, table.c.settled
        )
        .where(*wanted)
        .order_by(table.c.starts_at, table.c.id)
    )
    return [Absent(*row) for row in rows]


def same_moment(conn: Connection, pupil_id: int, at: datetime) -> int | None:
    """Return the lateness of that pupil at that moment."""
    table = schema.lateness
    return conn.execute(
        select(table.c.id).where(table.c.pupil_id == pupil_id, table.c.at == at)
    ).scalar()


def pupils_facts(conn: Connection, pupil_ids: Iterable[int]) -> list[PupilFacts]:
    """Return those of them that exist, by name."""
    pupil, class_ = schema.pupil, schema.school_class
    rows = conn.execute(
        select(pupil, class_.c.code.label("class_code"), class_.c.name.label("class_name"))
        .select_from(pupil.outerjoin(class_, class_.c.id == pupil.c.class_id))
        .where(pupil.c.id.in_(list(pupil_ids)))
        .order_by(pupil.c.sort_name, pupil.c.id)
    )
    return [
        PupilFacts(
            row.id,
            f"{row.last_name} {row.first_name}".strip(),
            row.class_code,
            row.class_name or "",
            row.left_on,
        )
        for row in rows
    ]


def teachers_of_pupil(conn: Connection, pupil_id: int) -> frozenset[str]:
    """Return the codes of the teachers of his class's and groups' services."""
    service, teacher, member = schema.service, schema.teacher, schema.pupil_group
    his_class = select(schema.pupil.c.class_id).where(schema.pupil.c.id == pupil_id)
    his_groups = select(member.c.group_id).where(member.c.pupil_id == pupil_id)
    rows = conn.execute(
        select(teacher.c.code)
        .distinct()
        .select_from(service.join(teacher, teacher.c.id == service.c.teacher_id))
        .where(or_(service.c.class_id.in_(his_class), service.c.group_id.in_(his_groups)))
    )
    return frozenset(rows.scalars())


def count_with_motive(conn: Connection, motive_id: int) -> int:
    """Return how many things have that motive."""
    return sum(
        conn.execute(
            select(func.count()).select_from(table).where(table.c.motive_id == motive_id)
        ).scalar_one()
        for table in _WHEN
    )


def person_name(conn: Connection, person: str | None) -> str | None:
    """Return the name of ``teacher:CODE`` or ``staff:CODE``, or None when there is none."""
    family, _, code = (person or "").partition(":")
    tables = {"teacher": schema.teacher, "staff": schema.staff}
    if family not in tables:
        return None
    table = tables[family]
    row = conn.execute(
        select(table.c.last_name, table.c.first_name).where(table.c.code == code)
    ).one_or_none()
    return None if row is None else f"{row.last_name} {row.first_name}".strip()
