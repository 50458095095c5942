"""Who is there to talk to, over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from trio.testing import MockClock

from pronote_protocol.catalogue import presence as calls
from pronote_protocol.catalogue.presence import ListPresence, SetPresence
from pronote_protocol.messages import PresenceChanged
from pronote_protocol.words import Mode, Presence
from pronote_server.testing import TestDoor, WireClient, open_test_door, open_test_school


@asynccontextmanager
async def working(tmp_path: Path) -> AsyncIterator[TestDoor]:
    async with (
        open_test_school(tmp_path, inline=True) as school,
        open_test_door(school) as door,
    ):
        yield door


async def listed(client: WireClient) -> list[tuple[str, Presence]]:
    page = await client.call(calls.LIST_PRESENCE, ListPresence())
    return [(row.name, row.presence) for row in page.rows]


async def show(client: WireClient, presence: Presence) -> None:
    await client.call(calls.SET_PRESENCE, SetPresence(presence=presence))


async def told(client: WireClient) -> tuple[str, Presence | None]:
    event = await client.hear()
    assert isinstance(event, PresenceChanged)
    return event.name, event.presence


async def test_who_asked_for_the_list_is_told_who_comes_changes_and_goes(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as door:
        watcher = await WireClient.inside(door, "admin")
        silent = await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        assert await listed(watcher) == [
            ("ADMIN", Presence.AVAILABLE),
            ("CPE", Presence.AVAILABLE),
        ]

        client = await WireClient.inside(door, "teacher", Mode.TEACHER)
        assert await told(watcher) == ("TEACHER", Presence.AVAILABLE)
        await show(client, Presence.DO_NOT_DISTURB)
        assert await told(watcher) == ("TEACHER", Presence.DO_NOT_DISTURB)
        await client.leave()
        assert await told(watcher) == ("TEACHER", None)

        await show(silent, Presence.BUSY)
        assert silent.events == []


async def test_who_has_left_is_no_follower_any_more(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as door:
        watcher = await WireClient.inside(door, "admin")
        await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)
        await listed(watcher)
        await listed(watcher)
        (school,) = door.schools.values()

        assert [each.id for each in school.sessions.followers()] == [watcher.entered.session]
        await watcher.leave()
        assert school.sessions.followers() == []


async def test_invisible_is_seen_as_not_connected(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as door:
        watcher = await WireClient.inside(door, "admin")
        client = await WireClient.inside(door, "teacher", Mode.TEACHER)
        await listed(watcher)

        await show(client, Presence.INVISIBLE)
        assert await told(watcher) == ("TEACHER", None)
        assert await listed(watcher) == [("ADMIN", Presence.AVAILABLE)]
        assert ("TEACHER", Presence.INVISIBLE) in await listed(client)

        # Neither a second session nor the end of one gives him away.
        second = await WireClient.inside(door, "teacher", Mode.TEACHER)
        await second.leave()
        await client.leave()
        await listed(watcher)
        assert len(watcher.events) == 1


@pytest.mark.parametrize("presence", list(Presence))
async def test_a_second_session_shows_its_person_as_the_first(
    tmp_path: Path, autojump_clock: MockClock, presence: Presence
) -> None:
    async with working(tmp_path) as door:
        first = await WireClient.inside(door, "teacher", Mode.TEACHER)
        await show(first, presence)

        second = await WireClient.inside(door, "teacher", Mode.TEACHER)

        assert await listed(second) == [("TEACHER", presence)]


async def test_who_is_cut_is_not_there_until_he_resumes(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with working(tmp_path) as door:
        watcher = await WireClient.inside(door, "admin")
        client = await WireClient.inside(door, "teacher", Mode.TEACHER, resumable=True)
        await listed(watcher)

        await client.aclose()
        assert await told(watcher) == ("TEACHER", None)
        again = WireClient.connect(door)
        await again.greet()
        await again.resume(client.entered)
        assert await told(watcher) == ("TEACHER", Presence.AVAILABLE)
