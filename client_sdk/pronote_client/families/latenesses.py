"""Latenesses."""

from __future__ import annotations

from datetime import date, datetime

from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import latenesses as calls
from pronote_protocol.catalogue.latenesses import LatenessRow
from pronote_protocol.catalogue.school_life import Moment, ThingRef
from pronote_protocol.words import EventOrder

__all__ = ["Latenesses"]


class Latenesses(Family):
    """Latenesses, in minutes; times as in `Absences`."""

    async def list(
        self,
        *,
        pupil_id: int | None = None,
        class_id: int | None = None,
        first: date | None = None,
        last: date | None = None,
        justified: bool | None = None,
        order: EventOrder = EventOrder.NEWEST,
        offset: int = 0,
        limit: int = 100,
    ) -> Page[LatenessRow]:
        """Return part of the list."""
        return await self._call(
            calls.LIST_LATENESSES,
            calls.ListLatenesses(
                pupil_id=pupil_id,
                class_id=class_id,
                first=first,
                last=last,
                justified=justified,
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
        justified: bool | None = None,
    ) -> tuple[LatenessRow, ...]:
        """Return the whole list, oldest first."""
        return await every_row(
            lambda offset: self.list(
                pupil_id=pupil_id,
                class_id=class_id,
                first=first,
                last=last,
                justified=justified,
                order=EventOrder.OLDEST,
                offset=offset,
                limit=500,
            )
        )

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
