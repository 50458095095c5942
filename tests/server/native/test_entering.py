"""From the hello to a session (fiche 5), and who gets in when (fiche 11)."""

from __future__ import annotations

from pathlib import Path

import pytest
from trio.testing import MockClock

from pronote_protocol import errors
from pronote_protocol.catalogue import sessions as calls
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Access, Application, Farewell, Mode, SessionState
from pronote_server.config import Contract
from pronote_server.hosting import bases
from pronote_server.hosting.school import School
from pronote_server.testing import (
    TestDoor,
    WireClient,
    open_test_door,
    open_test_school,
)


async def test_each_mode_enters_and_counts_apart(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    office = await WireClient.inside(door, "SPR")
    await WireClient.inside(door, "teacher", Mode.TEACHER)
    await WireClient.inside(door, "cpe", Mode.SCHOOL_LIFE)

    seats = await office.call(calls.SHOW_SEATS, Nothing())

    assert (seats.modification_used, seats.modification_total) == (1, 6)
    assert seats.reserved_for_administrators == 1
    assert seats.consultation_used is None
    assert (seats.teachers, seats.teachers_total, seats.school_life) == (1, None, 1)


async def test_sixth_secretary_is_refused_and_the_supervisor_still_gets_in(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    """Fiche 11: a reserved seat makes sure that an administrator can always connect."""
    for number in range(1, 6):
        await WireClient.inside(door, f"sec{number}")

    with pytest.raises(errors.SeatsExhausted) as refused:
        await WireClient.inside(door, "sec6")
    supervisor = await WireClient.inside(door, "SPR")
    seats = await supervisor.call(calls.SHOW_SEATS, Nothing())

    assert refused.value.details["pool"] == "modification"
    assert refused.value.details["total"] == 5
    assert refused.value.details["consultation_possible"] is False
    assert seats.modification_used == 6


async def test_a_seat_is_free_the_instant_its_session_ends(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    clients = [await WireClient.inside(door, f"sec{number}") for number in range(1, 6)]

    goodbye = await clients[0].leave()
    await WireClient.inside(door, "sec6")

    assert goodbye is not None
    assert goodbye.code is Farewell.LOGOUT


async def test_wrong_mode_is_refused_and_says_which(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    with pytest.raises(errors.ModeNotAllowed) as refused:
        await WireClient.inside(door, "teacher", Mode.ADMINISTRATIVE)

    assert refused.value.details["mode"] == "administrative"


async def test_consultation_needs_the_option(door: TestDoor, autojump_clock: MockClock) -> None:
    with pytest.raises(errors.NotInContract):
        await WireClient.inside(door, "sec1", access=Access.CONSULTATION)


async def test_consultation_is_unlimited_once_bought(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    contract = Contract(modification=1, reserved_for_administrators=0, consultation=True)
    async with (
        open_test_school(tmp_path, contract=contract, inline=True) as school,
        open_test_door(school) as door,
    ):
        await WireClient.inside(door, "sec1")
        with pytest.raises(errors.SeatsExhausted) as refused:
            await WireClient.inside(door, "sec2")
        fallen_back = await WireClient.inside(door, "sec2", fall_back=True)
        for number in range(3, 9):
            await WireClient.inside(door, f"sec{number}", access=Access.CONSULTATION)
        guest = await WireClient.inside(door, "guest", access=Access.CONSULTATION)
        seats = await guest.call(calls.SHOW_SEATS, Nothing())
        with pytest.raises(errors.NotAllowed):
            await WireClient.inside(door, "guest")

    assert refused.value.details["consultation_possible"] is True
    assert fallen_back.entered.access is Access.CONSULTATION
    assert fallen_back.entered.state is SessionState.CONSULTATION
    assert seats.consultation_used == 8


async def test_teachers_have_their_own_cap(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with (
        open_test_school(tmp_path, contract=Contract(teachers=2), inline=True) as school,
        open_test_door(school) as door,
    ):
        for _ in range(2):
            await WireClient.inside(door, "teacher", Mode.TEACHER)
        with pytest.raises(errors.SeatsExhausted) as refused:
            await WireClient.inside(door, "teacher", Mode.TEACHER)

    assert refused.value.details["pool"] == "teacher"


async def test_nobody_enters_before_the_base_is_in_service(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_test_school(tmp_path, inline=True, in_service=False) as school,
        open_test_door(school) as door,
    ):
        client = WireClient.connect(door)
        welcome = await client.greet()
        await client.log_in("SPR")
        with pytest.raises(errors.NotInService):
            await client.enter()
        await bases.put_in_service(school, None, by="test")
        entered = await client.enter()

    assert not welcome.in_service
    assert entered.name == "Superviseur (SPR)"


async def test_unknown_login_gets_the_same_words_as_a_wrong_password(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    told = []
    for login in ("sec1", "nobody-at-all"):
        client = WireClient.connect(door)
        await client.greet()
        with pytest.raises(errors.BadCredentials) as refused:
            await client.log_in(login, "wrong")
        told.append((refused.value.fr, refused.value.en, dict(refused.value.details)))

    assert told[0] == told[1]


async def test_version_nobody_speaks_is_told_the_range_and_shown_out(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    client = WireClient.connect(door)

    with pytest.raises(errors.VersionUnsupported) as refused:
        await client.greet(oldest=7, newest=9)
    goodbye = await client.last_words()

    assert (refused.value.details["oldest"], refused.value.details["newest"]) == (1, 1)
    assert goodbye is not None
    assert goodbye.code is Farewell.PROTOCOL_ERROR


async def test_unknown_school_is_refused(door: TestDoor, autojump_clock: MockClock) -> None:
    client = WireClient.connect(door)

    with pytest.raises(errors.UnknownSchool):
        await client.greet(rne="0330001X")


async def test_edt_needs_its_option(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with (
        open_test_school(tmp_path, contract=Contract(edt=False), inline=True) as school,
        open_test_door(school) as door,
    ):
        with pytest.raises(errors.NotInContract):
            await WireClient.inside(door, "SPR", hello={"application": Application.EDT})
        await WireClient.inside(door, "SPR")


async def test_expired_contract_lets_nobody_new_in(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_test_school(tmp_path, inline=True) as school,
        open_test_door(school) as door,
    ):
        inside = await WireClient.inside(door, "SPR")
        school.contract = Contract(expires=school.now().date().replace(year=2000))
        with pytest.raises(errors.ContractExpired):
            await WireClient.inside(door, "sec1")
        assert (await inside.call(calls.WHO_AM_I, Nothing())).login == "SPR"


async def test_the_same_user_may_connect_twice(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    first = await WireClient.inside(door, "sec1")
    second = await WireClient.inside(door, "sec1")

    assert first.entered.session != second.entered.session


async def test_the_table_of_connections_shows_what_the_guide_shows(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    await WireClient.inside(
        door, "teacher", Mode.TEACHER, address="198.51.100.7", hello={"workstation": "W8"}
    )
    office = await WireClient.inside(door, "SPR")

    page = await office.call(calls.LIST_CONNECTIONS, calls.ListConnections())

    assert page.total == 2
    row = page.rows[0]
    assert (row.workstation, row.application, row.state, row.mode, row.user, row.base) == (
        "W8",
        Application.PRONOTE,
        SessionState.MODIFICATION,
        Mode.TEACHER,
        "TEACHER",
        "Base .not",
    )
    assert row.address == "198.51.100.7"


async def test_a_call_outside_ones_rights_is_refused(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)

    with pytest.raises(errors.NotAllowed):
        await teacher.call(calls.LIST_CONNECTIONS, calls.ListConnections())
    assert (await teacher.call(calls.WHO_AM_I, Nothing())).login == "teacher"
