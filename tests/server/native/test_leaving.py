"""How sessions end: kicked, idle, silent, cut, stopped (DESIGN of the ends of a session)."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from pronote_protocol import errors
from pronote_protocol.catalogue import security
from pronote_protocol.catalogue import sessions as calls
from pronote_protocol.messages import Announcement, Goodbye, Nothing, Ping, Pong
from pronote_protocol.words import Access, Farewell, Mode, ReturnAdvice, SessionState
from pronote_server.config import Limits
from pronote_server.hosting import bases, exclusive_use, watching
from pronote_server.hosting.school import School
from pronote_server.native.peer import Peer
from pronote_server.observe.testing import Logs
from pronote_server.testing import TestDoor, WireClient


async def test_a_kicked_client_is_told_who_and_why(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    office = await WireClient.inside(door, "SPR")
    victim = await WireClient.inside(door, "sec1")

    gone = await office.call(
        calls.DISCONNECT,
        calls.Disconnect(sessions=(victim.entered.session,), message="Fin de service."),
    )
    goodbye = await victim.last_words()

    assert gone.sessions == (victim.entered.session,)
    assert goodbye is not None
    assert goodbye.code is Farewell.DISCONNECTED_BY_ADMINISTRATOR
    assert goodbye.by == "Superviseur (SPR)"
    assert "Fin de service." in goodbye.fr
    assert goodbye.advice is ReturnAdvice.LATER
    assert len(school.sessions) == 1


async def test_everyone_but_the_asker_is_disconnected(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    office = await WireClient.inside(door, "SPR")
    others = [await WireClient.inside(door, f"sec{n}") for n in range(1, 4)]

    await office.call(calls.DISCONNECT, calls.Disconnect(everyone=True))
    codes = [(await other.last_words()) for other in others]

    assert all(
        c is not None and c.code is Farewell.DISCONNECTED_BY_ADMINISTRATOR for c in codes
    )
    assert [session.login for session in school.sessions] == ["SPR"]


async def test_a_delayed_kick_is_announced_first(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    office = await WireClient.inside(door, "SPR")
    victim = await WireClient.inside(door, "sec1")
    started = trio.current_time()

    await office.call(
        calls.DISCONNECT,
        calls.Disconnect(sessions=(victim.entered.session,), delay_seconds=30),
    )
    announced = await victim.hear()
    heard_at = trio.current_time() - started
    goodbye = await victim.last_words()

    assert isinstance(announced, Announcement)
    assert announced.in_seconds == 30
    assert heard_at < 1
    assert goodbye is not None
    assert 30 <= trio.current_time() - started <= 31


async def test_who_said_goodbye_is_answered_and_not_waited_for(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    """A goodbye is the last a client says; whoever is sent away may still be talking."""
    polite = await WireClient.inside(door, "SPR")
    kicked = await WireClient.inside(door, "sec1")
    started = trio.current_time()

    await polite.call(calls.DISCONNECT, calls.Disconnect(sessions=(kicked.entered.session,)))
    await polite.stream.send_all(polite.wire.tell(Goodbye(code=Farewell.LOGOUT)))
    farewell = await polite.last_words()

    assert farewell is not None
    assert farewell.code is Farewell.LOGOUT
    assert trio.current_time() == started
    assert door.statistics().connections == 1  # that of the other, who has not closed


async def test_kicking_a_session_that_is_not_there_kicks_nobody(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    office = await WireClient.inside(door, "SPR")
    other = await WireClient.inside(door, "sec1")

    with pytest.raises(errors.NotFound):
        await office.call(
            calls.DISCONNECT, calls.Disconnect(sessions=(other.entered.session, "s-none"))
        )
    assert (await other.call(calls.WHO_AM_I, Nothing())).login == "sec1"


async def test_inactivity_is_off_until_it_is_set(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    office = await WireClient.inside(door, "SPR")
    lazy = await WireClient.inside(door, "sec1")
    group = next(g for g in school.directory.groups if g.name == "Secrétariat")

    await office.call(
        security.SET_INACTIVITY,
        security.SetInactivity(kind="group", id=group.id, minutes=1),
    )
    with trio.move_on_after(59):
        await lazy.last_words()
        pytest.fail("left before its minute")
    goodbye = await lazy.last_words()

    assert goodbye is not None
    assert goodbye.code is Farewell.IDLE
    assert goodbye.advice is ReturnAdvice.NOW


async def test_heartbeats_do_not_count_as_activity_but_keep_the_connection(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    client = await WireClient.inside(door, "SPR")
    started = trio.current_time()
    for _ in range(10):
        event = await client.hear()
        assert isinstance(event, Ping)
        await client.stream.send_all(client.wire.tell(Pong()))

    assert trio.current_time() - started > 250
    session = next(iter(school.sessions))
    assert school.clock.timestamp() - session.last_call_at > 250


async def test_a_silent_client_loses_its_seat_within_ninety_seconds(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    """A pulled cable: nothing comes any more, not even the end of the stream."""
    client = await WireClient.inside(door, "sec1", resumable=True)
    started = trio.current_time()

    goodbye = await client.last_words()

    assert goodbye is not None
    assert goodbye.code is Farewell.LOST
    assert trio.current_time() - started <= 91
    assert len(school.sessions) == 0


async def test_a_cut_keeps_the_seat_for_its_token(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    client = await WireClient.inside(door, "sec1", resumable=True)
    await client.aclose()
    await trio.sleep(89)
    assert next(iter(school.sessions)).state is SessionState.CUT
    assert watching.seats_shown(school).modification_used == 1

    back = WireClient.connect(door)
    await back.greet()
    entered = await back.resume(client.entered)

    assert entered.session == client.entered.session
    assert entered.resume_token != client.entered.resume_token
    assert (await back.call(calls.WHO_AM_I, Nothing())).login == "sec1"
    assert watching.seats_shown(school).modification_used == 1


async def test_a_cut_session_is_lost_after_its_time(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    client = await WireClient.inside(door, "sec1", resumable=True)
    await client.aclose()
    await trio.sleep(92)

    assert len(school.sessions) == 0
    assert watching.seats_shown(school).modification_used == 0
    back = WireClient.connect(door)
    await back.greet()
    with pytest.raises(errors.ResumeRefused):
        await back.resume(client.entered)


async def test_a_client_that_did_not_ask_to_resume_frees_its_seat_at_once(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    client = await WireClient.inside(door, "sec1")
    await client.aclose()
    await trio.testing.wait_all_tasks_blocked()
    await trio.sleep(0.01)

    assert len(school.sessions) == 0


async def test_a_token_serves_once(door: TestDoor, autojump_clock: MockClock) -> None:
    client = await WireClient.inside(door, "sec1", resumable=True)
    first = WireClient.connect(door)
    await first.greet()
    await first.resume(client.entered)

    second = WireClient.connect(door)
    await second.greet()
    with pytest.raises(errors.ResumeRefused):
        await second.resume(client.entered)


async def test_resuming_a_live_session_takes_it_over(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    """The client knows better than the server whether the old connection is dead."""
    client = await WireClient.inside(door, "sec1", resumable=True)
    other = WireClient.connect(door)
    await other.greet()
    await other.resume(client.entered)
    goodbye = await client.last_words()

    assert goodbye is not None
    assert goodbye.code is Farewell.SUPERSEDED
    assert len(school.sessions) == 1
    assert (await other.call(calls.WHO_AM_I, Nothing())).login == "sec1"


async def test_starting_again_after_a_crash_does_not_wait_for_the_lost_session(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    crashed = await WireClient.inside(door, "sec1", resumable=True)
    await crashed.aclose()
    await trio.sleep(1)
    again = await WireClient.inside(door, "sec1")

    assert [session.id for session in school.sessions] == [again.entered.session]


async def test_moving_to_consultation_frees_the_seat_and_returning_takes_one(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    import attrs

    school.contract = attrs.evolve(school.contract, consultation=True)
    school.seats.replan(school.contract.seat_plan())
    clients = [await WireClient.inside(door, f"sec{n}") for n in range(1, 6)]

    await clients[0].call(calls.CHANGE_ACCESS, calls.ChangeAccess(access=Access.CONSULTATION))
    await WireClient.inside(door, "sec6")
    with pytest.raises(errors.SeatsExhausted):
        await clients[0].call(
            calls.CHANGE_ACCESS, calls.ChangeAccess(access=Access.MODIFICATION)
        )
    assert (await clients[0].call(calls.WHO_AM_I, Nothing())).access is Access.CONSULTATION


async def test_exclusive_use_makes_the_others_read_only_until_it_ends(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    holder = await WireClient.inside(door, "SPR")
    other = await WireClient.inside(door, "admin")

    await holder.call(calls.BEGIN_EXCLUSIVE, Nothing())
    with pytest.raises(errors.ExclusiveUse) as refused:
        await other.call(calls.BEGIN_EXCLUSIVE, Nothing())
    forced = (await other.call(calls.WHO_AM_I, Nothing())).state
    await holder.aclose()
    await trio.sleep(0.01)
    free = await other.call(calls.WHO_AM_I, Nothing())

    assert refused.value.details["holder"] == "Superviseur (SPR)"
    assert forced is SessionState.FORCED_CONSULTATION
    assert free.state is SessionState.MODIFICATION
    assert watching.seats_shown(school).modification_used == 1


async def test_stopping_the_base_tells_everybody(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    client = await WireClient.inside(door, "sec1", resumable=True)

    await bases.stop(school, by="test", message="Restauration.")
    goodbye = await client.last_words()

    assert goodbye is not None
    assert goodbye.code is Farewell.BASE_CLOSED
    assert "Restauration." in goodbye.fr
    assert len(school.sessions) == 0


async def test_stopping_the_server_announces_then_says_goodbye(
    school: School, autojump_clock: MockClock
) -> None:
    from pronote_server.testing import open_test_door

    async with open_test_door(school, limits=Limits(stop_grace_seconds=10)) as door:
        client = await WireClient.inside(door, "sec1", resumable=True)
        waiting = WireClient.connect(door)
        await waiting.greet()
        started = trio.current_time()
        door.stop()
        announced = await client.hear()
        goodbye = await client.last_words()
        took = trio.current_time() - started
        other = await waiting.last_words()

    assert isinstance(announced, Announcement)
    assert announced.in_seconds == 10
    assert goodbye is not None
    assert goodbye.code is Farewell.SERVER_STOPPING
    assert 10 <= took < 11
    assert other is not None
    assert other.code is Farewell.SERVER_STOPPING
    assert len(school.sessions) == 0


async def test_disabling_an_account_ends_its_sessions(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    from pronote_protocol.catalogue import users

    office = await WireClient.inside(door, "SPR")
    teacher = await WireClient.inside(door, "teacher", Mode.TEACHER)

    await office.call(
        users.CHANGE_USER,
        users.ChangeUser(user=users.UserRef(login="teacher"), active=False),
    )
    goodbye = await teacher.last_words()

    assert goodbye is not None
    assert goodbye.code is Farewell.DISCONNECTED_BY_ADMINISTRATOR
    with pytest.raises(errors.AccountDisabled):
        await WireClient.inside(door, "teacher", Mode.TEACHER)


async def test_a_client_that_does_not_read_is_hung_up_and_others_are_not_held_back(
    school: School, autojump_clock: MockClock
) -> None:
    from pronote_server.testing import open_test_door

    limits = Limits(outbox_bytes=4096, stop_grace_seconds=0.01)
    async with open_test_door(school, limits=limits) as door:
        deaf = await WireClient.inside(door, "sec1")
        fine = await WireClient.inside(door, "sec2")
        for _ in range(100_000):
            exclusive_use.broadcast(school, Ping())
            await fine.hear()
            if len(school.sessions) == 1:
                break
        remaining = [session.login for session in school.sessions]
        await deaf.aclose()

    assert remaining == ["sec2"]


async def test_a_crash_of_ours_ends_that_connection_only_and_keeps_no_seat(
    door: TestDoor,
    school: School,
    autojump_clock: MockClock,
    logs: Logs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logs.expect("peer.crashed")
    feed = Peer.feed

    def crash(peer: Peer, data: bytes, now: float) -> bytes:
        if peer.doorstep.session is not None and peer.doorstep.session.login == "sec1":
            raise ZeroDivisionError
        return feed(peer, data, now)

    monkeypatch.setattr(Peer, "feed", crash)
    victim = await WireClient.inside(door, "sec1")
    witness = await WireClient.inside(door, "sec2")
    with pytest.raises((EOFError, trio.BrokenResourceError)):
        await victim.call(calls.WHO_AM_I, Nothing())

    assert [session.login for session in school.sessions] == ["sec2"]
    assert (await witness.call(calls.WHO_AM_I, Nothing())).login == "sec2"
