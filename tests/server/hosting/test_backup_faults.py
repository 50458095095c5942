"""
A fault at every single call of the disk, while a backup is made, opened, taken back.

What is left is what was there before, or all of what was to be there; it is told; and what the
list calls proven can be opened. Whatever call is added to these ways is counted by itself.

The short form breaks every call once, fills the disk where something is written, and cuts the
power at one call in three; the long one does all of it everywhere.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from sqlalchemy import Connection, insert, select

from pronote_server.clock import Clock
from pronote_server.hosting import backups
from pronote_server.hosting.backup_making import make
from pronote_server.hosting.backup_opening import open_backup, undo_opening
from pronote_server.hosting.connection_settings import (
    ConnectionSettings,
    write_connection_settings,
)
from pronote_server.hosting.school import School
from pronote_server.observe.testing import Logs
from pronote_server.storage.base_schema import audit, photo
from pronote_server.storage.base_writes import AuditEntry, append_audit, bump_revision
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.errors import StorageError
from pronote_server.storage.packages import PackageKind, prove_package
from pronote_server.storage.whole_files import REAL_DISK
from pronote_server.testing import open_test_school, sample_school
from pronote_server.testing_disks import BreakingDisk, Failure, Names, Stopped

NOON = datetime(2020, 7, 2, 10, 0, tzinfo=UTC)
Operation = Callable[[School], Awaitable[object]]


async def backup(school: School) -> object:
    return await make(school, PackageKind.BACKUP)


async def archive(school: School) -> object:
    return await make(school, PackageKind.ARCHIVE)


async def open_archive(school: School) -> object:
    return await open_backup(school, ARCHIVE, confirm=True, by="admin")


async def undo(school: School) -> object:
    return await undo_opening(school, confirm=True, by="admin")


async def prove(school: School) -> object:
    return await backups.prove(school, BACKUP, by="admin")


BACKUP, ARCHIVE = "Base 201901.sauvs", "Base_2019_20200702_12h00.archs"
# Each with what the base may hold afterwards.
OLD, EARLIER, LATER = ("first", "second"), ("first",), ("first", "second")
WRITING = {"create", "write", "sync", "replace", "link"}
OPERATIONS: dict[str, tuple[Operation, set[tuple[str, ...]]]] = {
    "backup": (backup, {OLD}),
    "archive": (archive, {OLD}),
    "open": (open_archive, {OLD, EARLIER}),
    "prove": (prove, {OLD}),
}


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[School]:
    async with open_test_school(
        folder, inline=True, in_service=False, clock=Clock(NOON)
    ) as school:
        yield school


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A school with a backup, an archive with a document, and an entry made since."""
    import trio
    from trio.testing import MockClock

    folder = tmp_path_factory.mktemp("prepared") / "school"

    async def prepare() -> None:
        async with open_test_school(
            folder, data=sample_school(), inline=True, in_service=False, clock=Clock(NOON)
        ) as school:
            assert school.base is not None
            sha256 = DocumentFiles.beside(school.base.file).store(b"a photo")

            def attach(conn: Connection) -> None:
                conn.execute(
                    insert(photo),
                    {
                        "pupil_id": 1,
                        "sha256": sha256,
                        "size": 7,
                        "media_type": "image/png",
                        "revision": 1,
                    },
                )

            await school.base.database.write(attach)
            await enter(school, "first")
            await backup(school)
            await archive(school)
            await enter(school, "second")

    trio.run(prepare, clock=MockClock(autojump_threshold=0))
    return folder


async def enter(school: School, note: str) -> None:
    base = school.base
    assert base is not None
    entry = AuditEntry(
        revision=0,
        at=NOON,
        actor=note,
        method="t",
        entity="e",
        entity_id="1",
        after={"n": 1},
    )

    def write(conn: Connection) -> None:
        append_audit(conn, [attrs.evolve(entry, revision=bump_revision(conn, NOON))])

    await base.database.write(write)


async def holds(school: School) -> tuple[str, ...]:
    assert school.base is not None
    query = select(audit.c.actor).order_by(audit.c.id)
    rows = await school.base.database.read(lambda conn: conn.execute(query).scalars().all())
    return tuple(rows)


async def calls_of(
    folder: Path, operation: Operation, failure: Failure, *, long: bool
) -> list[int]:
    """
    Return the numbers of the calls to try.

    Of reads in a row, which differ in nothing but where they are, only the first and the
    last are, unless *long*.
    """
    disk = BreakingDisk()
    async with opened(folder) as school:
        school.backups.folder.disk = disk
        await operation(school)
    calls = disk.calls
    assert len(calls) > 10
    return [
        at
        for at, call in enumerate(calls, 1)
        if (failure is Failure.ERROR or call.split()[0] in WRITING or long)
        if long
        or not call.startswith("read")
        or not (calls[at - 2] == call and at < len(calls) and calls[at] == call)
    ]


async def check(
    school: School, allowed: set[tuple[str, ...]], context: object, *, long: bool
) -> None:
    assert await holds(school) in allowed, context
    folder = school.backups.folder.folder
    listed = await backups.list_backups(school)
    names = [each.name for each in listed.files]
    assert {BACKUP, ARCHIVE} <= set(names), (names, context)
    for each in listed.files if long else listed.files[:1]:
        if each.proven_at is not None:
            assert prove_package(folder / each.name).header is not None, context
    if listed.undo is not None:
        assert listed.undo.safety in names or await holds(school) == OLD, context


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        *(
            (name, failure)
            for name in ("backup", "archive")
            for failure in (Failure.ERROR, Failure.FULL, Failure.SHORT)
        ),
        ("open", Failure.ERROR),
        ("prove", Failure.ERROR),
        *(
            pytest.param(name, failure, marks=pytest.mark.long)
            for name in ("open", "prove")
            for failure in (Failure.FULL, Failure.SHORT)
        ),
    ],
)
async def test_every_call_may_fail(
    tmp_path: Path,
    prepared: Path,
    autojump_clock: object,
    logs: Logs,
    name: str,
    failure: Failure,
    long_form: bool,
) -> None:
    logs.expect("backup.failed", "backups.not_pruned", "base.not_reopened")
    operation, allowed = OPERATIONS[name]
    folder = tmp_path / "school"
    shutil.copytree(prepared, folder)
    counted = tmp_path / "counted"
    shutil.copytree(prepared, counted)
    numbers = await calls_of(counted, operation, failure, long=long_form)
    silent = []
    async with opened(folder) as school:
        for at in numbers:
            disk = school.backups.folder.disk = BreakingDisk(at=at, failure=failure)
            try:
                await operation(school)
            except StorageError:
                told = True
            else:
                told = False
            assert disk.broke, at
            context = (name, failure, at, disk.calls[at - 1])
            school.backups.folder.disk = REAL_DISK
            await check(school, allowed, context, long=long_form)
            leftovers = [each.name for each in school.backups.folder.folder.glob(".*")]
            assert leftovers == [], context
            if not told:
                silent.append(disk.calls[at - 1].split()[0])
            # If it was done after all, begin again from where it begins.
            if await holds(school) != OLD:
                await undo(school)
                assert await holds(school) == OLD
        if name in ("backup", "archive"):
            lines, _ = await school.journal.read(
                before=None, limit=500, kind=f"{name}.failed", search=None
            )
            assert len(lines) == len(numbers) - len(silent)
    # Only what is gone on with (a short write), and what only removes what nobody needs.
    assert set(silent) <= {"write", "unlink", "sync"}, silent


@pytest.mark.parametrize("name", ["backup", "archive", "open"])
async def test_the_power_may_go_at_every_call(
    tmp_path: Path,
    prepared: Path,
    autojump_clock: object,
    logs: Logs,
    name: str,
    long_form: bool,
) -> None:
    logs.expect("base.not_reopened", "base.not_opened")
    operation, allowed = OPERATIONS[name]
    counted = tmp_path / "counted"
    shutil.copytree(prepared, counted)
    numbers = await calls_of(counted, operation, Failure.ERROR, long=long_form)
    for at in numbers if long_form else numbers[::3]:
        folder = tmp_path / "school"
        shutil.copytree(prepared, folder)
        disk = BreakingDisk(at=at, failure=Failure.STOP)
        stopped = False
        try:
            async with opened(folder) as school:
                school.backups.folder.disk = disk
                await operation(school)
        except* Stopped:
            stopped = True
        names = (Names.AS_SEEN, Names.AS_SYNCED)[at % 2]
        disk.forget(names)
        context = (name, at, disk.calls[-1], names)
        assert stopped, context

        async with opened(folder) as school:
            school.backups.folder.prepare()
            await check(school, allowed, context, long=long_form)
            assert not list(school.backups.folder.folder.glob(".*")), context
            await backup(school)
        shutil.rmtree(folder)


@pytest.mark.parametrize("failure", Failure)
def test_connection_settings_are_the_old_ones_or_the_new_ones(
    tmp_path: Path, failure: Failure
) -> None:
    old = ConnectionSettings(
        designation="Collège", rne="0990001N", address="127.0.0.1", port=1, tls=False
    )
    new = attrs.evolve(old, port=2)
    path = tmp_path / "connexion.toml"
    counted = BreakingDisk()
    write_connection_settings(tmp_path / "counted.toml", old, disk=counted)
    for at in range(1, len(counted.calls) + 1):
        write_connection_settings(path, old)
        disk = BreakingDisk(at=at, failure=failure)
        try:
            write_connection_settings(path, new, disk=disk)
        except (OSError, Stopped):
            if failure is Failure.STOP:
                disk.forget((Names.AS_SEEN, Names.AS_SYNCED)[at % 2])
        assert path.read_text() in (old.text(), new.text()), (failure, at)
