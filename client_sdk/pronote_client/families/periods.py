"""The periods of the school year and their sealing."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import periods as calls
from pronote_protocol.catalogue.periods import PeriodKept, PeriodRow, SealingRow
from pronote_protocol.words import PeriodKind, SealedMatter

__all__ = ["Periods"]


class Periods(Family):
    """Trimesters, semesters, the year; and what is closed to entries."""

    async def list(
        self, *, kind: PeriodKind | None = None, offset: int = 0, limit: int = 100
    ) -> Page[PeriodRow]:
        """Return part of the periods, by kind and day."""
        return await self._call(
            calls.LIST_PERIODS, calls.ListPeriods(kind=kind, offset=offset, limit=limit)
        )

    async def list_all(self, *, kind: PeriodKind | None = None) -> tuple[PeriodRow, ...]:
        """Return all periods, or all of one kind."""
        return await every_row(lambda offset: self.list(kind=kind, offset=offset, limit=500))

    async def create(
        self,
        code: str,
        name: str,
        kind: PeriodKind,
        starts_on: datetime.date,
        ends_on: datetime.date,
    ) -> PeriodKept:
        """Add a period; both days are part of it."""
        return await self._call(
            calls.CREATE_PERIOD,
            calls.CreatePeriod(
                code=code, name=name, kind=kind, starts_on=starts_on, ends_on=ends_on
            ),
        )

    async def change(
        self,
        period: int,
        *,
        code: str | None = None,
        name: str | None = None,
        starts_on: datetime.date | None = None,
        ends_on: datetime.date | None = None,
        if_revision: int | None = None,
    ) -> PeriodKept:
        """Change what is given."""
        return await self._call(
            calls.CHANGE_PERIOD,
            calls.ChangePeriod(
                id=period,
                if_revision=if_revision,
                code=code,
                name=name,
                starts_on=starts_on,
                ends_on=ends_on,
            ),
        )

    async def delete(self, period: int, *, if_revision: int | None = None) -> None:
        """Delete a period in which nothing was entered."""
        await self._call(
            calls.DELETE_PERIOD, calls.DeletePeriod(id=period, if_revision=if_revision)
        )

    async def list_sealings(
        self,
        *,
        class_id: int | None = None,
        period: int | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Page[SealingRow]:
        """Return part of what is sealed, or will be."""
        return await self._call(
            calls.LIST_SEALINGS,
            calls.ListSealings(class_id=class_id, period_id=period, offset=offset, limit=limit),
        )

    async def seal(
        self,
        period: int,
        classes: Iterable[int],
        what: Iterable[SealedMatter],
        *,
        at: datetime.datetime | None = None,
    ) -> int:
        """Seal now, or *at* an instant to come; return how many pairs changed."""
        wish = calls.SealPeriod(
            period_id=period, class_ids=tuple(classes), what=tuple(what), at=at
        )
        return (await self._call(calls.SEAL_PERIOD, wish)).changed

    async def unseal(
        self, period: int, classes: Iterable[int], what: Iterable[SealedMatter]
    ) -> int:
        """Open again; return how many pairs of a class and a matter changed."""
        wish = calls.UnsealPeriod(period_id=period, class_ids=tuple(classes), what=tuple(what))
        return (await self._call(calls.UNSEAL_PERIOD, wish)).changed
