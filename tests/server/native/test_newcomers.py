"""Bounds on who has not logged in yet: nobody must fill the house."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from pronote_server.config import Limits
from pronote_server.hosting.school import School
from pronote_server.testing import TestDoor, WireClient, open_test_door


@pytest.fixture
def limits() -> Limits:
    return Limits(
        max_connections=50,
        max_unauthenticated=5,
        max_unauthenticated_per_address=3,
        stop_grace_seconds=0.01,
    )


async def test_a_burst_from_one_address_is_bounded_before_any_task_has_run(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    """All who wait are accepted in one turn of the loop."""
    for _ in range(10):
        WireClient.connect(door)

    counted = door.statistics()
    assert (counted.unauthenticated, counted.refused_full) == (3, 7)


async def test_all_addresses_together_are_bounded(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    for number in range(10):
        WireClient.connect(door, f"192.0.2.{number}")

    counted = door.statistics()
    assert (counted.unauthenticated, counted.refused_full) == (5, 5)


async def test_who_enters_or_leaves_makes_room(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    inside = await WireClient.inside(door, "sec1")
    assert door.statistics().unauthenticated == 0
    silent = [WireClient.connect(door) for _ in range(3)]
    await silent[0].aclose()
    await wait_all_tasks_blocked()
    assert door.statistics().unauthenticated == 2
    await inside.leave()
    await WireClient.inside(door, "sec2")

    await trio.sleep(30)  # nobody stays nobody for long
    assert door.statistics().unauthenticated == 0


async def test_they_are_forgotten_when_the_server_stops(
    school: School, limits: Limits, autojump_clock: MockClock
) -> None:
    async with open_test_door(school, limits=limits) as door:
        for _ in range(3):
            WireClient.connect(door)

    assert door.statistics().unauthenticated == 0
