"""A prepared statement means what SQLAlchemy makes of it, and is seen like any other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, exc, insert, select, text, update

from pronote_server.storage import base_schema as schema
from pronote_server.storage.database import open_database
from pronote_server.storage.freshness import recording
from pronote_server.storage.prepared import Prepared
from pronote_server.storage.remembered import remembered
from pronote_server.storage.sqlite import SqliteFile, writing_engine

AT = datetime(2020, 11, 23, 9, 0, 0, 123, tzinfo=UTC)
KEY = {"account": "a", "key": "k", "method": "m", "at": AT, "answer": b"\x01"}
LINE = {
    "revision": 1,
    "at": AT,
    "actor": "A",
    "method": "m",
    "entity": "e",
    "entity_id": "1",
    "before": None,
    "after": {"é": [1, None, "x"]},
}


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    engine = writing_engine(tmp_path / "base")
    with engine.connect() as connection:
        with connection.begin():
            schema.BASE.create_all(connection)
        with connection.begin():
            yield connection


@pytest.mark.parametrize(
    ("table", "line"), [(schema.entry_key, KEY), (schema.audit, LINE)], ids=["keys", "audit"]
)
def test_what_is_written_and_read_is_what_sqlalchemy_writes_and_reads(
    conn: Connection, table: Any, line: dict[str, Any]
) -> None:
    Prepared(insert(table)).run(conn, [line])
    names = [table.c[name] for name in line]
    plain = conn.execute(select(*names)).one()
    assert dict(zip(line, plain, strict=True)) == line
    (row,) = Prepared(select(*names)).rows(conn)
    assert row._asdict() == plain._asdict()


def test_many_are_written_at_once_and_none_is_nothing(conn: Connection) -> None:
    prepared = Prepared(insert(schema.entry_key))
    prepared.run(conn, [])
    prepared.run(conn, [{**KEY, "key": str(number)} for number in range(3)])
    assert len(Prepared(select(schema.entry_key)).rows(conn)) == 3
    found = Prepared(
        select(schema.entry_key.c.key).where(schema.entry_key.c.key == bindparam("which"))
    )
    assert found.first(conn, which="2").key == "2"
    assert found.first(conn, which="9") is None


def test_values_pass_through_their_types_both_ways(conn: Connection) -> None:
    named = select(schema.audit.c.at.label("moment")).where(
        schema.audit.c.at == bindparam("at")
    )
    Prepared(insert(schema.audit)).run(conn, [LINE])
    assert Prepared(named).first(conn, at=AT).moment == AT
    with pytest.raises(ValueError, match="time zone"):
        Prepared(named).rows(conn, at=AT.replace(tzinfo=None))
    weight = select(schema.service.c.coefficient).where(
        schema.service.c.coefficient == bindparam("weight")
    )
    with pytest.raises(ValueError, match="two decimals"):
        Prepared(weight).rows(conn, weight=Decimal("0.001"))


@pytest.mark.parametrize("many", [False, True])
def test_an_error_is_the_one_sqlalchemy_raises(conn: Connection, many: bool) -> None:
    prepared = Prepared(insert(schema.entry_key))
    with pytest.raises(exc.IntegrityError):
        prepared.run(conn, [KEY, KEY] if many else [{**KEY, "account": ""}])
    with pytest.raises(exc.OperationalError):
        Prepared(text("SELECT nothing")).rows(conn)


async def test_it_is_seen_as_a_change_and_as_a_reading(tmp_path: Path) -> None:
    write, read = Prepared(insert(schema.entry_key)), Prepared(select(schema.entry_key))
    async with open_database(SqliteFile(tmp_path / "base")) as database:
        await database.write(lambda conn: schema.BASE.create_all(conn))
        since = database.freshness.finished
        await database.write(lambda conn: write.run(conn, [KEY]))
        assert not database.freshness.unchanged({"entry_key"}, since)
        assert database.freshness.unchanged({"mark"}, since)
        with recording() as tables:
            await database.read(read.rows)
    assert tables == {"entry_key"}


# ------------------------------------------------------------------------- remembering


async def test_the_writer_asks_once_until_what_it_read_changes(tmp_path: Path) -> None:
    asked: list[int] = []

    @remembered
    def keys(conn: Connection, least: int) -> int:
        asked.append(least)
        return len(conn.execute(select(schema.entry_key)).all())

    def put(conn: Connection, key: str) -> tuple[int, int]:
        before = keys(conn, 0)
        conn.execute(insert(schema.entry_key), {**KEY, "key": key})
        return before, keys(conn, 0)

    def fails(conn: Connection) -> None:
        put(conn, "undone")
        raise LookupError

    async with open_database(SqliteFile(tmp_path / "base"), inline=True) as database:
        await database.write(lambda conn: schema.BASE.create_all(conn))
        assert [await database.write(lambda conn: keys(conn, 0)) for _ in range(3)] == [0] * 3
        assert asked == [0]
        assert await database.write(lambda conn: keys(conn, 1)) == 0
        assert asked == [0, 1]
        # What the open transaction has changed is asked of it, and not remembered.
        assert await database.write(lambda conn: put(conn, "1")) == (0, 1)
        assert await database.write(lambda conn: put(conn, "2")) == (1, 2)
        with pytest.raises(LookupError):
            await database.write(fails)
        assert await database.write(lambda conn: keys(conn, 0)) == 2
        # Other tables leave it alone.
        count = len(asked)
        await database.write(
            lambda conn: conn.execute(update(schema.mark).values(revision=1)).rowcount
        )
        assert await database.write(lambda conn: keys(conn, 0)) == 2
        assert len(asked) == count
        # A reader asks the base.
        assert await database.read(lambda conn: keys(conn, 0)) == 2
        assert len(asked) == count + 1


async def test_what_is_remembered_inside_something_else_still_counts_as_read(
    tmp_path: Path,
) -> None:
    @remembered
    def inner(conn: Connection) -> int:
        return len(conn.execute(select(schema.entry_key)).all())

    @remembered
    def outer(conn: Connection) -> int:
        return inner(conn) + len(conn.execute(select(schema.mark)).all())

    async with open_database(SqliteFile(tmp_path / "base"), inline=True) as database:
        await database.write(lambda conn: schema.BASE.create_all(conn))
        await database.write(inner)
        assert await database.write(outer) == 0
        await database.write(lambda conn: conn.execute(insert(schema.entry_key), KEY).rowcount)
        assert await database.write(outer) == 1


async def test_what_one_transaction_changes_is_asked_again_by_the_next(tmp_path: Path) -> None:
    asked: list[str] = []
    numbers = itertools.count()

    @remembered
    def keys(conn: Connection) -> int:
        asked.append("keys")
        return len(conn.execute(select(schema.entry_key)).all())

    @remembered
    def both(conn: Connection) -> int:
        asked.append("both")
        return keys(conn) + len(conn.execute(select(schema.mark)).all())

    def put(conn: Connection) -> None:
        conn.execute(insert(schema.entry_key), {**KEY, "key": str(next(numbers))})

    def fails(conn: Connection) -> None:
        put(conn)
        raise LookupError

    async with open_database(SqliteFile(tmp_path / "base"), inline=True) as database:
        await database.write(lambda conn: schema.BASE.create_all(conn))
        # Each of these transactions changes one table, and not the same.
        for expected in (0, 1, 2):
            assert await database.write(both) == expected
            assert await database.write(both) == expected
            await database.write(put)
            await database.write(
                lambda conn: conn.execute(update(schema.school_class).values(level="")).rowcount
            )
        assert asked == ["both", "keys"] * 3
        # One that fails has changed nothing, which nobody has to find out.
        with pytest.raises(LookupError):
            await database.write(fails)
        assert await database.write(keys) == 3
