"""One wait for all clients: who is called, and that nobody's trouble is somebody else's."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from pronote_protocol.catalogue.sessions import SHOW_BASE, WHO_AM_I
from pronote_protocol.messages import Nothing
from pronote_server.hosting.school import School
from pronote_server.native import readiness as module
from pronote_server.native.peer import Peer
from pronote_server.native.readiness import Readiness
from pronote_server.observe.testing import Logs
from pronote_server.testing import TestDoor, WireClient


@asynccontextmanager
async def running() -> AsyncIterator[Readiness]:
    readiness = Readiness()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(readiness.run)
        yield readiness
        nursery.cancel_scope.cancel()
    readiness.close()


class Reader:
    """A socket with something to read, and what it does when it is called."""

    def __init__(self, readiness: Readiness, forgets: list[Reader] | None = None) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        self.theirs.send(b"x")
        self.calls = 0
        self.readiness = readiness
        self.forgets = [] if forgets is None else forgets
        readiness.watch(self.ours.fileno(), self.read)

    def read(self, _now: float) -> None:
        self.calls += 1
        self.ours.recv(1)
        for other in self.forgets:
            self.readiness.forget(other.ours.fileno())

    def close(self) -> None:
        self.readiness.forget(self.ours.fileno())
        self.ours.close()
        self.theirs.close()


async def test_who_is_forgotten_by_one_called_before_is_not_called_in_the_same_turn() -> None:
    async with running() as readiness:
        readers: list[Reader] = []
        readers += [Reader(readiness, readers) for _ in range(5)]
        await wait_all_tasks_blocked()
        assert sorted(each.calls for each in readers) == [0, 0, 0, 0, 1]
        for each in readers:
            each.close()


async def test_many_ready_at_once_leave_the_others_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_CALLED_A_TURN", 2)
    async with running() as readiness:
        readers = [Reader(readiness) for _ in range(6)]
        seen = set()
        while (called := sum(each.calls for each in readers)) < 6:
            seen.add(called)
            await trio.lowlevel.checkpoint()
        assert seen & {2, 4}  # two turns may pass between two looks, never three
        for each in readers:
            each.close()


async def test_a_bug_in_what_one_client_says_is_his_alone(
    door: TestDoor, logs: Logs, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    logs.expect("peer.crashed")
    bystander = await WireClient.inside(door, "sec1")
    victim = await WireClient.inside(door, "sec2")
    feed = Peer.feed

    def fails(self: Peer, data: bytes, now: float) -> bytes:
        if self.doorstep.session is not None and self.doorstep.session.login == "sec2":
            raise LookupError("a bug")
        return feed(self, data, now)

    monkeypatch.setattr(Peer, "feed", fails)
    with pytest.raises(EOFError):
        await victim.call(WHO_AM_I, Nothing())
    assert (await bystander.call(WHO_AM_I, Nothing())).login == "sec1"


async def test_what_comes_during_a_slow_call_waits_and_keeps_its_order(
    school: School, door: TestDoor, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    client = await WireClient.inside(door, "SPR")
    database = school.base_in_service().database
    read, go = database.read, trio.Event()

    async def slow(query: Any) -> Any:
        await go.wait()
        return await read(query)

    monkeypatch.setattr(database, "read", slow)
    asked = [client.wire.ask(SHOW_BASE.name, {})]
    await client.stream.send_all(asked[0][1])
    await wait_all_tasks_blocked()
    (connection,) = door._connections
    for _ in range(3):
        asked.append(client.wire.ask(WHO_AM_I.name, {}))
        await client.stream.send_all(asked[-1][1])
    # Nobody spins on a socket that has something to say to a task at work.
    await wait_all_tasks_blocked()
    assert not connection._listening
    go.set()
    answers = [await client._next() for _ in asked]
    assert [each.id for each in answers] == [ident for ident, _ in asked]
    assert connection._listening
