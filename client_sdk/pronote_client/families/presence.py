"""Who is there to talk to."""

from __future__ import annotations

from pronote_client.families.family import Family
from pronote_protocol import words
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import presence as calls
from pronote_protocol.catalogue.presence import PresenceRow

__all__ = ["Presence"]


class Presence(Family):
    """Who is connected, as they show themselves."""

    async def list(self, *, offset: int = 0, limit: int = 100) -> Page[PresenceRow]:
        """
        Return a page of who is there, by name.

        From then on the event ``presence.changed`` tells of changes.
        """
        return await self._call(
            calls.LIST_PRESENCE, calls.ListPresence(offset=offset, limit=limit)
        )

    async def set(self, presence: words.Presence) -> None:
        """Choose how one shows oneself, in all one's sessions."""
        await self._call(calls.SET_PRESENCE, calls.SetPresence(presence=presence))
