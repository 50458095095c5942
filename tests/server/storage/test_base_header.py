"""What a base is as a file, and which files are refused."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from pronote_server.domain.school_data import TimeGrid
from pronote_server.storage import base_header
from pronote_server.storage.base_file import (
    BaseHeader,
    create_base,
    inspect_base,
    read_grid,
    read_header,
    upgrade_base,
)
from pronote_server.storage.base_header import FORMAT_VERSION
from pronote_server.storage.database import open_database
from pronote_server.storage.errors import BaseFileRefused, StorageFailed
from pronote_server.storage.whole_files import RealDisk

CREATED = datetime(2020, 6, 27, 17, 6, tzinfo=UTC)

HEADER = BaseHeader(
    name="Base",
    rne="0330001G",
    school_year=2020,
    format_version=FORMAT_VERSION,
    created_at=CREATED,
    last_entry_at=None,
    revision=0,
)


def change(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as outside:
        for statement in statements:
            outside.execute(statement)
    outside.close()


async def test_a_created_base_is_opened_with_its_header_and_grid(
    base_path: Path, grid: TimeGrid
) -> None:
    assert inspect_base(base_path, thorough=True) == HEADER
    async with open_database(base_path) as database:
        await database.write(upgrade_base)

        assert await database.read(read_header) == HEADER
        assert await database.read(read_grid) == grid


@pytest.mark.sqlite
def test_a_base_can_be_told_from_other_databases(base: Connection) -> None:
    assert base.exec_driver_sql("PRAGMA application_id").scalar() == 0x4E6F7431
    assert base.exec_driver_sql("PRAGMA user_version").scalar() == FORMAT_VERSION


def test_a_created_base_is_one_file(base_path: Path) -> None:
    assert [path.name for path in base_path.parent.iterdir()] == ["Base.not"]


def test_creating_never_touches_what_is_there(base_path: Path, grid: TimeGrid) -> None:
    before = base_path.read_bytes()

    with pytest.raises(FileExistsError):
        create_base(base_path, name="Autre", rne=None, school_year=2021, grid=grid, now=CREATED)

    assert base_path.read_bytes() == before


@pytest.mark.parametrize("failing", ["put_grid", "checkpoint", "put_in_place"])
def test_creating_that_fails_leaves_nothing(
    tmp_path: Path, grid: TimeGrid, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(base_header, failing, fail)
    with pytest.raises((OSError, StorageFailed)):
        create_base(
            tmp_path / "Base.not",
            name="Base",
            rne=None,
            school_year=2020,
            grid=grid,
            now=CREATED,
        )

    assert list(tmp_path.iterdir()) == []


def test_the_file_is_on_disk_before_it_has_its_name(tmp_path: Path, grid: TimeGrid) -> None:
    synced: list[tuple[str, bool]] = []
    path = tmp_path / "Base.not"

    class Watched(RealDisk):
        def sync_file(self, what: Path) -> None:
            synced.append((what.suffix, path.exists()))

        def sync_folder(self, what: Path) -> None:
            synced.append((what.name, path.exists()))

    create_base(
        path, name="Base", rne=None, school_year=2020, grid=grid, now=CREATED, disk=Watched()
    )

    assert synced == [(".part", False), (tmp_path.name, True)]


def missing(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def prose(path: Path) -> None:
    path.write_bytes(b"Cher journal, " * 100)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scribbled_over(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


def foreign(path: Path) -> None:
    path.unlink()
    change(path, "CREATE TABLE song (title TEXT)")


def newer(path: Path) -> None:
    change(path, f"PRAGMA user_version = {FORMAT_VERSION + 1}")


def without_header(path: Path) -> None:
    change(path, "DELETE FROM header")


def without_table(path: Path) -> None:
    change(path, "DROP TABLE header")


def undated(path: Path) -> None:
    change(path, "UPDATE header SET created_at = 'yesterday'")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (missing, "n'existe pas"),
        (empty, "n'est pas une base"),
        (prose, "n'est pas une base"),
        (foreign, "n'est pas une base"),
        (newer, "plus récente"),
        (cut_short, "endommagée"),
        (scribbled_over, "endommagée"),
        (without_header, "endommagée"),
        (without_table, "endommagée"),
        (undated, "endommagée"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_cannot_be_served_is_refused_in_two_languages(
    base_path: Path, harm: Callable[[Path], None], said: str
) -> None:
    harm(base_path)

    with pytest.raises(BaseFileRefused) as caught:
        inspect_base(base_path, thorough=True)

    assert said in caught.value.fr
    assert str(caught.value) == caught.value.en != caught.value.fr


def test_looking_at_a_foreign_database_does_not_change_it(base_path: Path) -> None:
    foreign(base_path)
    before = base_path.read_bytes()

    with pytest.raises(BaseFileRefused):
        inspect_base(base_path)

    assert base_path.read_bytes() == before


@pytest.mark.parametrize("harm", [foreign, newer, without_header, without_table])
async def test_reading_the_header_of_an_open_file_refuses_likewise(
    base_path: Path, harm: Callable[[Path], None]
) -> None:
    harm(base_path)

    async with open_database(base_path) as database:
        with pytest.raises(BaseFileRefused):
            await database.read(read_header)


def test_a_dangling_reference_is_found_by_a_thorough_look(base_path: Path) -> None:
    change(base_path, "INSERT INTO lesson_room VALUES (1, 1)")

    assert inspect_base(base_path) == HEADER
    with pytest.raises(BaseFileRefused, match="damaged"):
        inspect_base(base_path, thorough=True)
