"""Absences and half-days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from pronote_client.families.events import listing, listing_all
from pronote_client.families.family import Family
from pronote_protocol.catalogue import absences as calls
from pronote_protocol.catalogue.absences import AbsenceRow, HalfDaysShown
from pronote_protocol.catalogue.school_life import Moment, ThingRef

__all__ = ["Absences"]


class Absences(Family):
    """
    Absences.

    Times are of the school's own clock: a `datetime` without a zone, to the minute. A revision
    given as *if_revision* refuses a change of what somebody else has changed since.
    """

    list = listing(calls.LIST_ABSENCES, calls.ListAbsences)
    list_all = listing_all(calls.LIST_ABSENCES, calls.ListAbsences)

    async def read(self, id: int) -> AbsenceRow:
        """Return one."""
        return await self._call(calls.READ_ABSENCE, ThingRef(id=id))

    async def half_days(
        self, pupil_id: int, *, first: date | None = None, last: date | None = None
    ) -> HalfDaysShown:
        """Return the half-days a pupil missed, gross and calculated; of the year by default."""
        return await self._call(
            calls.COUNT_HALF_DAYS,
            calls.CountHalfDays(pupil_id=pupil_id, first=first, last=last),
        )

    async def enter(
        self,
        pupil_id: int,
        starts_at: datetime,
        ends_at: datetime | None = None,
        *,
        motive_id: int | None = None,
        justified: bool = False,
        settled: bool | None = None,
    ) -> AbsenceRow:
        """
        Enter one; without *ends_at* it is open.

        Raises:
            Conflict: The pupil is absent then already, or the period is sealed.
        """
        return await self._call(
            calls.ENTER_ABSENCE,
            calls.EnterAbsence(
                pupil_id=pupil_id,
                starts_at=Moment.of(starts_at),
                ends_at=None if ends_at is None else Moment.of(ends_at),
                motive_id=motive_id,
                justified=justified,
                settled=settled,
            ),
        )

    async def change(
        self,
        id: int,
        starts_at: datetime,
        ends_at: datetime | None = None,
        *,
        motive_id: int | None = None,
        justified: bool = False,
        settled: bool = False,
        if_revision: int | None = None,
    ) -> AbsenceRow:
        """
        Say everything it shall be from now on.

        Raises:
            StaleRevision: Somebody else has changed it since *if_revision*.
        """
        return await self._call(
            calls.CHANGE_ABSENCE,
            calls.ChangeAbsence(
                id=id,
                starts_at=Moment.of(starts_at),
                ends_at=None if ends_at is None else Moment.of(ends_at),
                motive_id=motive_id,
                justified=justified,
                settled=settled,
                if_revision=if_revision,
            ),
        )

    async def settle(
        self,
        absences: Iterable[int | AbsenceRow],
        *,
        settled: bool = True,
        motive_id: int | None = None,
        justified: bool | None = None,
    ) -> tuple[AbsenceRow, ...]:
        """Settle some, all or none; of a row only if nobody has changed it since."""
        refs = tuple(
            ThingRef(id=each)
            if isinstance(each, int)
            else ThingRef(id=each.id, if_revision=each.revision)
            for each in absences
        )
        answer = await self._call(
            calls.SETTLE_ABSENCES,
            calls.SettleAbsences(
                absences=refs, settled=settled, motive_id=motive_id, justified=justified
            ),
        )
        return answer.rows

    async def close(
        self, id: int, ends_at: datetime, *, if_revision: int | None = None
    ) -> AbsenceRow:
        """
        Close an open one: the pupil is back.

        Raises:
            Conflict: It is closed already.
        """
        return await self._call(
            calls.CLOSE_ABSENCE,
            calls.CloseAbsence(id=id, ends_at=Moment.of(ends_at), if_revision=if_revision),
        )

    async def delete(self, id: int, *, if_revision: int | None = None) -> None:
        """Delete one, with its documents."""
        await self._call(calls.DELETE_ABSENCE, ThingRef(id=id, if_revision=if_revision))
