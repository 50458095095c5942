"""What a base was told to show later: information, and periods that will be sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    String,
    cast,
    func,
    select,
)

from pronote_server.storage import base_schema as schema

__all__ = ["MOST_DUE", "Due", "due_between", "next_due_after"]

# Of one look; what is more is due at the next one.
MOST_DUE = 500


@attrs.frozen
class Due:
    """
    Attributes:
        entity, entity_id: As in the audit.
        persons: Who may see it; None: everybody.
    """

    at: datetime
    entity: str
    entity_id: str
    persons: frozenset[str] | None


def next_due_after(conn: Connection, instant: datetime) -> datetime | None:
    """Return when the next of them is due."""
    found = [
        conn.execute(select(func.min(column)).where(column > instant)).scalar()
        for column in (schema.information.c.published_at, schema.sealing.c.sealed_at)
    ]
    return min((each for each in found if each is not None), default=None)


def due_between(conn: Connection, after: datetime, until: datetime) -> list[Due]:
    """
    Return what became due after *after* and until *until*, oldest first.

    What was shown, or sealed, as soon as it was entered is left out: who it concerns was told
    then.
    """
    information, receipt, sealing = schema.information, schema.receipt.c, schema.sealing
    rows = conn.execute(
        _planned(
            information.c.published_at, "information", _text(information.c.id), after, until
        ).add_columns(information.c.id, information.c.by)
    ).all()
    found = []
    for row in rows:
        receivers = select(receipt.person).where(receipt.information_id == row.id)
        persons = frozenset({*conn.execute(receivers).scalars(), row.by})
        found.append(Due(row.at, "information", str(row.id), persons))
    named = _text(sealing.c.class_id) + "/" + _text(sealing.c.period_id) + "/" + sealing.c.what
    rows = conn.execute(
        _planned(sealing.c.sealed_at, "sealing", named, after, until).add_columns(
            named.label("name")
        )
    ).all()
    found += [Due(row.at, "sealing", row.name, None) for row in rows]
    return sorted(found, key=lambda each: (each.at, each.entity, each.entity_id))[:MOST_DUE]


def _planned(
    column: Column[Any], entity: str, name: ColumnElement[str], after: datetime, until: datetime
) -> Select[Any]:
    audit = schema.audit.c
    entered_before = (
        select(audit.id)
        .where(audit.entity == entity, audit.entity_id == name, audit.at < column)
        .exists()
    )
    return (
        select(column.label("at"))
        .where(column > after, column <= until, entered_before)
        .order_by(column)
        .limit(MOST_DUE)
    )


def _text(column: Column[int]) -> ColumnElement[str]:
    return cast(column, String)
