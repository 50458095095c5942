"""How half-days of absence are counted."""

from __future__ import annotations

from pronote_client.families.family import Family
from pronote_protocol.catalogue import half_days as calls
from pronote_protocol.catalogue.half_days import HalfDayOptions

__all__ = ["HalfDays"]


class HalfDays(Family):
    """The school's midday reference, and which half-days it leaves out."""

    async def read(self) -> HalfDayOptions:
        return await self._call(calls.READ_HALF_DAY_OPTIONS)

    async def change(
        self,
        *,
        midday_minute: int,
        skip_without_lessons: bool,
        if_revision: int | None = None,
    ) -> HalfDayOptions:
        """Say both; what was missed is counted anew."""
        return await self._call(
            calls.CHANGE_HALF_DAY_OPTIONS,
            calls.ChangeHalfDayOptions(
                midday_minute=midday_minute,
                skip_without_lessons=skip_without_lessons,
                if_revision=if_revision,
            ),
        )
