"""How a base writes exact decimals, and hours of the school's own clock."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import CheckConstraint, Column, Dialect, Integer, String, TypeDecorator
from sqlalchemy.types import TypeEngine

__all__ = ["Hundredths", "LocalMinute", "local_minute"]

_HUNDREDTH: Final = Decimal("0.01")
# Within the 32 bits of PostgreSQL's integer.
_LARGEST: Final = Decimal(10_000_000)
_WRITTEN: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


class Hundredths(TypeDecorator[Decimal]):
    """
    A decimal with two places: `Decimal` in Python, a whole number of hundredths in the table.

    12.50 is stored as 1250. SQLite has no decimals, and floats are no way to keep marks. A
    constraint in SQL text counts in hundredths; multiply nothing by such a column in SQL.
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = Integer
    cache_ok: bool | None = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, Decimal | int):
            raise TypeError(f"not an exact number: {value!r}")
        exact = Decimal(value)
        if not exact.is_finite() or abs(exact) > _LARGEST:
            raise ValueError(f"out of range: {value}")
        if exact != exact.quantize(_HUNDREDTH):
            raise ValueError(f"more than two decimals: {value}")
        return int(exact * 100)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else _decimal(value)


@lru_cache(maxsize=4096)
def _decimal(hundredths: int) -> Decimal:
    return Decimal(hundredths).scaleb(-2)


class LocalMinute(TypeDecorator[datetime]):
    """
    A day and an hour of the school's clock, to the minute: ``2020-11-02T08:25``.

    A naive `datetime` in Python, because that is what it is: the timetable knows no time zone,
    and an absence of 8:25 stays one of 8:25 when the clocks change. As text it sorts by time.
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = String(16)
    cache_ok: bool | None = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is not None or value.second or value.microsecond:
            raise ValueError(f"not a local time to the minute: {value}")
        return value.isoformat(timespec="minutes")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if not _WRITTEN.fullmatch(value):
            raise ValueError(f"not a local time to the minute: {value}")
        return datetime.fromisoformat(value)


def local_minute(name: str, *, nullable: bool = False) -> Column[datetime]:
    """Return a column of that kind which refuses text of another form."""
    written = CheckConstraint(f"{name} LIKE '____-__-__T__:__'", name)
    return Column(name, LocalMinute, written, nullable=nullable)
