"""Figure 8: what a login costs the server, beside a connection that only says hello."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Generator
from contextlib import AsyncExitStack
from typing import Any, Final

from bench.driving.closed_loop import WrongAnswer
from bench.driving.sessions import GOODBYE, Account, Address, account_of, steps
from bench.measuring.processes import our_server, reference
from bench.measuring.processor import cpu_seconds
from bench.measuring.rows import Row, details, saturated
from bench.measuring.turns import Sample, take_turns
from bench.plan import Bench
from pronote_protocol.codec import unpack
from pronote_protocol.limits import WireLimits
from pronote_protocol.words import Mode

__all__ = ["login"]

# As many are on their way at the same time; fewer than an address may have at its door.
_AT_ONCE: Final = 16
_PATIENCE_SECONDS: Final = 30.0
_LIMITS: Final = WireLimits()

Conversation = Generator[bytes, Any, Any]


def _whole(account: Account) -> Conversation:
    """A login, and the goodbye after it; what comes then is not an answer any more."""
    yield from steps(account)
    yield GOODBYE


def _greeting(hello: bytes) -> Conversation:
    yield hello


class _Visitors:
    """Visits of one kind: so many at once, each begun when another has ended."""

    def __init__(self, pid: int, port: int, visit: Callable[[], Conversation]) -> None:
        self._pid, self._where, self._visit = pid, ("127.0.0.1", port), visit

    def drive(self, seconds: float) -> Sample:
        """Visit for *seconds*, see the last ones out."""
        poll, clock = select.epoll(), time.perf_counter
        inside: dict[int, tuple[socket.socket, Conversation, bytearray]] = {}
        cpu, ours, begun = cpu_seconds(self._pid), time.process_time(), clock()
        done = 0

        def come() -> None:
            sock = socket.create_connection(self._where)
            sock.setblocking(False)
            visit = self._visit()
            sock.send(next(visit))
            inside[sock.fileno()] = sock, visit, bytearray()
            poll.register(sock, select.EPOLLIN)

        for _ in range(_AT_ONCE):
            come()
        while inside:
            ready = poll.poll(_PATIENCE_SECONDS)
            if not ready:
                raise WrongAnswer(f"{len(inside)} visitors wait in vain")
            for number, _ in ready:
                sock, visit, heard = inside[number]
                data = sock.recv(65536)
                if data:
                    heard += data
                    self._go_on(sock, visit, heard)
                    continue
                if next(visit, None) is not None:
                    raise WrongAnswer("a visitor was hung up on")
                del inside[number]
                sock.close()
                done += 1
                if clock() - begun < seconds:
                    come()
        poll.close()
        return Sample(
            units=done,
            cpu=cpu_seconds(self._pid) - cpu,
            wall=clock() - begun,
            generator=time.process_time() - ours,
        )

    def _go_on(self, sock: socket.socket, visit: Conversation, heard: bytearray) -> None:
        while len(heard) >= 4 and len(heard) >= (end := 4 + int.from_bytes(heard[:4], "big")):
            message = unpack(bytes(heard[4:end]), _LIMITS)
            del heard[:end]
            if message[0] != 1:
                continue
            if message[2] is not None:
                raise WrongAnswer(f"refused: {message[2]}")
            try:
                sock.send(visit.send(message[3]))
            except StopIteration:
                sock.shutdown(socket.SHUT_WR)


async def login(bench: Bench) -> list[Row]:
    """Figure 8."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(our_server(bench))
        account = account_of(server, Mode.SCHOOL_LIFE)
        with Address.of(server).connect() as sock:
            hello = next(steps(account))
            sock.sendall(hello)
            welcome = sock.recv(65536)
        other = await stack.enter_async_context(
            reference(bench, "trio_hello", {"welcome": welcome.hex()})
        )
        visitors = {
            "ours": _Visitors(server.pid, server.settings.port, lambda: _whole(account)),
            "trio_hello": _Visitors(other.pid, other.port, lambda: _greeting(hello)),
        }
        seconds = bench.plan.seconds
        samples = take_turns(
            bench,
            {
                name: lambda each=each: each.drive(seconds)  # type: ignore[misc]
                for name, each in visitors.items()
            },
        )
    return [
        Row(
            number=8,
            name="login",
            what="login: hello, SCRAM, seat, session, journal, goodbye",
            reference="connect, hello and close on raw Trio",
            unit="us CPU/login",
            ours=[each.us for each in samples["ours"]],
            theirs=[each.us for each in samples["trio_hello"]],
            reach=3.0,
            aim=1.5,
            invalid=saturated(samples, "ours", "trio_hello"),
            details=details(samples, "ours", "trio_hello"),
        )
    ]
