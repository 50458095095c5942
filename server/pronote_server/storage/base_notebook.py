"""The homework notebook: entries, homework, and the lessons they are about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import attrs
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from pronote_server.domain.school_data import week_number
from pronote_server.storage import base_schema as schema

__all__ = [
    "EntryLine",
    "HomeworkLine",
    "LessonTime",
    "change_homework",
    "delete_entry",
    "delete_homework",
    "due_homework",
    "entries_of",
    "entry_of",
    "homework_of",
    "insert_entry",
    "insert_homework",
    "lessons_on",
    "lessons_with_entry",
    "update_entry",
]


@attrs.frozen(kw_only=True)
class EntryLine:
    id: int
    lesson_id: int | None
    service_id: int
    date: date
    content: str
    published_at: datetime | None
    revision: int

    @property
    def values(self) -> dict[str, Any]:
        """What was entered: all but the id and the revision."""
        values = attrs.asdict(self)
        del values["id"], values["revision"]
        return values


@attrs.frozen
class HomeworkLine:
    id: int
    entry_id: int
    due_on: date
    text: str


@attrs.frozen
class LessonTime:
    """A lesson as it takes place on some day, in minutes since midnight."""

    id: int
    start_minute: int
    end_minute: int


def entries_of(
    conn: Connection,
    service_ids: Iterable[int],
    first: date | None,
    last: date | None,
    offset: int,
    limit: int,
) -> tuple[int, list[EntryLine]]:
    """Return how many entries match, and a page of them by day and hour."""
    entry, lesson = schema.notebook_entry, schema.lesson
    wanted = and_(
        entry.c.service_id.in_(sorted(set(service_ids))),
        *_within(entry.c.date, first, last),
    )
    rows = conn.execute(
        select(entry)
        .select_from(entry.outerjoin(lesson, lesson.c.id == entry.c.lesson_id))
        .where(wanted)
        .order_by(entry.c.date, func.coalesce(lesson.c.start_minute, -1), entry.c.id)
        .offset(offset)
        .limit(limit)
    )
    total = conn.execute(select(func.count()).select_from(entry).where(wanted)).scalar_one()
    return total, [EntryLine(**row._mapping) for row in rows]


def entry_of(conn: Connection, entry_id: int) -> EntryLine | None:
    entry = schema.notebook_entry
    row = conn.execute(select(entry).where(entry.c.id == entry_id)).one_or_none()
    return None if row is None else EntryLine(**row._mapping)


def homework_of(conn: Connection, entry_ids: Iterable[int]) -> dict[int, list[HomeworkLine]]:
    """Return the homework of those entries, by entry, then by day."""
    homework = schema.homework.c
    rows = conn.execute(
        _lines()
        .where(homework.notebook_entry_id.in_(sorted(set(entry_ids))))
        .order_by(homework.due_on, homework.id)
    )
    found: dict[int, list[HomeworkLine]] = {}
    for row in rows:
        found.setdefault(row.notebook_entry_id, []).append(HomeworkLine(*row))
    return found


def due_homework(
    conn: Connection,
    service_ids: Iterable[int],
    first: date | None,
    last: date | None,
    offset: int,
    limit: int,
) -> tuple[int, list[tuple[HomeworkLine, EntryLine]]]:
    """Return how much homework is due then, and a page of it with its entries."""
    homework, entry = schema.homework, schema.notebook_entry
    source = homework.join(entry, entry.c.id == homework.c.notebook_entry_id)
    wanted = and_(
        entry.c.service_id.in_(sorted(set(service_ids))),
        *_within(homework.c.due_on, first, last),
    )
    total = conn.execute(select(func.count()).select_from(source).where(wanted)).scalar_one()
    rows = conn.execute(
        _lines()
        .select_from(source)
        .where(wanted)
        .order_by(homework.c.due_on, homework.c.id)
        .offset(offset)
        .limit(limit)
    ).all()
    lines = [HomeworkLine(*row) for row in rows]
    entries = {
        row.id: EntryLine(**row._mapping)
        for row in conn.execute(
            select(entry).where(entry.c.id.in_({line.entry_id for line in lines}))
        )
    }
    return total, [(line, entries[line.entry_id]) for line in lines]


def insert_entry(conn: Connection, new: EntryLine) -> int:
    """Add *new*, whose id does not count, and return its id."""
    key = conn.execute(
        insert(schema.notebook_entry).values(**new.values, revision=new.revision)
    ).inserted_primary_key
    assert key is not None
    id_: int = key[0]
    return id_


def update_entry(conn: Connection, changed: EntryLine) -> None:
    conn.execute(
        update(schema.notebook_entry)
        .where(schema.notebook_entry.c.id == changed.id)
        .values(**changed.values, revision=changed.revision)
    )


def delete_entry(conn: Connection, entry_id: int) -> None:
    """Delete it; its documents go with it."""
    # One by one and not by cascade: the trigger on homework takes its documents along.
    delete_homework(conn, [one.id for one in homework_of(conn, [entry_id]).get(entry_id, [])])
    conn.execute(delete(schema.notebook_entry).where(schema.notebook_entry.c.id == entry_id))


def insert_homework(conn: Connection, entry_id: int, due_on: date, text: str) -> int:
    key = conn.execute(
        insert(schema.homework).values(notebook_entry_id=entry_id, due_on=due_on, text=text)
    ).inserted_primary_key
    assert key is not None
    id_: int = key[0]
    return id_


def change_homework(conn: Connection, homework_id: int, due_on: date, text: str) -> None:
    conn.execute(
        update(schema.homework)
        .where(schema.homework.c.id == homework_id)
        .values(due_on=due_on, text=text)
    )


def delete_homework(conn: Connection, homework_ids: Iterable[int]) -> None:
    conn.execute(
        delete(schema.homework).where(schema.homework.c.id.in_(sorted(set(homework_ids))))
    )


def lessons_on(conn: Connection, service_id: int, day: date) -> list[LessonTime]:
    """Return the lessons of that service which take place on that day, by hour."""
    service = conn.execute(
        select(schema.service).where(schema.service.c.id == service_id)
    ).one()
    year = conn.execute(select(schema.header.c.school_year)).scalar_one()
    week = week_number(day, year)
    if week is None:
        return []
    lesson = schema.lesson.c
    wanted: list[ColumnElement[bool]] = [
        lesson.subject_id == service.subject_id,
        lesson.day == day.weekday(),
        or_(lesson.weeks == 0, lesson.weeks.bitwise_and(1 << week) != 0),
    ]
    links = [
        (schema.lesson_teacher.c.teacher_id, service.teacher_id),
        (schema.lesson_class.c.class_id, service.class_id),
        (schema.lesson_group.c.group_id, service.group_id),
    ]
    for column, value in links:
        if value is not None:
            wanted.append(
                lesson.id.in_(select(column.table.c.lesson_id).where(column == value))
            )
    rows = conn.execute(
        select(lesson.id, lesson.start_minute, lesson.duration_minutes)
        .where(*wanted)
        .order_by(lesson.start_minute, lesson.id)
    )
    return [
        LessonTime(row.id, row.start_minute, row.start_minute + row.duration_minutes)
        for row in rows
    ]


def lessons_with_entry(conn: Connection, service_id: int, day: date) -> set[int]:
    """Return the lessons of that day of which the notebook says something already."""
    entry = schema.notebook_entry.c
    return set(
        conn.execute(
            select(entry.lesson_id).where(
                entry.service_id == service_id,
                entry.date == day,
                entry.lesson_id.is_not(None),
            )
        ).scalars()
    )


def _lines() -> Select[Any]:
    homework = schema.homework.c
    return select(homework.id, homework.notebook_entry_id, homework.due_on, homework.text)


def _within(column: Any, first: date | None, last: date | None) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = []
    if first is not None:
        bounds.append(column >= first)
    if last is not None:
        bounds.append(column <= last)
    return bounds
