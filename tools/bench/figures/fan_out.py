"""Figure 7: one write told to a thousand sessions, beside uvloop writing the same bytes."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from statistics import median
from typing import Any, Final

import attrs

from bench.driving.crowd import Crowd
from bench.driving.marks import Column, columns_of, entries
from bench.driving.sessions import Address, answer_on, come_in
from bench.measuring.ours import Ours
from bench.measuring.processes import Reference, our_server, reference
from bench.measuring.processor import cpu_seconds
from bench.measuring.rows import Row
from bench.plan import Bench
from pronote_protocol.conversation import encode_event
from pronote_protocol.messages import BaseChanged

__all__ = ["FanOut", "Spread", "entering", "told"]

# Writes in one turn; its delays are the middle ones.
_IN_A_TURN: Final = 5
_PAUSE_SECONDS: Final = 0.002
_FRAME: Final = encode_event(BaseChanged(revision=1_000, what=("marks",)))


@attrs.frozen
class Spread:
    """
    One turn.

    Attributes:
        first, last: When a receiver heard it, in seconds from the request.
        cpu: Processor seconds of one write.
    """

    first: float
    last: float
    cpu: float


@attrs.define
class FanOut:
    """
    Those who are told, and how to set it off.

    Args:
        write: Sends what makes the server tell everybody.
        settle: Reads what the writer is answered.
    """

    pid: int
    crowd: Crowd
    write: Callable[[], object]
    settle: Callable[[], object]
    spreads: list[Spread] = attrs.field(factory=list, init=False)

    def drive(self) -> None:
        """Make one turn."""
        cpu = self._cpu()
        heard = [self._once() for _ in range(_IN_A_TURN)]
        used = self._cpu() - cpu
        first, last = (median(each) for each in zip(*heard, strict=True))
        self.spreads.append(Spread(first, last, used / _IN_A_TURN))

    def _cpu(self) -> float:
        # What a process at work uses is counted when it pauses: of a single write of a tenth
        # of a millisecond nothing may be seen, or all of the one before.
        self.crowd.quiet(_PAUSE_SECONDS)
        return cpu_seconds(self.pid)

    def _once(self) -> tuple[float, float]:
        """Return when the first and the last receiver heard of one write."""
        self.crowd.quiet(0.0)
        begun = time.perf_counter()
        self.write()
        heard = self.crowd.listen(begun)
        self.settle()
        return (heard[0], heard[-1]) if heard else (0.0, 0.0)


async def told(bench: Bench) -> list[Row]:
    """Figure 7, plain and through TLS; and what it costs the processor, for information."""
    return [row for plain in (True, False) for row in await _told(bench, plain=plain)]


async def _told(bench: Bench, *, plain: bool) -> list[Row]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(our_server(bench, plain=plain))
        files = server.certificate
        shown = None if plain else str(files)
        spec = {"frame": _FRAME.hex(), "certificate": shown, "key": shown}
        other = await stack.enter_async_context(reference(bench, "uvloop_fan_out", spec))
        (column,) = columns_of(server, 1)
        mine = _ours(server, column, bench.plan.told)
        theirs = _theirs(other, Address.of(server).tls, bench.plan.told)
        for each in (mine, theirs):
            stack.callback(each.crowd.close)
        _take_turns(bench, [mine, theirs])
    how = "plain" if plain else "TLS"
    common: dict[str, Any] = {
        "what": f"one write told to {bench.plan.told} sessions, {how}",
        "reference": "uvloop writing the same bytes to as many sockets",
        "details": {"ours": _plain(mine), "uvloop": _plain(theirs)},
    }
    return [
        Row(
            number=7,
            name=f"told-{how.lower()}",
            unit="ms to the last",
            ours=[each.last * 1e3 for each in mine.spreads],
            theirs=[each.last * 1e3 for each in theirs.spreads],
            reach=1.5,
            aim=1.0,
            note="ours has the commit in it",
            **common,
        ),
        Row(
            number=0,
            name=f"told-{how.lower()}-cpu",
            unit="ms CPU",
            ours=[each.cpu * 1e3 for each in mine.spreads],
            theirs=[each.cpu * 1e3 for each in theirs.spreads],
            **common,
        ),
    ]


def _take_turns(bench: Bench, contenders: list[FanOut]) -> None:
    """Let each take its turns, in random order; the first one warms up."""
    for _ in range(bench.plan.rounds + 1):
        bench.draw.shuffle(order := list(contenders))
        for each in order:
            each.drive()
    for each in contenders:
        del each.spreads[0]


def _plain(fan_out: FanOut) -> dict[str, Any]:
    return {
        "cpu_ms": [each.cpu * 1e3 for each in fan_out.spreads],
        "first_ms": [each.first * 1e3 for each in fan_out.spreads],
    }


def _ours(server: Ours, column: Column, told: int) -> FanOut:
    address = Address.of(server)
    crowd = Crowd(come_in(address, column.account) for _ in range(told))
    write, settle, _ = entering(address, column)
    return FanOut(server.pid, crowd, write, settle)


def entering(
    address: Address, column: Column
) -> tuple[Callable[[], object], Callable[[], object], Callable[[], object]]:
    """Return what enters a mark of *column*, what reads its answer, and what ends that."""
    writer, requests = come_in(address, column.account), entries(column)
    return lambda: writer.sendall(next(requests)), lambda: answer_on(writer), writer.close


def _theirs(other: Reference, tls: ssl.SSLContext | None, told: int) -> FanOut:
    address = Address("127.0.0.1", other.port, tls)

    def receivers() -> Iterator[socket.socket]:
        for _ in range(told):
            sock = address.connect()
            sock.sendall(b"r")
            _whole_frame(sock)
            yield sock

    crowd, writer = Crowd(receivers()), address.connect()
    return FanOut(other.pid, crowd, lambda: writer.sendall(b"t"), lambda: _whole_frame(writer))


def _whole_frame(sock: socket.socket) -> None:
    got = b""
    while len(got) < len(_FRAME) and (more := sock.recv(len(_FRAME) - len(got))):
        got += more
    assert got == _FRAME
