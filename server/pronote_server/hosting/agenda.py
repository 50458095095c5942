"""
What each schedule of a school does next, so that it is done in the order in which it was due.

A clock that is moved over a summer wakes whoever slept; what they do then takes a while, and
the archives of July are of the base that was in service in July.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import trio

__all__ = ["Agenda"]

# In transport time: a disk that hangs holds nobody else up for longer.
_PATIENCE_SECONDS: Final = 600.0


class Agenda:
    """The schedules of one school, by name; the Trio thread's."""

    def __init__(self) -> None:
        self._coming: dict[str, datetime] = {}
        self._changed = trio.Event()

    def put(self, schedule: str, instant: datetime) -> None:
        """Say what *schedule* does next; what it did before is done."""
        self._coming[schedule] = instant
        self._changed.set()
        self._changed = trio.Event()

    def due(self, now: datetime) -> dict[str, datetime]:
        """Return the schedules that are doing, or about to do, what was due by *now*."""
        return {name: instant for name, instant in self._coming.items() if instant <= now}

    async def done(self, now: datetime) -> None:
        """Wait until what was due by *now* is done, however long that takes."""
        while self.due(now):
            await self._changed.wait()

    async def turn(self, schedule: str) -> None:
        """Wait until the others have done what was due before; not for ever."""
        instant = self._coming[schedule]
        with trio.move_on_after(_PATIENCE_SECONDS):
            while any(other < instant for other in self._coming.values()):
                await self._changed.wait()
