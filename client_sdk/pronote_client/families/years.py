"""The bases of previous years (fiche 5)."""

from __future__ import annotations

from pronote_client.families.family import Family
from pronote_protocol.catalogue import years as calls
from pronote_protocol.catalogue.years import YearRow

__all__ = ["Years"]


class Years(Family):
    """*Hébergement > Gérer les années précédentes*; ``school_year=`` on entering reads one."""

    async def list(self) -> tuple[YearRow, ...]:
        """Return the years that can be consulted, the latest first."""
        return (await self._call(calls.LIST_YEARS)).years

    async def load(self, source: str) -> YearRow:
        """
        Load a base of one of the five previous years for consultation.

        Args:
            source: The name of one of the other bases, or of a backup or archive.

        Raises:
            NotFound: There is none of that name.
            Conflict: Its year is loaded already, or is none of the five.
            BaseRefused: It is damaged, foreign or newer.
        """
        return await self._call(calls.LOAD_YEAR, calls.LoadYear(source=source))

    async def remove(self, school_year: int) -> None:
        """
        Take a previous year away; who looks at it is told goodbye.

        Raises:
            NotFound: It is not loaded.
        """
        await self._call(calls.REMOVE_YEAR, calls.YearRef(school_year=school_year))
