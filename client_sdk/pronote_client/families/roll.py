"""Roll calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType

from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import roll as calls
from pronote_protocol.catalogue.roll import LatePupil, RollCallRow, RollShown, RollTaken

__all__ = ["Roll"]


class Roll(Family):
    """The roll call of a lesson (*feuille d'appel*)."""

    async def list(
        self, day: date, *, taken: bool | None = None, offset: int = 0, limit: int = 100
    ) -> Page[RollCallRow]:
        """Return part of the lessons of a day, a teacher's own or all, by hour."""
        return await self._call(
            calls.LIST_ROLL_CALLS,
            calls.ListRollCalls(day=day, taken=taken, offset=offset, limit=limit),
        )

    async def list_all(
        self, day: date, *, taken: bool | None = None
    ) -> tuple[RollCallRow, ...]:
        """Return all lessons of a day; with *taken* False those whose roll is missing."""
        return await every_row(
            lambda offset: self.list(day, taken=taken, offset=offset, limit=500)
        )

    async def read(self, lesson_id: int, day: date) -> RollShown:
        """Return the pupils of the lesson, and what is known of each."""
        return await self._call(calls.READ_ROLL, calls.ReadRoll(lesson_id=lesson_id, day=day))

    async def take(
        self,
        lesson_id: int,
        day: date,
        *,
        absent: Iterable[int] = (),
        late: Mapping[int, int] = MappingProxyType({}),
    ) -> RollTaken:
        """
        Take the roll of a lesson, in place of what was taken before.

        Args:
            absent: Pupils by their id.
            late: Minutes of each pupil who came late.

        Raises:
            NotFound: Not this teacher's lesson, or a pupil who is not of it.
            Conflict: The lesson is still to come, or the period is sealed.
        """
        return await self._call(
            calls.TAKE_ROLL,
            calls.TakeRoll(
                lesson_id=lesson_id,
                day=day,
                absent=tuple(absent),
                late=tuple(LatePupil(*each) for each in late.items()),
            ),
        )
