"""The same school at work, its base in a file of SQLite or on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, select, text

from pronote_server.hosting import base_opening
from pronote_server.storage import base_schema as schema
from pronote_server.storage.database import Database, open_database
from pronote_server.storage.migrations import BASE_FAMILY
from pronote_server.storage.postgresql import PostgresqlBase
from pronote_server.storage.sqlite import writing_engine


@pytest.fixture(scope="module")
def tables(postgresql_place: PostgresqlBase) -> PostgresqlBase:
    """A place with the tables of a base, which take a moment to make."""
    with postgresql_place.writing_engine().connect() as conn, conn.begin():
        BASE_FAMILY.create(conn)
    return postgresql_place


@pytest.fixture
def base_anywhere(
    backend: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Have the base of every school of the test in *backend*.

    On PostgreSQL the file is made all the same, and only its header and grid are used.
    """
    if backend == "sqlite":
        return
    place = request.getfixturevalue("tables")
    made: set[Path] = set()

    @asynccontextmanager
    async def opened(path: Path, *, inline: bool, short_reads: bool) -> AsyncIterator[Database]:
        if path not in made:
            made.add(path)
            assert len(made) == 1, "one base at a time"
            with (
                writing_engine(path).connect() as file,
                place.writing_engine().connect() as conn,
                file.begin(),
                conn.begin(),
            ):
                _empty(conn)
                for table in (schema.header, schema.grid, schema.grid_day, schema.grid_slot):
                    if rows := [dict(row._mapping) for row in file.execute(select(table))]:
                        conn.execute(insert(table), rows)
        async with open_database(place, inline=inline, short_reads=short_reads) as database:
            yield database

    monkeypatch.setattr(base_opening, "open_database", opened)


def _empty(conn: Connection) -> None:
    """Take out what the test before entered; nothing else could cut the audit."""
    conn.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER USER")
    for table in reversed(schema.BASE.sorted_tables):
        conn.execute(delete(table))
    conn.exec_driver_sql("ALTER TABLE audit ENABLE TRIGGER USER")
    conn.execute(
        text(
            "SELECT setval(quote_ident(schemaname) || '.' || quote_ident(sequencename), "
            "1, FALSE) FROM pg_sequences WHERE schemaname = current_schema()"
        )
    )
