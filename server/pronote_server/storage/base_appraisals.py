"""Appraisals of pupils: of a service, or general."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from pronote_server.storage import base_schema as schema

__all__ = ["appraisals", "last_change", "present_pupils", "put_appraisal", "remove_appraisal"]


def appraisals(conn: Connection, period_id: int, service_id: int | None) -> dict[int, str]:
    """Return the appraisals of a service, or the general ones, by pupil."""
    of = schema.appraisal.c
    rows = conn.execute(select(of.pupil_id, of.text).where(_which(period_id, service_id)))
    return {row.pupil_id: row.text for row in rows}


def present_pupils(conn: Connection, pupil_ids: Iterable[int]) -> set[int]:
    """Return those of these pupils who are in the school today."""
    pupil = schema.pupil.c
    return set(
        conn.execute(
            select(pupil.id).where(pupil.id.in_(set(pupil_ids)), pupil.left_on.is_(None))
        ).scalars()
    )


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
