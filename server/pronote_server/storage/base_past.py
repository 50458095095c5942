"""What pupils had in earlier years."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from pronote_server.storage.base_schema import past_result, pupil

__all__ = ["past_results", "replace_past_results", "there_is_pupil"]


def there_is_pupil(conn: Connection, pupil_id: int) -> bool:
    """Return whether there is such a pupil, former ones included."""
    return conn.execute(select(pupil.c.id).where(pupil.c.id == pupil_id)).first() is not None


def past_results(
    conn: Connection, pupil_id: int, offset: int, limit: int
) -> tuple[int, Sequence[Row[Any]]]:
    """Return how many there are of a pupil, and a page: latest year, subject, period."""
    own = past_result.c.pupil_id == pupil_id
    total = conn.execute(select(func.count()).select_from(past_result).where(own)).scalar_one()
    rows = conn.execute(
        select(past_result)
        .where(own)
        .order_by(past_result.c.school_year.desc(), past_result.c.subject, past_result.c.period)
        .offset(offset)
        .limit(limit)
    ).all()
    return total, rows


def replace_past_results(
    conn: Connection, school_year: int, rows: Sequence[dict[str, Any]]
) -> None:
    """
    Make *rows* all that is known of that year; their keys are the columns but the year.

    Args:
        rows: With the averages as decimals of two places.
    """
    conn.execute(delete(past_result).where(past_result.c.school_year == school_year))
    if rows:
        conn.execute(
            insert(past_result), [{"school_year": school_year, **_exact(row)} for row in rows]
        )


def _exact(row: dict[str, Any]) -> dict[str, Any]:
    """Return *row* with what averages have beyond two places rounded away."""
    return {
        name: value.quantize(Decimal("0.01")) if isinstance(value, Decimal) else value
        for name, value in row.items()
    }
