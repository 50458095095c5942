"""The network goes away in the middle; the clock jumps."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from pronote_client import (
    CallTimedOut,
    CannotConnect,
    ConnectionLost,
    Instance,
    OutcomeUnknown,
    Patience,
    SessionCut,
    SessionResumed,
    open_client,
)
from pronote_client.patience import backoff
from pronote_client.repeating import may_repeat
from pronote_client.testing import LIMITS, ScriptedServer, scripted_server
from pronote_protocol.catalogue import CATALOGUE
from pronote_protocol.catalogue.sessions import Disconnected, ExclusiveShown
from pronote_protocol.errors import AddressSuspended, ResumeRefused, ServerBusy
from pronote_protocol.messages import BaseChanged, Goodbye
from pronote_protocol.words import Farewell

NOBODY = ExclusiveShown(holder=None)


def half() -> float:
    return 0.5


async def never(_: object) -> None:
    await trio.sleep_forever()


async def cut_next(server: ScriptedServer) -> None:
    """Cut once everything asked has been read."""
    await wait_all_tasks_blocked()
    await server.peer.cut()


async def test_a_cut_ends_a_session_that_is_not_resumable() -> None:
    async with scripted_server() as server:
        server.answers["exclusive.show"] = never
        async with open_client(**server.way_in()) as client:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(cut_next, server)
                with pytest.raises(ConnectionLost):
                    await client.exclusive.show()
            assert client.goodbye is not None
            assert client.goodbye.code is Farewell.LOST
        assert server.connections == 1


async def test_a_read_is_asked_again_after_a_resume(autojump_clock: MockClock) -> None:
    async with scripted_server() as server:
        server.answers["exclusive.show"] = never
        async with open_client(**server.way_in(resumable=True)) as client:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(cut_next, server)

                @nursery.start_soon
                async def mend() -> None:
                    await wait_all_tasks_blocked(0.01)
                    server.answers["exclusive.show"] = NOBODY

                assert await client.exclusive.show() == NOBODY
            cut, resumed = await client.next_event(), await client.next_event()
            assert cut == SessionCut(resume_seconds=LIMITS.resume_seconds)
            assert isinstance(resumed, SessionResumed)
            assert client.entered.resume_token == "token-1"
            assert len(server.seated) == 1
        assert server.seated == {}
        assert server.methods().count("exclusive.show") == 2
        assert server.methods().count("login.start") == 1


async def test_a_change_in_flight_at_a_cut_is_never_asked_twice(
    autojump_clock: MockClock,
) -> None:
    async with scripted_server() as server:
        server.answers["connections.disconnect"] = never
        async with open_client(**server.way_in(resumable=True)) as client:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(cut_next, server)
                with pytest.raises(OutcomeUnknown):
                    await client.connections.disconnect(everyone=True)
            server.answers["exclusive.show"] = NOBODY
            assert await client.exclusive.show() == NOBODY
        assert server.methods().count("connections.disconnect") == 1


async def test_a_change_asked_during_a_cut_is_made_after_the_resume(
    autojump_clock: MockClock,
) -> None:
    """It had not left: there is nothing to be unsure of."""
    async with scripted_server() as server:
        server.answers["connections.disconnect"] = Disconnected(sessions=("s-9",), total=1)
        async with open_client(**server.way_in(resumable=True, draw=half)) as client:
            await server.peer.cut()
            await client.next_event()
            assert await client.connections.disconnect(["s-9"]) == ("s-9",)


async def test_a_change_that_waited_for_its_turn_when_the_cut_came_is_made(
    autojump_clock: MockClock,
) -> None:
    async with scripted_server() as server:
        server.answers["exclusive.show"] = never
        server.answers["connections.disconnect"] = Disconnected(sessions=("s-9",), total=1)
        patience = Patience(pending_calls=1)
        async with (
            open_client(**server.way_in(resumable=True, patience=patience)) as client,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(client.exclusive.show)
            await wait_all_tasks_blocked(0.001)
            nursery.start_soon(cut_next, server)
            server.answers["exclusive.show"] = NOBODY
            assert await client.connections.disconnect(["s-9"]) == ("s-9",)
        assert server.methods().count("connections.disconnect") == 1


async def test_attempts_to_come_back_are_spread_by_the_given_chance(
    autojump_clock: MockClock,
) -> None:
    tried = []
    async with scripted_server() as server:

        async def connect(settings: object, patience: Patience) -> object:
            tried.append(trio.current_time())
            server.reachable = len(tried) in (1, 6)
            return await server.connect(settings, patience)  # type: ignore[arg-type]

        patience = Patience(backoff_first_seconds=1, backoff_most_seconds=4)
        way_in = server.way_in(resumable=True, draw=half, connector=connect, patience=patience)
        async with open_client(**way_in) as client:
            await server.peer.cut()
            await client.next_event()
            await client.next_event()
        assert tried == [0, 0.5, 1.5, 3.5, 5.5, 7.5]


async def test_coming_back_is_given_up_when_the_server_keeps_the_seat_no_longer(
    autojump_clock: MockClock,
) -> None:
    async with (
        scripted_server() as server,
        open_client(**server.way_in(resumable=True)) as client,
    ):
        started = trio.current_time()
        server.reachable = False
        await server.peer.cut()
        goodbye = await client.wait_ended()
        assert goodbye.code is Farewell.LOST
        assert trio.current_time() - started == LIMITS.resume_seconds


async def test_a_refused_resume_is_not_tried_again(autojump_clock: MockClock) -> None:
    async with scripted_server() as server:
        server.answers["exclusive.show"] = NOBODY
        async with open_client(**server.way_in(resumable=True)) as client:
            server.seated.clear()
            await server.peer.cut()
            await client.wait_ended()
            with pytest.raises(ConnectionLost) as lost:
                await client.exclusive.show()
            assert isinstance(lost.value.__cause__, ResumeRefused)
        assert server.methods().count("session.resume") == 1


async def test_a_suspension_met_on_the_way_back_latches(autojump_clock: MockClock) -> None:
    async with scripted_server() as server:
        instance = Instance()
        async with open_client(**server.way_in(resumable=True, instance=instance)) as client:
            server.refusals["hello"] = AddressSuspended()
            await server.peer.cut()
            await client.wait_ended()
        assert server.connections == 2
        with pytest.raises(AddressSuspended):
            instance.check(client.door.settings.where)


async def test_a_busy_server_is_tried_again_when_it_says(autojump_clock: MockClock) -> None:
    async with (
        scripted_server() as server,
        open_client(**server.way_in(resumable=True, draw=lambda: 0.0)) as client,
    ):
        server.refusals["hello"] = ServerBusy(retry_after=7)
        started = trio.current_time()
        await server.peer.cut()
        await wait_all_tasks_blocked()
        assert trio.current_time() == started
        del server.refusals["hello"]
        await client.next_event()
        assert isinstance(await client.next_event(), SessionResumed)
        assert trio.current_time() - started == 7


async def test_events_go_on_after_a_resume(autojump_clock: MockClock) -> None:
    changed = BaseChanged(revision=2, what=("timetable",))
    async with (
        scripted_server() as server,
        open_client(**server.way_in(resumable=True)) as client,
    ):
        await server.peer.cut()
        await client.next_event()
        await client.next_event()
        await server.peer.say(changed)
        assert await client.next_event() == changed


async def test_the_deadline_of_a_call_includes_the_cut(autojump_clock: MockClock) -> None:
    async with (
        scripted_server() as server,
        open_client(**server.way_in(resumable=True)) as client,
    ):
        server.reachable = False
        await server.peer.cut()
        await client.next_event()
        started = trio.current_time()
        with pytest.raises(CallTimedOut) as raised:
            await client.exclusive.show()
        assert trio.current_time() - started == 30
        assert not raised.value.sent


async def test_leaving_during_a_cut_comes_back_to_free_the_seat(
    autojump_clock: MockClock,
) -> None:
    """Else the seat would stay taken until the server gives us up, 90 s later."""
    async with scripted_server() as server:
        patience = Patience(backoff_first_seconds=60, backoff_most_seconds=60)
        way_in = server.way_in(resumable=True, draw=half, patience=patience)
        async with open_client(**way_in) as client:
            await server.peer.cut()
            await client.next_event()
            await wait_all_tasks_blocked()
            assert len(server.seated) == 1
            started = trio.current_time()
        assert server.seated == {}
        assert trio.current_time() == started
        assert client.goodbye is not None
        assert client.goodbye.code is Farewell.LOGOUT


async def test_leaving_an_unreachable_server_is_bounded(autojump_clock: MockClock) -> None:
    async with scripted_server() as server:

        async def hanging(settings: object, patience: Patience) -> object:
            if server.connections:
                await trio.sleep_forever()
            return await server.connect(settings, patience)  # type: ignore[arg-type]

        async with open_client(**server.way_in(resumable=True, connector=hanging)) as client:
            await server.peer.cut()
            await client.next_event()
            started = trio.current_time()
        assert trio.current_time() - started <= 2 * client.patience.farewell_seconds


async def test_a_goodbye_that_arrives_before_a_cut_is_the_reason() -> None:
    """A disconnected client must not come back through its resume token."""
    async with scripted_server() as server:
        async with open_client(**server.way_in(resumable=True)) as client:
            kicked = Goodbye(code=Farewell.DISCONNECTED_BY_ADMINISTRATOR, by="X")
            await server.peer.hang_up(kicked)
            assert await client.wait_ended() == kicked
        assert server.connections == 1


async def test_an_answer_cut_at_any_byte_gives_that_answer_or_none(
    autojump_clock: MockClock,
) -> None:
    """First without coming back: lost, every time; then with: the right answer."""
    for resumable in (False, True):
        for allowed in range(60):
            async with scripted_server() as server:
                server.answers["exclusive.show"] = ExclusiveShown(holder="DUPAS Nicole")
                async with open_client(**server.way_in(resumable=resumable)) as client:
                    server.budget = allowed
                    try:
                        shown = await client.exclusive.show()
                    except ConnectionLost:
                        assert not resumable
                    else:
                        assert shown.holder == "DUPAS Nicole"
                        whole = server.budget is not None
                        assert resumable or whole


async def test_an_opening_cut_at_any_byte_leaves_no_task_behind(
    autojump_clock: MockClock,
) -> None:
    for allowed in range(0, 2100, 7):
        async with scripted_server() as server:
            server.budget = allowed
            try:
                async with open_client(**server.way_in()):
                    opened = True
            except CannotConnect:
                opened = False
            await wait_all_tasks_blocked()
            assert server.peers == []
            assert server.seated == {}
    assert opened


def test_backoff_doubles_up_to_its_bound() -> None:
    patience = Patience(backoff_first_seconds=1, backoff_most_seconds=10)
    assert [backoff(n, patience, lambda: 1.0) for n in range(6)] == [1, 2, 4, 8, 10, 10]
    assert backoff(10_000, patience, lambda: 0.0) == 0


def test_only_reading_calls_are_asked_again() -> None:
    """A new call must be looked at: is doing it twice the same as doing it once?"""
    again = {name for name, call in CATALOGUE.items() if may_repeat(call) and not call.keyed}
    kinds = (
        *("classes", "functions", "guardians", "holidays", "pupils", "rooms"),
        *("school_groups", "staff", "subjects", "teachers", "letters"),
    )
    assert again == {
        *(f"{kind}.{verb}" for kind in kinds for verb in ("list", "read")),
        "calendar.read",
        "group_members.list",
        "guardian_links.list",
        "time_grid.read",
        "absences.list",
        "absences.read",
        "absences.read_half_days",
        "appraisals.list",
        "assessments.list",
        "assessments.read",
        "averages.read",
        "averages.read_pupil_year",
        "averages.read_service_year",
        "bonus_malus.list",
        "half_day_options.read",
        "averages.read_class",
        "averages.read_pupil",
        "averages.read_service",
        "account.show",
        "backups.list",
        "backups.show",
        "bases.list",
        "bases.show",
        "files.list",
        "files.read",
        "sending.list",
        "version.show",
        "works.show",
        "base.show",
        "changes.read",
        "connections.list",
        "discussions.list",
        "discussions.list_messages",
        "discussions.list_people",
        "discussions.read",
        "documents.list",
        "documents.read",
        "evaluations.list",
        "evaluations.read",
        "exclusive.show",
        "follow_ups.list",
        "follow_ups.read",
        "groups.list",
        "homework.list",
        "inactivity.list",
        "information.list",
        "information.read",
        "information.read_results",
        "journal.read",
        "latenesses.list",
        "latenesses.read",
        "letters.read_text",
        "levels.read",
        "marks.read",
        "marks.read_grid",
        "motives.list",
        "notebook.list",
        "notebook.read",
        "password.rules",
        "past_results.list",
        "periods.list",
        "periods.list_sealings",
        "photos.list",
        "photos.read",
        "presence.list",
        "positions.read",
        "profiles.list",
        "punishments.list",
        "punishments.read",
        "resources.list",
        "roll.list",
        "years.list",
        "roll.read",
        "sanctions.list",
        "sanctions.read",
        "seats.show",
        "services.list",
        "services.read",
        "session.show",
        "skills.list",
        "suspensions.list",
        "timetable.mine",
        "timetable.read",
        "users.list",
        "users.password",
    }
