"""Clients that break the rules of the wire, or are slow on purpose."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from pronote_protocol.codec import pack
from pronote_protocol.framing import encode_frame
from pronote_protocol.words import Farewell
from pronote_server.config import Limits
from pronote_server.hosting.school import School
from pronote_server.testing import TestDoor, WireClient


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00\x00",
        b"\xff\xff\xff\xff",
        b"\x00\x00\x20\x01" + b"\x90" * 8193,
        encode_frame(b"\xc1"),
        encode_frame(pack([0, 1, "hello"])),
        encode_frame(pack([0, 1, "seats.show", {}])),
        encode_frame(pack([1, 1, None, {}])),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_no_client_says_ends_the_connection_with_a_goodbye(
    door: TestDoor, data: bytes, autojump_clock: MockClock
) -> None:
    client = WireClient.connect(door)
    await client.stream.send_all(data)

    goodbye = await client.last_words()

    assert goodbye is not None
    assert goodbye.code is Farewell.PROTOCOL_ERROR


async def test_a_client_that_says_nothing_is_shown_out_after_its_five_seconds(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    client = WireClient.connect(door)
    started = trio.current_time()

    goodbye = await client.last_words()

    assert goodbye is not None
    assert trio.current_time() - started == pytest.approx(5, abs=0.1)


async def test_a_login_that_never_comes_ends_after_twenty_seconds(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    client = WireClient.connect(door)
    await client.greet()
    started = trio.current_time()

    await client.last_words()

    assert trio.current_time() - started == pytest.approx(20, abs=0.1)


async def test_a_frame_that_never_ends_is_not_waited_for(
    door: TestDoor, school: School, autojump_clock: MockClock
) -> None:
    client = await WireClient.inside(door, "sec1")
    await client.stream.send_all(b"\x00\x00\x10\x00" + b"x")
    started = trio.current_time()

    goodbye = await client.last_words()

    assert goodbye is not None
    assert goodbye.code is Farewell.TOO_SLOW
    assert 12 <= trio.current_time() - started <= 14
    assert len(school.sessions) == 0


async def test_one_read_of_thousands_of_requests_does_not_keep_the_others_waiting(
    door: TestDoor, autojump_clock: MockClock
) -> None:
    flood = await WireClient.inside(door, "sec1")
    calm = await WireClient.inside(door, "sec2")
    frame = encode_frame(pack([0, 1, "seats.show", {}]))
    turns = 0

    async def witness() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(witness)
        await flood.stream.send_all(frame * 640)
        answered = 0
        buffer = b""
        while answered < 640:
            buffer += await flood.stream.receive_some()
            while len(buffer) >= 4 and len(buffer) >= 4 + int.from_bytes(buffer[:4], "big"):
                buffer = buffer[4 + int.from_bytes(buffer[:4], "big") :]
                answered += 1
        nursery.cancel_scope.cancel()

    # 32 requests a turn: the witness ran between any two of the twenty pieces.
    assert turns >= 15
    assert (await calm.leave()) is not None


async def test_connections_without_a_login_are_bounded_per_address(
    school: School, autojump_clock: MockClock
) -> None:
    from pronote_server.testing import open_test_door

    limits = Limits(
        max_unauthenticated_per_address=4, max_unauthenticated=6, stop_grace_seconds=0.01
    )
    async with open_test_door(school, limits=limits) as door:
        held = [WireClient.connect(door, "192.0.2.1") for _ in range(4)]
        for client in held:
            await client.greet()
        with pytest.raises((EOFError, trio.BrokenResourceError)):
            await WireClient.connect(door, "192.0.2.1").greet()
        elsewhere = [WireClient.connect(door, f"192.0.2.{n}") for n in (2, 3)]
        for client in elsewhere:
            await client.greet()
        with pytest.raises((EOFError, trio.BrokenResourceError)):
            await WireClient.connect(door, "192.0.2.9").greet()
        # Those who log in make room.
        for n, client in enumerate(held, 1):
            await client.log_in(f"sec{n}")
            await client.enter()
        await WireClient.connect(door, "192.0.2.1").greet()
        assert door.statistics().refused_full == 2


async def test_the_last_place_is_told_to_come_back(
    school: School, autojump_clock: MockClock
) -> None:
    from pronote_protocol.errors import ServerBusy
    from pronote_server.testing import open_test_door

    limits = Limits(max_connections=1, max_unauthenticated=100, stop_grace_seconds=0.01)
    async with open_test_door(school, limits=limits) as door:
        await WireClient.inside(door, "sec1")
        client = WireClient.connect(door)
        with pytest.raises(ServerBusy) as refused:
            await client.greet()
        await client.last_words()

    assert refused.value.retry_after == 5
