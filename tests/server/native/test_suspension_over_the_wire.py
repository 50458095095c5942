"""Fiche 11, *Débloquer les adresses IP suspendues*, as a client lives it."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from pronote_protocol import errors
from pronote_protocol.catalogue import security
from pronote_protocol.catalogue import sessions as calls
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Farewell, Mode, OffenceCause
from pronote_server.config import Suspension
from pronote_server.hosting.school import School
from pronote_server.testing import TestDoor, WireClient, open_test_door, open_test_school

BAD = "198.51.100.9"
OTHER = "203.0.113.5"


async def fail(door: TestDoor, address: str, times: int, instance: str = "a" * 32) -> None:
    for _ in range(times):
        client = WireClient.connect(door, address)
        await client.greet(instance=instance)
        with pytest.raises(errors.BadCredentials):
            await client.log_in("sec1", "wrong")
        await client.aclose()


async def test_five_wrong_passwords_suspend_the_address_and_the_right_one_is_then_refused(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    await fail(door, BAD, 5)
    client = WireClient.connect(door, BAD)

    with pytest.raises(errors.AddressSuspended) as refused:
        await client.greet(instance="b" * 32)
    goodbye = await client.last_words()

    assert refused.value.details["cause"] == "wrong_passwords"
    assert refused.value.retry_after == pytest.approx(1800, abs=5)
    assert refused.value.reference
    assert refused.value.reference in refused.value.fr
    assert goodbye is not None
    assert goodbye.code is Farewell.SUSPENDED
    await WireClient.inside(door, "sec1", address=OTHER)


async def test_the_address_is_suspended_for_the_connection_that_failed_too(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    client = WireClient.connect(door, BAD)
    await client.greet()
    for _ in range(5):
        with pytest.raises(errors.BadCredentials):
            await client.log_in("sec1", "wrong")
    with pytest.raises(errors.AddressSuspended):
        await client.log_in("sec1")


async def test_lifting_needs_the_client_to_be_started_again(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    office = await WireClient.inside(door, "SPR", address=OTHER)
    await fail(door, BAD, 5)
    with pytest.raises(errors.AddressSuspended):
        await WireClient.connect(door, BAD).greet(instance="c" * 32)

    page = await office.call(security.LIST_SUSPENSIONS, security.ListSuspensions())
    lifted = await office.call(security.LIFT_SUSPENSIONS, security.LiftSuspensions())
    with pytest.raises(errors.AddressSuspended) as still:
        await WireClient.connect(door, BAD).greet(instance="c" * 32)
    fresh = WireClient.connect(door, BAD)
    await fresh.greet(instance="d" * 32)
    await fresh.log_in("sec1")

    assert [row.address for row in page.rows] == [BAD]
    assert page.rows[0].cause is OffenceCause.WRONG_PASSWORDS
    assert page.rows[0].accounts == ("sec1",)
    assert lifted.addresses == (BAD,)
    assert still.value.details["latched"] is True


async def test_an_open_session_is_never_cut_by_a_suspension(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    inside = await WireClient.inside(door, "sec1", address=BAD)
    await fail(door, BAD, 5)

    assert (await inside.call(calls.WHO_AM_I, Nothing())).login == "sec1"


async def test_a_suspension_ends_by_itself(door: TestDoor, autojump_clock: MockClock) -> None:
    await fail(door, BAD, 5)
    await trio.sleep(1801)

    await WireClient.inside(door, "sec1", address=BAD)


async def test_who_insists_is_closed_without_a_word_before_any_task(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    await fail(door, BAD, 5)
    told = 0
    for number in range(30):
        client = WireClient.connect(door, BAD)
        try:
            await client.greet(instance=f"{number:032x}")
        except errors.AddressSuspended:
            told += 1
        except (EOFError, trio.BrokenResourceError):
            pass

    assert told == 10
    assert door.statistics().refused_suspended == 20


async def test_unauthorised_calls_suspend_the_address_and_not_the_session(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    teacher = await WireClient.inside(door, "teacher", Mode.TEACHER, address=BAD)
    for _ in range(20):
        with pytest.raises(errors.NotAllowed):
            await teacher.call(calls.SHOW_SEATS, Nothing())

    with pytest.raises(errors.AddressSuspended) as refused:
        await WireClient.connect(door, BAD).greet(instance="e" * 32)
    assert refused.value.details["cause"] == "unauthorised_calls"
    assert (await teacher.call(calls.WHO_AM_I, Nothing())).login == "teacher"


async def test_a_probe_that_connects_and_closes_is_no_offence(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    for _ in range(100):
        client = WireClient.connect(door, BAD)
        await client.aclose()
        await trio.sleep(0.1)

    await WireClient.inside(door, "sec1", address=BAD)


async def test_too_many_connections_are_saturation(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    for _ in range(401):
        WireClient.connect(door, BAD)

    current = school.suspensions.current(school.clock.timestamp())
    assert [each.cause for each in current] == [OffenceCause.SATURATION]


async def test_suspensions_latches_and_journal_survive_a_restart(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_test_school(tmp_path, inline=True) as school,
        open_test_door(school) as door,
    ):
        await fail(door, BAD, 5)
        with pytest.raises(errors.AddressSuspended):
            await WireClient.connect(door, BAD).greet(instance="f" * 32)
        await trio.sleep(2)
    async with (
        open_test_school(tmp_path, inline=True) as school,
        open_test_door(school) as door,
    ):
        with pytest.raises(errors.AddressSuspended):
            await WireClient.connect(door, BAD).greet(instance="1" * 32)
        office = await WireClient.inside(door, "SPR", address=OTHER)
        await office.call(security.LIFT_SUSPENSIONS, security.LiftSuspensions(address=BAD))
        with pytest.raises(errors.AddressSuspended):
            await WireClient.connect(door, BAD).greet(instance="f" * 32)
        page = await office.call(security.READ_JOURNAL, security.ReadJournal(kind="address"))

    assert [row.kind for row in page.rows] == ["address.lifted", "address.suspended"]
    assert page.rows[1].details["accounts"] == ["sec1"]


async def test_privileged_addresses_are_exempt(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    suspension = Suspension(privileged=("198.51.100.0/24",))  # type: ignore[arg-type]
    async with (
        open_test_school(tmp_path, inline=True, suspension=suspension) as school,
        open_test_door(school) as door,
    ):
        await fail(door, BAD, 12)
        await WireClient.inside(door, "sec1", address=BAD)


async def test_in_the_school_profile_one_forgetful_teacher_locks_out_only_himself(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_test_school(
            tmp_path, inline=True, suspension=Suspension(profile="school")
        ) as school,
        open_test_door(school) as door,
    ):
        await fail(door, BAD, 5)
        await WireClient.inside(door, "sec2", address=BAD)
        with pytest.raises(errors.AddressSuspended):
            await WireClient.inside(door, "sec1", address=BAD)
        await WireClient.inside(door, "sec1", address=OTHER)


async def test_lifting_nonsense_is_refused(door: TestDoor, autojump_clock: MockClock) -> None:
    office = await WireClient.inside(door, "SPR")

    with pytest.raises(errors.BadRequest):
        await office.call(
            security.LIFT_SUSPENSIONS, security.LiftSuspensions(address="nowhere")
        )
