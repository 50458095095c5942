"""
What goes with the resources a transfer no longer has, in the order the constraints ask for.

A transfer overwrites whatever is in the base. Marks, absences and the rest point to pupils,
services and lessons; here they go first, by name, and are counted for whoever answers for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from pronote_server.storage import base_schema as schema

__all__ = [
    "count_entries",
    "orphan_services",
    "remove_lessons",
    "remove_pupils",
    "remove_rows",
    "remove_services_without",
    "remove_structure",
]

# What people entered, and a transfer never brings: all that can go unasked.
_ENTRIES: Final = (
    schema.service,
    schema.sealing,
    schema.assessment,
    schema.mark,
    schema.bonus_malus,
    schema.appraisal,
    schema.evaluation,
    schema.evaluation_level,
    schema.notebook_entry,
    schema.homework,
    schema.absence,
    schema.lateness,
    schema.roll_call,
    schema.punishment,
    schema.sanction,
    schema.follow_up,
    schema.document,
    schema.photo,
    schema.guardian,
)

_ABOUT_A_PUPIL: Final = (
    schema.mark,
    schema.bonus_malus,
    schema.evaluation_level,
    schema.appraisal,
    schema.absence,
    schema.lateness,
    schema.punishment,
    schema.sanction,
    schema.follow_up,
    schema.photo,
    schema.pupil_guardian,
)


def count_entries(conn: Connection) -> dict[str, int]:
    """Return how many entries there are, by table; two counts tell what went in between."""
    counts = [
        select(func.count()).select_from(table).scalar_subquery().label(table.name)
        for table in _ENTRIES
    ]
    return dict(conn.execute(select(*counts)).one()._mapping)


def remove_pupils(conn: Connection, ids: Collection[int]) -> None:
    """Remove these pupils, all that was entered about them, and guardians left with nobody."""
    if not ids:
        return
    of_pupils = schema.pupil_guardian.c
    guardians = _values(conn, of_pupils.guardian_id, of_pupils.pupil_id, ids)
    for table in _ABOUT_A_PUPIL:
        remove_rows(conn, table.c.pupil_id, ids)
    remove_rows(conn, schema.pupil.c.id, ids)
    somebodys = exists().where(of_pupils.guardian_id == schema.guardian.c.id)
    remove_rows(conn, schema.guardian.c.id, guardians, ~somebodys)


def remove_lessons(conn: Connection, ids: Collection[int]) -> None:
    """Remove these lessons and their roll calls; what the notebook says of them stays."""
    remove_rows(conn, schema.roll_call.c.lesson_id, ids)
    remove_rows(conn, schema.lesson.c.id, ids)


def remove_services_without(
    conn: Connection,
    subjects: Collection[int],
    classes: Collection[int],
    groups: Collection[int],
) -> None:
    """Remove the services of what will be gone, with everything entered for them."""
    service = schema.service.c
    doomed = {
        *_values(conn, service.id, service.subject_id, subjects),
        *_values(conn, service.id, service.class_id, classes),
        *_values(conn, service.id, service.group_id, groups),
    }
    while below := {*_values(conn, service.id, service.parent_id, doomed)} - doomed:
        doomed |= below
    assessments = _values(conn, schema.assessment.c.id, schema.assessment.c.service_id, doomed)
    evaluations = _values(conn, schema.evaluation.c.id, schema.evaluation.c.service_id, doomed)
    remove_rows(conn, schema.mark.c.assessment_id, assessments)
    remove_rows(conn, schema.assessment.c.id, assessments)
    remove_rows(conn, schema.evaluation_level.c.evaluation_id, evaluations)
    remove_rows(conn, schema.evaluation.c.id, evaluations)
    remove_rows(conn, schema.appraisal.c.service_id, doomed)
    remove_rows(conn, schema.bonus_malus.c.service_id, doomed)
    remove_rows(conn, schema.notebook_entry.c.service_id, doomed)
    # A child has a larger id than its parent.
    remove_rows(conn, service.id, sorted(doomed, reverse=True))


def orphan_services(conn: Connection, kept: Collection[int], revision: int) -> int:
    """
    Settle the services of lessons that are not among *kept*; return how many stay as orphans.

    An orphan keeps what was entered for it, and sub-services; an empty one goes.
    """
    service = schema.service
    of_lessons = select(service.c.id).where(service.c.from_lessons, ~service.c.orphan)
    lost = sorted(set(conn.execute(of_lessons).scalars()) - set(kept))
    if lost:
        conn.execute(
            update(service)
            .where(service.c.id == bindparam("gone"))
            .values(orphan=True, revision=revision),
            [{"gone": one} for one in lost],
        )
    child = service.alias("child")
    holds = or_(
        *(
            exists().where(table.c.service_id == service.c.id)
            for table in (
                schema.assessment,
                schema.evaluation,
                schema.appraisal,
                schema.notebook_entry,
                schema.bonus_malus,
            )
        ),
        exists().where(child.c.parent_id == service.c.id),
    )
    conn.execute(delete(service).where(service.c.orphan, ~holds))
    return conn.execute(
        select(func.count()).select_from(service).where(service.c.orphan)
    ).scalar_one()


def remove_structure(conn: Connection, gone: dict[Table, list[int]]) -> None:
    """Remove the resources themselves; nothing but seals and teachers' names points to them."""
    remove_rows(conn, schema.sealing.c.class_id, gone[schema.school_class])
    if teachers := gone[schema.teacher]:
        conn.execute(
            update(schema.service)
            .where(schema.service.c.teacher_id == bindparam("gone"))
            .values(teacher_id=None),
            [{"gone": one} for one in teachers],
        )
    for table in (
        schema.school_group,
        schema.school_class,
        schema.teacher,
        schema.subject,
        schema.room,
        schema.staff,
    ):
        remove_rows(conn, table.c.id, gone[table])


def remove_rows(
    conn: Connection, column: Column[int], values: Iterable[int], *only: ColumnElement[bool]
) -> None:
    """Delete the rows with one of these values: one statement, however many they are."""
    each = [{"gone": value} for value in values]
    if each:
        conn.execute(delete(column.table).where(column == bindparam("gone"), *only), each)


def _values(
    conn: Connection, wanted: Column[int], column: Column[int], values: Collection[int]
) -> list[int]:
    """Return *wanted* of the rows whose *column* has one of *values*."""
    if not values:
        return []
    chosen = set(values)
    pairs = select(wanted, column).where(column.is_not(None))
    return [one for one, value in conn.execute(pairs) if value in chosen]
