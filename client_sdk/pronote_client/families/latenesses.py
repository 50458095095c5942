"""Latenesses."""

from __future__ import annotations

from datetime import datetime

from pronote_client.families.events import listing, listing_all
from pronote_client.families.family import Family
from pronote_protocol.catalogue import latenesses as calls
from pronote_protocol.catalogue.latenesses import LatenessRow
from pronote_protocol.catalogue.school_life import Moment, ThingRef

__all__ = ["Latenesses"]


class Latenesses(Family):
    """Latenesses, in minutes; times as in `Absences`."""

    list = listing(calls.LIST_LATENESSES, calls.ListLatenesses)
    list_all = listing_all(calls.LIST_LATENESSES, calls.ListLatenesses)

    async def read(self, id: int) -> LatenessRow:
        """Return one."""
        return await self._call(calls.READ_LATENESS, ThingRef(id=id))

    async def enter(
        self,
        pupil_id: int,
        at: datetime,
        minutes: int,
        *,
        motive_id: int | None = None,
        justified: bool = False,
    ) -> LatenessRow:
        """
        Enter one: he should have been there *at*, and came *minutes* later.

        Raises:
            Conflict: He has one at that time already, or the period is sealed.
        """
        return await self._call(
            calls.ENTER_LATENESS,
            calls.EnterLateness(
                pupil_id=pupil_id,
                at=Moment.of(at),
                minutes=minutes,
                motive_id=motive_id,
                justified=justified,
            ),
        )

    async def change(
        self,
        id: int,
        at: datetime,
        minutes: int,
        *,
        motive_id: int | None = None,
        justified: bool = False,
        if_revision: int | None = None,
    ) -> LatenessRow:
        """Say everything it shall be from now on."""
        return await self._call(
            calls.CHANGE_LATENESS,
            calls.ChangeLateness(
                id=id,
                at=Moment.of(at),
                minutes=minutes,
                motive_id=motive_id,
                justified=justified,
                if_revision=if_revision,
            ),
        )

    async def delete(self, id: int, *, if_revision: int | None = None) -> None:
        """Delete one, with its documents."""
        await self._call(calls.DELETE_LATENESS, ThingRef(id=id, if_revision=if_revision))
