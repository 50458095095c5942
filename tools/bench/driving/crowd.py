"""Many connections that only listen: coming in, counted as they hear something."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterable
from typing import Final

from bench.driving.closed_loop import WrongAnswer

__all__ = ["Crowd"]

_PATIENCE_SECONDS: Final = 30.0
_READ: Final = 1 << 16


class Crowd:
    """
    Receivers. What they hear is read as it travels, encrypted or not, and thrown away:
    decrypting is the clients' cost.
    """

    def __init__(self, socks: Iterable[socket.socket]) -> None:
        self._socks: dict[int, socket.socket] = {}
        self._poll = select.epoll()
        for sock in socks:
            self.add(sock)

    def __len__(self) -> int:
        return len(self._socks)

    def add(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._socks[sock.fileno()] = sock
        self._poll.register(sock.fileno(), select.EPOLLIN)

    def listen(self, begun: float) -> list[float]:
        """
        Return when each heard something, in seconds since *begun*, in order.

        Raises:
            WrongAnswer: Somebody was hung up on, or hears nothing.
        """
        clock, receive = time.perf_counter, socket.socket.recv
        silent, heard = set(self._socks), list[float]()
        while silent:
            ready = self._poll.poll(_PATIENCE_SECONDS, len(self._socks))
            if not ready:
                raise WrongAnswer(f"{len(silent)} of {len(self._socks)} hear nothing")
            for number, _ in ready:
                if not receive(self._socks[number], _READ):
                    raise WrongAnswer("a receiver was hung up on")
                silent.discard(number)
            now = clock() - begun
            heard += [now] * (len(self._socks) - len(silent) - len(heard))
        return heard

    def quiet(self, seconds: float = 0.05) -> None:
        """Read what is still coming, until nothing came for *seconds*."""
        while ready := self._poll.poll(seconds, max(1, len(self._socks))):
            for number, _ in ready:
                if not socket.socket.recv(self._socks[number], _READ):
                    raise WrongAnswer("a receiver was hung up on")

    def close(self) -> None:
        self._poll.close()
        for sock in self._socks.values():
            sock.close()
