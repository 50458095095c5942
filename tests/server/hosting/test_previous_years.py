"""The bases of previous years: loaded for consultation in mode Administratif (fiche 5)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from trio.testing import MockClock

from pronote_protocol import errors
from pronote_protocol.catalogue import motives, resources, sessions, years
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Access, Farewell, Mode, Pool, ResourceKind, SessionState
from pronote_server.clock import Clock
from pronote_server.config import Contract
from pronote_server.hosting import bases, previous_years
from pronote_server.hosting.backup_making import make
from pronote_server.hosting.school import School
from pronote_server.storage.base_file import create_base
from pronote_server.storage.errors import BaseFileRefused
from pronote_server.storage.packages import PackageKind
from pronote_server.testing import (
    TEST_RNE,
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

SEPTEMBER_2020 = datetime(2020, 9, 7, 8, 0, tzinfo=UTC)
TEACHERS = resources.ListResources(kind=ResourceKind.TEACHERS)


@asynccontextmanager
async def school_of_2020(folder: Path) -> AsyncIterator[tuple[School, TestDoor]]:
    """In service with the year 2020, beside an empty base of 2019 called "Ancienne"."""
    async with (
        open_test_school(
            folder,
            contract=Contract(modification=1),
            data=sample_school(),
            clock=Clock(SEPTEMBER_2020),
            inline=True,
        ) as school,
        open_test_door(school) as door,
    ):
        other_base(school, "Ancienne", 2019)
        yield school, door


def other_base(school: School, name: str, year: int, rne: str = TEST_RNE) -> Path:
    path = school.folder / "bases" / f"{name}.not"
    create_base(
        path,
        name=name,
        rne=rne,
        school_year=year,
        grid=bases.STANDARD_GRID,
        now=SEPTEMBER_2020.replace(year=year),
    )
    return path


async def test_a_year_is_read_without_a_seat_beside_the_base_in_service(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with school_of_2020(tmp_path) as (school, door):
        chief = await WireClient.inside(door, "SPR")
        loaded = await chief.call(years.LOAD_YEAR, years.LoadYear(source="Ancienne"))
        assert (loaded.school_year, loaded.base, loaded.readers) == (2019, "Ancienne", 0)

        # The only licence is taken, and the option of consultation was not bought.
        reader = await WireClient.inside(door, "admin", school_year=2019)

        assert reader.entered.access is Access.CONSULTATION
        assert reader.entered.school_year == 2019
        assert reader.entered.base == "Ancienne .not"
        assert (await reader.call(resources.LIST_RESOURCES, TEACHERS)).total == 0
        assert (await chief.call(resources.LIST_RESOURCES, TEACHERS)).total == 2
        in_use = school.seats.statistics().in_use
        assert in_use[Pool.MODIFICATION] == 1
        assert in_use[Pool.CONSULTATION] == 0
        shown = await chief.call(sessions.LIST_CONNECTIONS, sessions.ListConnections())
        row = next(row for row in shown.rows if row.login == "admin")
        assert (row.base, row.state) == ("Ancienne .not", SessionState.CONSULTATION)
        (year,) = (await chief.call(years.LIST_YEARS, Nothing())).years
        assert year.readers == 1


async def test_the_login_says_which_years_there_are_to_who_may_choose_one(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with school_of_2020(tmp_path) as (school, door):
        await previous_years.load_year(school, "Ancienne", by="test")
        chooser = WireClient.connect(door)
        await chooser.greet()
        assert (await chooser.log_in("sec1")).previous_years == (2019,)
        teacher = WireClient.connect(door)
        await teacher.greet()
        assert (await teacher.log_in("teacher")).previous_years == ()

        with pytest.raises(errors.ModeNotAllowed):
            await teacher.enter(Mode.TEACHER, school_year=2019)
        with pytest.raises(errors.NotFound):
            await chooser.enter(school_year=2018)


async def test_nothing_is_written_in_a_year_that_is_over(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with school_of_2020(tmp_path) as (school, door):
        await previous_years.load_year(school, "Ancienne", by="test")
        reader = await WireClient.inside(door, "SPR", school_year=2019)

        with pytest.raises(errors.NotAllowed):
            await reader.call(
                sessions.CHANGE_ACCESS, sessions.ChangeAccess(access=Access.MODIFICATION)
            )
        with pytest.raises(errors.NotAllowed):
            await reader.call(motives.DELETE_MOTIVE, ThingRef(id=1))
        with pytest.raises(errors.NotAllowed):
            await reader.call(years.REMOVE_YEAR, years.YearRef(school_year=2019))
        rules = await reader.call(sessions.PASSWORD_RULES, Nothing())
        assert rules.min_length == 12


async def test_what_is_entered_today_is_no_news_for_who_reads_a_year(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with school_of_2020(tmp_path) as (school, door):
        await previous_years.load_year(school, "Ancienne", by="test")
        reader = await WireClient.inside(door, "admin", school_year=2019)
        today = await WireClient.inside(door, "SPR")

        await bases.change_base(school, ("resources",), lambda conn: None)
        await reader.call(resources.LIST_RESOURCES, TEACHERS)
        await today.call(resources.LIST_RESOURCES, TEACHERS)

        assert [type(event).__name__ for event in reader.events] == []
        assert "BaseChanged" in [type(event).__name__ for event in today.events]


async def test_a_year_is_loaded_from_an_archive_and_is_there_after_a_restart(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with school_of_2020(tmp_path) as (school, _):
        archive = await make(school, PackageKind.ARCHIVE, by="test")
        await bases.stop(school, by="test")
        await bases.create_base(school, "Nouvelle", 2021, bases.STANDARD_GRID)
        await bases.put_in_service(school, None, by="test")

        year = await previous_years.load_year(school, archive.name, by="test")
        assert year.school_year == 2020
    async with (
        open_test_school(tmp_path, clock=Clock(SEPTEMBER_2020), inline=True) as school,
        open_test_door(school) as door,
    ):
        reader = await WireClient.inside(door, "SPR", school_year=2020)
        assert (await reader.call(resources.LIST_RESOURCES, TEACHERS)).total == 2


async def test_who_reads_a_year_that_is_removed_is_told_goodbye(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with school_of_2020(tmp_path) as (school, door):
        await previous_years.load_year(school, "Ancienne", by="test")
        reader = await WireClient.inside(door, "SPR", school_year=2019)
        today = await WireClient.inside(door, "SPR")

        await today.call(years.REMOVE_YEAR, years.YearRef(school_year=2019))

        farewell = await reader.last_words()
        assert farewell is not None
        assert farewell.code is Farewell.BASE_CLOSED
        assert school.previous.years == ()
        assert list((school.folder / "previous").iterdir()) == []
        assert (school.folder / "bases" / "Ancienne.not").exists()
        with pytest.raises(errors.NotFound):
            await previous_years.remove_year(school, 2019, by="test")


async def test_what_is_no_previous_year_is_refused_and_leaves_nothing(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with school_of_2020(tmp_path) as (school, _):
        assert school.base is not None
        other_base(school, "Future", 2021)
        other_base(school, "Lointaine", 2014)
        other_base(school, "Voisine", 2018, rne="0990002P")
        (school.folder / "bases" / "Abîmée.not").write_bytes(b"SQLite format 3\0" + b"x" * 300)
        refusals: dict[str, type[Exception]] = {
            "Future": errors.Conflict,
            "Lointaine": errors.Conflict,
            school.base.header.name: errors.Conflict,
            "Voisine": BaseFileRefused,
            "Abîmée": BaseFileRefused,
            "Inconnue": errors.NotFound,
            "../school.sqlite": errors.NotFound,
            "a/b": errors.NotFound,
        }
        for source, refusal in refusals.items():
            with pytest.raises(refusal):
                await previous_years.load_year(school, source, by="test")
        await previous_years.load_year(school, "Ancienne", by="test")
        with pytest.raises(errors.Conflict):
            await previous_years.load_year(school, "Ancienne", by="test")

        names = sorted(path.name for path in (school.folder / "previous").glob("*.not"))
        assert names == ["2019.not"]
        assert not list((school.folder / "previous").glob(".*"))


async def test_a_year_that_cannot_be_opened_does_not_keep_the_school_closed(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    folder = tmp_path / "previous"
    folder.mkdir(parents=True)
    (folder / "2019.not").write_bytes(b"rubbish")
    async with open_test_school(tmp_path, clock=Clock(SEPTEMBER_2020), inline=True) as school:
        assert school.previous.years == ()


async def test_what_is_asked_of_a_year_that_is_gone_is_refused_and_no_crash(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Requests already read are answered after the year was taken away, before the goodbye."""
    async with school_of_2020(tmp_path) as (school, door):
        await previous_years.load_year(school, "Ancienne", by="test")
        await WireClient.inside(door, "SPR", school_year=2019)
        (session,) = school.sessions
        assert (
            previous_years.seen_by(school, session).base_in_service().header.name == "Ancienne"
        )
        await previous_years.remove_year(school, 2019, by="test")

        with pytest.raises(errors.BaseUnavailable):
            previous_years.seen_by(school, session).base_in_service()
