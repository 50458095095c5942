"""Moving school time: what is said, who may, and what it leaves in the journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from pronote_protocol.errors import BadRequest, Conflict
from pronote_server.clock import Clock
from pronote_server.hosting.backup_schedule import keep_backups
from pronote_server.hosting.backups import list_backups
from pronote_server.hosting.school import School
from pronote_server.hosting.time_travel import read_duration, read_instant
from pronote_server.rescue.commands.clock import commands
from pronote_server.testing import TEST_RNE, open_test_school

START = datetime(2027, 8, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("2h", 7200),
        ("3d", 259_200),
        ("1d12h", 129_600),
        (" 2H", 7200),
    ],
)
def test_durations_are_read(text: str, seconds: int) -> None:
    assert read_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "2 h", "0s", "1.5h", "9999999d", "2h!"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        read_duration(text)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2027-08-21", datetime(2027, 8, 20, 22, tzinfo=UTC)),
        ("2027-12-01", datetime(2027, 11, 30, 23, tzinfo=UTC)),
        ("2027-08-21T02:16", datetime(2027, 8, 21, 0, 16, tzinfo=UTC)),
        ("2027-08-21T02:16Z", datetime(2027, 8, 21, 2, 16, tzinfo=UTC)),
        ("2027-08-21T02:16:30+01:00", datetime(2027, 8, 21, 1, 16, 30, tzinfo=UTC)),
    ],
)
def test_dates_are_read_by_the_clock_of_the_school(text: str, utc: datetime) -> None:
    assert read_instant(text) == utc


@pytest.mark.parametrize("text", ["", "demain", "21/08/2027", "2027-13-01"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        read_instant(text)


async def kinds(school: School) -> list[str]:
    lines, _ = await school.journal.read(before=None, limit=50, kind="clock", search=None)
    return [line.kind for line in reversed(lines)]


async def test_a_server_started_for_tests_is_moved_frozen_and_resumed(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    clock = Clock(START)
    async with open_test_school(tmp_path, inline=True, clock=clock) as school:
        asked = commands(clock, {TEST_RNE: school}, test_api=True)
        woken = []

        async def wait_for_the_day() -> None:
            await clock.sleep_until(datetime(2027, 8, 20, 22, tzinfo=UTC))
            woken.append(clock.now())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_for_the_day)
            await trio.testing.wait_all_tasks_blocked()
            shown = await asked["clock.show"]({})
            await asked["clock.freeze"]({})
            await trio.sleep(3600)
            later = await asked["clock.advance"]({"duration": "2h"})
            arrived = await asked["clock.until"]({"date": "2027-08-21"})
        await asked["clock.resume"]({})

        assert shown["now"] == "2027-08-20T14:00:00+02:00"
        assert shown["next_instant"] == "2027-08-21T00:00:00+02:00"
        assert later["now"] == "2027-08-20T16:00:00+02:00"
        assert (arrived["now"], arrived["frozen"]) == ("2027-08-21T00:00:00+02:00", True)
        assert woken == [datetime(2027, 8, 20, 22, tzinfo=UTC)]
        assert await kinds(school) == [
            "clock.frozen",
            "clock.moved",
            "clock.moved",
            "clock.resumed",
        ]


async def test_going_back_is_said_twice(tmp_path: Path, autojump_clock: MockClock) -> None:
    clock = Clock(START)
    async with open_test_school(tmp_path, inline=True, clock=clock) as school:
        asked = commands(clock, {TEST_RNE: school}, test_api=True)
        with pytest.raises(Conflict):
            await asked["clock.until"]({"date": "2027-08-01"})
        assert clock.now() == START
        await asked["clock.until"]({"date": "2027-08-01", "back": True})

        assert clock.now() == datetime(2027, 7, 31, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("command", "params"),
    [
        ("clock.advance", {"duration": "2h"}),
        ("clock.until", {"date": "2028-01-01"}),
        ("clock.freeze", {}),
        ("clock.resume", {}),
    ],
)
async def test_any_other_server_shows_its_clock_and_is_not_moved(
    tmp_path: Path, autojump_clock: MockClock, command: str, params: dict[str, Any]
) -> None:
    clock = Clock(START)
    async with open_test_school(tmp_path, inline=True, clock=clock) as school:
        asked: dict[str, Callable[[dict[str, Any]], Awaitable[Any]]] = commands(
            clock, {TEST_RNE: school}, test_api=False
        )
        with pytest.raises(Conflict, match="--test-api"):
            await asked[command](params)

        assert (await asked["clock.show"]({}))["test_api"] is False
        assert (clock.now(), clock.statistics().frozen) == (START, False)
        assert await kinds(school) == []


async def test_a_move_returns_when_what_became_due_is_done(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    clock = Clock(START)
    async with open_test_school(tmp_path, inline=True, clock=clock) as school:
        asked = commands(clock, {TEST_RNE: school}, test_api=True)
        async with trio.open_nursery() as nursery:
            await nursery.start(keep_backups, school)
            await trio.testing.wait_all_tasks_blocked()
            moved = await asked["clock.until"]({"date": "2027-08-21T03:00"})
            made = [each.kind.value for each in (await list_backups(school)).files]
            nursery.cancel_scope.cancel()

        assert (made, moved["under_way"]) == (["archive", "backup"], [])


async def test_a_move_says_what_is_still_under_way(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    clock = Clock(START)
    async with open_test_school(tmp_path, inline=True, clock=clock) as school:
        asked = commands(clock, {TEST_RNE: school}, test_api=True)
        async with trio.open_nursery() as nursery:
            await nursery.start(keep_backups, school)
            await trio.testing.wait_all_tasks_blocked()
            before = trio.current_time()
            async with school.backups.making:  # a disk that takes its time
                moved = await asked["clock.until"]({"date": "2027-08-21T03:00"})
            assert trio.current_time() - before == pytest.approx(20.0)
            await trio.testing.wait_all_tasks_blocked()
            shown = await asked["clock.show"]({})
            nursery.cancel_scope.cancel()

    assert moved["under_way"] == [
        {"rne": TEST_RNE, "schedule": "backups", "due": "2027-08-20T14:55:00+02:00"}
    ]
    assert shown["under_way"] == []
