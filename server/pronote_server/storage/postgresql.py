"""
What is particular to PostgreSQL: a base is a schema of a database there.

Needs psycopg 3 (extra ``postgresql``). The database must compare texts byte by byte (locale C),
as SQLite does: lists are sorted, and ids found, by that order. One process writes to a base.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import attrs
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text

from pronote_server.storage.errors import StorageFailed
from pronote_server.storage.statements import STATEMENTS_KEPT

__all__ = ["PostgresqlBase"]

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_BYTEWISE: Final = frozenset({"C", "POSIX", "C.UTF-8", "C.utf8"})


def _checked(_: Any, attribute: Any, value: str) -> None:
    if not _NAME.fullmatch(value):
        raise ValueError(f"{attribute.name}: {value!r} is no name of a schema")


@attrs.frozen
class PostgresqlBase:
    """
    Where a base is, for `open_database`.

    Attributes:
        url: ``postgresql+psycopg://user@host/database``.
        name: Of the schema; a small letter, then small letters, digits, underscores.
    """

    url: str = attrs.field(repr=False)  # may hold a password
    name: str = attrs.field(validator=_checked)

    def create(self) -> None:
        """
        Make the schema, empty.

        Raises:
            StorageFailed: The database does not compare texts byte by byte.
        """
        with self.writing_engine().connect() as conn, conn.begin():
            locale = conn.execute(
                text("SELECT datcollate FROM pg_database WHERE datname = current_database()")
            ).scalar_one()
            if locale not in _BYTEWISE:
                raise StorageFailed(f"LOCALE_{locale}")
            conn.exec_driver_sql(f"CREATE SCHEMA {self.name}")

    def drop(self) -> None:
        """Remove the schema with all that is in it."""
        with self.writing_engine().connect() as conn, conn.begin():
            conn.exec_driver_sql(f"DROP SCHEMA {self.name} CASCADE")

    def writing_engine(self) -> Engine:
        """Return the engine of the one writer."""
        return self._engine({"isolation_level": "READ COMMITTED"})

    def reading_engine(self) -> Engine:
        """Return an engine whose transactions see one unchanging state and cannot write."""
        return self._engine({"isolation_level": "REPEATABLE READ"}, read_only=True)

    def impatient_engine(self) -> None:
        """None: every statement is a way over the network."""

    def read_ahead(self) -> None:
        """Nothing: its memory is the server's."""

    def settle(self, connection: Connection) -> None:
        """Nothing: a COMMIT is all there is to do."""

    def _engine(self, options: Mapping[str, Any], *, read_only: bool = False) -> Engine:
        engine = create_engine(
            self.url,
            poolclass=NullPool,
            query_cache_size=STATEMENTS_KEPT,
            connect_args={
                "options": f"-csearch_path={self.name}",
                "application_name": self.name,
            },
            **options,
        )
        if read_only:

            @event.listens_for(engine, "connect")
            def prepare(driver: Any, _record: Any) -> None:
                driver.read_only = True

        return engine
