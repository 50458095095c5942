"""The week of a teacher, a class, a group, a room or a pupil."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import attrs
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    bindparam,
    select,
    union,
)

from pronote_protocol.errors import NotFound
from pronote_protocol.words import ResourceKind
from pronote_server.storage import base_schema as schema
from pronote_server.storage.prepared import Prepared

__all__ = ["LessonLine", "timetable", "timetable_rows"]

# The fields of a `LessonLine`, in their order.
Row: TypeAlias = tuple[Any, ...]


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
    return [LessonLine(*row) for row in timetable_rows(conn, kind, owner_id, week)]


def timetable_rows(
    conn: Connection, kind: ResourceKind, owner_id: int, week: int | None = None
) -> list[Row]:
    """As `timetable`, each lesson as the tuple of its fields."""
    asked = _ASKED.get(kind)
    if asked is None:
        raise NotFound(
            "Cette ressource n'a pas d'emploi du temps.", "This resource has no timetable."
        )
    # A signed integer of 64 bits has no bit 63; a school year has 53 weeks.
    bit = 0 if week is None or not 0 <= week < 63 else 1 << week
    lessons = asked.lessons.tuples(conn, owner=owner_id)
    teachers, classes, groups, rooms = (
        _names(names.tuples(conn, owner=owner_id)) for names in asked.names
    )
    return [
        (
            day,
            start_minute,
            duration_minutes,
            subject,
            ", ".join(teachers.get(id_, ())),
            ", ".join([*classes.get(id_, ()), *groups.get(id_, ())]),
            ", ".join(rooms.get(id_, ())),
            weeks,
        )
        for id_, day, start_minute, duration_minutes, subject, weeks in lessons
        if week is None or not weeks or weeks & bit
    ]


def _lessons_of(kind: ResourceKind, owner_id: ColumnElement[int]) -> Select[Any]:
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
    else:
        member, pupil = schema.pupil_group.c, schema.pupil.c
        groups = select(member.group_id).where(member.pupil_id == owner_id)
        classes = select(pupil.class_id).where(pupil.id == owner_id)
    both = union(
        select(of_class.lesson_id).where(of_class.class_id.in_(classes)),
        select(of_group.lesson_id).where(of_group.group_id.in_(groups)),
    ).subquery()
    return select(both.c.lesson_id)


def _names_of(owned: Select[Any], link: Table, named: Table) -> Select[Any]:
    columns: list[ColumnElement[Any]] = [named.c.sort_name]
    columns += (
        [named.c.last_name, named.c.first_name] if "last_name" in named.c else [named.c.name]
    )
    return select(link.c.lesson_id, *columns).join(named).where(link.c.lesson_id.in_(owned))


def _names(rows: list[Row]) -> dict[int, list[str]]:
    """Return the names of those of each lesson, in order."""
    found: dict[int, list[str]] = {}
    # Sorted here: a few names a lesson, and the index on names is of no use to this join.
    for lesson_id, _, *name in sorted(rows):
        found.setdefault(lesson_id, []).append(" ".join(part for part in name if part))
    return found


class _Week:
    """What is asked for the week of a resource of one kind."""

    def __init__(self, kind: ResourceKind) -> None:
        owned = _lessons_of(kind, bindparam("owner", type_=Integer))
        lesson, subject = schema.lesson, schema.subject
        of = lesson.c
        self.lessons = Prepared(
            select(
                of.id,
                of.day,
                of.start_minute,
                of.duration_minutes,
                subject.c.name.label("subject"),
                of.weeks,
            )
            .join(subject)
            .where(of.id.in_(owned), of.day.is_not(None))
            .order_by(of.day, of.start_minute, subject.c.sort_name, of.id)
        )
        self.names = tuple(
            Prepared(_names_of(owned, link, named))
            for link, named in (
                (schema.lesson_teacher, schema.teacher),
                (schema.lesson_class, schema.school_class),
                (schema.lesson_group, schema.school_group),
                (schema.lesson_room, schema.room),
            )
        )


_ASKED: Final = {
    kind: _Week(kind)
    for kind in (
        ResourceKind.TEACHERS,
        ResourceKind.CLASSES,
        ResourceKind.GROUPS,
        ResourceKind.PUPILS,
        ResourceKind.FORMER_PUPILS,
        ResourceKind.ROOMS,
    )
}
