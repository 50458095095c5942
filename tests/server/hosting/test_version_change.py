"""Going over to another version: in its time, all of it or everything as it was."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trio
from sqlalchemy import func, select
from trio.testing import MockClock, wait_all_tasks_blocked

from pronote_protocol.catalogue import version as calls
from pronote_protocol.errors import Conflict, NotFound
from pronote_protocol.messages import Announcement, Nothing
from pronote_protocol.words import Farewell, Mode, ReturnAdvice, VersionBase, VersionEdition
from pronote_server.clock import Clock
from pronote_server.hosting import backup_making, bases, version_change, version_plans
from pronote_server.hosting.asker import Asker
from pronote_server.hosting.backup_schedule import keep_backups
from pronote_server.hosting.base_places import bases_folder
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import local
from pronote_server.hosting.version_schedule import keep_version
from pronote_server.observe.testing import Logs
from pronote_server.rescue.commands.version import commands
from pronote_server.storage import base_file, base_schema
from pronote_server.storage.errors import BaseFileRefused, StorageFailed
from pronote_server.storage.journal import append_journal
from pronote_server.storage.packages import PackageKind
from pronote_server.testing import WireClient, open_test_door, open_test_school, sample_school

PRE, OFFICIAL = VersionEdition.PRE, VersionEdition.OFFICIAL
NEW, KEPT = VersionBase.NEW, VersionBase.IN_SERVICE
ASKER = Asker("SPR", "192.0.2.1")
# Noon in Paris.
JUNE = datetime(2021, 6, 15, 10, tzinfo=UTC)
AUGUST_21 = datetime(2021, 8, 20, 22, tzinfo=UTC)


@asynccontextmanager
async def opened(
    folder: Path, now: datetime = JUNE, *, in_service: bool = True
) -> AsyncIterator[School]:
    """A school of 2020-2021 that works."""
    known = (folder / "school.sqlite").exists()
    async with open_test_school(
        folder,
        inline=True,
        clock=Clock(now),
        data=None if known else sample_school(),
        in_service=in_service and not known,
    ) as school:
        yield school


@pytest.fixture
async def school(tmp_path: Path, autojump_clock: MockClock) -> AsyncIterator[School]:
    async with opened(tmp_path) as school:
        yield school


@asynccontextmanager
async def keeping(school: School) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_version, school)
        yield
        nursery.cancel_scope.cancel()


async def pupils(school: School) -> int:
    assert school.base is not None
    counting = select(func.count()).select_from(base_schema.pupil)
    return await school.base.database.read(lambda conn: conn.execute(counting).scalar_one())


async def archives(school: School) -> list[Any]:
    files = await school.in_thread(school.backups.folder.files)
    return [each for each in files if each.kind is PackageKind.ARCHIVE]


async def kinds(school: School, family: str = "version") -> list[str]:
    lines, _ = await school.journal.read(before=None, limit=50, kind=family, search=None)
    return [line.kind for line in reversed(lines)]


def plan(edition: VersionEdition, on: date, base: VersionBase) -> calls.PlanVersion:
    return calls.PlanVersion(edition=edition, on=on, base=base)


def is_as_before(school: School) -> bool:
    return (
        school.base is not None
        and school.base.file.name == "Base.not"
        and school.base.header.school_year == 2020
        and school.version.year == 2020
        and school.in_service
        and school.base_activity is None
    )


# ------------------------------------------------------------------------- 21 August


async def test_on_21_august_an_old_base_gives_way_to_a_new_empty_one(
    school: School, autojump_clock: MockClock
) -> None:
    async with keeping(school):
        await school.clock.sleep_until(AUGUST_21 - timedelta(seconds=1))
        assert is_as_before(school)
        await school.clock.sleep_until(AUGUST_21 + timedelta(minutes=5))

    assert school.base is not None
    header = school.base.header
    assert (header.name, header.school_year) == ("Base 2021-2022", 2021)
    assert await pupils(school) == 0
    assert school.in_service
    assert (school.version.year, school.version.edition) == (2021, OFFICIAL)
    assert school.version.installed_at == AUGUST_21
    (archive,) = await archives(school)
    assert (archive.base, archive.school_year) == ("Base", 2020)
    assert (bases_folder(school) / "Base.not").exists()
    assert await kinds(school) == ["version.changed"]


async def test_on_21_august_a_base_of_the_new_year_is_kept(
    school: School, autojump_clock: MockClock
) -> None:
    await bases.stop(school, by="test")
    await bases.create_base(school, "Rentrée", 2021)
    await bases.put_in_service(school, None, by="test")
    async with keeping(school):
        await school.clock.sleep_until(AUGUST_21 + timedelta(minutes=5))

    assert school.base is not None
    assert school.base.header.name == "Rentrée"
    assert school.in_service
    assert school.version.year == 2021


async def test_each_summer_has_its_change_and_it_lasts(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path) as school, keeping(school):
        await school.clock.sleep_until(AUGUST_21 + timedelta(days=500))
    async with opened(tmp_path, AUGUST_21 + timedelta(days=501)) as school:
        assert school.version.year == 2022
        assert school.in_service
        assert school.base is not None
        assert school.base.header.school_year == 2022
        assert await kinds(school) == ["version.changed", "version.changed"]


async def test_a_school_that_was_stopped_stays_stopped(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path, in_service=False) as school, keeping(school):
        await school.clock.sleep_until(AUGUST_21 + timedelta(minutes=5))
        assert not school.in_service
        assert school.base is not None
        assert school.base.header.school_year == 2021


async def test_a_server_that_was_off_does_it_at_its_next_start(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with opened(tmp_path):
        pass
    async with opened(tmp_path, datetime(2023, 3, 1, tzinfo=UTC)) as school:
        assert is_as_before(school)
        async with keeping(school):
            await wait_all_tasks_blocked()
        assert school.version.year == 2022
        assert school.base is not None
        assert school.base.header.school_year == 2022
        assert school.in_service


async def test_a_clock_that_is_moved_crosses_the_day(
    school: School, autojump_clock: MockClock
) -> None:
    async with keeping(school):
        await wait_all_tasks_blocked()
        school.clock.freeze()
        school.clock.travel_to(AUGUST_21)
        await wait_all_tasks_blocked()
        assert school.version.year == 2021
        school.clock.travel_to(JUNE)
        await wait_all_tasks_blocked()
    assert await kinds(school) == ["version.changed"]


# ----------------------------------------------------------------------------- clients


async def test_sessions_are_warned_and_ended_and_come_back(
    school: School, autojump_clock: MockClock
) -> None:
    async with open_test_door(school) as door, keeping(school):
        client = await WireClient.inside(door, "sec1")
        school.clock.travel_to(AUGUST_21)
        told = await client.hear()
        last = await client.last_words()
        await wait_all_tasks_blocked()

        assert isinstance(told, Announcement)
        assert told.in_seconds == version_change.WARNING_SECONDS
        assert "PRONOTE 2021" in told.fr
        assert last is not None
        assert last.code is Farewell.BASE_CLOSED
        assert last.advice is ReturnAdvice.LATER
        again = await WireClient.inside(door, "sec1")
        assert again.entered.school_year == 2021


async def test_the_change_waits_for_what_is_being_done_to_the_base(
    school: School, autojump_clock: MockClock
) -> None:
    async with keeping(school):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: bases.stop(school, by="SPR", delay_seconds=600))
            await wait_all_tasks_blocked()
            school.clock.travel_to(AUGUST_21)
            await trio.sleep(300)
            assert school.version.year == 2020
        await trio.sleep(60)

        assert school.version.year == 2021
        # SPR stopped it: nobody puts it in service in his place.
        assert not school.in_service
    assert await kinds(school) == ["version.changed"]


# -------------------------------------------------------------------------------- plans


async def test_both_changes_are_planned_and_made_on_their_mornings(
    school: School, autojump_clock: MockClock
) -> None:
    async with open_test_door(school) as door, keeping(school):
        console = await WireClient.inside(door, "SPR", Mode.HOSTING)
        first = plan(PRE, date(2021, 7, 5), KEPT)
        await console.call(calls.PLAN_VERSION, first)
        shown = await console.call(calls.PLAN_VERSION, plan(OFFICIAL, date(2021, 8, 2), NEW))
        assert [(each.edition, each.by) for each in shown.planned] == [
            (PRE, "Superviseur (SPR)"),
            (OFFICIAL, "Superviseur (SPR)"),
        ]
        assert (shown.next_on, shown.next_base) == (date(2021, 7, 5), KEPT)
        assert not shown.automatic

        school.clock.travel_to(datetime(2021, 7, 4, 22, tzinfo=UTC))
        await wait_all_tasks_blocked()
        after = version_plans.show_version(school)
        assert (after.year, after.edition, after.base_year) == (2021, PRE, 2020)
        assert await pupils(school) == 4
        assert after.pre_version_from is None

        school.clock.travel_to(datetime(2021, 8, 1, 22, tzinfo=UTC))
        await wait_all_tasks_blocked()
        last = await console.call(calls.SHOW_VERSION, Nothing())
        assert (last.year, last.edition, last.base_year) == (2021, OFFICIAL, 2021)
        assert (last.next_on, last.automatic) == (date(2022, 8, 21), True)
        assert last.planned == ()
        assert console.goodbye is None
        assert school.in_service
    assert len(await archives(school)) == 2


async def test_a_pre_version_with_the_old_base_gets_a_new_one_on_21_august(
    school: School, autojump_clock: MockClock
) -> None:
    await version_plans.plan_version(school, plan(PRE, date(2021, 7, 5), KEPT), ASKER)
    async with keeping(school):
        await school.clock.sleep_until(AUGUST_21 + timedelta(minutes=5))

    assert (school.version.year, school.version.edition) == (2021, OFFICIAL)
    assert school.base is not None
    assert school.base.header.school_year == 2021


async def test_a_plan_is_changed_and_given_up(
    school: School, autojump_clock: MockClock
) -> None:
    await version_plans.plan_version(school, plan(PRE, date(2021, 7, 5), KEPT), ASKER)
    changed = await version_plans.plan_version(school, plan(PRE, date(2021, 7, 9), NEW), ASKER)
    assert [(each.on, each.base) for each in changed.planned] == [(date(2021, 7, 9), NEW)]

    gone = await version_plans.cancel_version(school, calls.CancelVersion(edition=PRE), ASKER)
    assert (gone.planned, gone.next_on) == ((), date(2021, 8, 21))
    with pytest.raises(NotFound):
        await version_plans.cancel_version(school, calls.CancelVersion(edition=PRE), ASKER)
    assert await kinds(school) == ["version.planned", "version.planned", "version.cancelled"]


async def test_a_plan_made_for_today_is_made_now(
    school: School, autojump_clock: MockClock
) -> None:
    school.clock.travel_to(datetime(2021, 7, 7, 14, tzinfo=UTC))
    async with keeping(school):
        await wait_all_tasks_blocked()
        await version_plans.plan_version(school, plan(PRE, date(2021, 7, 7), NEW), ASKER)
        await wait_all_tasks_blocked()
    assert (school.version.year, school.version.edition) == (2021, PRE)


async def test_the_operator_plans_and_is_refused_a_day_that_has_passed(
    school: School, autojump_clock: MockClock
) -> None:
    asked = commands(lambda _: school)
    wish = {"edition": "pre-version", "on": "2021-07-05", "base": "in-service"}
    planned = await asked["version.plan"](wish)
    assert planned["planned"][0]["on"] == "2021-07-05"
    assert await asked["version.show"]({}) == planned
    with pytest.raises(Conflict):
        await asked["version.plan"]({**wish, "on": "2021-06-14"})
    assert (await asked["version.cancel"]({"edition": "pre-version"}))["planned"] == []


# ----------------------------------------------------------------------------- failures

Break = Callable[[pytest.MonkeyPatch, School], None]


def failing_at(module: Any, name: str, error: Exception) -> Break:
    def raising(*_: object, **__: object) -> Any:
        raise error

    async def araising(*_: object, **__: object) -> Any:
        raise error

    def apply(patch: pytest.MonkeyPatch, school: School) -> None:
        usual = getattr(module, name)
        patch.setattr(module, name, araising if inspect.iscoroutinefunction(usual) else raising)

    return apply


def failing_journal_of(kind: str) -> Break:
    """Have the transaction fail that writes this line."""

    def apply(patch: pytest.MonkeyPatch, school: School) -> None:
        usual = append_journal

        def append(conn: Any, line: Any) -> Any:
            if line.kind == kind:
                raise StorageFailed("SQLITE_FULL")
            return usual(conn, line)

        patch.setattr(version_change, "append_journal", append)

    return apply


FULL = StorageFailed("SQLITE_FULL")
REFUSED = BaseFileRefused("Fichier endommagé.", "Damaged file.")
STEPS: dict[str, tuple[VersionBase, Break]] = {
    "archive": (NEW, failing_at(backup_making, "make", FULL)),
    "creation": (NEW, failing_at(base_file, "create_base", FULL)),
    "opening the new": (NEW, failing_at(version_change, "exchange_while_doing", FULL)),
    "note of the new": (NEW, failing_at(version_change, "note_base", FULL)),
    "writing down the new": (NEW, failing_journal_of("version.changed")),
    "copy": (KEPT, failing_at(version_change, "copy_database", FULL)),
    "migration": (
        KEPT,
        failing_at(base_file, "upgrade_base", ZeroDivisionError()),
    ),
    "inspection": (KEPT, failing_at(base_file, "inspect_base", REFUSED)),
    "exchange": (KEPT, failing_at(version_change, "exchange_while_doing", FULL)),
    "writing down the old": (KEPT, failing_journal_of("version.changed")),
}


@pytest.mark.parametrize("step", STEPS)
async def test_whatever_fails_the_old_base_is_in_service_again(
    step: str,
    tmp_path: Path,
    logs: Logs,
    monkeypatch: pytest.MonkeyPatch,
    autojump_clock: MockClock,
) -> None:
    logs.expect("version.failed", "base.not_reopened")
    base, break_it = STEPS[step]
    async with opened(tmp_path) as school:
        before = await pupils(school)
        await version_plans.plan_version(school, plan(PRE, date(2021, 7, 5), base), ASKER)
        async with keeping(school):
            with monkeypatch.context() as patched:
                break_it(patched, school)
                await school.clock.sleep_until(datetime(2021, 7, 5, 4, tzinfo=UTC))
                assert is_as_before(school)
                assert await pupils(school) == before
                shown = version_plans.show_version(school)
                assert shown.failure is not None
                assert (shown.failure.year, shown.failure.edition) == (2021, PRE)
                assert shown.failure.reason
                assert shown.next_on == date(2021, 7, 6)
                assert len(shown.planned) == 1
                assert await kinds(school) == ["version.planned", "version.failed"]
                files = [each.name for each in bases_folder(school).glob("*.not")]
                assert files == ["Base.not"]
            # The next morning it is tried again, and the reason is gone.
            await school.clock.sleep_until(datetime(2021, 7, 6, 4, tzinfo=UTC))
            assert (school.version.year, school.version.edition) == (2021, PRE)
            assert version_plans.show_version(school).failure is None
            assert school.in_service
    async with opened(tmp_path, datetime(2021, 7, 7, tzinfo=UTC)) as school:
        assert (school.version.year, school.in_service) == (2021, True)
        assert school.base is not None
        assert school.base.header.school_year == (2021 if base is NEW else 2020)


KILLS = [
    (NEW, version_change, "stop"),
    (NEW, backup_making, "make"),
    (NEW, base_file, "create_base"),
    (NEW, version_change, "exchange_while_doing"),
    (NEW, version_change, "note_base"),
    (KEPT, version_change, "copy_database"),
    (KEPT, version_change, "exchange_while_doing"),
    (KEPT, version_change, "append_journal"),
]


@pytest.mark.parametrize(
    ("base", "module", "step"), KILLS, ids=[f"{base.value} {step}" for base, _, step in KILLS]
)
async def test_a_server_that_is_killed_goes_back_and_does_it_at_its_next_start(
    base: VersionBase,
    module: Any,
    step: str,
    tmp_path: Path,
    logs: Logs,
    monkeypatch: pytest.MonkeyPatch,
    autojump_clock: MockClock,
) -> None:
    """What the disk holds when that step begins is what the next server finds."""
    lives, died = tmp_path / "lives", tmp_path / "died"
    usual = getattr(module, step)

    def killed(*args: Any, **options: Any) -> Any:
        shutil.copytree(lives, died, dirs_exist_ok=True)
        return usual(*args, **options)

    async with opened(lives) as school:
        await version_plans.plan_version(school, plan(PRE, date(2021, 7, 5), base), ASKER)
        async with keeping(school):
            monkeypatch.setattr(module, step, killed)
            await school.clock.sleep_until(datetime(2021, 7, 5, 4, tzinfo=UTC))
        assert school.version.year == 2021
        monkeypatch.undo()

    async with opened(died, datetime(2021, 7, 5, 5, tzinfo=UTC)) as school:
        assert is_as_before(school)
        assert await pupils(school) == 4
        assert [entry["year"] for entry in logs.of("version.interrupted")] == [2021]
    # It has gone back for good, and not anew at each start.
    async with opened(died, datetime(2021, 7, 5, 5, tzinfo=UTC)) as school:
        assert is_as_before(school)
        assert len(logs.of("version.interrupted")) == 1
        async with keeping(school):
            await wait_all_tasks_blocked()
        assert (school.version.year, school.in_service) == (2021, True)
        assert await kinds(school) == [
            "version.planned",
            "version.interrupted",
            "version.changed",
        ]
        files = {each.name for each in bases_folder(school).glob("*.not")}
        assert files == ({"Base.not", "Base 2021-2022.not"} if base is NEW else {"Base.not"})


async def test_a_clock_that_crosses_the_day_makes_each_archive_of_the_base_of_its_day(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """What was crossed is done in its order, however long each takes."""
    async with opened(tmp_path, datetime(2021, 8, 18, 10, tzinfo=UTC)) as school:
        async with trio.open_nursery() as nursery:
            await nursery.start(keep_backups, school)
            nursery.start_soon(keep_version, school)
            await wait_all_tasks_blocked()
            school.clock.travel_to(datetime(2021, 8, 23, 10, tzinfo=UTC))
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

        found = [(local(each.made_at).day, each.base) for each in await archives(school)]
        # The last of the old base is the one the change makes, before it begins.
        before, after = "Base", "Base 2021-2022"
        assert sorted(found) == [
            *((19, before), (20, before)),
            *((21, after), (22, after), (23, before), (23, after)),
        ]


async def test_a_school_that_begins_at_midnight_of_21_august_is_of_the_new_year(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """In Paris, where it is 22:00 UTC."""
    for now, year in ((AUGUST_21 - timedelta(seconds=1), 2020), (AUGUST_21, 2021)):
        async with open_test_school(tmp_path / f"{year}", inline=True, clock=Clock(now)) as new:
            assert new.base is not None
            assert (new.base.header.school_year, new.version.year) == (year, year)
