"""Follow-ups."""

from __future__ import annotations

from datetime import date

from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import follow_ups as calls
from pronote_protocol.catalogue.follow_ups import FollowUpRow
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.words import EventOrder, FollowUpKind

__all__ = ["FollowUps"]


class FollowUps(Family):
    """What was said and done for a pupil (*suivis*)."""

    async def list(
        self,
        *,
        pupil_id: int | None = None,
        class_id: int | None = None,
        first: date | None = None,
        last: date | None = None,
        kind: FollowUpKind | None = None,
        order: EventOrder = EventOrder.NEWEST,
        offset: int = 0,
        limit: int = 100,
    ) -> Page[FollowUpRow]:
        """Return part of the list, with the beginning of each text."""
        return await self._call(
            calls.LIST_FOLLOW_UPS,
            calls.ListFollowUps(
                pupil_id=pupil_id,
                class_id=class_id,
                first=first,
                last=last,
                kind=kind,
                order=order,
                offset=offset,
                limit=limit,
            ),
        )

    async def list_all(
        self,
        *,
        pupil_id: int | None = None,
        class_id: int | None = None,
        first: date | None = None,
        last: date | None = None,
        kind: FollowUpKind | None = None,
    ) -> tuple[FollowUpRow, ...]:
        """Return the whole list, oldest first."""
        return await every_row(
            lambda offset: self.list(
                pupil_id=pupil_id,
                class_id=class_id,
                first=first,
                last=last,
                kind=kind,
                order=EventOrder.OLDEST,
                offset=offset,
                limit=500,
            )
        )

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
