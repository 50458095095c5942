"""Recovering data from another base, and preparing the next year (fiche 7)."""

from __future__ import annotations

from collections.abc import Iterable

from pronote_client.families.family import Family
from pronote_protocol.catalogue import recovery as calls
from pronote_protocol.catalogue.recovery import Recovered
from pronote_protocol.catalogue.works import WorkShown
from pronote_protocol.words import RecoveredPart

__all__ = ["Recovery"]


class Recovery(Family):
    """*Récupérer les données d'une base PRONOTE*, *Préparer l'année suivante*."""

    async def recover(self, source: str, parts: Iterable[RecoveredPart] = ()) -> Recovered:
        """
        Take data from another base, in exclusive use, which this session has afterwards:
        look at the report, then ``exclusive.end(save=...)``.

        Args:
            source: One of the other bases, a backup or archive, or a generated file, by its
                name; or a previous year that is loaded, such as ``2019``.
            parts: All when none is named.

        Raises:
            NotFound: There is no such source.
            Conflict: Its year is not an earlier one, or it is the base in service.
            BaseRefused: It is damaged, foreign or newer.
            ExclusiveUse: Somebody else has the base for himself.
        """
        return await self._call(calls.RECOVER, calls.Recover(source=source, parts=tuple(parts)))

    async def prepare_next_year(self) -> WorkShown:
        """Begin to make the file next year's base recovers from; see `Works`."""
        return await self._call(calls.PREPARE_NEXT_YEAR)
