"""Writing a whole school into a base, and counting what is in it (fiche 9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import attrs
from sqlalchemy import Connection, Table, delete, func, insert, select, update

from pronote_server.domain.school_data import SchoolData
from pronote_server.domain.search import fold
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_header import put_grid

__all__ = ["Counters", "counters", "replace_school_data"]

# Children first: a parent goes when nobody points to it any more.
_IN_ORDER_OF_LEAVING: Final = (
    schema.lesson_teacher,
    schema.lesson_class,
    schema.lesson_group,
    schema.lesson_room,
    schema.lesson,
    schema.pupil_group,
    schema.pupil,
    schema.group_class,
    schema.school_group,
    schema.school_class,
    schema.teacher,
    schema.subject,
    schema.room,
    schema.staff,
)


@attrs.frozen(kw_only=True)
class Counters:
    """
    The seventeen counters of fiche 9.

    A base has no tables yet for what comes after *former_pupils*: those are 0.
    """

    teachers: int
    subjects: int
    classes: int
    groups: int
    pupils: int
    former_pupils: int
    assessments: int = 0
    marks: int = 0
    homework_notebooks: int = 0
    attached_documents: int = 0
    appraisals: int = 0
    evaluations: int = 0
    sanctions: int = 0
    punishments: int = 0
    absences: int = 0
    latenesses: int = 0
    follow_ups: int = 0


class _Coded(Protocol):
    @property
    def code(self) -> str: ...


def replace_school_data(conn: Connection, data: SchoolData, now: datetime) -> None:
    """
    Put *data* in place of all resources and of the timetable; the revision grows by one.

    The base keeps its name, its school and its year. What has the code of something that was
    there takes over its id, so that whoever remembers an id still means the same thing. Ask
    `SchoolData.check` first: a dangling code is a KeyError here.

    Raises:
        KeyError, ConstraintBroken: *data* is not consistent; nothing is changed.
    """
    known = {
        table: {row.code: row.id for row in conn.execute(select(table.c.code, table.c.id))}
        for table in _IN_ORDER_OF_LEAVING
        if "code" in table.c
    }
    for table in _IN_ORDER_OF_LEAVING:
        conn.execute(delete(table))
    put_grid(conn, data.grid)
    _Writing(conn, known).everything(data)
    conn.execute(
        update(schema.header).values(revision=schema.header.c.revision + 1, last_entry_at=now)
    )


def counters(conn: Connection) -> Counters:
    """Return how many there are of everything fiche 9 counts."""

    def count(table: Table) -> int:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()

    left_on = schema.pupil.c.left_on
    former = conn.execute(select(func.count()).where(left_on.is_not(None))).scalar_one()
    return Counters(
        teachers=count(schema.teacher),
        subjects=count(schema.subject),
        classes=count(schema.school_class),
        groups=count(schema.school_group),
        pupils=count(schema.pupil) - former,
        former_pupils=former,
    )


class _Writing:
    """One replacement: which id every code got."""

    def __init__(self, conn: Connection, known: dict[Table, dict[str, int]]) -> None:
        self._conn = conn
        self._known = known
        self._ids: dict[Table, dict[str, int]] = {}

    def everything(self, data: SchoolData) -> None:
        self._people_and_structure(data)
        self._timetable(data)

    def _people_and_structure(self, data: SchoolData) -> None:
        self._insert(
            schema.teacher,
            data.teachers,
            [
                {
                    "last_name": one.last_name,
                    "first_name": one.first_name,
                    "civility": one.civility,
                    **_sought(one.name, one.code),
                }
                for one in data.teachers
            ],
        )
        self._insert(
            schema.staff,
            data.staff,
            [
                {
                    "last_name": one.last_name,
                    "first_name": one.first_name,
                    "function": one.function,
                    **_sought(one.name, one.code),
                }
                for one in data.staff
            ],
        )
        self._insert(
            schema.subject,
            data.subjects,
            [{"name": one.name, **_sought(one.name, one.code)} for one in data.subjects],
        )
        self._insert(
            schema.room,
            data.rooms,
            [
                {"name": one.name, "capacity": one.capacity, **_sought(one.name, one.code)}
                for one in data.rooms
            ],
        )
        self._insert(
            schema.school_class,
            data.classes,
            [
                {"name": one.name, "level": one.level, **_sought(one.name, one.code)}
                for one in data.classes
            ],
        )
        self._insert(
            schema.school_group,
            data.groups,
            [{"name": one.name, **_sought(one.name, one.code)} for one in data.groups],
        )
        class_ids = self._ids[schema.school_class]
        self._insert(
            schema.pupil,
            data.pupils,
            [
                {
                    "last_name": one.last_name,
                    "first_name": one.first_name,
                    "class_id": None if one.class_code is None else class_ids[one.class_code],
                    "born": one.born,
                    "left_on": one.left_on,
                    **_sought(one.name, one.code),
                }
                for one in data.pupils
            ],
        )
        self._pair(
            schema.group_class,
            schema.school_group,
            schema.school_class,
            ((one.code, one.class_codes) for one in data.groups),
        )
        self._pair(
            schema.pupil_group,
            schema.pupil,
            schema.school_group,
            ((one.code, one.group_codes) for one in data.pupils),
        )

    def _timetable(self, data: SchoolData) -> None:
        subject_ids = self._ids[schema.subject]
        self._insert(
            schema.lesson,
            data.lessons,
            [
                {
                    "subject_id": subject_ids[one.subject_code],
                    "day": one.day,
                    "start_minute": one.start_minute,
                    "duration_minutes": one.duration_minutes,
                    "weeks": one.weeks,
                    "label": one.label,
                }
                for one in data.lessons
            ],
        )
        for link, other, pairs in (
            (
                schema.lesson_teacher,
                schema.teacher,
                ((one.code, one.teacher_codes) for one in data.lessons),
            ),
            (
                schema.lesson_class,
                schema.school_class,
                ((one.code, one.class_codes) for one in data.lessons),
            ),
            (
                schema.lesson_group,
                schema.school_group,
                ((one.code, one.group_codes) for one in data.lessons),
            ),
            (
                schema.lesson_room,
                schema.room,
                ((one.code, one.room_codes) for one in data.lessons),
            ),
        ):
            self._pair(link, schema.lesson, other, pairs)

    def _insert(
        self, table: Table, things: Sequence[_Coded], rows: list[dict[str, Any]]
    ) -> None:
        known = self._known[table]
        fresh = max(known.values(), default=0) + 1
        ids = self._ids[table] = {}
        for thing, row in zip(things, rows, strict=True):
            row["code"] = thing.code
            if thing.code in known:
                row["id"] = known[thing.code]
            else:
                row["id"], fresh = fresh, fresh + 1
            ids[thing.code] = row["id"]
        if rows:
            self._conn.execute(insert(table), rows)

    def _pair(
        self,
        link: Table,
        owner: Table,
        other: Table,
        pairs: Iterable[tuple[str, tuple[str, ...]]],
    ) -> None:
        first, second = (column.name for column in link.primary_key.columns)
        owners, others = self._ids[owner], self._ids[other]
        rows = [
            {first: owners[code], second: others[other_code]}
            for code, other_codes in pairs
            for other_code in other_codes
        ]
        if rows:
            self._conn.execute(insert(link), rows)


def _sought(name: str, code: str) -> dict[str, str]:
    return {"sort_name": fold(name), "search": fold(f"{name} {code}")}
