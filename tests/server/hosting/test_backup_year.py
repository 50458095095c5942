"""
A school year of backups, in seconds of a clock that jumps.

Something is entered before each backup is due. The short form lives the two days around each
change of the hour; the long one (``pytest --long``) the whole year, with its 3 700 backups and
313 archives.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
import trio
from sqlalchemy import Connection

from pronote_server.clock import Clock
from pronote_server.hosting import backups
from pronote_server.hosting.backup_opening import open_backup
from pronote_server.hosting.backup_schedule import keep_backups
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import local
from pronote_server.storage.base_file import read_header
from pronote_server.storage.base_writes import bump_revision
from pronote_server.storage.packages import PackageKind, prove_package
from pronote_server.storage.whole_files import OpenFile, RealDisk
from pronote_server.testing import open_test_school

AUTUMN: Final = (date(2020, 10, 24), date(2020, 10, 26))
SPRING: Final = (date(2021, 3, 27), date(2021, 3, 29))
YEAR: Final = (date(2020, 8, 24), date(2021, 7, 3))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param(*AUTUMN, id="autumn"),
        pytest.param(*SPRING, id="spring"),
        pytest.param(*YEAR, id="year", marks=pytest.mark.long),
    ],
)
async def test_a_school_year(
    tmp_path: Path, autojump_clock: object, first: date, last: date
) -> None:
    begin = datetime(first.year, first.month, first.day, 10, 0, tzinfo=UTC)
    end = datetime(last.year, last.month, last.day, 10, 0, tzinfo=UTC)
    nights = (last - first).days
    async with open_test_school(
        tmp_path, inline=True, in_service=False, clock=Clock(begin)
    ) as school:
        school.backups.folder.archive_days = 400
        school.backups.folder.disk = Unsynced()
        async with trio.open_nursery() as nursery:
            await nursery.start(keep_backups, school)
            await enter_every_hour(school, end)
            nursery.cancel_scope.cancel()

        files = (await backups.list_backups(school)).files
        made = await journalled(school, "backup.made")
        archives = [each for each in files if each.kind is PackageKind.ARCHIVE]
        ring = [each for each in files if each.kind is PackageKind.BACKUP]

        # One archive a night, also where 02:16 does not exist, or comes twice.
        assert [local(each.made_at).date() for each in reversed(archives)] == list(
            days_after(first, nights)
        )
        odd = [each.name for each in archives if not each.name.endswith("_02h16.archs")]
        assert [name.split("_", 2)[2] for name in odd] == (
            ["20210328_03h16.archs"] if first <= date(2021, 3, 28) < last else []
        )
        # Every two hours, and once more on the night that is an hour longer.
        expected = nights * 12
        expected += first <= date(2020, 10, 25) < last
        assert len(made) in (expected, expected - 1, expected + 1)
        # Twelve, of which the newest are the last two hours apart, numbered around.
        assert len(ring) == 12
        assert len({each.name for each in ring}) == 12
        numbers = [int(each.name.removesuffix(".sauvs")[-2:]) for each in reversed(ring)]
        assert numbers == [(numbers[0] + n - 1) % 12 + 1 for n in range(12)]
        assert numbers[-1] == (len(made) - 1) % 12 + 1
        assert [each.revision for each in files] == sorted(
            (each.revision for each in files), key=lambda n: -(n or 0)
        )
        assert all(each.proven_at is not None for each in files)
        for each in [*ring[:3], *archives[:: max(1, len(archives) // 30)]]:
            header = prove_package(school.backups.folder.folder / each.name).header
            assert header is not None
            assert header.revision == each.revision

        # Any of them can be opened: the very first one, here.
        oldest = files[-1]
        await open_backup(school, oldest.name, confirm=True, by="admin")
        assert school.base is not None
        assert (await school.base.database.read(read_header)).revision > (oldest.revision or 0)


class Unsynced(RealDisk):
    """This is about time; what a power cut leaves is tested elsewhere, and slow."""

    def sync(self, file: OpenFile) -> None: ...

    def sync_file(self, path: Path) -> None: ...

    def sync_folder(self, path: Path) -> None: ...


async def enter_every_hour(school: School, end: datetime) -> None:
    def write(conn: Connection) -> None:
        bump_revision(conn, now)

    while (now := school.now()) < end:
        assert school.base is not None
        await school.base.database.write(write)
        school.base = type(school.base)(
            await school.base.database.read(read_header),
            school.base.file,
            school.base.database,
        )
        await school.clock.sleep_until(now + timedelta(hours=1))


async def journalled(school: School, kind: str) -> list[object]:
    found: list[object] = []
    before: int | None = None
    while True:
        lines, before = await school.journal.read(
            before=before, limit=500, kind=kind, search=None
        )
        found += lines
        if before is None:
            return found


def days_after(first: date, count: int) -> Iterator[date]:
    for n in range(1, count + 1):
        yield first + timedelta(days=n)
