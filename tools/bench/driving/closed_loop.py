"""
Closed loops: each connection asks again once it was answered, for a while.

A turn ends when everything asked was answered, so that the processor time counted is that
of the calls counted.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Final, Protocol

from bench.measuring.processor import cpu_seconds
from bench.measuring.turns import Sample

__all__ = ["Bytes", "Frames", "Line", "Loop", "WrongAnswer"]

_READ: Final = 1 << 18
# A server that says nothing for so long is broken.
_PATIENCE_SECONDS: Final = 30.0


class WrongAnswer(Exception):
    """Something else came than what was asked for, or nothing at all."""


class Counter(Protocol):
    """Makes answers of bytes."""

    def heard(self, data: bytes) -> int:
        """Return how many answers are complete now that were not before."""


class Bytes:
    """Answers of a known size, *depth* of them to a burst; nothing else comes."""

    __slots__ = ("_depth", "_got", "_size")

    def __init__(self, size: int, depth: int = 1) -> None:
        self._size = size * depth
        self._depth = depth
        self._got = 0

    def heard(self, data: bytes) -> int:
        self._got += len(data)
        if self._got < self._size:
            return 0
        if self._got > self._size:
            raise WrongAnswer(f"{self._got} bytes, {self._size} were expected")
        self._got = 0
        return self._depth


class Frames:
    """Our protocol's responses, of any size; events are passed over, refusals are wrong."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def heard(self, data: bytes) -> int:
        if self._rest:
            data = self._rest + data
        at, answers, whole = 0, 0, len(data)
        while whole - at >= 4:
            end = at + 4 + int.from_bytes(data[at : at + 4], "big")
            if end > whole:
                break
            if data[at + 5] == 1:
                # An array of four, 1, an id below 128, nil: a result.
                if data[at + 7] != 0xC0:
                    raise WrongAnswer(f"refused: {data[at + 4 : end]!r}")
                answers += 1
            elif data[at + 6 : at + 14] == b"\xa7goodbye":
                raise WrongAnswer(f"goodbye: {data[at + 4 : end]!r}")
            at = end
        self._rest = data[at:]
        return answers


class Line:
    """
    A connection of a closed loop.

    Args:
        bursts: What to send next, each time everything sent before was answered.
        depth: Requests in a burst.
    """

    __slots__ = ("bursts", "counter", "depth", "missing", "sock")

    def __init__(
        self,
        sock: socket.socket,
        bursts: bytes | Iterator[bytes],
        counter: Counter,
        depth: int = 1,
    ) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.bursts = repeat(bursts) if isinstance(bursts, bytes) else bursts
        self.counter = counter
        self.depth = depth
        self.missing = 0

    def send(self) -> None:
        """Send the next burst; it is small, so that an idle socket takes it whole."""
        burst = next(self.bursts)
        if self.sock.send(burst) != len(burst):
            raise WrongAnswer("a socket did not take a small request")
        self.missing = self.depth


class Loop:
    """The connections to one contender, for as many turns as wanted."""

    def __init__(self, pid: int, lines: Sequence[Line]) -> None:
        self._pid = pid
        self._lines = {each.sock.fileno(): each for each in lines}
        self._epoll = select.epoll()
        for number in self._lines:
            self._epoll.register(number, select.EPOLLIN)

    def turn(self, seconds: float) -> Callable[[], Sample]:
        """Return what makes one turn of *seconds*."""
        return lambda: self.drive(seconds)

    def drive(self, seconds: float) -> Sample:
        """Ask for *seconds*, wait for the last answer, return what it took."""
        lines, poll, clock = self._lines, self._epoll.poll, time.perf_counter
        cpu, ours, begun = cpu_seconds(self._pid), time.process_time(), clock()
        stop, waiting, done = begun + seconds, len(lines), 0
        for line in lines.values():
            line.send()
        while waiting:
            ready = poll(_PATIENCE_SECONDS)
            if not ready:
                raise WrongAnswer(f"{waiting} connections wait for their answers in vain")
            more = clock() < stop
            for number, _ in ready:
                line = lines[number]
                data = line.sock.recv(_READ)
                if not data:
                    raise WrongAnswer("the server hung up")
                answers = line.counter.heard(data)
                done += answers
                line.missing -= answers
                if answers and line.missing == 0:
                    if more:
                        line.send()
                    else:
                        waiting -= 1
        return Sample(
            units=done,
            cpu=cpu_seconds(self._pid) - cpu,
            wall=clock() - begun,
            generator=time.process_time() - ours,
        )

    def close(self) -> None:
        """Close every connection."""
        self._epoll.close()
        for line in self._lines.values():
            line.sock.close()
