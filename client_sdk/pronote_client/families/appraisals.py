"""Appraisals."""

from __future__ import annotations

from collections.abc import Mapping

from pronote_client.families.family import Family
from pronote_protocol.catalogue import appraisals as calls
from pronote_protocol.catalogue.appraisals import (
    AppraisalEntry,
    AppraisalsEntered,
    AppraisalsShown,
)

__all__ = ["Appraisals"]


class Appraisals(Family):
    """What a report card says of a pupil beside the averages."""

    async def list(
        self,
        period: int,
        *,
        service: int | None = None,
        class_id: int | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> AppraisalsShown:
        """Return those of a service, or the general ones of a class."""
        return await self._call(
            calls.LIST_APPRAISALS,
            calls.ListAppraisals(
                period_id=period,
                service_id=service,
                class_id=class_id,
                offset=offset,
                limit=limit,
            ),
        )

    async def enter(
        self,
        period: int,
        texts: Mapping[int, str],
        *,
        service: int | None = None,
        if_revision: int | None = None,
    ) -> AppraisalsEntered:
        """
        Enter the appraisals of any number of pupils: all, or none when one is refused.

        A frame holds thirty long ones; send those of a large group in several calls.

        Args:
            texts: By pupil; an empty one erases.
            service: None: the general ones.
        """
        return await self._call(
            calls.ENTER_APPRAISALS,
            calls.EnterAppraisals(
                period_id=period,
                service_id=service,
                if_revision=if_revision,
                entries=tuple(AppraisalEntry(pupil, text) for pupil, text in texts.items()),
            ),
        )
