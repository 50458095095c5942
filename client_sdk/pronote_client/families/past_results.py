"""What pupils had in earlier years (fiche 7)."""

from __future__ import annotations

from pronote_client.families.family import Family
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import past_results as calls
from pronote_protocol.catalogue.past_results import PastResultRow

__all__ = ["PastResults"]


class PastResults(Family):
    """The multi-year follow-up of pupils (*suivi pluriannuel*)."""

    async def list(
        self, pupil: int, *, offset: int = 0, limit: int = 100
    ) -> Page[PastResultRow]:
        """
        Return part of what a pupil had: the latest year first, by subject and period.

        Raises:
            NotFound: The pupil is not for this session to see.
        """
        return await self._call(
            calls.LIST_PAST_RESULTS,
            calls.ListPastResults(pupil_id=pupil, offset=offset, limit=limit),
        )
