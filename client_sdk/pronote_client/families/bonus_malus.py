"""Points given to pupils, or taken from them (*bonus/malus*)."""

from __future__ import annotations

from collections.abc import Iterable

from pronote_client.families.family import Family
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import bonus_malus as calls
from pronote_protocol.catalogue.bonus_malus import BonusEntered, BonusEntry, BonusRow

__all__ = ["BonusMalus"]


class BonusMalus(Family):
    """They count once the service takes them into account: `Services.change`."""

    async def list(
        self, service: int, period: int, *, offset: int = 0, limit: int = 500
    ) -> Page[BonusRow]:
        """Return the pupils of a service, with the points they have in a period."""
        return await self._call(
            calls.LIST_BONUS,
            calls.ListBonus(service_id=service, period_id=period, offset=offset, limit=limit),
        )

    async def enter(
        self, service: int, period: int, entries: Iterable[BonusEntry]
    ) -> BonusEntered:
        """Give the points of *entries*, all or none of them; None takes points away."""
        return await self._call(
            calls.ENTER_BONUS,
            calls.EnterBonus(service_id=service, period_id=period, entries=tuple(entries)),
        )
