"""Appraisals of pupils: of a service, or general."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_services import PupilLine

__all__ = ["appraisals", "last_change", "pupils_of_class", "put_appraisal", "remove_appraisal"]


def appraisals(conn: Connection, period_id: int, service_id: int | None) -> dict[int, str]:
    """Return the appraisals of a service, or the general ones, by pupil."""
    of = schema.appraisal.c
    rows = conn.execute(select(of.pupil_id, of.text).where(_which(period_id, service_id)))
    return {row.pupil_id: row.text for row in rows}


def pupils_of_class(conn: Connection, class_id: int) -> list[PupilLine] | None:
    """Return the pupils of a class, by name; None when there is no such class."""
    pupil = schema.pupil.c
    if _no_class(conn, class_id):
        return None
    rows = conn.execute(
        select(pupil.id, pupil.code, pupil.last_name, pupil.first_name)
        .where(pupil.class_id == class_id)
        .order_by(pupil.sort_name, pupil.id)
    )
    return [
        PupilLine(row.id, row.code, f"{row.last_name} {row.first_name}".strip()) for row in rows
    ]


def put_appraisal(
    conn: Connection,
    period_id: int,
    service_id: int | None,
    pupil_id: int,
    text: str,
    revision: int,
    *,
    new: bool,
) -> None:
    """Write one; *new* says that there was none."""
    if new:
        conn.execute(
            insert(schema.appraisal),
            {
                "period_id": period_id,
                "service_id": service_id,
                "pupil_id": pupil_id,
                "text": text,
                "revision": revision,
            },
        )
    else:
        conn.execute(
            update(schema.appraisal)
            .where(_which(period_id, service_id), schema.appraisal.c.pupil_id == pupil_id)
            .values(text=text, revision=revision)
        )


def remove_appraisal(
    conn: Connection, period_id: int, service_id: int | None, pupil_id: int
) -> None:
    conn.execute(
        delete(schema.appraisal).where(
            _which(period_id, service_id), schema.appraisal.c.pupil_id == pupil_id
        )
    )


def last_change(conn: Connection, entity: str, entity_id: str) -> int:
    """Return the revision something was last changed at, erasing included; 0 if never."""
    audit = schema.audit.c
    found: Any = conn.execute(
        select(func.max(audit.revision)).where(
            audit.entity == entity, audit.entity_id == entity_id
        )
    ).scalar()
    return found or 0


def _which(period_id: int, service_id: int | None) -> ColumnElement[bool]:
    of = schema.appraisal.c
    service = of.service_id.is_(None) if service_id is None else of.service_id == service_id
    return and_(of.period_id == period_id, service)


def _no_class(conn: Connection, class_id: int) -> bool:
    wanted = select(schema.school_class.c.id).where(schema.school_class.c.id == class_id)
    return conn.execute(wanted).first() is None
