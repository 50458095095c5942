"""What changed in the base, for whoever shows a part of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pronote_client.errors import SessionEnded
from pronote_client.events import SessionResumed
from pronote_client.families.family import Asks, Family
from pronote_protocol.catalogue import changes as calls
from pronote_protocol.catalogue.changes import ChangeRow, ChangesShown
from pronote_protocol.messages import BaseChanged

__all__ = ["Changes"]


class Changes(Family):
    """
    The changes this session may see.

    A row of family ``base`` says that anything may have changed, one without an id that
    many of its family did: read that again.
    """

    async def read(self, since: int, *, limit: int = 200) -> ChangesShown:
        """Return what changed after revision *since*, or the first part of it."""
        return await self._call(calls.READ_CHANGES, calls.ReadChanges(since=since, limit=limit))

    async def read_all(self, since: int) -> ChangesShown:
        """Return all that changed after revision *since*."""
        rows: list[ChangeRow] = []
        while True:
            page = await self.read(since, limit=500)
            rows += page.rows
            since = page.revision
            if page.complete:
                return ChangesShown(rows=tuple(rows), revision=since, complete=True)

    def follow(self, since: int | None = None) -> AsyncIterator[ChangesShown]:
        """
        Iterate over what changes, from now on, until the session ends.

        Each time the server says that the base changed, and after a cut, what changed is
        read; nothing is missed and nothing told twice, whatever events were dropped. The
        events come from `Client.events`: give them to this alone, for two iterators share
        them.

        Args:
            since: The revision that is known; that of the session's beginning.
        """
        known = self._client.entered.revision if since is None else since
        return _Following(self, self._client, known)


class _Following(AsyncIterator[ChangesShown]):
    def __init__(self, changes: Changes, client: Asks, known: int) -> None:
        self._changes = changes
        self._client = client
        self._events = client.events()
        self._known = known
        self._dropped = client.events_dropped
        # At first too: what came before the first event was told to nobody.
        self._behind = True

    async def __anext__(self) -> ChangesShown:
        while True:
            if self._behind:
                try:
                    shown = await self._changes.read_all(self._known)
                except SessionEnded:
                    raise StopAsyncIteration from None  # the goodbye was on its way
                self._known, self._behind = shown.revision, False
                if shown.rows:
                    return shown
            event = await anext(self._events)
            dropped = self._client.events_dropped
            # Not by comparing revisions: a base that was put back tells what has no number.
            self._behind = dropped > self._dropped or isinstance(
                event, (BaseChanged, SessionResumed)
            )
            self._dropped = dropped
