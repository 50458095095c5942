"""Figure 10: how long three hundred newcomers wait at the door of a busy server."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

import attrs

from bench.driving.closed_loop import Bytes, Line, WrongAnswer
from bench.driving.sessions import Account, Address, come_in, steps
from bench.figures.reads import Hot
from bench.measuring.processes import our_server, reference, spec_of_ours
from bench.measuring.rows import Row
from bench.plan import Bench
from loading.demo_server import DemoAccount, accounts_from
from pronote_protocol.words import Mode

__all__ = ["admitted"]

# Of the requests of a busy connection that are on their way.
_DEPTH: Final = 8
# A house of 300 behind one address would be 300 nobodies there, and 64 are allowed.
_FROM_ONE_ADDRESS: Final = 50
_PATIENCE_SECONDS: Final = 60.0
_READ: Final = 1 << 18
# The others work for so long before the newcomers come.
_BUSY_SECONDS: Final = 0.1


@attrs.define
class Door:
    """
    A server, and those who work on it.

    Attributes:
        waited: Seconds until the last newcomer was greeted, turn by turn.
        middle: And until half of them were.
        load: The generator's, in each turn.
    """

    address: Address
    account: Account
    lines: Sequence[Line]
    waited: list[float] = attrs.field(factory=list, init=False)
    middle: list[float] = attrs.field(factory=list, init=False)
    load: list[float] = attrs.field(factory=list, init=False)

    def drive(self, newcomers: int) -> None:
        """Make one turn: everybody works, then the newcomers come, all at once."""
        poll, working = select.epoll(), {each.sock.fileno(): each for each in self.lines}
        for number, line in working.items():
            poll.register(number, select.EPOLLIN)
            line.send()
        coming: dict[int, socket.socket] = {}
        ours, begun, greeted = time.process_time(), time.perf_counter(), list[float]()
        came = 0.0
        while working:
            ready = poll.poll(_PATIENCE_SECONDS)
            if not ready:
                raise WrongAnswer(f"nothing comes; {len(greeted)} of {newcomers} were greeted")
            for number, _ in ready:
                if number in coming:
                    if self._hears(poll, coming[number]):
                        greeted.append(time.perf_counter() - came)
                        coming.pop(number).close()
                elif self._answered(working[number]):
                    if came and len(greeted) == newcomers:
                        poll.unregister(number)
                        del working[number]
                    else:
                        working[number].send()
            if not came and time.perf_counter() - begun > _BUSY_SECONDS:
                came = time.perf_counter()
                for rank in range(newcomers):
                    sock = self._knock(rank // _FROM_ONE_ADDRESS)
                    coming[sock.fileno()] = sock
                    poll.register(sock.fileno(), select.EPOLLOUT)
        poll.close()
        self.waited.append(greeted[-1])
        self.middle.append(greeted[len(greeted) // 2])
        self.load.append((time.process_time() - ours) / (time.perf_counter() - begun))

    def _knock(self, house: int) -> socket.socket:
        sock = socket.socket()
        sock.bind((f"127.0.1.{house + 1}", 0))
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.connect((self.address.host, self.address.port))
        return sock

    def _hears(self, poll: select.epoll, sock: socket.socket) -> bool:
        """Say hello once connected; return whether the welcome has come."""
        try:
            data = sock.recv(_READ)
        except BlockingIOError:
            sock.send(next(steps(self.account)))
            poll.modify(sock.fileno(), select.EPOLLIN)
            return False
        if not data:
            raise WrongAnswer("a newcomer was sent away")
        return True

    def _answered(self, line: Line) -> bool:
        data = line.sock.recv(_READ)
        if not data:
            raise WrongAnswer("the server hung up")
        line.missing -= line.counter.heard(data)
        return line.missing == 0


async def admitted(bench: Bench) -> list[Row]:
    """Figure 10."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(our_server(bench))
        other = await stack.enter_async_context(
            reference(bench, "serve_listeners_door", spec_of_ours(bench))
        )
        hot = Hot.of(server)
        mine = _door(bench, Address.of(server), server.accounts, hot)
        where = Address("127.0.0.1", int(str(other.said["address"]).rpartition(":")[2]))
        theirs = _door(bench, where, accounts_from(other.said["accounts"]), hot)
        for turn in range(bench.plan.rounds + 1):
            bench.draw.shuffle(order := [mine, theirs])
            for each in order:
                each.drive(bench.plan.newcomers)
            if not turn:
                for each in order:
                    each.waited.clear()
                    each.middle.clear()
                    each.load.clear()
        for each in (mine, theirs):
            for line in each.lines:
                line.sock.close()
    return [
        Row(
            number=10,
            name="admitted",
            what=f"{bench.plan.newcomers} clients greeted while {bench.plan.busy} work",
            reference="our server behind trio.serve_listeners",
            unit="ms",
            ours=[each * 1e3 for each in mine.waited],
            theirs=[each * 1e3 for each in theirs.waited],
            reach=0.2,
            aim=0.04,
            note=f"{_DEPTH} requests in flight on each connection that works",
            details={
                name: {
                    "middle_ms": [value * 1e3 for value in each.middle],
                    "generator_load": each.load,
                }
                for name, each in (("ours", mine), ("serve_listeners", theirs))
            },
        )
    ]


def _door(bench: Bench, address: Address, accounts: Sequence[DemoAccount], hot: Hot) -> Door:
    (account,) = (
        Account(each.mode, each.login, each.password)
        for each in accounts
        if each.mode is Mode.SCHOOL_LIFE
    )
    lines = [
        Line(
            come_in(address, account),
            hot.request * _DEPTH,
            Bytes(len(hot.answer), _DEPTH),
            _DEPTH,
        )
        for _ in range(bench.plan.busy)
    ]
    return Door(address, account, lines)
