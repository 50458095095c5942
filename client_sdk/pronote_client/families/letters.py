"""Models of letters (*lettres types*)."""

from __future__ import annotations

from typing import ParamSpec, TypeVar

from pronote_client.families.kinds import Kind
from pronote_protocol.catalogue import letters as calls
from pronote_protocol.catalogue.school_life import ThingRef

__all__ = ["Letters"]

R = TypeVar("R")
L = ParamSpec("L")
N = ParamSpec("N")
C = ParamSpec("C")


class Letters(Kind[R, L, N, C]):
    """Models of letters; lists do not hold the texts."""

    async def read_text(self, id: int) -> calls.LetterText:
        """
        Raises:
            NotFound: There is none.
        """
        return await self._call(calls.READ_TEXT, ThingRef(id=id))
