"""What a client is told without having asked."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from typing import TypeAlias

import attrs
import trio

from pronote_protocol.messages import (
    AccessChanged,
    Announcement,
    BaseChanged,
    Entered,
    ExclusiveChanged,
    Goodbye,
    PresenceChanged,
)

__all__ = ["ClientEvent", "EventBox", "SessionCut", "SessionResumed"]


@attrs.frozen(kw_only=True)
class SessionCut:
    """The connection was cut; for ``resume_seconds`` the SDK tries to come back."""

    resume_seconds: float


@attrs.frozen(kw_only=True)
class SessionResumed:
    """
    The SDK came back. Events of the meantime are lost: ``entered`` says how things are,
    its ``revision`` whether the base changed.
    """

    entered: Entered


ClientEvent: TypeAlias = (
    Announcement
    | AccessChanged
    | ExclusiveChanged
    | BaseChanged
    | PresenceChanged
    | SessionCut
    | SessionResumed
    | Goodbye
)


class EventBox:
    """
    Events nobody has read yet.

    Bounded, since nobody need ever read them: when it is full the oldest event is dropped
    and counted. The goodbye has a place of its own and is never dropped.
    """

    def __init__(self, most: int) -> None:
        self.dropped = 0
        self._most = most
        self._events: deque[ClientEvent] = deque()
        self._last: Goodbye | None = None
        self._arrived = trio.Event()

    def put(self, event: ClientEvent) -> None:
        """Add *event*; never waits."""
        if len(self._events) == self._most:
            self._events.popleft()
            self.dropped += 1
        self._events.append(event)
        self._wake()

    def close(self, goodbye: Goodbye) -> None:
        """Make *goodbye* the last event."""
        if self._last is None:
            self._last = goodbye
            self._wake()

    def _wake(self) -> None:
        self._arrived.set()

    async def next(self) -> ClientEvent:
        """Return the oldest event, or the goodbye once there is no other."""
        await trio.lowlevel.checkpoint()
        # No checkpoint between finding an event and returning it: none is lost.
        while not self._events:
            if self._last is not None:
                return self._last
            self._arrived = trio.Event()
            await self._arrived.wait()
        return self._events.popleft()


class Events(AsyncIterator[ClientEvent]):
    """Reads an `EventBox` until the goodbye, included."""

    def __init__(self, box: EventBox) -> None:
        self._box = box
        self._over = False

    async def __anext__(self) -> ClientEvent:
        if self._over:
            raise StopAsyncIteration
        event = await self._box.next()
        self._over = isinstance(event, Goodbye)
        return event
