"""Sessions of the hosting console: mode hosting, which needs neither seat nor base."""

from __future__ import annotations

from pathlib import Path

import pytest
from trio.testing import MockClock

from pronote_protocol import errors
from pronote_protocol.catalogue import presence
from pronote_protocol.catalogue import resources as base_calls
from pronote_protocol.catalogue import sessions as calls
from pronote_protocol.messages import Nothing, PresenceChanged
from pronote_protocol.words import Access, Farewell, Mode, Pool, ResourceKind, SessionState
from pronote_server.config import Contract
from pronote_server.hosting import bases
from pronote_server.hosting.school import School
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
    sample_school,
)

HOSTING = Mode.HOSTING


async def test_the_console_takes_no_seat_even_when_all_are_taken(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_test_school(tmp_path, contract=Contract(modification=1), inline=True) as school,
        open_test_door(school) as door,
    ):
        await WireClient.inside(door, "admin")
        console = await WireClient.inside(door, "SPR", HOSTING)

        assert school.seats.statistics().in_use[Pool.MODIFICATION] == 1
        await console.leave()
        assert school.seats.statistics().in_use[Pool.MODIFICATION] == 1


async def test_the_console_is_let_in_when_no_base_is_in_service(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_test_school(tmp_path, in_service=False, inline=True) as school,
        open_test_door(school) as door,
    ):
        with pytest.raises(errors.NotInService):
            await WireClient.inside(door, "SPR")
        console = await WireClient.inside(door, "SPR", HOSTING)

        assert school.base is not None
        assert console.entered.base == school.base.shown_name
        assert console.entered.state is SessionState.CONNECTED
        assert Mode.HOSTING in (await WireClient.connect(door).greet()).modes


async def test_with_no_base_at_all_the_console_is_told_of_none(
    school: School, door: TestDoor, autojump_clock: MockClock
) -> None:
    await bases.stop(school, by="test")
    await bases.close_base(school)

    entered = (await WireClient.inside(door, "SPR", HOSTING)).entered

    assert (entered.base, entered.school_year, entered.revision) == ("-", 0, 0)


async def test_the_console_is_let_in_when_the_contract_has_expired(
    school: School, door: TestDoor, autojump_clock: MockClock
) -> None:
    school.contract = Contract(expires=school.now().date().replace(year=2000))

    with pytest.raises(errors.ContractExpired):
        await WireClient.inside(door, "SPR")
    await WireClient.inside(door, "SPR", HOSTING)


@pytest.mark.parametrize("login", ["admin", "sec1", "teacher", "cpe"])
async def test_only_supervisor_and_superadministrators_have_the_console(
    door: TestDoor, login: str, autojump_clock: MockClock
) -> None:
    with pytest.raises(errors.ModeNotAllowed, match="hosting"):
        await WireClient.inside(door, login, HOSTING)


async def test_the_console_has_no_consultation(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    with pytest.raises(errors.NotAllowed, match="console"):
        await WireClient.inside(door, "SPR", HOSTING, access=Access.CONSULTATION)


async def test_the_console_outlives_the_stop_of_the_base(
    school: School, door: TestDoor, autojump_clock: MockClock
) -> None:
    console = await WireClient.inside(door, "SPR", HOSTING)
    office = await WireClient.inside(door, "sec1")

    await bases.stop(school, by="test")

    last = await office.last_words()
    assert last is not None
    assert last.code is Farewell.BASE_CLOSED
    shown = await console.call(calls.WHO_AM_I, Nothing())
    assert (shown.mode, shown.state) == (HOSTING, SessionState.CONNECTED)


async def test_a_cut_console_comes_back_while_nothing_is_in_service(
    school: School, door: TestDoor, autojump_clock: MockClock
) -> None:
    console = await WireClient.inside(door, "SPR", HOSTING, resumable=True)
    await bases.stop(school, by="test")
    await console.aclose()
    again = WireClient.connect(door)
    await again.greet()

    assert (await again.resume(console.entered)).session == console.entered.session


async def test_the_console_is_in_the_table_of_connections(
    school: School, door: TestDoor, autojump_clock: MockClock
) -> None:
    console = await WireClient.inside(door, "SPR", HOSTING)

    rows = (await console.call(calls.LIST_CONNECTIONS, calls.ListConnections())).rows

    assert [(row.mode, row.state, row.base) for row in rows] == [
        (HOSTING, SessionState.CONNECTED, "-")
    ]


async def test_the_console_reads_nothing_in_the_base(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    console = await WireClient.inside(door, "SPR", HOSTING)

    with pytest.raises(errors.NotAllowed):
        await console.call(
            base_calls.LIST_RESOURCES, base_calls.ListResources(kind=ResourceKind.PUPILS)
        )


async def test_exclusive_use_leaves_the_console_alone(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_test_school(tmp_path, data=sample_school(), inline=True) as school,
        open_test_door(school) as door,
    ):
        console = await WireClient.inside(door, "SPR", HOSTING)
        office = await WireClient.inside(door, "admin")
        await office.call(calls.BEGIN_EXCLUSIVE, Nothing())

        shown = await console.call(calls.WHO_AM_I, Nothing())
        assert shown.state is SessionState.CONNECTED
        assert not any(session.forced for session in school.sessions)


async def test_who_is_at_the_console_is_not_there_to_talk_to(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    office = await WireClient.inside(door, "sec1")
    await office.call(presence.LIST_PRESENCE, presence.ListPresence())
    console = await WireClient.inside(door, "SPR", HOSTING)
    page = await office.call(presence.LIST_PRESENCE, presence.ListPresence())
    await console.leave()

    assert [row.name for row in page.rows] == ["SEC1"]
    assert not [event for event in office.events if isinstance(event, PresenceChanged)]


async def test_the_server_stopping_ends_the_console_too(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_test_school(tmp_path, inline=True) as school,
        open_test_door(school) as door,
    ):
        console = await WireClient.inside(door, "SPR", HOSTING)
        door.stop()
        last = await console.last_words()

    assert last is not None
    assert last.code is Farewell.SERVER_STOPPING
