"""How our tables are written, whatever the database: names, enums, instants."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Boolean, CheckConstraint, DateTime, Dialect, MetaData, TypeDecorator
from sqlalchemy.types import TypeEngine

__all__ = ["UtcDateTime", "boolean", "new_metadata", "one_of"]

# Every constraint has a name, so that a migration can speak of it on either database.
_NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> MetaData:
    return MetaData(naming_convention=_NAMES)


def one_of(column: str, words: Iterable[enum.Enum]) -> CheckConstraint:
    """Let *column* hold the values of these words only."""
    values = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({values})", name=column)


def boolean(column: str) -> Boolean:
    """Return a boolean that is 0 or 1 also where the database has none (SQLite)."""
    return Boolean(create_constraint=True, name=column)


class UtcDateTime(TypeDecorator[datetime]):
    """
    An instant: aware in Python, in UTC in the table.

    SQLite has no instants; it keeps text without a zone, which sorts as the instants do.
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = DateTime(timezone=True)
    cache_ok: bool | None = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant without a time zone: {value}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
