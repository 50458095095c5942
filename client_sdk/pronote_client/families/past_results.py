"""What goes from year to year: results of earlier years, models of letters (fiche 7)."""

from __future__ import annotations

from typing import ParamSpec, TypeVar

from pronote_client.families.family import Family
from pronote_client.families.kinds import Kind
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import letters as letter_calls
from pronote_protocol.catalogue import past_results as calls
from pronote_protocol.catalogue.letters import LetterText
from pronote_protocol.catalogue.past_results import PastResultRow
from pronote_protocol.catalogue.school_life import ThingRef

__all__ = ["Letters", "PastResults"]

R = TypeVar("R")
L = ParamSpec("L")
N = ParamSpec("N")
C = ParamSpec("C")


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


class Letters(Kind[R, L, N, C]):
    """Models of letters; lists do not hold the texts."""

    async def read_text(self, id: int) -> LetterText:
        """
        Raises:
            NotFound: There is none.
        """
        return await self._call(letter_calls.READ_TEXT, ThingRef(id=id))
