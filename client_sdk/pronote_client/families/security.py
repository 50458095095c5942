"""Suspended addresses, inactivity, the journal (fiche 11, *Sécurité*)."""

from __future__ import annotations

from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import security as calls
from pronote_protocol.catalogue.security import InactivityRow, JournalPage, SuspensionRow

__all__ = ["Inactivity", "Journal", "Suspensions"]


class Suspensions(Family):
    """Addresses the server does not talk to for a while."""

    async def list(self, *, offset: int = 0, limit: int = 500) -> Page[SuspensionRow]:
        """Return part of the list."""
        return await self._call(
            calls.LIST_SUSPENSIONS, calls.ListSuspensions(offset=offset, limit=limit)
        )

    async def list_all(self) -> tuple[SuspensionRow, ...]:
        """Return the whole list."""
        return await every_row(lambda offset: self.list(offset=offset))

    async def lift(self, address: str | None = None) -> tuple[str, ...]:
        """
        Unblock *address* (or a network, or all); return what was lifted.

        It counts for the users concerned once they have closed and started their clients
        again.
        """
        answer = await self._call(
            calls.LIFT_SUSPENSIONS, calls.LiftSuspensions(address=address)
        )
        return answer.addresses


class Inactivity(Family):
    """After how long an inactive user is disconnected."""

    async def list(self) -> tuple[InactivityRow, ...]:
        """Return the delay of each group and profile."""
        return (await self._call(calls.LIST_INACTIVITY)).rows

    async def set(self, kind: str, id: int, minutes: int | None) -> None:
        """Set that of the ``group`` or ``profile`` numbered *id*; None = never."""
        await self._call(
            calls.SET_INACTIVITY, calls.SetInactivity(kind=kind, id=id, minutes=minutes)
        )


class Journal(Family):
    """What happened (*Historique*)."""

    async def read(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        kind: str | None = None,
        search: str | None = None,
    ) -> JournalPage:
        """Return some entries, newest first; ``next_before`` continues."""
        return await self._call(
            calls.READ_JOURNAL,
            calls.ReadJournal(before=before, limit=limit, kind=kind, search=search),
        )
