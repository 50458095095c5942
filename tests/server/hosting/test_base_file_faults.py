"""
A fault at every single call of the disk while a base comes in, is completed, or goes out.

What is left is what was there before, or all of what was to be there; and it is told.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import trio
from sqlalchemy import Connection, insert
from trio.testing import MockClock

from pronote_protocol.words import UploadPurpose
from pronote_server.clock import Clock
from pronote_server.hosting.asker import Asker
from pronote_server.hosting.hosting_files import generate_files
from pronote_server.hosting.next_year import prepare_next_year
from pronote_server.hosting.other_bases import list_bases
from pronote_server.hosting.school import School
from pronote_server.hosting.sent_files import take_in
from pronote_server.hosting.users_files import generate_users_file
from pronote_server.storage.base_schema import photo
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.errors import StorageError
from pronote_server.storage.packages import prove_package
from pronote_server.storage.whole_files import REAL_DISK
from pronote_server.testing import open_test_school, sample_school
from pronote_server.testing_disks import BreakingDisk, Failure, Names, Stopped

NOON: Final = datetime(2020, 10, 5, 10, 0, tzinfo=UTC)
ASKER: Final = Asker("test", None, may_name_superadministrators=True)
PHOTO: Final = b"a photo"
Operation = Callable[[School, Path], Awaitable[Any]]


async def load(school: School, out: Path) -> None:
    await take_in(school, out / "Base.HNOT", UploadPurpose.BASE, ASKER)


async def complete(school: School, out: Path) -> None:
    await take_in(school, out / "Base.HPHOTOS", UploadPurpose.ANNEX, ASKER)


async def export(school: School, _: Path) -> None:
    await generate_files(school, by="test")


async def users(school: School, _: Path) -> None:
    await generate_users_file(school, by="test")


async def prepare(school: School, _: Path) -> None:
    await prepare_next_year(school, by="test")


OPERATIONS: Final = {each.__name__: each for each in (load, complete, export, users, prepare)}


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[School]:
    async with open_test_school(folder, inline=True, clock=Clock(NOON)) as school:
        yield school


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A school whose base refers to a photo it does not have, and the files of the base."""
    folder = tmp_path_factory.mktemp("prepared")

    async def prepare() -> None:
        async with open_test_school(
            folder / "school", data=sample_school(), inline=True, clock=Clock(NOON)
        ) as school:
            assert school.base is not None
            stored = DocumentFiles.beside(school.base.file)
            sha256 = stored.store(PHOTO)

            def attach(conn: Connection) -> None:
                conn.execute(
                    insert(photo),
                    {
                        "pupil_id": 1,
                        "sha256": sha256,
                        "size": len(PHOTO),
                        "media_type": "image/png",
                        "revision": 1,
                    },
                )

            await school.base.database.write(attach)
            (folder / "out").mkdir()
            await generate_files(school, to=folder / "out", by="test")
            stored.path_of(sha256).unlink()

    trio.run(prepare, clock=MockClock(autojump_threshold=0))
    return folder


async def check(school: School, context: object) -> None:
    rows = await list_bases(school)
    assert [row.problem for row in rows] == [None] * len(rows), context
    assert {row.name for row in rows} in ({"Base"}, {"Base", "Base (2)"}), context
    for folder in (school.folder, school.folder / "bases", school.folder / "exports"):
        left = [path.name for path in folder.glob(".*")]
        assert left == [], (left, context)
    for path in (school.folder / "exports").glob("*"):
        prove_package(path)
    assert school.base is not None
    stored = DocumentFiles.beside(school.base.file)
    for sha256 in stored.stored():
        assert stored.read(sha256, 0, 100) == PHOTO, context


def undo(school: School) -> None:
    """Begin again from where each operation begins."""
    for path in (school.folder / "bases").glob("Base (*"):
        path.unlink()
    assert school.base is not None
    DocumentFiles.beside(school.base.file).collect(())


@pytest.mark.parametrize("failure", [Failure.ERROR, Failure.FULL])
@pytest.mark.parametrize("name", OPERATIONS)
async def test_every_call_may_fail(
    tmp_path: Path, prepared: Path, name: str, failure: Failure, autojump_clock: MockClock
) -> None:
    operation: Operation = OPERATIONS[name]
    shutil.copytree(prepared / "school", tmp_path / "school")
    async with opened(tmp_path / "school") as school:
        counting = school.backups.folder.disk = BreakingDisk()
        await operation(school, prepared / "out")
        undo(school)
        assert len(counting.calls) > 5
        for at in range(1, len(counting.calls) + 1):
            disk = school.backups.folder.disk = BreakingDisk(at=at, failure=failure)
            told = False
            try:
                await operation(school, prepared / "out")
            except StorageError:
                told = True
            school.backups.folder.disk = REAL_DISK
            context = (name, failure, at, counting.calls[at - 1])
            await check(school, context)
            # Only the removal of what nobody needs any more may fail in silence.
            assert told or disk.calls[at - 1].startswith("unlink"), context
            undo(school)


@pytest.mark.parametrize("name", ["load", "complete", "export"])
async def test_the_power_may_go_at_every_call(
    tmp_path: Path, prepared: Path, name: str, autojump_clock: MockClock
) -> None:
    operation: Operation = OPERATIONS[name]
    counting = BreakingDisk()
    shutil.copytree(prepared / "school", tmp_path / "counted")
    async with opened(tmp_path / "counted") as school:
        school.backups.folder.disk = counting
        await operation(school, prepared / "out")
    for at in range(1, len(counting.calls) + 1, 3):
        folder = tmp_path / f"school-{at}"
        shutil.copytree(prepared / "school", folder)
        disk = BreakingDisk(at=at, failure=Failure.STOP)
        with pytest.RaisesGroup(Stopped, allow_unwrapped=True, flatten_subgroups=True):
            async with opened(folder) as school:
                school.backups.folder.disk = disk
                await operation(school, prepared / "out")
        disk.forget((Names.AS_SEEN, Names.AS_SYNCED)[at % 2])
        async with opened(folder) as school:
            await check(school, (name, at, counting.calls[at - 1]))
        shutil.rmtree(folder)
