"""Sanctions."""

from __future__ import annotations

from datetime import date

from pronote_client.families.events import listing, listing_all
from pronote_client.families.family import Family
from pronote_protocol.catalogue import sanctions as calls
from pronote_protocol.catalogue.sanctions import SanctionRow
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.words import SanctionKind

__all__ = ["Sanctions"]


class Sanctions(Family):
    """Sanctions of the Code de l'éducation."""

    list = listing(calls.LIST_SANCTIONS, calls.ListSanctions)
    list_all = listing_all(calls.LIST_SANCTIONS, calls.ListSanctions)

    async def read(self, id: int) -> SanctionRow:
        """Return one."""
        return await self._call(calls.READ_SANCTION, ThingRef(id=id))

    async def decide(
        self,
        pupil_id: int,
        kind: SanctionKind,
        decided_on: date,
        *,
        starts_on: date | None = None,
        ends_on: date | None = None,
        motive_id: int | None = None,
    ) -> SanctionRow:
        """
        Enter one that was decided.

        Raises:
            BadRequest: A day is missing, or of no use for that kind.
        """
        return await self._call(
            calls.DECIDE_SANCTION,
            calls.DecideSanction(
                pupil_id=pupil_id,
                kind=kind,
                decided_on=decided_on,
                starts_on=starts_on,
                ends_on=ends_on,
                motive_id=motive_id,
            ),
        )

    async def change(
        self,
        id: int,
        kind: SanctionKind,
        decided_on: date,
        *,
        starts_on: date | None = None,
        ends_on: date | None = None,
        motive_id: int | None = None,
        if_revision: int | None = None,
    ) -> SanctionRow:
        """Say everything it shall be from now on."""
        return await self._call(
            calls.CHANGE_SANCTION,
            calls.ChangeSanction(
                id=id,
                kind=kind,
                decided_on=decided_on,
                starts_on=starts_on,
                ends_on=ends_on,
                motive_id=motive_id,
                if_revision=if_revision,
            ),
        )

    async def delete(self, id: int, *, if_revision: int | None = None) -> None:
        """Delete one, with its documents."""
        await self._call(calls.DELETE_SANCTION, ThingRef(id=id, if_revision=if_revision))
