"""Lessons of a day, their pupils, and what roll calls made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import attrs
from sqlalchemy import Connection, Table, delete, func, insert, or_, select

from pronote_protocol.words import SanctionKind
from pronote_server.storage import base_schema as schema

__all__ = [
    "DayLesson",
    "LateMark",
    "RollCall",
    "absences_of_day",
    "excluded_on",
    "latenesses_between",
    "lesson_teachers",
    "lessons_of_day",
    "made_by",
    "pupils_of_lesson",
    "put_roll_call",
    "roll_calls",
    "unsettled_before",
]


@attrs.frozen
class DayLesson:
    """A placed lesson; names by their order in lists, as in timetables."""

    id: int
    day: int
    start_minute: int
    duration_minutes: int
    weeks: int
    subject: str
    teachers: str
    audience: str
    rooms: str


@attrs.frozen
class RollCall:
    lesson_id: int
    taken_by: str
    taken_at: datetime


@attrs.frozen
class LateMark:
    id: int
    pupil_id: int
    at: datetime
    minutes: int


def lessons_of_day(
    conn: Connection,
    weekday: int | None = None,
    teacher_code: str | None = None,
    lesson_id: int | None = None,
) -> list[DayLesson]:
    """Return the lessons placed on that day of the week, of a teacher or of all, by hour."""
    lesson, subject = schema.lesson, schema.subject
    wanted = select(lesson, subject.c.name.label("subject")).join(subject)
    wanted = wanted.where(lesson.c.day.is_not(None))
    if weekday is not None:
        wanted = wanted.where(lesson.c.day == weekday)
    if lesson_id is not None:
        wanted = wanted.where(lesson.c.id == lesson_id)
    if teacher_code is not None:
        link, teacher = schema.lesson_teacher, schema.teacher
        his = (
            select(link.c.lesson_id)
            .join(teacher, teacher.c.id == link.c.teacher_id)
            .where(teacher.c.code == teacher_code)
        )
        wanted = wanted.where(lesson.c.id.in_(his))
    rows = conn.execute(
        wanted.order_by(lesson.c.start_minute, subject.c.sort_name, lesson.c.id)
    ).all()
    ids = [row.id for row in rows]
    teachers = _names(conn, ids, schema.lesson_teacher, schema.teacher)
    classes = _names(conn, ids, schema.lesson_class, schema.school_class)
    groups = _names(conn, ids, schema.lesson_group, schema.school_group)
    rooms = _names(conn, ids, schema.lesson_room, schema.room)
    return [
        DayLesson(
            row.id,
            row.day,
            row.start_minute,
            row.duration_minutes,
            row.weeks,
            row.subject,
            ", ".join(teachers.get(row.id, ())),
            ", ".join([*classes.get(row.id, ()), *groups.get(row.id, ())]),
            ", ".join(rooms.get(row.id, ())),
        )
        for row in rows
    ]


def lesson_teachers(conn: Connection, lesson_id: int) -> frozenset[str]:
    """Return the codes of its teachers."""
    link, teacher = schema.lesson_teacher, schema.teacher
    return frozenset(
        conn.execute(
            select(teacher.c.code)
            .join(link, link.c.teacher_id == teacher.c.id)
            .where(link.c.lesson_id == lesson_id)
        ).scalars()
    )


def pupils_of_lesson(conn: Connection, lesson_id: int) -> list[int]:
    """Return the pupils of its classes and groups who are there today."""
    pupil, member = schema.pupil, schema.pupil_group
    classes = select(schema.lesson_class.c.class_id).where(
        schema.lesson_class.c.lesson_id == lesson_id
    )
    groups = select(schema.lesson_group.c.group_id).where(
        schema.lesson_group.c.lesson_id == lesson_id
    )
    members = select(member.c.pupil_id).where(member.c.group_id.in_(groups))
    return list(
        conn.execute(
            select(pupil.c.id).where(
                pupil.c.left_on.is_(None),
                or_(pupil.c.class_id.in_(classes), pupil.c.id.in_(members)),
            )
        ).scalars()
    )


def roll_calls(conn: Connection, day: date, lesson_id: int | None = None) -> list[RollCall]:
    """Return those that were taken on that day."""
    table = schema.roll_call
    wanted = select(table.c.lesson_id, table.c.taken_by, table.c.taken_at).where(
        table.c.date == day
    )
    if lesson_id is not None:
        wanted = wanted.where(table.c.lesson_id == lesson_id)
    return [RollCall(*row) for row in conn.execute(wanted)]


def put_roll_call(
    conn: Connection, lesson_id: int, day: date, taken_by: str, taken_at: datetime
) -> None:
    """Write that it was taken, in place of an earlier time."""
    table = schema.roll_call
    conn.execute(delete(table).where(table.c.lesson_id == lesson_id, table.c.date == day))
    conn.execute(
        insert(table).values(
            lesson_id=lesson_id, date=day, taken_by=taken_by, taken_at=taken_at
        )
    )


def latenesses_between(
    conn: Connection, pupil_ids: Iterable[int], first: datetime, last: datetime
) -> list[LateMark]:
    """Return the latenesses of these pupils from *first* to before *last*."""
    table = schema.lateness
    rows = conn.execute(
        select(table.c.id, table.c.pupil_id, table.c.at, table.c.minutes)
        .where(table.c.pupil_id.in_(list(pupil_ids)), table.c.at >= first, table.c.at < last)
        .order_by(table.c.at, table.c.id)
    )
    return [LateMark(*row) for row in rows]


def absences_of_day(conn: Connection, pupil_ids: Iterable[int], before: datetime) -> set[int]:
    """Return who of them was absent on the day of *before*, earlier than that, or still is."""
    table = schema.absence
    midnight = datetime.combine(before.date(), datetime.min.time())
    return set(
        conn.execute(
            select(table.c.pupil_id).where(
                table.c.pupil_id.in_(list(pupil_ids)),
                table.c.starts_at < before,
                or_(table.c.ends_at.is_(None), table.c.ends_at > midnight),
            )
        ).scalars()
    )


def unsettled_before(conn: Connection, pupil_ids: Iterable[int], day: date) -> dict[int, int]:
    """Return how many absences that began before that day wait to be settled."""
    table = schema.absence
    rows = conn.execute(
        select(table.c.pupil_id, func.count())
        .where(
            table.c.pupil_id.in_(list(pupil_ids)),
            table.c.starts_at < datetime.combine(day, datetime.min.time()),
            table.c.settled.is_(False),
        )
        .group_by(table.c.pupil_id)
    )
    return {row[0]: row[1] for row in rows}


def excluded_on(conn: Connection, pupil_ids: Iterable[int], day: date) -> set[int]:
    """Return whom a sanction keeps out of his class on that day."""
    table = schema.sanction
    kinds = [
        kind.value
        for kind in (
            SanctionKind.EXCLUSION_FROM_CLASS,
            SanctionKind.EXCLUSION,
            SanctionKind.PERMANENT_EXCLUSION,
        )
    ]
    return set(
        conn.execute(
            select(table.c.pupil_id).where(
                table.c.pupil_id.in_(list(pupil_ids)),
                table.c.kind.in_(kinds),
                table.c.starts_on <= day,
                or_(table.c.ends_on.is_(None), table.c.ends_on >= day),
            )
        ).scalars()
    )


def made_by(
    conn: Connection, table: Table, ids: Iterable[int], method: str, roll: str
) -> set[int]:
    """
    Return which of those rows that roll call made, and nobody has touched since.

    The audit knows: its first line about a row names the roll, and all lines the method.
    """
    audit = schema.audit.c
    rows = conn.execute(
        select(audit.entity_id, audit.method, audit.before, audit.after)
        .where(audit.entity == table.name, audit.entity_id.in_([str(one) for one in ids]))
        .order_by(audit.id)
    ).all()
    lines: dict[str, list[Any]] = {}
    for row in rows:
        lines.setdefault(row.entity_id, []).append(row)
    return {int(ident) for ident, found in lines.items() if _only(found, method, roll)}


def _only(lines: Sequence[Any], method: str, roll: str) -> bool:
    first = lines[0]
    return (
        first.before is None
        and (first.after or {}).get("roll") == roll
        and all(line.method == method for line in lines)
    )


def _names(
    conn: Connection, ids: Sequence[int], link: Table, named: Table
) -> dict[int, list[str]]:
    parts = ("last_name", "first_name") if "last_name" in named.c else ("name",)
    rows = conn.execute(
        select(link.c.lesson_id, named.c.sort_name, *(named.c[part] for part in parts))
        .join(named)
        .where(link.c.lesson_id.in_(ids))
    )
    found: dict[int, list[str]] = {}
    for lesson_id, _, *name in sorted(tuple(row) for row in rows):
        found.setdefault(lesson_id, []).append(" ".join(part for part in name if part))
    return found
