"""
What waits to be sent to one client, whole frames in order.

Usually nothing waits: a frame goes straight to the socket, from whoever sends it, without
a task or a lock. Only what the socket does not take at once stays here, bounded, for a task
that lives no longer than the leftovers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import trio

from pronote_server.native.transport import Broken, Transport

__all__ = ["Outbox"]

# A client on a bad line still reads 16 KiB a second; one that does not is hung up.
_SLOWEST_BYTES_PER_SECOND = 16 * 1024


class Outbox:
    """
    Args:
        bound_bytes: When more than this waits, `push` takes no more.
        stall_seconds: What is granted on top of the time a slow line needs.
        start_flushing: Starts the coroutine function it is given in a task that outlives
            the connection's own.

    Attributes:
        broken: Whether nobody is there any more.
        held: Frames that leave with what is pushed next.
        waiting_bytes: How much the socket has not taken yet.
    """

    __slots__ = (
        "_bound",
        "_empty",
        "_flushing",
        "_left",
        "_since",
        "_stall",
        "_start",
        "_transport",
        "broken",
        "held",
        "waiting_bytes",
    )

    def __init__(
        self,
        transport: Transport,
        bound_bytes: int,
        stall_seconds: float,
        start_flushing: Callable[[Callable[[], object]], None],
    ) -> None:
        self._transport = transport
        self._bound = bound_bytes
        self._stall = stall_seconds
        self._start = start_flushing
        self._left: deque[memoryview] = deque()
        self._since = 0.0
        self._flushing = False
        self._empty: trio.Event | None = None
        self.broken = False
        self.held = b""
        self.waiting_bytes = 0

    def push(self, data: bytes) -> bool:
        """
        Send *data*, one or more whole frames; never waits.

        Returns:
            False when too much waits already: nothing of *data* is sent, hang up.
        """
        if self.held:
            data, self.held = self.held + data, b""
        if self.broken or not data:
            return True  # broken: the connection's task is about to find out
        if self.waiting_bytes > self._bound:
            return False
        sent = 0
        if not self._left:
            try:
                sent = self._transport.send_now(data)
            except Broken:
                self._break()
                return True
            if sent == len(data):
                return True
            self._since = trio.current_time()
        rest = memoryview(data)[sent:]
        self._left.append(rest)
        self.waiting_bytes += len(rest)
        if not self._flushing:
            self._flushing = True
            self._start(self._flush)
        return True

    def stalled(self, now: float) -> bool:
        """Whether what waits should have been taken by transport time *now*."""
        allowed = self._stall + self.waiting_bytes / _SLOWEST_BYTES_PER_SECOND
        return bool(self._left) and now - self._since > allowed

    async def drained(self) -> None:
        """Wait until nothing waits any more, or the connection is broken."""
        while self._left and not self.broken:
            if self._empty is None:
                self._empty = trio.Event()
            await self._empty.wait()

    async def _flush(self) -> None:
        try:
            while self._left:
                await self._transport.wait_sendable()
                while self._left:
                    head = self._left[0]
                    taken = self._transport.send_now(head)
                    self.waiting_bytes -= taken
                    if taken < len(head):
                        self._left[0] = head[taken:]
                        break
                    self._left.popleft()
        except (Broken, trio.ClosedResourceError):
            self._break()
        finally:
            self._flushing = False
            self._wake()

    def _break(self) -> None:
        self.broken = True
        self._left.clear()
        self.waiting_bytes = 0
        self._wake()

    def _wake(self) -> None:
        if self._empty is not None:
            self._empty.set()
            self._empty = None
