"""A base that an earlier version wrote is opened by this one, and loses nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from pronote_protocol.words import ResourceKind
from pronote_server.domain.average_options import USUAL_SERVICE
from pronote_server.domain.school_data import SchoolData
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_file import (
    audit_of,
    changes_since,
    counters,
    inspect_base,
    list_resources,
    read_grid,
    read_header,
    replace_school_data,
    services_of,
    upgrade_base,
)
from pronote_server.storage.base_header import FORMAT_VERSION
from pronote_server.storage.base_service_settings import settings_of
from pronote_server.storage.database import open_database
from pronote_server.storage.migrations import BASE_FAMILY
from pronote_server.storage.sqlite import writing_engine

KEPT = Path(__file__).parent / "kept"


def copied(name: str, folder: Path) -> Path:
    """A copy of a kept base; the original is never opened."""
    return Path(shutil.copy(KEPT / name, folder / "Kept.not"))


def opened(path: Path) -> Iterator[Connection]:
    with writing_engine(path).connect() as conn, conn.begin():
        yield conn


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The base of the first version."""
    return copied("base_r0001.not", tmp_path)


@pytest.fixture
def old(kept: Path) -> Iterator[Connection]:
    yield from opened(kept)


@pytest.fixture(params=["base_r0001.not", "base_r0002.not", "base_r0004.not"])
def any_old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """The base of each version there has been."""
    yield from opened(copied(request.param, tmp_path))


@pytest.fixture
def worked_with(tmp_path: Path) -> Iterator[Connection]:
    """The base of the second version, in which one of everything was entered."""
    yield from opened(copied("base_r0002.not", tmp_path))


def columns_of(conn: Connection) -> dict[str, list[str]]:
    """The columns every version has had since; what a member of the staff is moved away."""
    return {
        table: [
            row.name
            for row in conn.exec_driver_sql(f"PRAGMA table_info({table})")
            if (table, row.name) != ("staff", "function")
        ]
        for table in tables_of(conn)
    }


def everything(
    conn: Connection, columns: dict[str, list[str]]
) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: [
            tuple(row)
            for row in conn.exec_driver_sql(
                "SELECT {} FROM {} ORDER BY 1, {}".format(
                    ", ".join(f'"{name}"' for name in names), table, len(names)
                )
            )
        ]
        for table, names in columns.items()
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


def test_an_upgrade_keeps_every_row(any_old: Connection) -> None:
    old, columns = any_old, columns_of(any_old)
    before = everything(old, columns)
    assert before["pupil"]

    upgrade_base(old)

    assert everything(old, columns) == before
    assert old.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    assert old.exec_driver_sql("PRAGMA foreign_key_check").first() is None


def test_an_upgraded_base_has_the_schema_of_a_new_one(
    any_old: Connection, tmp_path: Path
) -> None:
    old = any_old
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


def test_the_staff_keep_their_functions(any_old: Connection) -> None:
    upgrade_base(any_old)

    _, (line,) = list_resources(any_old, ResourceKind.STAFF, None, 0, 10)
    assert (line.code, line.detail) == ("S1", "CPE")


def test_what_was_not_set_in_format_2_is_what_it_was(worked_with: Connection) -> None:
    upgrade_base(worked_with)

    classes = worked_with.execute(select(schema.school_class.c.period_kind)).scalars().all()
    assert set(classes) == {"trimester"}
    link = worked_with.execute(select(schema.pupil_guardian)).one()
    assert (link.kinship, link.contact, link.legal) == ("other", False, False)
    (settings,) = settings_of(worked_with, [1]).values()
    assert settings.options == USUAL_SERVICE
    assert [line.actor for line in audit_of(worked_with, "mark", "1/1")] == ["DUPAS Nicole"]


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
