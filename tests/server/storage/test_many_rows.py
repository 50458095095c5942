"""Many rows at once mean what one row means to `sqlalchemy.insert`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import StaticPool

from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_columns import Hundredths
from pronote_server.storage.database import open_database
from pronote_server.storage.many_rows import insert_many

THINGS = Table(
    "thing",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("factor", Hundredths, nullable=False, default=1),
    Column("kind", String, nullable=False, server_default="usual"),
    Column("note", String),
)
ROWS: list[dict[str, Any]] = [{"name": "a", "note": None}, {"name": "b", "note": "x"}]


@pytest.fixture
def engine() -> Engine:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    THINGS.metadata.create_all(engine)
    return engine


def kept(conn: Connection) -> list[tuple[object, ...]]:
    return [tuple(row) for row in conn.execute(select(THINGS).order_by(THINGS.c.id))]


def test_what_rows_do_not_say_is_the_default_of_the_column(engine: Engine) -> None:
    with engine.begin() as conn:
        insert_many(conn, THINGS, ROWS)
        ours = kept(conn)
        conn.execute(THINGS.delete())
        conn.execute(insert(THINGS), ROWS)

        assert ours == kept(conn)
    assert ours[0] == (1, "a", Decimal(1), "usual", None)


def test_values_are_written_as_their_columns_want_them(engine: Engine) -> None:
    with engine.begin() as conn:
        insert_many(conn, THINGS, [{"name": "a", "factor": Decimal("12.5"), "kind": "other"}])
        assert kept(conn) == [(1, "a", Decimal("12.5"), "other", None)]


def test_more_rows_than_one_statement_takes_are_all_written_in_their_order(
    engine: Engine,
) -> None:
    names = [f"thing {number}" for number in range(1_001)]
    with engine.begin() as conn:
        insert_many(conn, THINGS, [{"name": name} for name in names])

        assert [row[1] for row in kept(conn)] == names


async def test_answers_that_were_kept_do_not_outlive_what_is_inserted(tmp_path: Path) -> None:
    row = {"id": 1, "code": "A", "name": "A", "sort_name": "A", "search": "A", "revision": 1}
    async with open_database(tmp_path / "base", inline=True) as database:
        await database.write(lambda conn: schema.BASE.create_all(conn))
        since = database.freshness.finished
        await database.write(lambda conn: insert_many(conn, schema.subject, [row]))

        assert not database.freshness.unchanged({"subject"}, since)
        assert database.freshness.unchanged({"pupil"}, since)


def test_nothing_is_asked_of_the_base_for_no_rows(engine: Engine) -> None:
    with engine.begin() as conn:
        insert_many(conn, THINGS, [])
        assert kept(conn) == []


def test_a_broken_constraint_is_told_as_always(engine: Engine) -> None:
    with engine.begin() as conn, pytest.raises(IntegrityError):
        insert_many(conn, THINGS, [{"name": "a"}, {"name": "a"}])
