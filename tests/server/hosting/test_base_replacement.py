"""Another base in the place of the one that is loaded: whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from sqlalchemy import Connection, delete, insert, select, update
from trio.testing import MockClock

from pronote_protocol.errors import Conflict
from pronote_server.clock import Clock
from pronote_server.config import Passwords, SchoolSettings, Suspension
from pronote_server.domain.base_states import BaseState
from pronote_server.hosting import bases
from pronote_server.hosting.base_replacement import open_instead, replace_base
from pronote_server.hosting.opening import open_school
from pronote_server.hosting.school import School
from pronote_server.observe.testing import Logs
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_file import create_base
from pronote_server.storage.copying import copy_database
from pronote_server.storage.errors import BaseFileRefused, StorageFailed
from pronote_server.storage.sqlite import writing_engine
from pronote_server.storage.whole_files import RealDisk
from pronote_server.testing import TEST_RNE, open_test_school

SETTINGS = SchoolSettings(
    rne=TEST_RNE, name="Collège d'essai", passwords=Passwords(scram_iterations=4096)
)


def enter(conn: Connection, name: str = "Salle 1") -> None:
    conn.execute(
        insert(schema.room), {"code": name, "name": name, "sort_name": name, "search": name}
    )


def reach_revision_41(conn: Connection) -> None:
    conn.execute(update(schema.header).values(revision=41))


async def rooms(school: School) -> list[str]:
    assert school.base is not None
    return await school.base.database.read(
        lambda conn: sorted(conn.execute(select(schema.room.c.name)).scalars())
    )


def another(school: School, name: str = "Autre") -> Path:
    """Return a base that is ready to be put in the place of the loaded one."""
    path = school.folder / "bases" / ".new"
    create_base(
        path,
        name=name,
        rne=school.rne,
        school_year=2020,
        grid=bases.STANDARD_GRID,
        now=school.now(),
    )
    with writing_engine(path).connect() as conn, conn.begin():
        enter(conn, "Nouvelle")
    return path


def broken(school: School) -> Path:
    """Return what looks like a base until it is opened."""
    path = another(school)
    with writing_engine(path).connect() as conn, conn.begin():
        conn.execute(delete(schema.header))
    return path


async def test_a_new_base_takes_the_place_and_is_not_in_service(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_test_school(tmp_path, in_service=False, inline=True) as school:
        assert school.base is not None
        before = school.base.file
        await replace_base(school, lambda: another(school), why="restored", by="test")

        assert school.base_state is BaseState.LOADED
        assert await rooms(school) == ["Nouvelle"]
        assert school.base.file == before
        assert [path.name for path in before.parent.iterdir() if "-" not in path.name] == [
            "Base.not"
        ]
        entries, _ = await school.journal.read(before=None, limit=1, kind=None, search=None)
        assert entries[0].kind == "base.restored"


async def test_in_service_nothing_is_even_prepared(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_test_school(tmp_path, inline=True) as school:
        with pytest.raises(Conflict, match="Stop the server first"):
            await replace_base(
                school, lambda: pytest.fail("prepared"), why="restored", by="test"
            )
        assert school.base_state is BaseState.IN_SERVICE


async def test_only_one_thing_at_a_time_is_done_to_the_base(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    outcomes = []

    async def attempt(school: School, name: str) -> None:
        try:
            await bases.create_base(school, name, 2020)
        except Conflict as refusal:
            outcomes.append(refusal.en)
        else:
            outcomes.append("done")

    async with open_test_school(tmp_path, in_service=False, inline=True) as school:
        async with trio.open_nursery() as nursery:
            for name in ("Une", "Deux", "Trois"):
                nursery.start_soon(attempt, school, name)
        assert outcomes.count("done") == 1
        assert sum("Something else" in each for each in outcomes) == 2
        assert school.base_state is BaseState.LOADED


async def test_what_the_preparation_refuses_changes_nothing(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    def refuse() -> Path:
        raise BaseFileRefused("non", "no")

    async with open_test_school(tmp_path, in_service=False, inline=True) as school:
        assert school.base is not None
        loaded = school.base.database
        with pytest.raises(BaseFileRefused):
            await replace_base(school, refuse, why="restored", by="test")
        assert school.base.database is loaded
        assert school.base_state is BaseState.LOADED


async def test_a_base_that_cannot_be_opened_gives_way_to_the_old_one(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_test_school(tmp_path, in_service=False, inline=True) as school:
        assert school.base is not None
        await school.base.database.write(enter)
        with pytest.raises(BaseFileRefused):
            await replace_base(school, lambda: broken(school), why="restored", by="test")

        assert await rooms(school) == ["Salle 1"]
        assert school.base_state is BaseState.LOADED
        await bases.put_in_service(school, None, by="test")
        left = {path.name for path in school.base.file.parent.iterdir()}
        assert left <= {"Base.not", "Base.not-wal", "Base.not-shm"}


class Failing(RealDisk):
    """A disk that says no when it is asked for the *nth* time."""

    def __init__(self, nth: int) -> None:
        self.left = nth

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise OSError(5, "said no")

    def sync_folder(self, path: Path) -> None:
        self._count()
        super().sync_folder(path)

    def replace(self, source: Path, target: Path) -> None:
        self._count()
        super().replace(source, target)

    def link(self, source: Path, target: Path) -> None:
        self._count()
        super().link(source, target)

    def unlink(self, path: Path) -> None:
        self._count()
        super().unlink(path)


@pytest.mark.parametrize("nth", range(1, 9))
async def test_a_disk_that_says_no_once_leaves_the_old_base_or_the_new(
    tmp_path: Path, nth: int, autojump_clock: MockClock
) -> None:
    async with open_test_school(tmp_path, in_service=False, inline=True) as school:
        assert school.base is not None
        await school.base.database.write(enter)
        disk = Failing(nth)
        try:
            await replace_base(
                school, lambda: another(school), why="restored", by="test", disk=disk
            )
        except StorageFailed:
            assert await rooms(school) == ["Salle 1"]
        else:
            assert await rooms(school) == ["Nouvelle"]
        assert school.base_state is BaseState.LOADED
        assert disk.left <= 0 or nth > 6, "there are fewer calls than this test thinks"


async def test_a_restored_base_passes_the_revisions_of_the_one_it_replaces(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """What a client remembers of revision 7 must not be the 7 of another history."""
    async with open_test_school(tmp_path, in_service=False, inline=True) as school:
        assert school.base is not None
        copy = school.base.file.with_name(".copy")
        copy_database(school.base.file, copy)
        await school.base.database.write(reach_revision_41)
        await bases.read_header_again(school)

        await replace_base(school, lambda: copy, why="restored", by="test")

        assert school.base.header.revision == 42
        assert school.base.header.last_entry_at is None


async def test_opening_another_base_keeps_both_files(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_test_school(tmp_path, in_service=False, inline=True) as school:
        other = another(school).rename(bases.base_path(school, "Autre"))
        await open_instead(school, other, by="test")

        assert school.base is not None
        assert school.base.file == other
        assert bases.base_path(school, "Base").exists()
        with pytest.raises(BaseFileRefused):
            await open_instead(school, other.with_name("Nulle.not"), by="test")
        assert school.base.file == other


async def test_the_base_that_was_opened_is_loaded_at_the_next_start(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_school(SETTINGS, Suspension(), tmp_path, Clock(), inline=True) as school:
        other = another(school).rename(bases.base_path(school, "Autre"))
        await open_instead(school, other, by="test")
    async with open_school(SETTINGS, Suspension(), tmp_path, Clock(), inline=True) as school:
        assert school.base is not None
        assert school.base.header.name == "Autre"


async def test_a_start_after_a_power_cut_goes_back_to_the_base_that_can_be_opened(
    tmp_path: Path, autojump_clock: MockClock, logs: Logs
) -> None:
    """The cut came when the new file had the name, and nobody had opened it yet."""
    async with open_school(SETTINGS, Suspension(), tmp_path, Clock(), inline=True) as school:
        assert school.base is not None
        await school.base.database.write(enter)
        file, bad = school.base.file, broken(school)
    file.with_name(f".{file.name}.old").hardlink_to(file)
    bad.replace(file)

    async with open_school(SETTINGS, Suspension(), tmp_path, Clock(), inline=True) as school:
        assert await rooms(school) == ["Salle 1"]
    logs.expect("base.not_opened")


async def test_a_school_whose_only_base_fails_twice_has_none_and_says_so(
    tmp_path: Path, autojump_clock: MockClock, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_test_school(tmp_path, in_service=False, inline=True) as school:
        with monkeypatch.context() as patched:

            async def fail(*_: object) -> None:
                raise StorageFailed("SQLITE_IOERR")

            patched.setattr("pronote_server.hosting.base_replacement.open_base", fail)
            with pytest.raises(StorageFailed):
                await replace_base(school, lambda: another(school), why="x", by="test")
        logs.expect("base.not_reopened")
        assert school.base_state is BaseState.NONE
        with pytest.raises(Conflict, match="No base is loaded"):
            await bases.put_in_service(school, None, by="test")
        await open_instead(school, bases.base_path(school, "Base"), by="test")
        await bases.put_in_service(school, None, by="test")
