"""What counts as changed, and from when: an answer that is kept relies on nothing else."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, delete, insert, select, update

from pronote_server.storage import base_schema as schema
from pronote_server.storage.database import open_database
from pronote_server.storage.freshness import Freshness, changing, recording

ALL = frozenset({"*"})


def written(statement: object) -> str:
    return str(statement)


@pytest.mark.parametrize(
    ("statement", "tables"),
    [
        ("SELECT * FROM pupil", frozenset()),
        ("SAVEPOINT command", frozenset()),
        (written(insert(schema.mark)), {"mark"}),
        (written(update(schema.header).values(revision=1)), {"header"}),
        ("insert into pupil (id) select id from mark", {"pupil"}),
        ("PRAGMA application_id", frozenset()),
        ("INSERT OR REPLACE INTO pupil VALUES (1)", ALL),
        ("UPDATE OR IGNORE pupil SET id = 1", ALL),
        ("DROP TABLE pupil", ALL),
        ("WITH a AS (SELECT 1) DELETE FROM pupil", ALL),
        ("REPLACE INTO pupil VALUES (1)", ALL),
        ("DELETE FROM sqlite_sequence", ALL),
        ("", ALL),
    ],
)
def test_a_statement_changes_what_it_names_and_in_doubt_everything(
    statement: str, tables: frozenset[str]
) -> None:
    assert changing(statement) == tables


def test_what_goes_with_a_row_has_changed_too() -> None:
    assert {"evaluation_skill", "document"} <= changing(written(delete(schema.evaluation)))
    assert "homework" in changing(written(delete(schema.notebook_entry)))


def test_every_table_a_statement_really_changes_is_named(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'base'}")
    schema.BASE.create_all(engine)
    engine.dispose()
    seen: set[str] = set()

    def note(action: int, table: str | None, *_: object) -> int:
        if action in (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE):
            seen.add(table or "")
        return sqlite3.SQLITE_OK

    for table in schema.BASE.tables.values():
        for statement in (insert(table), update(table), delete(table)):
            seen.clear()
            driver = sqlite3.connect(tmp_path / "base", cached_statements=0)
            driver.execute("PRAGMA foreign_keys = ON")
            driver.set_authorizer(note)
            text = written(statement)
            names = {column.name: None for column in table.columns}
            driver.execute(f"EXPLAIN {text}", names)
            driver.close()
            assert seen <= changing(text), text


@given(st.lists(st.sets(st.sampled_from(["a", "b", "*"]), max_size=2), max_size=8), st.data())
def test_an_answer_is_fresh_until_a_commit_after_its_reading_changes_what_it_read(
    commits: list[set[str]], data: st.DataObject
) -> None:
    """The reading begins before, during or after any commit; only what came before counts."""
    freshness = Freshness()
    begins = data.draw(st.integers(0, 2 * len(commits)))
    since, moment = 0, 0
    stale = False
    for tables in commits:
        for step in (freshness.begin, None):
            if moment == begins:
                since = freshness.finished
            if step is not None:
                step(tables)
                # Under way when it began: whether it was seen is not known.
                stale = stale or (moment + 1 >= begins and bool(tables & {"a", "*"}))
            else:
                freshness.finish()
            moment += 1
    if moment == begins:
        since = freshness.finished
    assert freshness.unchanged({"a"}, since) is not stale


async def test_the_tables_of_a_reading_are_collected_across_the_thread(tmp_path: Path) -> None:
    async with open_database(tmp_path / "base") as database:
        await database.write(lambda conn: schema.BASE.create_all(conn))
        with recording() as tables:
            await database.read(lambda conn: conn.execute(select(schema.pupil)).all())
        await database.read(lambda conn: conn.execute(select(schema.mark)).all())
    assert tables == {"pupil"}


@pytest.mark.parametrize("inline", [True, False])
async def test_a_write_makes_stale_what_it_changes_before_anybody_hears_of_it(
    tmp_path: Path, inline: bool
) -> None:
    async with open_database(tmp_path / "base", inline=inline) as database:
        await database.write(lambda conn: schema.BASE.create_all(conn))
        fresh, since = database.freshness, database.freshness.finished
        await database.write(lambda conn: conn.execute(delete(schema.mark)).rowcount)
        assert not fresh.unchanged({"mark"}, since)
        assert fresh.unchanged({"pupil"}, since)

        def fails(conn: object) -> None:
            raise LookupError

        since = fresh.finished
        with pytest.raises(LookupError):
            await database.write(fails)
        assert fresh.unchanged({"mark", "pupil"}, since)
        assert fresh.begun == fresh.finished
