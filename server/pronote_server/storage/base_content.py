"""Writing a whole school into a base, and counting what is in it (fiche 9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import attrs
from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, update

from pronote_server.domain.school_data import SchoolData
from pronote_server.domain.search import fold
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_functions import functions_named
from pronote_server.storage.base_header import put_grid
from pronote_server.storage.base_removal import (
    count_entries,
    orphan_services,
    remove_lessons,
    remove_pupils,
    remove_services_without,
    remove_structure,
)
from pronote_server.storage.base_services import services_of_lessons
from pronote_server.storage.base_writes import EVERYTHING, Change, bump_revision, log_change

__all__ = ["Counters", "Replaced", "counters", "replace_school_data"]

# The timetable and who belongs where: written anew every time, and nothing points there.
_LINKS: Final = (
    schema.lesson_teacher,
    schema.lesson_class,
    schema.lesson_group,
    schema.lesson_room,
    schema.pupil_group,
    schema.group_class,
)

_RESOURCES: Final = (
    schema.teacher,
    schema.staff,
    schema.subject,
    schema.room,
    schema.school_class,
    schema.school_group,
    schema.pupil,
    schema.lesson,
)


@attrs.frozen(kw_only=True)
class Counters:
    """The seventeen counters of fiche 9."""

    teachers: int
    subjects: int
    classes: int
    groups: int
    pupils: int
    former_pupils: int
    assessments: int
    marks: int
    homework_notebooks: int
    attached_documents: int
    appraisals: int
    evaluations: int
    sanctions: int
    punishments: int
    absences: int
    latenesses: int
    follow_ups: int


@attrs.frozen(kw_only=True)
class Replaced:
    """
    What a replacement did, beside what it was asked to.

    Attributes:
        revision: The base has now.
        removed: Of what people had entered, by table; only what is not 0.
        new_services: Made from lessons, and not there before.
        orphan_services: Without a lesson, kept for what was entered for them.
    """

    revision: int
    removed: Mapping[str, int]
    new_services: int
    orphan_services: int


class _Coded(Protocol):
    @property
    def code(self) -> str: ...


def replace_school_data(conn: Connection, data: SchoolData, now: datetime) -> Replaced:
    """
    Put *data* in place of all resources and of the timetable; the revision grows by one.

    The base keeps its name, its school and its year. What has the code of something that was
    there takes over its id, and with it all that was entered: marks, absences, texts. What
    was entered about pupils, and for subjects, classes and groups, that are not in *data* any
    more goes with them (domain: a transfer overwrites), and is counted.

    Services are made from the lessons: one for each subject, teacher, and class or group. One
    that was there keeps its id and its settings; one whose lessons are gone stays as an
    orphan as long as something was entered for it.

    Ask `SchoolData.check` first: a dangling code is a KeyError here.

    Raises:
        KeyError, ConstraintBroken: *data* is not consistent; undo what was written.
    """
    before = count_entries(conn)
    known = {
        table: {row.code: row.id for row in conn.execute(select(table.c.code, table.c.id))}
        for table in (*_RESOURCES, schema.service)
    }
    revision = bump_revision(conn, now)
    functions = functions_named(conn, {one.function for one in data.staff}, revision)
    for table in _LINKS:
        conn.execute(delete(table))
    put_grid(conn, data.grid)
    gone = _gone(known, data)
    remove_pupils(conn, gone[schema.pupil])
    remove_lessons(conn, gone[schema.lesson])
    remove_services_without(
        conn, gone[schema.subject], gone[schema.school_class], gone[schema.school_group]
    )
    writing = _Writing(conn, known, functions, revision)
    writing.everything(data)
    remove_structure(conn, gone)
    new_services, orphans = writing.services(data, revision)
    after = count_entries(conn)
    log_change(conn, [Change(revision, EVERYTHING, "", "all")])
    removed = {name: before[name] - after[name] for name in before}
    removed["service"] += new_services
    return Replaced(
        revision=revision,
        removed={name: count for name, count in removed.items() if count},
        new_services=new_services,
        orphan_services=orphans,
    )


def _gone(known: dict[Table, dict[str, int]], data: SchoolData) -> dict[Table, list[int]]:
    """Return the ids of what is in the base and not in *data*."""
    kept: dict[Table, Sequence[_Coded]] = {
        schema.teacher: data.teachers,
        schema.staff: data.staff,
        schema.subject: data.subjects,
        schema.room: data.rooms,
        schema.school_class: data.classes,
        schema.school_group: data.groups,
        schema.pupil: data.pupils,
        schema.lesson: data.lessons,
    }
    gone = {}
    for table, things in kept.items():
        codes = {one.code for one in things}
        gone[table] = [id_ for code, id_ in known[table].items() if code not in codes]
    return gone


def counters(conn: Connection) -> Counters:
    """Return how many there are of everything fiche 9 counts."""

    def count(table: Table) -> int:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()

    left_on = schema.pupil.c.left_on
    former: int = conn.execute(select(func.count()).where(left_on.is_not(None))).scalar_one()
    return Counters(
        teachers=count(schema.teacher),
        subjects=count(schema.subject),
        classes=count(schema.school_class),
        groups=count(schema.school_group),
        pupils=count(schema.pupil) - former,
        former_pupils=former,
        assessments=count(schema.assessment),
        marks=count(schema.mark),
        homework_notebooks=count(schema.notebook_entry),
        attached_documents=count(schema.document),
        appraisals=count(schema.appraisal),
        evaluations=count(schema.evaluation),
        sanctions=count(schema.sanction),
        punishments=count(schema.punishment),
        absences=count(schema.absence),
        latenesses=count(schema.lateness),
        follow_ups=count(schema.follow_up),
    )


class _Writing:
    """One replacement: which id every code got, and every function of the staff."""

    def __init__(
        self,
        conn: Connection,
        known: dict[Table, dict[str, int]],
        functions: Mapping[str, int],
        revision: int,
    ) -> None:
        self._conn = conn
        self._known = known
        self._functions = functions
        self._revision = revision
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
                    "function_id": self._functions.get(one.function),
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

    def services(self, data: SchoolData, revision: int) -> tuple[int, int]:
        """Return how many services are new, and how many orphans there are."""
        table, known = schema.service, self._known[schema.service]
        rows = {
            key.code: {
                "subject_id": self._ids[schema.subject][key.subject_code],
                "teacher_id": self._id(schema.teacher, key.teacher_code),
                "class_id": self._id(schema.school_class, key.class_code),
                "group_id": self._id(schema.school_group, key.group_code),
                "from_lessons": True,
                "orphan": False,
            }
            for key in services_of_lessons(data.lessons)
        }
        # The services of subjects, classes and groups that are gone went with them.
        there = set(self._conn.execute(select(table.c.id)).scalars())
        kept = {code: known[code] for code in rows if known.get(code) in there}
        if kept:
            self._conn.execute(
                update(table).where(table.c.id == bindparam("known_id")),
                [{"known_id": id_, **rows[code]} for code, id_ in kept.items()],
            )
        orphans = orphan_services(self._conn, set(kept.values()), revision)
        new = [
            {"code": code, **row, "revision": revision}
            for code, row in rows.items()
            if code not in kept
        ]
        if new:
            self._conn.execute(insert(table), new)
        return len(new), orphans

    def _id(self, table: Table, code: str | None) -> int | None:
        return None if code is None else self._ids[table][code]

    def _insert(
        self, table: Table, things: Sequence[_Coded], rows: list[dict[str, Any]]
    ) -> None:
        known = self._known[table]
        fresh = max(known.values(), default=0) + 1
        ids = self._ids[table] = {}
        for thing, row in zip(things, rows, strict=True):
            row["code"] = thing.code
            if "revision" in table.c:
                row["revision"] = self._revision
            if thing.code in known:
                row["id"] = known[thing.code]
            else:
                row["id"], fresh = fresh, fresh + 1
            ids[thing.code] = row["id"]
        old = [{"known_id": row.pop("id"), **row} for row in rows if row["code"] in known]
        new = [row for row in rows if row["code"] not in known]
        if old:
            self._conn.execute(update(table).where(table.c.id == bindparam("known_id")), old)
        if new:
            self._conn.execute(insert(table), new)

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
