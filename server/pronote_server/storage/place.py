"""Where a database is, and what depends on it."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection, Engine

__all__ = ["Place"]


class Place(Protocol):
    """Where a database is: a SQLite file, or a base on PostgreSQL."""

    @property
    def name(self) -> str:
        """What the log calls it."""

    def writing_engine(self) -> Engine: ...

    def reading_engine(self) -> Engine: ...

    def impatient_engine(self) -> Engine | None:
        """Return an engine for `short_reads`; None where no reading is that short."""

    def read_ahead(self) -> None:
        """Have its beginning in the system's memory; before it is opened."""

    def settle(self, connection: Connection) -> None:
        """Make it whole by itself, before the writing connection is closed."""
