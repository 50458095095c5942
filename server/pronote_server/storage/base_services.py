"""Services: who teaches what to whom, and which pupils that is."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import attrs
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    func,
    or_,
    select,
)

from pronote_server.domain.school_data import Lesson
from pronote_server.storage import base_schema as schema
from pronote_server.storage.remembered import remembered

__all__ = [
    "PupilLine",
    "ServiceKey",
    "ServiceLine",
    "pupil_ids_of_service",
    "pupils_of_service",
    "service_code",
    "services_of",
    "services_of_lessons",
]


@attrs.frozen
class ServiceLine:
    """
    One service, with names as lists show them.

    Attributes:
        teacher: Empty when there is none.
        audience: The name of the class or of the group.
        parent_id: Of a sub-service: the service whose average it counts in.
        evaluates_in: A value of `EvaluatesIn`.
        orphan: No lesson of today makes it any more.
    """

    id: int
    code: str
    subject_id: int
    subject: str
    teacher_id: int | None
    teacher: str
    class_id: int | None
    group_id: int | None
    audience: str
    parent_id: int | None
    evaluates_in: str
    orphan: bool
    revision: int


@attrs.frozen
class PupilLine:
    id: int
    code: str
    name: str


@attrs.frozen
class ServiceKey:
    """What makes a service of lessons; exactly one of the last two is given."""

    subject_code: str
    teacher_code: str | None
    class_code: str | None
    group_code: str | None

    @property
    def code(self) -> str:
        return service_code(self)


def service_code(key: ServiceKey) -> str:
    """
    Return the code of that service: ``MATH|T1|C:3A``, or ``G:`` and the code of a group.

    It stays the same from one transfer to the next. A bar within a code has a backslash.
    """
    letter, audience = (
        ("G", key.group_code) if key.class_code is None else ("C", key.class_code)
    )
    return (
        f"{_escaped(key.subject_code)}|{_escaped(key.teacher_code or '')}"
        f"|{letter}:{_escaped(audience or '')}"
    )


def services_of_lessons(lessons: Iterable[Lesson]) -> list[ServiceKey]:
    """Return one service for each subject, teacher and class or group, in order of code."""
    found = {
        ServiceKey(lesson.subject_code, teacher_code, class_code, group_code)
        for lesson in lessons
        for teacher_code in (lesson.teacher_codes or (None,))
        for class_code, group_code in (
            *((code, None) for code in lesson.class_codes),
            *((None, code) for code in lesson.group_codes),
        )
    }
    return sorted(found, key=service_code)


@remembered
def services_of(
    conn: Connection,
    *,
    teacher_code: str | None = None,
    class_id: int | None = None,
    group_id: int | None = None,
    service_id: int | None = None,
    among: Collection[int] | None = None,
) -> list[ServiceLine]:
    """
    Return the services of a teacher, a class (its groups' too), a group; that one, or those.

    What is given narrows together: a teacher's services of a class. By subject, then audience.
    """
    service, subject, teacher = schema.service, schema.subject, schema.teacher
    classes, groups = schema.school_class, schema.school_group
    wanted: list[ColumnElement[bool]] = []
    if teacher_code is not None:
        whose = select(teacher.c.id).where(teacher.c.code == teacher_code).scalar_subquery()
        wanted.append(service.c.teacher_id == whose)
    if class_id is not None:
        part = schema.group_class.c
        of_groups = select(part.group_id).where(part.class_id == class_id)
        wanted.append(or_(service.c.class_id == class_id, service.c.group_id.in_(of_groups)))
    if group_id is not None:
        wanted.append(service.c.group_id == group_id)
    if service_id is not None:
        wanted.append(service.c.id == service_id)
    if among is not None:
        wanted.append(service.c.id.in_(sorted(among)))
    named = teacher.c.last_name + case(
        (teacher.c.first_name == "", ""), else_=" " + teacher.c.first_name
    )
    rows = conn.execute(
        select(
            service.c.id,
            service.c.code,
            service.c.subject_id,
            subject.c.name.label("subject"),
            service.c.teacher_id,
            func.coalesce(named, "").label("teacher"),
            service.c.class_id,
            service.c.group_id,
            func.coalesce(classes.c.name, groups.c.name).label("audience"),
            service.c.parent_id,
            service.c.evaluates_in,
            service.c.orphan,
            service.c.revision,
        )
        .select_from(
            service.join(subject, subject.c.id == service.c.subject_id)
            .outerjoin(teacher, teacher.c.id == service.c.teacher_id)
            .outerjoin(classes, classes.c.id == service.c.class_id)
            .outerjoin(groups, groups.c.id == service.c.group_id)
        )
        .where(and_(True, *wanted))
        .order_by(
            subject.c.sort_name,
            func.coalesce(classes.c.sort_name, groups.c.sort_name),
            service.c.id,
        )
    )
    return [ServiceLine(**row._mapping) for row in rows]


@remembered
def pupils_of_service(conn: Connection, service_id: int) -> list[PupilLine]:
    """Return the pupils of its class or group who are there today, by name."""
    service, pupil = schema.service, schema.pupil
    audience = conn.execute(
        select(service.c.class_id, service.c.group_id).where(service.c.id == service_id)
    ).one_or_none()
    if audience is None:
        return []
    wanted = select(pupil).where(pupil.c.left_on.is_(None))
    if audience.class_id is not None:
        wanted = wanted.where(pupil.c.class_id == audience.class_id)
    else:
        member = schema.pupil_group
        wanted = wanted.join(member, member.c.pupil_id == pupil.c.id).where(
            member.c.group_id == audience.group_id
        )
    rows = sorted(conn.execute(wanted).all(), key=lambda row: (row.sort_name, row.id))
    return [
        PupilLine(row.id, row.code, f"{row.last_name} {row.first_name}".strip()) for row in rows
    ]


@remembered
def pupil_ids_of_service(conn: Connection, service_id: int) -> frozenset[int]:
    """Return the ids of `pupils_of_service`."""
    return frozenset(pupil.id for pupil in pupils_of_service(conn, service_id))


def _escaped(code: str) -> str:
    return code.replace("\\", "\\\\").replace("|", "\\|")
