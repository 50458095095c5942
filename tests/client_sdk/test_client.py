"""One client and the scripted server over memory streams; the clock jumps."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from pronote_client import (
    Access,
    AdminClient,
    CallTimedOut,
    CannotConnect,
    Client,
    EdtClient,
    Instance,
    Mode,
    Patience,
    Progress,
    SessionEnded,
    SourceFile,
    open_client,
)
from pronote_client.errors import (
    AddressSuspended,
    BadCredentials,
    InsecureConnection,
    MessageTooLarge,
    NotAllowed,
    PasswordMustChange,
    RemoteProtocolError,
    SeatsExhausted,
    ServerBusy,
    TransferRefused,
)
from pronote_client.settings import ConnectionSettings
from pronote_client.testing import LIMITS, scripted_server
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import sessions as calls
from pronote_protocol.catalogue.resources import ListResources, ResourceRow
from pronote_protocol.catalogue.sessions import AccessGranted, SeatsShown
from pronote_protocol.catalogue.transfer import (
    SEND_CHUNK,
    TransferBegun,
    TransferChunk,
    TransferDone,
)
from pronote_protocol.envelopes import Event
from pronote_protocol.messages import AccessChanged, Announcement, BaseChanged, Goodbye, Nothing
from pronote_protocol.scram import ServerLogin
from pronote_protocol.words import Application, Farewell, ResourceKind, SessionState

SEATS = SeatsShown(
    modification_used=1,
    modification_total=6,
    reserved_for_administrators=1,
    consultation_used=None,
    teachers=0,
    teachers_total=None,
    school_life=0,
)
KICKED = Goodbye(
    code=Farewell.DISCONNECTED_BY_ADMINISTRATOR,
    fr="Déconnecté.",
    en="Kicked.",
    by="SUPERVISEUR",
)


def access_of(client: Client) -> Access:
    """Read it each time: type checkers take an attribute that was compared for constant."""
    return client.access


async def never(_: object) -> None:
    await trio.sleep_forever()


async def test_a_call_gets_its_typed_answer_and_leaving_frees_the_seat() -> None:
    async with scripted_server() as server:
        server.answers["seats.show"] = SEATS

        async with open_client(**server.way_in()) as client:
            assert await client.seats.show() == SEATS
            assert await client.call(calls.SHOW_SEATS) == SEATS
            assert client.access is Access.MODIFICATION
            assert len(server.seated) == 1

        assert server.seated == {}
        assert [each.code for each in server.goodbyes] == [Farewell.LOGOUT]


async def test_the_hello_says_who_we_are() -> None:
    async with scripted_server() as server:
        way_in = server.way_in(application=Application.OTHER)
        async with open_client(**way_in):
            pass
        (hello,) = server.hellos
        assert hello.workstation == "POSTE-1"
        assert hello.application is Application.OTHER
        assert hello.instance == way_in["instance"].id


async def test_answers_reach_the_calls_that_asked_for_them() -> None:
    """A hundred at the same time, with room for ten."""
    async with scripted_server() as server:
        server.answers["resources.list"] = lambda params: Page(
            total=1000, offset=params.offset, rows=()
        )
        patience = Patience(pending_calls=10)
        offsets = {}
        async with open_client(**server.way_in(patience=patience)) as client:

            async def ask(offset: int) -> None:
                page = await client.resources.list(ResourceKind.ROOMS, offset=offset)
                offsets[offset] = page.offset

            async with trio.open_nursery() as nursery:
                for offset in range(100):
                    nursery.start_soon(ask, offset)

        assert offsets == {offset: offset for offset in range(100)}


async def test_a_wrong_password_is_tried_once() -> None:
    """A strike costs; the SDK never spends one by itself."""
    async with scripted_server() as server:
        with pytest.raises(BadCredentials):
            async with open_client(**server.way_in(password="wrong")):
                pass
        assert server.methods().count("login.finish") == 1
        assert server.connections == 1


async def test_an_unknown_login_is_refused_like_a_wrong_password() -> None:
    async with scripted_server() as server:
        with pytest.raises(BadCredentials):
            async with open_client(**server.way_in(login="nobody")):
                pass


async def test_a_refused_seat_says_goodbye() -> None:
    async with scripted_server() as server:
        server.refusals["session.enter"] = SeatsExhausted(total=5)
        with pytest.raises(SeatsExhausted) as refused:
            async with open_client(**server.way_in()):
                pass
        assert refused.value.details["total"] == 5
        assert len(server.goodbyes) == 1


async def test_a_password_that_must_change_needs_a_new_one() -> None:
    async with scripted_server() as server:
        server.must_change.add("SPR")
        with pytest.raises(PasswordMustChange) as refused:
            async with open_client(**server.way_in()):
                pass
        assert refused.value.details["min_length"] == 12

        async with open_client(**server.way_in(new_password="Nouveau-2020!")):
            assert server.accounts["SPR"] == "Nouveau-2020!"


async def test_a_new_password_never_travels_in_clear_to_another_machine() -> None:
    async with scripted_server() as server:
        server.must_change.add("SPR")
        settings = ConnectionSettings(address="school.example", tls=False)
        with pytest.raises(InsecureConnection):
            async with open_client(
                **server.way_in(settings=settings, new_password="Nouveau-2020!")
            ):
                pass
        assert "password.personalise" not in server.methods()


async def test_a_suspended_instance_asks_nothing_more_until_it_is_a_fresh_one() -> None:
    """Fiche 11: for the unblocking to count, the client is closed and started again."""
    async with scripted_server() as server:
        server.refusals["hello"] = AddressSuspended(retry_after=1800, reference="S-1")
        instance = Instance()
        for _ in range(3):
            with pytest.raises(AddressSuspended) as refused:
                async with open_client(**server.way_in(instance=instance)):
                    pass
            assert refused.value.reference == "S-1"
        assert refused.value.retry_after is None
        assert server.connections == 1
        assert refused.value.details["latched"] is True

        del server.refusals["hello"]
        with pytest.raises(AddressSuspended):
            async with open_client(**server.way_in(instance=instance)):
                pass
        async with open_client(**server.way_in(instance=Instance())):
            pass


async def test_fresh_replaces_the_instance_of_the_process() -> None:
    before = Instance.of_process()
    assert Instance.of_process() is before
    after = Instance.fresh()
    assert Instance.of_process() is after
    assert after.id != before.id


async def test_a_latch_concerns_one_server() -> None:
    async with scripted_server() as server:
        server.refusals["hello"] = AddressSuspended()
        instance = Instance()
        with pytest.raises(AddressSuspended):
            async with open_client(**server.way_in(instance=instance)):
                pass
        del server.refusals["hello"]
        elsewhere = ConnectionSettings(address="127.0.0.1", port=49301, tls=False)
        async with open_client(**server.way_in(instance=instance, settings=elsewhere)):
            pass


async def test_a_server_that_closes_without_a_word_cannot_be_connected_to() -> None:
    """That is what a suspended address that insists meets; the sentence says so."""
    async with scripted_server() as server:
        server.budget = 0
        with pytest.raises(CannotConnect, match="connection closed") as raised:
            async with open_client(**server.way_in()):
                pass
        assert "suspendue" in raised.value.fr


async def test_something_else_than_a_pronote_server_cannot_be_connected_to() -> None:
    async with scripted_server() as server:

        async def http(settings: object, patience: object) -> object:
            from pronote_client.transport import Transport

            theirs, ours = trio.testing.memory_stream_pair()
            await ours.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return Transport(theirs)

        with pytest.raises(CannotConnect, match="no PRONOTE server"):
            async with open_client(**server.way_in(connector=http)):
                pass


async def test_a_server_that_does_not_answer_the_hello_is_given_up(
    autojump_clock: MockClock,
) -> None:
    async with scripted_server() as server:

        async def silent(settings: object, patience: object) -> object:
            from pronote_client.transport import Transport

            theirs, _ours = trio.testing.memory_stream_pair()
            return Transport(theirs)

        patience = Patience(opening_seconds=20, farewell_seconds=2)
        with pytest.raises(CannotConnect, match="no answer"):
            async with open_client(**server.way_in(connector=silent, patience=patience)):
                pass
        assert trio.current_time() == 22


async def test_cancelling_the_opening_of_a_server_that_stops_reading_is_bounded(
    autojump_clock: MockClock,
) -> None:
    async with scripted_server() as server:
        server.answers["exclusive.show"] = never

        async def deaf(settings: ConnectionSettings, patience: Patience) -> object:
            transport = await server.connect(settings, patience)
            server.peer.deaf = True
            return transport

        with trio.move_on_after(1):
            async with open_client(**server.way_in(connector=deaf)):
                pass
        assert trio.current_time() == 1 + Patience().farewell_seconds


async def test_a_call_too_long_to_be_sent_costs_nothing() -> None:
    async with scripted_server() as server:
        server.answers["exclusive.show"] = calls.ExclusiveShown(holder=None)
        async with EdtClient.open(
            **server.way_in(patience=Patience(pending_calls=1))
        ) as client:
            for _ in range(3):
                with pytest.raises(MessageTooLarge):
                    await client.call(
                        SEND_CHUNK,
                        TransferChunk(transfer="t", file=0, offset=0, data=bytes(40_000)),
                    )
            assert (await client.exclusive.show()).holder is None


async def test_a_server_that_does_not_know_the_password_is_unmasked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It let us in without being able to prove that it had the keys: an impostor."""
    monkeypatch.setattr(ServerLogin, "verify", lambda self, final: "v=" + "A" * 43 + "=")
    async with scripted_server() as server:
        with pytest.raises(RemoteProtocolError, match="prove"):
            async with open_client(**server.way_in()):
                pass
        assert "session.enter" not in server.methods()


async def test_a_refusal_leaves_the_session_usable() -> None:
    async with scripted_server() as server:
        server.answers["connections.disconnect"] = NotAllowed()
        server.answers["seats.show"] = SEATS
        async with open_client(**server.way_in()) as client:
            with pytest.raises(NotAllowed):
                await client.connections.disconnect(everyone=True)
            assert await client.seats.show() == SEATS


async def test_an_answer_of_another_shape_ends_the_session() -> None:
    async with scripted_server() as server:
        server.answers["seats.show"] = Nothing()
        async with open_client(**server.way_in()) as client:
            with pytest.raises(RemoteProtocolError):
                await client.seats.show()
            with pytest.raises(SessionEnded):
                await client.seats.show()
        assert server.seated == {}


async def test_a_call_has_one_deadline(autojump_clock: MockClock) -> None:
    async with scripted_server() as server:
        server.answers["seats.show"] = never
        async with open_client(**server.way_in()) as client:
            started = trio.current_time()
            with pytest.raises(CallTimedOut) as raised:
                await client.seats.show()
            assert trio.current_time() - started == client.patience.call_seconds == 30
            assert raised.value.sent


async def test_a_late_answer_is_dropped(autojump_clock: MockClock) -> None:
    async def slowly(_: object) -> SeatsShown:
        await trio.sleep(10)
        return SEATS

    async with scripted_server() as server:
        server.answers["seats.show"] = slowly
        server.answers["exclusive.show"] = calls.ExclusiveShown(holder="X")
        async with open_client(**server.way_in()) as client:
            with trio.move_on_after(5) as scope:
                await client.seats.show()
            assert scope.cancelled_caught
            assert (await client.exclusive.show()).holder == "X"
            assert trio.current_time() == 10


async def test_forgotten_calls_keep_their_place_until_they_are_answered(
    autojump_clock: MockClock,
) -> None:
    """Else a caller that gives up and asks again would fill the server's memory, and ours."""
    async with scripted_server() as server:
        server.answers["seats.show"] = never
        patience = Patience(pending_calls=2)
        async with open_client(**server.way_in(patience=patience)) as client:
            for _ in range(5):
                with trio.move_on_after(1):
                    await client.seats.show()
            await wait_all_tasks_blocked()
            assert server.methods().count("seats.show") <= 2
            server.peer.session = None


async def test_goodbye_ends_the_calls_in_flight_with_its_reason() -> None:
    async with scripted_server() as server:
        server.answers["suspensions.lift"] = never
        async with open_client(**server.way_in(patience=Patience(pending_calls=1))) as client:
            errors = []

            async def ask() -> None:
                # A change: even so, the reason is worth more than the doubt.
                with pytest.raises(SessionEnded) as raised:
                    await client.suspensions.lift()
                errors.append(raised.value)

            async with trio.open_nursery() as nursery:
                for _ in range(3):  # one in flight, two that wait for their turn
                    nursery.start_soon(ask)
                await wait_all_tasks_blocked()
                await server.peer.hang_up(KICKED)

            assert [error.goodbye for error in errors] == [KICKED] * 3
            assert await client.wait_ended() == KICKED
            with pytest.raises(SessionEnded):
                await client.session.show()


async def test_events_end_with_the_goodbye() -> None:
    async with scripted_server() as server:
        soon = Announcement(code=Farewell.SERVER_STOPPING, fr="Arrêt", en="Stop", in_seconds=5)
        async with open_client(**server.way_in()) as client:
            await server.peer.say(soon)
            await server.peer.hang_up(KICKED)
            assert [event async for event in client.events()] == [soon, KICKED]
            assert [event async for event in client.events()] == [KICKED]


async def test_events_nobody_reads_make_room_but_the_goodbye_stays() -> None:
    async with scripted_server() as server:
        patience = Patience(kept_events=3)
        async with open_client(**server.way_in(patience=patience)) as client:
            await server.peer.say(*(BaseChanged(revision=n, what=()) for n in range(10)))
            await server.peer.hang_up(KICKED)
            await client.wait_ended()
            events = [event async for event in client.events()]
            assert events == [
                *(BaseChanged(revision=n, what=()) for n in (7, 8, 9)),
                KICKED,
            ]
            assert client.events_dropped == 7


async def test_an_event_in_the_packet_of_the_entering_is_not_lost() -> None:
    """The access changed before our task ran again: the newer word wins."""

    async with scripted_server() as server:
        changed = AccessChanged(
            access=Access.CONSULTATION, state=SessionState.FORCED_CONSULTATION
        )
        entered_frame = {}

        async def connect(settings: ConnectionSettings, patience: Patience) -> object:
            transport = await server.connect(settings, patience)
            peer = server.peer
            send = peer._send

            async def both(data: bytes) -> None:
                if b"resume_token" in data and "sent" not in entered_frame:
                    entered_frame["sent"] = True
                    data += peer._wire.tell(changed)
                await send(data)

            peer._send = both  # type: ignore[method-assign]
            return transport

        async with open_client(**server.way_in(connector=connect)) as client:
            assert entered_frame
            assert client.access is Access.CONSULTATION
            assert await client.next_event() == changed


async def test_a_changed_access_is_known_from_the_answer_and_from_the_event() -> None:
    async with scripted_server() as server:
        server.answers["session.change_access"] = AccessGranted(
            access=Access.CONSULTATION, state=SessionState.CONSULTATION
        )
        async with open_client(**server.way_in()) as client:
            await client.session.change_access(Access.CONSULTATION)
            assert access_of(client) is Access.CONSULTATION
            back = AccessChanged(access=Access.MODIFICATION, state=SessionState.MODIFICATION)
            await server.peer.say(back)
            assert await client.next_event() == back
            assert access_of(client) is Access.MODIFICATION


async def test_an_unread_event_of_a_newer_server_is_skipped() -> None:
    from pronote_protocol.codec import pack
    from pronote_protocol.envelopes import to_wire
    from pronote_protocol.framing import encode_frame

    async with scripted_server() as server:
        server.answers["seats.show"] = SEATS
        async with open_client(**server.way_in()) as client:
            await server.peer.stream.send_all(
                encode_frame(pack(to_wire(Event("weather.changed", {"sun": True}))))
            )
            assert await client.seats.show() == SEATS


async def test_a_quiet_server_is_pinged_and_stays(autojump_clock: MockClock) -> None:
    async with scripted_server() as server, open_client(**server.way_in()) as client:
        with trio.move_on_after(1000):
            await client.wait_ended()
        assert client.goodbye is None


async def test_a_silent_server_is_a_cut_after_the_announced_silence(
    autojump_clock: MockClock,
) -> None:
    async with scripted_server() as server, open_client(**server.way_in()) as client:
        started = trio.current_time()
        server.peer.deaf = True
        server.answers["seats.show"] = SEATS
        await client.seats.show()  # the last it reads
        goodbye = await client.wait_ended()
        assert goodbye.code is Farewell.LOST
        assert trio.current_time() - started == LIMITS.silence_seconds


async def test_pages_are_put_together() -> None:
    rows = tuple(ResourceRow(n, f"R{n}", f"Salle {n}", "") for n in range(1, 8))

    def page(params: ListResources) -> Page[ResourceRow]:
        return Page(
            total=len(rows), offset=params.offset, rows=rows[params.offset : params.offset + 3]
        )

    async with scripted_server() as server:
        server.answers["resources.list"] = page
        async with open_client(**server.way_in()) as client:
            assert await client.resources.list_all(ResourceKind.ROOMS) == rows


async def test_two_clients_of_one_process_do_not_disturb_each_other() -> None:
    async with scripted_server() as server:
        server.answers["seats.show"] = SEATS
        async with (
            open_client(**server.way_in()) as one,
            open_client(**server.way_in(mode=Mode.SCHOOL_LIFE)) as two,
        ):
            await one.leave()
            assert await two.seats.show() == SEATS
            assert len(server.seated) == 1


async def test_an_administrator_s_client_has_one_mode() -> None:
    async with scripted_server() as server:
        async with AdminClient.open(**server.way_in()) as client:
            assert client.entered.mode is Mode.ADMINISTRATIVE
        with pytest.raises(ValueError, match="only"):
            async with AdminClient.open(**server.way_in(mode=Mode.TEACHER)):
                pass


async def test_a_goodbye_that_suspends_latches_too() -> None:
    async with scripted_server() as server:
        instance = Instance()
        async with open_client(**server.way_in(instance=instance)) as client:
            await server.peer.hang_up(Goodbye(code=Farewell.SUSPENDED, reference="S-9"))
            await client.wait_ended()
        with pytest.raises(AddressSuspended) as refused:
            async with open_client(**server.way_in(instance=instance)):
                pass
        assert refused.value.reference == "S-9"


async def test_a_busy_server_is_not_tried_again_by_itself() -> None:
    async with scripted_server() as server:
        server.refusals["hello"] = ServerBusy(retry_after=3)
        with pytest.raises(ServerBusy) as refused:
            async with open_client(**server.way_in()):
                pass
        assert refused.value.retry_after == 3
        assert server.connections == 1


DONE = TransferDone(
    format="fet",
    teachers=1,
    subjects=1,
    classes=1,
    groups=0,
    pupils=0,
    rooms=0,
    staff=0,
    lessons=2,
    placed_lessons=2,
    accounts_created=1,
    warnings=(),
    revision=2,
)


async def test_a_transfer_sends_every_byte_in_order_and_says_how_far_it_is() -> None:
    received: dict[int, bytes] = {0: b"", 1: b""}

    def take(chunk: TransferChunk) -> Nothing:
        assert chunk.offset == len(received[chunk.file])
        received[chunk.file] += chunk.data
        return Nothing()

    files = [SourceFile("a.fet", bytes(range(256)) * 5), SourceFile("b.xml", b"xy")]
    async with scripted_server() as server:
        server.answers["transfer.begin"] = TransferBegun(transfer="t-1", chunk_bytes=1000)
        server.answers["transfer.chunk"] = take
        server.answers["transfer.commit"] = DONE
        seen: list[Progress] = []
        async with EdtClient.open(**server.way_in()) as client:
            assert await client.transfer.run(files, progress=seen.append) == DONE
        assert [received[0], received[1]] == [file.content for file in files]
        assert [(each.name, each.sent_bytes) for each in seen] == [
            ("a.fet", 0),
            ("a.fet", 1000),
            ("b.xml", 1280),
            ("", 1282),
        ]
        assert server.hellos[0].application is Application.EDT


async def test_a_transfer_that_fails_is_forgotten_by_the_server() -> None:
    async with scripted_server() as server:
        server.answers["transfer.begin"] = TransferBegun(transfer="t-1", chunk_bytes=1000)
        server.answers["transfer.chunk"] = TransferRefused(problem="x")
        server.answers["transfer.cancel"] = Nothing()
        async with EdtClient.open(**server.way_in()) as client:
            with pytest.raises(TransferRefused):
                await client.transfer.run([SourceFile("a.fet", b"x")])
            assert server.methods()[-1] == "transfer.cancel"


def test_every_call_of_the_catalogue_has_a_typed_method() -> None:
    """A call nobody can make from the SDK is a call nobody has."""
    import importlib
    import inspect
    import pkgutil

    from pronote_client import families
    from pronote_protocol import catalogue
    from pronote_protocol.catalogue import CATALOGUE
    from pronote_protocol.catalogue.resource_calls import ResourceCalls

    modules = {inspect.getmodule(getattr(families, name)) for name in families.__all__}
    text = "".join(inspect.getsource(module) for module in modules if module)
    constants, of_kinds = {}, set()
    client = inspect.getsource(importlib.import_module("pronote_client.client"))
    for each in pkgutil.iter_modules(catalogue.__path__):
        module = importlib.import_module(f"{catalogue.__name__}.{each.name}")
        for key, value in vars(module).items():
            if isinstance(value, catalogue.Call):
                constants[value.name] = (f"calls.{key}", f"{each.name}.{key}")
            elif isinstance(value, ResourceCalls):
                # One family makes the methods of every kind; the client has it for this one.
                assert f"(client, catalogue.{each.name}.{key})" in client, value.family
                verbs = ("list", "read", "create", "change", "delete")
                of_kinds |= {getattr(value, verb).name for verb in verbs}
    assert set(constants) | of_kinds == set(CATALOGUE)
    unsaid = [name for name, ways in constants.items() if not any(way in text for way in ways)]
    assert unsaid == []
