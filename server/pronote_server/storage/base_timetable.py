"""The week of a teacher, a class, a group, a room or a pupil."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from sqlalchemy import ColumnElement, Connection, Select, Table, select, union

from pronote_protocol.errors import NotFound
from pronote_protocol.words import ResourceKind
from pronote_server.storage import base_schema as schema

__all__ = ["LessonLine", "timetable"]


@attrs.frozen
class LessonLine:
    """
    One lesson of a week.

    Attributes:
        day: 0 for Monday.
        start_minute: Minutes since midnight, local time of the school.
        teachers, audience, rooms: Names by their order in lists; *audience* is the classes,
            then the groups.
        weeks: Bit n set for the n-th week of the school year; 0 for every week.
    """

    day: int
    start_minute: int
    duration_minutes: int
    subject: str
    teachers: str
    audience: str
    rooms: str
    weeks: int


def timetable(
    conn: Connection, kind: ResourceKind, owner_id: int, week: int | None = None
) -> list[LessonLine]:
    """
    Return the placed lessons of that owner, by day and hour.

    A class has the lessons of its groups too; a pupil those of his class as a whole and of
    his own groups. Somebody who does not exist, or has left, has none.

    Args:
        week: Only what takes place in that school week; None for a typical week: everything.

    Raises:
        NotFound: Resources of that kind have no timetable.
    """
    lesson, subject = schema.lesson, schema.subject
    owned = _lessons_of(kind, owner_id)
    takes_place: list[ColumnElement[bool]] = [
        lesson.c.id.in_(owned),
        lesson.c.day.is_not(None),
    ]
    if week is not None:
        # A signed integer of 64 bits has no bit 63; a school year has 53 weeks.
        bit = 1 << week if 0 <= week < 63 else 0
        takes_place.append((lesson.c.weeks == 0) | (lesson.c.weeks.bitwise_and(bit) != 0))
    rows = conn.execute(
        select(lesson, subject.c.name.label("subject"))
        .join(subject)
        .where(*takes_place)
        .order_by(lesson.c.day, lesson.c.start_minute, subject.c.sort_name, lesson.c.id)
    ).all()
    teachers = _names(conn, owned, schema.lesson_teacher, schema.teacher)
    classes = _names(conn, owned, schema.lesson_class, schema.school_class)
    groups = _names(conn, owned, schema.lesson_group, schema.school_group)
    rooms = _names(conn, owned, schema.lesson_room, schema.room)
    return [
        LessonLine(
            day=row.day,
            start_minute=row.start_minute,
            duration_minutes=row.duration_minutes,
            subject=row.subject,
            teachers=_joined(teachers.get(row.id, ())),
            audience=_joined([*classes.get(row.id, ()), *groups.get(row.id, ())]),
            rooms=_joined(rooms.get(row.id, ())),
            weeks=row.weeks,
        )
        for row in rows
    ]


def _lessons_of(kind: ResourceKind, owner_id: int) -> Select[Any]:
    """Return the query for the ids of the lessons of that owner."""
    of_class, of_group = schema.lesson_class.c, schema.lesson_group.c
    if kind is ResourceKind.TEACHERS:
        link = schema.lesson_teacher.c
        return select(link.lesson_id).where(link.teacher_id == owner_id)
    if kind is ResourceKind.ROOMS:
        link = schema.lesson_room.c
        return select(link.lesson_id).where(link.room_id == owner_id)
    if kind is ResourceKind.GROUPS:
        return select(of_group.lesson_id).where(of_group.group_id == owner_id)
    if kind is ResourceKind.CLASSES:
        part = schema.group_class.c
        groups = select(part.group_id).where(part.class_id == owner_id)
        classes = select(schema.school_class.c.id).where(schema.school_class.c.id == owner_id)
    elif kind in (ResourceKind.PUPILS, ResourceKind.FORMER_PUPILS):
        member, pupil = schema.pupil_group.c, schema.pupil.c
        groups = select(member.group_id).where(member.pupil_id == owner_id)
        classes = select(pupil.class_id).where(pupil.id == owner_id)
    else:
        raise NotFound(
            "Cette ressource n'a pas d'emploi du temps.", "This resource has no timetable."
        )
    both = union(
        select(of_class.lesson_id).where(of_class.class_id.in_(classes)),
        select(of_group.lesson_id).where(of_group.group_id.in_(groups)),
    ).subquery()
    return select(both.c.lesson_id)


def _names(
    conn: Connection, owned: Select[Any], link: Table, named: Table
) -> dict[int, list[str]]:
    columns: list[ColumnElement[Any]] = [named.c.sort_name]
    columns += (
        [named.c.last_name, named.c.first_name] if "last_name" in named.c else [named.c.name]
    )
    wanted = select(link.c.lesson_id, *columns).join(named).where(link.c.lesson_id.in_(owned))
    found: dict[int, list[str]] = {}
    # Sorted here: a few names a lesson, and the index on names is of no use to this join.
    for lesson_id, _, *name in sorted(tuple(row) for row in conn.execute(wanted)):
        found.setdefault(lesson_id, []).append(" ".join(part for part in name if part))
    return found


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names)
