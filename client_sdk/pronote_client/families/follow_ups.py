"""Follow-ups."""

from __future__ import annotations

from datetime import date

from pronote_client.families.events import listing, listing_all
from pronote_client.families.family import Family
from pronote_protocol.catalogue import follow_ups as calls
from pronote_protocol.catalogue.follow_ups import FollowUpRow
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.words import FollowUpKind

__all__ = ["FollowUps"]


class FollowUps(Family):
    """What was said and done for a pupil (*suivis*)."""

    list = listing(calls.LIST_FOLLOW_UPS, calls.ListFollowUps)
    list_all = listing_all(calls.LIST_FOLLOW_UPS, calls.ListFollowUps)

    async def read(self, id: int) -> FollowUpRow:
        """Return one, with all of its text."""
        return await self._call(calls.READ_FOLLOW_UP, ThingRef(id=id))

    async def enter(
        self,
        pupil_id: int,
        day: date,
        kind: FollowUpKind,
        text: str = "",
        *,
        motive_id: int | None = None,
    ) -> FollowUpRow:
        """Enter one."""
        return await self._call(
            calls.ENTER_FOLLOW_UP,
            calls.EnterFollowUp(
                pupil_id=pupil_id, day=day, kind=kind, text=text, motive_id=motive_id
            ),
        )

    async def change(
        self,
        id: int,
        day: date,
        kind: FollowUpKind,
        text: str = "",
        *,
        motive_id: int | None = None,
        if_revision: int | None = None,
    ) -> FollowUpRow:
        """Say everything it shall be from now on."""
        return await self._call(
            calls.CHANGE_FOLLOW_UP,
            calls.ChangeFollowUp(
                id=id,
                day=day,
                kind=kind,
                text=text,
                motive_id=motive_id,
                if_revision=if_revision,
            ),
        )

    async def delete(self, id: int, *, if_revision: int | None = None) -> None:
        """Delete one, with its documents."""
        await self._call(calls.DELETE_FOLLOW_UP, ThingRef(id=id, if_revision=if_revision))
