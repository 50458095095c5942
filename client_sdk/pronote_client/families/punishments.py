"""Punishments."""

from __future__ import annotations

from datetime import date, datetime

from pronote_client.families.events import listing, listing_all
from pronote_client.families.family import Family
from pronote_protocol.catalogue import punishments as calls
from pronote_protocol.catalogue.punishments import PunishmentRow
from pronote_protocol.catalogue.school_life import Moment, ThingRef
from pronote_protocol.words import PunishmentKind

__all__ = ["Punishments"]


class Punishments(Family):
    """Punishments; to a teacher those he gave."""

    list = listing(calls.LIST_PUNISHMENTS, calls.ListPunishments)
    list_all = listing_all(calls.LIST_PUNISHMENTS, calls.ListPunishments)

    async def read(self, id: int) -> PunishmentRow:
        """Return one."""
        return await self._call(calls.READ_PUNISHMENT, ThingRef(id=id))

    async def give(
        self,
        pupil_id: int,
        kind: PunishmentKind,
        *,
        given_on: date | None = None,
        motive_id: int | None = None,
        duration_minutes: int | None = None,
        due_on: date | None = None,
        work: str = "",
        published_on: date | None = None,
        companion_id: int | None = None,
    ) -> PunishmentRow:
        """
        Give one; extra homework needs *due_on* and *work*, the others *duration_minutes*.

        Args:
            companion_id: The pupil who goes along with one excluded from a lesson.

        Raises:
            BadRequest: Something is missing, or of no use for that kind.
            NotFound: Not a pupil of this teacher.
        """
        return await self._call(
            calls.GIVE_PUNISHMENT,
            calls.GivePunishment(
                pupil_id=pupil_id,
                kind=kind,
                given_on=given_on,
                motive_id=motive_id,
                duration_minutes=duration_minutes,
                due_on=due_on,
                work=work,
                published_on=published_on,
                companion_id=companion_id,
            ),
        )

    async def change(
        self,
        id: int,
        given_on: date,
        *,
        motive_id: int | None = None,
        duration_minutes: int | None = None,
        due_on: date | None = None,
        work: str = "",
        published_on: date | None = None,
        companion_id: int | None = None,
        if_revision: int | None = None,
    ) -> PunishmentRow:
        """Say everything it shall be from now on; its programme stays."""
        return await self._call(
            calls.CHANGE_PUNISHMENT,
            calls.ChangePunishment(
                id=id,
                given_on=given_on,
                motive_id=motive_id,
                duration_minutes=duration_minutes,
                due_on=due_on,
                work=work,
                published_on=published_on,
                companion_id=companion_id,
                if_revision=if_revision,
            ),
        )

    async def programme(
        self,
        id: int,
        scheduled_at: datetime,
        room_id: int,
        supervisor: str,
        *,
        if_revision: int | None = None,
    ) -> PunishmentRow:
        """
        Say when, where and with whom (``staff:CODE``) a detention takes place.

        Raises:
            Conflict: The pupil, the supervisor or the room is taken then.
        """
        return await self._call(
            calls.PROGRAMME_DETENTION,
            calls.ProgrammeDetention(
                id=id,
                scheduled_at=Moment.of(scheduled_at),
                room_id=room_id,
                supervisor=supervisor,
                if_revision=if_revision,
            ),
        )

    async def mark_done(
        self, id: int, done_on: date | None, *, if_revision: int | None = None
    ) -> PunishmentRow:
        """Say on which day it was carried out; None: it was not, after all."""
        return await self._call(
            calls.MARK_PUNISHMENT,
            calls.MarkPunishment(id=id, done_on=done_on, if_revision=if_revision),
        )

    async def delete(self, id: int, *, if_revision: int | None = None) -> None:
        """Delete one, with its documents."""
        await self._call(calls.DELETE_PUNISHMENT, ThingRef(id=id, if_revision=if_revision))
