"""A file that went through every revision is a new file, to the letter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from pronote_server.storage.errors import NewerThanThisProgram
from pronote_server.storage.migrations import BASE_FAMILY, SCHOOL_FAMILY, Family
from pronote_server.storage.sqlite import writing_engine

BOTH = pytest.mark.parametrize("family", [SCHOOL_FAMILY, BASE_FAMILY], ids=lambda f: f.name)


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    with writing_engine(tmp_path / "file").connect() as connection:
        yield connection


def described(conn: Connection) -> dict[str, list[str]]:
    """
    Everything SQLite knows of the file, without regard to the order of clauses.

    A constraint stands with its column or apart: that is one and the same, and what is added
    to a table that is there can only stand with its column.
    """
    found = {}
    for name, sql in conn.exec_driver_sql("SELECT name, sql FROM sqlite_master"):
        text = " ".join((sql or "").split())
        if table := re.fullmatch(r"(CREATE TABLE \S+) \( (.*) ?\)(.*?)", text):
            head, columns, tail = table.groups()
            clauses = re.split(r",? (?=CONSTRAINT )|, (?=\w+ [A-Z]+)", columns)
            found[name] = [head, tail, *sorted(clause.strip() for clause in clauses)]
        else:
            found[name] = [text]
    return found


@BOTH
def test_the_revisions_lead_to_what_the_schema_says(family: Family, tmp_path: Path) -> None:
    with writing_engine(tmp_path / "new").connect() as new, new.begin():
        family.create(new)
        expected = described(new)
    with writing_engine(tmp_path / "old").connect() as old:
        with old.begin():
            family.upgrade(old)
        with old.begin():
            assert described(old) == expected
            assert family.version(old) == family.head
            assert family.differences(old) == []


@BOTH
def test_a_file_up_to_date_is_left_alone(family: Family, conn: Connection) -> None:
    with conn.begin():
        family.create(conn)
        before = conn.exec_driver_sql("PRAGMA schema_version").scalar()
        family.upgrade(conn)

        assert conn.exec_driver_sql("PRAGMA schema_version").scalar() == before


@BOTH
def test_an_upgrade_that_is_rolled_back_leaves_nothing(
    family: Family, conn: Connection
) -> None:
    with conn.begin() as transaction:
        family.upgrade(conn)
        transaction.rollback()

    with conn.begin():
        assert described(conn) == {}


@BOTH
def test_a_file_of_a_later_program_is_refused_untouched(
    family: Family, conn: Connection
) -> None:
    with conn.begin():
        family.create(conn)
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with conn.begin(), pytest.raises(NewerThanThisProgram, match="9999"):
        family.upgrade(conn)


@BOTH
def test_the_schema_can_be_said_to_postgresql(family: Family) -> None:
    """Not that it runs there: that no table needs what only SQLite has."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in family.metadata.sorted_tables:
        said = str(CreateTable(table).compile(dialect=dialect))
        said += "".join(
            str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes
        )
        assert "AUTOINCREMENT" not in said
        assert "ROWID" not in said
