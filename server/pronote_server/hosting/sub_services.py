"""
Services made by hand, and sub-services: parts of a service with marks of their own.

A sub-service is of its parent's class or group, and has no parts itself. What is made from
lessons is made again by the next transfer, and so is not deleted by hand.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from pronote_protocol.catalogue import sub_services as calls
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.catalogue.services import ServiceShown
from pronote_protocol.errors import BadRequest, Conflict, NotFound
from pronote_protocol.messages import Nothing
from pronote_server.domain.average_options import check_weight
from pronote_server.domain.sessions import Session
from pronote_server.hosting.entries import Entry, enter
from pronote_server.hosting.school import School
from pronote_server.hosting.scope import service_of
from pronote_server.hosting.services import audience_of, check_nothing_sealed, shown
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_kinds import exists
from pronote_server.storage.base_services import ServiceLine

__all__ = ["create_service", "delete_service", "link_service", "unlink_service"]

_TABLE = schema.service


async def create_service(
    school: School, session: Session, wish: calls.CreateService, key: str | None
) -> ServiceShown:
    """
    Raises:
        NotFound: The subject, the teacher, the class, the group or the parent is not there.
        BadRequest: It is of a class and a group, or of neither; the coefficient is impossible.
        Conflict: The parent is a sub-service itself.
    """

    def command(entry: Entry) -> ServiceShown:
        conn = entry.conn
        check_weight("Coefficient", "Coefficient", wish.coefficient)
        values = {
            "subject_id": wish.subject_id,
            "teacher_id": wish.teacher_id,
            "class_id": wish.class_id,
            "group_id": wish.group_id,
            "parent_id": wish.parent_id,
            "coefficient": wish.coefficient,
            "evaluates_in": wish.evaluates_in.value,
        }
        if wish.parent_id is not None:
            parent = service_of(conn, session, wish.parent_id)
            _check_parent(conn, parent)
            if wish.class_id is not None or wish.group_id is not None:
                raise BadRequest(problems="class_id: a sub-service has its parent's")
            values |= {"class_id": parent.class_id, "group_id": parent.group_id}
            values["teacher_id"] = wish.teacher_id or parent.teacher_id
        elif (wish.class_id is None) is (wish.group_id is None):
            raise BadRequest(problems="class_id, group_id: exactly one of them")
        _check_there(conn, values)
        highest = conn.execute(select(func.max(_TABLE.c.id))).scalar() or 0
        # No code of lessons has no bar, so that no transfer takes it for its own.
        code = f"#{highest + 1}"
        while conn.execute(select(_TABLE.c.id).where(_TABLE.c.code == code)).first():
            code += "+"
        made = conn.execute(
            insert(_TABLE).values(**values, code=code, revision=entry.revision)
        ).inserted_primary_key
        assert made is not None
        _changed(entry, made[0], None, {"code": code, **values})
        return shown(conn, service_of(conn, session, made[0]))

    return await enter(school, session, calls.CREATE_SERVICE, key, command)


async def link_service(
    school: School, session: Session, wish: calls.LinkService, key: str | None
) -> ServiceShown:
    """
    Raises:
        NotFound, StaleRevision: There is none, or it was changed since.
        Conflict: They cannot be parts of each other, or an average of a sealed period would
            move.
    """

    def command(entry: Entry) -> ServiceShown:
        conn = entry.conn
        line = _fresh(entry, session, wish)
        parent = service_of(conn, session, wish.parent_id)
        if line.parent_id == parent.id:
            return shown(conn, line)
        _check_parent(conn, parent)
        if conn.execute(select(_TABLE.c.id).where(_TABLE.c.parent_id == line.id)).first():
            raise Conflict(
                "Ce service a lui-même des sous-services.",
                "This service has sub-services itself.",
            )
        if (line.class_id, line.group_id) != (parent.class_id, parent.group_id):
            raise Conflict(
                "Un sous-service est de la classe ou du groupe de son service.",
                "A sub-service is of the class or the group of its service.",
            )
        if parent.id >= line.id:
            raise Conflict(
                "Un service existe avant ses sous-services : créez plutôt un sous-service.",
                "A service is older than its sub-services: create a sub-service instead.",
            )
        return _put_parent(entry, session, line, parent.id)

    return await enter(school, session, calls.LINK_SERVICE, key, command)


async def unlink_service(
    school: School, session: Session, ref: ThingRef, key: str | None
) -> ServiceShown:
    """
    Raises:
        NotFound, StaleRevision: There is none, or it was changed since.
        Conflict: It is no sub-service, or an average of a sealed period would move.
    """

    def command(entry: Entry) -> ServiceShown:
        line = _fresh(entry, session, ref)
        if line.parent_id is None:
            raise Conflict("Ce n'est pas un sous-service.", "This is no sub-service.")
        return _put_parent(entry, session, line, None)

    return await enter(school, session, calls.UNLINK_SERVICE, key, command)


async def delete_service(
    school: School, session: Session, ref: ThingRef, key: str | None
) -> Nothing:
    """
    Raises:
        NotFound, StaleRevision: There is none, or it was changed since.
        Conflict: Lessons make it, something was entered for it, or it has sub-services.
    """

    def command(entry: Entry) -> Nothing:
        conn = entry.conn
        line = _fresh(entry, session, ref)
        row = conn.execute(select(_TABLE).where(_TABLE.c.id == line.id)).one()
        if row.from_lessons and not row.orphan:
            raise Conflict(
                "Ce service vient des cours de l'emploi du temps.",
                "This service comes from the lessons of the timetable.",
            )
        relies = _entered_for(conn, line.id)
        if relies:
            raise Conflict(
                "Ce service contient {count} saisies ou sous-services.",
                "This service holds {count} entries or sub-services.",
                count=sum(relies.values()),
                relies=relies,
            )
        audience = audience_of(conn, line.id)
        conn.execute(delete(_TABLE).where(_TABLE.c.id == line.id))
        before = {"code": row.code, "subject_id": row.subject_id, "parent_id": row.parent_id}
        entry.changed("services", _TABLE.name, line.id, before, None, audience)
        return Nothing()

    return await enter(school, session, calls.DELETE_SERVICE, key, command)


def _fresh(entry: Entry, session: Session, ref: ThingRef) -> ServiceLine:
    line = service_of(entry.conn, session, ref.id)
    entry.check_fresh(_TABLE.name, ref.id, line.revision, ref.if_revision)
    return line


def _check_parent(conn: Connection, parent: ServiceLine) -> None:
    if parent.parent_id is not None:
        raise Conflict(
            "Un sous-service n'a pas de sous-services.", "A sub-service has no sub-services."
        )


def _check_there(conn: Connection, values: dict[str, Any]) -> None:
    for name, table in (
        ("subject_id", schema.subject),
        ("teacher_id", schema.teacher),
        ("class_id", schema.school_class),
        ("group_id", schema.school_group),
    ):
        if values[name] is not None and not exists(conn, table, values[name]):
            raise NotFound(what=f"{name.removesuffix('_id')} {values[name]}")


def _put_parent(
    entry: Entry, session: Session, line: ServiceLine, parent_id: int | None
) -> ServiceShown:
    conn = entry.conn
    check_nothing_sealed(entry, line)
    told = audience_of(conn, line.id)
    conn.execute(
        update(_TABLE)
        .where(_TABLE.c.id == line.id)
        .values(parent_id=parent_id, revision=entry.revision)
    )
    before, after = {"parent_id": line.parent_id}, {"parent_id": parent_id}
    if parent_id is not None:
        told = audience_of(conn, line.id)
    entry.changed("services", _TABLE.name, line.id, before, after, told)
    return shown(conn, service_of(conn, session, line.id))


def _changed(
    entry: Entry, ident: int, before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    audience = audience_of(entry.conn, ident)
    entry.changed("services", _TABLE.name, ident, before, after, audience)


def _entered_for(conn: Connection, service_id: int) -> dict[str, int]:
    """Return how much is entered for a service, by table, and how many parts it has."""
    found = {}
    for column in (
        schema.assessment.c.service_id,
        schema.evaluation.c.service_id,
        schema.appraisal.c.service_id,
        schema.notebook_entry.c.service_id,
        schema.bonus_malus.c.service_id,
        _TABLE.c.parent_id,
    ):
        wanted = select(func.count()).select_from(column.table).where(column == service_id)
        if count := conn.execute(wanted).scalar_one():
            found[column.table.name] = count
    return found
