"""
The open model: requests leave when the plan says, whatever the server does.

Latency counts from the planned moment. Beside it stands the service time, from when the
session had its previous answer: what a closed loop would have shown.
"""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

import attrs

from bench.driving.closed_loop import Frames, WrongAnswer

__all__ = ["Arrival", "Latencies", "OpenLoop", "Source", "arrivals"]

_PATIENCE_SECONDS: Final = 30.0
_READ: Final = 1 << 18
_SHORTEST: Final = 1e-6


@attrs.frozen
class Source:
    """Sessions that ask for one kind of thing; *weight* is its part of all requests."""

    weight: float
    sessions: Sequence[socket.socket]
    requests: Sequence[Iterator[bytes]]


@attrs.frozen
class Arrival:
    """Seconds from the beginning, and who asks."""

    at: float
    source: int
    session: int


@attrs.define
class Latencies:
    """Of every request of a turn, in seconds."""

    planned: list[float] = attrs.field(factory=list)
    service: list[float] = attrs.field(factory=list)
    lag: list[float] = attrs.field(factory=list)


def arrivals(
    draw: Random, sources: Sequence[Source], rate: float, seconds: float
) -> list[Arrival]:
    """Return Poisson arrivals at *rate* a second."""
    found, at = list[Arrival](), draw.expovariate(rate)
    weights = [each.weight for each in sources]
    while at < seconds:
        (source,) = draw.choices(range(len(sources)), weights)
        session = draw.randrange(len(sources[source].sessions))
        found.append(Arrival(at, source, session))
        at += draw.expovariate(rate)
    return found


class _Talk:
    """One session: what is on its way, oldest first."""

    __slots__ = ("answered", "counter", "requests", "sock", "waiting")

    def __init__(self, sock: socket.socket, requests: Iterator[bytes]) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.requests = requests
        self.counter = Frames()
        self.waiting: deque[tuple[float, float]] = deque()
        self.answered = 0.0


class OpenLoop:
    """The sessions of one contender, for as many plans as wanted."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = sources
        self._talks = [
            [_Talk(*pair) for pair in zip(each.sessions, each.requests, strict=True)]
            for each in sources
        ]
        self._poll = select.epoll()
        self._by_number: dict[int, _Talk] = {}
        for talk in (talk for talks in self._talks for talk in talks):
            self._by_number[talk.sock.fileno()] = talk
            self._poll.register(talk.sock.fileno(), select.EPOLLIN)

    def drive(self, plan: Sequence[Arrival]) -> Latencies:
        """
        Make the requests of *plan* at their moments, and wait for the last answer.

        Raises:
            WrongAnswer: The server hung up, or does not answer any more.
        """
        clock, found = time.perf_counter, Latencies()
        begun, upcoming, waiting = clock() + 0.01, 0, 0
        number = self._poll.fileno()
        while upcoming < len(plan) or waiting:
            now = clock() - begun
            while upcoming < len(plan) and plan[upcoming].at <= now:
                arrival = plan[upcoming]
                talk = self._talks[arrival.source][arrival.session]
                sent = clock() - begun
                talk.sock.send(next(talk.requests))
                talk.waiting.append((arrival.at, sent))
                found.lag.append(sent - arrival.at)
                upcoming += 1
                waiting += 1
            pause = _PATIENCE_SECONDS
            if upcoming < len(plan):
                pause = max(0.0, plan[upcoming].at - (clock() - begun))
            # select(), on the one descriptor of epoll, counts in microseconds; epoll's own
            # timeout would round up to the next millisecond.
            if not select.select([number], [], [], pause)[0]:
                if upcoming == len(plan):
                    raise WrongAnswer(f"{waiting} requests are not answered")
                continue
            for ready, _ in self._poll.poll(0):
                waiting -= self._hear(self._by_number[ready], found, begun)
        return found

    def saturate(self, draw: Random, in_flight: int, seconds: float) -> float:
        """
        Return the answers a second when *in_flight* requests are always on their way.

        Each answer makes room for a request of a kind that is drawn by the weights, whatever
        kind was answered: slow ones pile up, and the mix stays the mix.

        Raises:
            WrongAnswer: As for `drive`.
        """
        clock, heard = time.perf_counter, Latencies()
        weights = [each.weight for each in self.sources]
        begun = clock()
        stop, waiting, answered = begun + seconds, 0, 0
        while waiting or clock() < stop:
            asking = in_flight - waiting if clock() < stop else 0
            for source in draw.choices(range(len(weights)), weights, k=asking):
                talk = draw.choice(self._talks[source])
                talk.sock.send(next(talk.requests))
                talk.waiting.append((0.0, 0.0))
                waiting += 1
            ready = self._poll.poll(_PATIENCE_SECONDS)
            if not ready:
                raise WrongAnswer(f"{waiting} requests are not answered")
            for number, _ in ready:
                answers = self._hear(self._by_number[number], heard, begun)
                waiting -= answers
                answered += answers
        rate = answered / (clock() - begun)
        self.settle()
        return rate

    def _hear(self, talk: _Talk, found: Latencies, begun: float) -> int:
        data = talk.sock.recv(_READ)
        if not data:
            raise WrongAnswer("the server hung up")
        now, answers = time.perf_counter() - begun, talk.counter.heard(data)
        for _ in range(answers):
            planned, sent = talk.waiting.popleft()
            found.planned.append(now - planned)
            # Two answers of one read: the second took no time that we could see.
            found.service.append(max(_SHORTEST, now - max(sent, talk.answered)))
            talk.answered = now
        return answers

    def settle(self) -> None:
        """Forget the times of the last plan; read what is still told."""
        while self._poll.poll(0.02):
            for ready, _ in self._poll.poll(0):
                talk = self._by_number[ready]
                talk.counter.heard(talk.sock.recv(_READ))
        for talk in self._by_number.values():
            talk.answered = 0.0

    def close(self) -> None:
        self._poll.close()
        for talk in self._by_number.values():
            talk.sock.close()
