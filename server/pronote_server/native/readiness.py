"""
One wait for all clients: which sockets have something to read.

A task that waits for its own socket costs more than the answer it then gives: arming the
socket, waking the task, letting it run, each time. Here every socket stays armed in one
epoll of our own; Trio waits for that epoll alone, in one task, which calls each connection
that can read, synchronously. What takes longer than a synchronous call is handed by the
connection to its own task, which otherwise sleeps: cancelling, deadlines and order stay
where they were.

Sockets are level-triggered: whoever does not read is called again the next turn, and must
`forget` his socket for as long as he does not want to.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Final

import trio

__all__ = ["Readiness"]

# How many connections are called before the other tasks get their turn.
_CALLED_A_TURN: Final = 64


class Readiness:
    """
    The sockets that are listened to, and whom to call for each.

    Who is called must not raise, and may `watch` and `forget` any socket meanwhile.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._watched: dict[int, Callable[[float], None]] = {}

    def watch(self, descriptor: int, readable: Callable[[float], None]) -> None:
        """
        Call *readable* each time there is something to read, an end or an error.

        It is given the transport time at which its turn began, to note when it was called.
        """
        self._watched[descriptor] = readable
        self._epoll.register(descriptor, select.EPOLLIN)

    def forget(self, descriptor: int) -> None:
        """Call nobody for *descriptor* any more, from this instant; before it is closed."""
        if self._watched.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    async def run(self) -> None:
        """Call whom there is to call, until cancelled; `close` afterwards."""
        poll, watched = self._epoll.poll, self._watched
        while True:
            await trio.lowlevel.wait_readable(self._epoll)
            now = trio.current_time()
            for descriptor, _ in poll(0, _CALLED_A_TURN):
                # None: forgotten by somebody who was called before in this turn.
                readable = watched.get(descriptor)
                if readable is not None:
                    readable(now)

    def close(self) -> None:
        """Let go of the epoll; nothing is watched any more."""
        self._watched.clear()
        trio.lowlevel.notify_closing(self._epoll)
        self._epoll.close()
