"""The points pupils were given, or lost, for a service in a period (*bonus/malus*)."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from pronote_server.storage import base_schema as schema

__all__ = ["bonus_of_service", "bonus_of_services", "put_bonus"]


def bonus_of_services(
    conn: Connection, service_ids: Collection[int], period_id: int
) -> dict[tuple[int, int], Decimal]:
    """Return the points in these services and that period, by service and pupil."""
    bonus = schema.bonus_malus.c
    rows = conn.execute(
        select(bonus.service_id, bonus.pupil_id, bonus.points).where(
            bonus.period_id == period_id, bonus.service_id.in_(sorted(service_ids))
        )
    )
    return {(row.service_id, row.pupil_id): row.points for row in rows}


def bonus_of_service(conn: Connection, service_id: int, period_id: int) -> dict[int, Row[Any]]:
    """Return points and revision of each pupil who has some."""
    bonus = schema.bonus_malus
    rows = conn.execute(
        select(bonus).where(bonus.c.service_id == service_id, bonus.c.period_id == period_id)
    )
    return {row.pupil_id: row for row in rows}


def put_bonus(
    conn: Connection,
    service_id: int,
    period_id: int,
    pupil_id: int,
    points: Decimal | None,
    revision: int,
) -> None:
    """Give the points instead of others; None takes them away."""
    bonus = schema.bonus_malus
    conn.execute(
        delete(bonus).where(
            bonus.c.service_id == service_id,
            bonus.c.period_id == period_id,
            bonus.c.pupil_id == pupil_id,
        )
    )
    if points is not None:
        conn.execute(
            insert(bonus).values(
                service_id=service_id,
                period_id=period_id,
                pupil_id=pupil_id,
                points=points,
                revision=revision,
            )
        )
