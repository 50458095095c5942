"""Many rows at once mean what one row means to `sqlalchemy.insert`."""

from __future__ import annotations

from decimal import Decimal
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

from pronote_server.storage.base_columns import Hundredths
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


def test_nothing_is_asked_of_the_base_for_no_rows(engine: Engine) -> None:
    with engine.begin() as conn:
        insert_many(conn, THINGS, [])
        assert kept(conn) == []


def test_a_broken_constraint_is_told_as_always(engine: Engine) -> None:
    with engine.begin() as conn, pytest.raises(IntegrityError):
        insert_many(conn, THINGS, [{"name": "a"}, {"name": "a"}])
