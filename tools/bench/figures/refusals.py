"""Figure 9: what a suspended address costs that keeps coming."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from contextlib import AsyncExitStack
from typing import Final

from bench.driving.closed_loop import WrongAnswer
from bench.driving.sessions import Account, Address, Asked, Refusal, account_of, come_in
from bench.measuring.ours import Ours
from bench.measuring.processes import our_server, reference
from bench.measuring.processor import cpu_seconds
from bench.measuring.rows import Row, details, saturated
from bench.measuring.turns import Sample, take_turns
from bench.plan import Bench
from pronote_protocol.words import Mode

__all__ = ["refused"]

# A flood comes in bursts, and at the same pace for both: at full speed the generator, whose
# kernel does half of the work of a connection, would be what is measured.
_BURST: Final = 50
_BURSTS_A_SECOND: Final = 50
_SUSPENDED: Final = "127.0.0.2"
_PATIENCE_SECONDS: Final = 10.0
# One a second is let in to be told why, and says nothing: we leave first.
_TOLD: Final = 2
_TOLD_SECONDS: Final = 0.05


class _Flood:
    """Bursts of connections that are closed by the other end without a word."""

    def __init__(self, pid: int, port: int) -> None:
        self._pid, self._where = pid, ("127.0.0.1", port)

    def drive(self, seconds: float) -> Sample:
        cpu, ours, begun = cpu_seconds(self._pid), time.process_time(), time.perf_counter()
        done = 0
        for number in range(max(1, int(seconds * _BURSTS_A_SECOND))):
            due = begun + number / _BURSTS_A_SECOND - time.perf_counter()
            if due > 0:
                time.sleep(due)
            done += self._burst()
        return Sample(
            units=done,
            cpu=cpu_seconds(self._pid) - cpu,
            wall=time.perf_counter() - begun,
            generator=time.process_time() - ours,
        )

    def _burst(self) -> int:
        poll, waiting = select.epoll(), {}
        for _ in range(_BURST):
            sock = socket.socket()
            sock.bind((_SUSPENDED, 0))
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                sock.connect(self._where)
            waiting[sock.fileno()] = sock
            poll.register(sock, select.EPOLLIN)
        while waiting:
            few = len(waiting) <= _TOLD
            ready = poll.poll(_TOLD_SECONDS if few else _PATIENCE_SECONDS)
            if not ready and not few:
                raise WrongAnswer(f"{len(waiting)} connections are not closed")
            for number in [number for number, _ in ready] or list(waiting):
                sock = waiting.pop(number)
                with contextlib.suppress(ConnectionError):
                    if ready and sock.recv(4096):
                        raise WrongAnswer("a suspended address was greeted")
                sock.close()
        poll.close()
        return _BURST


def _suspend(server: Ours) -> None:
    """Guess passwords until the address is suspended, and be told so until no more."""
    account = account_of(server, Mode.SCHOOL_LIFE)
    guesser = Account(account.mode, account.login, "Faux-mot-de-passe-1")
    address, codes = Address.of(server, _SUSPENDED), []
    with contextlib.suppress(Asked, OSError):
        for _ in range(100):
            try:
                come_in(address, guesser)
            except Refusal as exc:
                codes.append(exc.args[0])
    if "address_suspended" not in codes:
        raise WrongAnswer(f"{_SUSPENDED} is not suspended: {codes}")


async def refused(bench: Bench) -> list[Row]:
    """Figure 9."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(our_server(bench))
        _suspend(server)
        other = await stack.enter_async_context(reference(bench, "trio_accept_close"))
        seconds = bench.plan.seconds
        floods = {
            "ours": _Flood(server.pid, server.settings.port),
            "trio_accept_close": _Flood(other.pid, other.port),
        }
        samples = take_turns(
            bench,
            {
                name: lambda each=each: each.drive(seconds)  # type: ignore[misc]
                for name, each in floods.items()
            },
        )
    return [
        Row(
            number=9,
            name="refused",
            what="connection refused to a suspended address",
            reference="trio.serve_listeners, accept and close",
            unit="us CPU/connection",
            ours=[each.us for each in samples["ours"]],
            theirs=[each.us for each in samples["trio_accept_close"]],
            reach=0.35,
            aim=0.18,
            invalid=saturated(samples, "ours", "trio_accept_close"),
            note=f"bursts of {_BURST}, {_BURSTS_A_SECOND} a second",
            details=details(samples, "ours", "trio_accept_close"),
        )
    ]
