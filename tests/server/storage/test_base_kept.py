"""A base that an earlier version wrote is opened by this one, and loses nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from pronote_server.domain.school_data import SchoolData
from pronote_server.storage.base_file import (
    changes_since,
    counters,
    inspect_base,
    read_grid,
    read_header,
    replace_school_data,
    services_of,
    upgrade_base,
)
from pronote_server.storage.base_header import FORMAT_VERSION
from pronote_server.storage.database import open_database
from pronote_server.storage.migrations import BASE_FAMILY
from pronote_server.storage.sqlite import writing_engine

KEPT = Path(__file__).parent / "kept"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A copy of the base of the first version; the original is never opened."""
    return Path(shutil.copy(KEPT / "base_r0001.not", tmp_path / "Kept.not"))


@pytest.fixture
def old(kept: Path) -> Iterator[Connection]:
    with writing_engine(kept).connect() as conn, conn.begin():
        yield conn


def everything(conn: Connection, tables: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: [tuple(row) for row in conn.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1")]
        for table in tables
    }


def tables_of(conn: Connection) -> list[str]:
    names = conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    return [
        name for (name,) in names if name != "alembic_version" and not name.startswith("sqlite")
    ]


def schema_of(conn: Connection) -> dict[str, str]:
    """The columns, references and indices SQLite knows; `test_migrations` compares text."""
    found = {}
    for table in tables_of(conn):
        for pragma in ("table_xinfo", "foreign_key_list", "index_list"):
            told = conn.exec_driver_sql(f"PRAGMA {pragma}({table})")
            # The first column numbers the lines in order of making.
            found[f"{pragma} {table}"] = "\n".join(sorted(str(tuple(row[1:])) for row in told))
    triggers = conn.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type='trigger'")
    return found | {row.name: row.sql for row in triggers}


def test_the_kept_base_is_of_the_first_version_and_sound(kept: Path) -> None:
    header = inspect_base(kept, thorough=True)

    assert (header.format_version, header.revision) == (1, 1)
    assert kept.stat().st_size < 200 * 1024


def test_an_upgrade_keeps_every_row(old: Connection) -> None:
    tables = tables_of(old)
    before = everything(old, tables)
    assert before["pupil"]

    upgrade_base(old)

    assert everything(old, tables) == before
    assert old.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    assert old.exec_driver_sql("PRAGMA foreign_key_check").first() is None


def test_an_upgraded_base_has_the_schema_of_a_new_one(old: Connection, tmp_path: Path) -> None:
    upgrade_base(old)

    with writing_engine(tmp_path / "New.not").connect() as new, new.begin():
        BASE_FAMILY.create(new)
        assert schema_of(old) == schema_of(new)
    assert BASE_FAMILY.differences(old) == []
    assert read_header(old).format_version == FORMAT_VERSION


def test_an_upgraded_base_has_the_services_a_transfer_would_make(
    old: Connection, filled: Connection, school: SchoolData
) -> None:
    upgrade_base(old)

    upgraded, transferred = services_of(old), services_of(filled)

    assert [one.code for one in upgraded] == [one.code for one in transferred]
    replaced = replace_school_data(old, school, read_header(old).created_at)
    assert (replaced.removed, replaced.new_services, replaced.orphan_services) == ({}, 0, 0)
    assert services_of(old) == upgraded


def test_services_of_an_upgrade_have_what_a_new_one_has(
    old: Connection, filled: Connection
) -> None:
    upgrade_base(old)

    wanted = "SELECT * FROM service ORDER BY code"
    ours = [dict(row._mapping, id=0) for row in old.exec_driver_sql(wanted)]
    new = [dict(row._mapping, id=0) for row in filled.exec_driver_sql(wanted)]
    assert ours == new


def test_codes_with_bars_are_written_as_a_transfer_writes_them(old: Connection) -> None:
    old.exec_driver_sql("UPDATE subject SET code = 'M|A\\TH' WHERE code = 'MATH'")

    upgrade_base(old)

    assert "M\\|A\\\\TH|T1|C:3A" in [one.code for one in services_of(old)]


def test_who_knew_an_earlier_revision_is_told_to_read_again(old: Connection) -> None:
    upgrade_base(old)

    (change,) = changes_since(old, 0, 10).changes
    assert (change.revision, change.entity) == (1, "base")
    assert changes_since(old, 1, 10).changes == ()


def test_an_upgrade_that_fails_leaves_the_old_base(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = inspect_base(kept, thorough=True)
    monkeypatch.setattr(
        "pronote_server.storage.base_header._mark", lambda _: 1 / 0, raising=True
    )

    with (
        writing_engine(kept).connect() as conn,
        pytest.raises(ZeroDivisionError),
        conn.begin(),
    ):
        upgrade_base(conn)

    assert inspect_base(kept, thorough=True) == before


async def test_an_old_base_is_opened_and_worked_with(kept: Path, school: SchoolData) -> None:
    async with open_database(kept) as database:
        await database.write(upgrade_base)
        await database.write(upgrade_base)

        counted = await database.read(counters)
        assert (counted.pupils, counted.former_pupils, counted.marks) == (3, 1, 0)
        assert await database.read(read_grid) == school.grid
