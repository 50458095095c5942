"""Marks."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pronote_client.families.family import Family
from pronote_protocol.catalogue import marks as calls
from pronote_protocol.catalogue.marks import GridShown, MarkEntry, MarksEntered, MarksShown
from pronote_protocol.words import Annotation

__all__ = ["Marks"]


class Marks(Family):
    """The marks of an assessment, or of a whole service."""

    async def read(self, assessment: int, *, offset: int = 0, limit: int = 500) -> MarksShown:
        """Return the column of an assessment, by pupil."""
        return await self._call(
            calls.READ_MARKS,
            calls.ReadMarks(assessment_id=assessment, offset=offset, limit=limit),
        )

    async def read_grid(
        self, service: int, period: int, *, offset: int = 0, limit: int = 500
    ) -> GridShown:
        """Return all marks of a service in a period, with each pupil's average."""
        return await self._call(
            calls.READ_GRID,
            calls.ReadGrid(service_id=service, period_id=period, offset=offset, limit=limit),
        )

    async def enter(
        self,
        assessment: int,
        marks: Mapping[int, Decimal | int | Annotation | None],
        *,
        if_revision: int | None = None,
    ) -> MarksEntered:
        """
        Enter the marks of any number of pupils: all, or none when one is refused.

        Args:
            marks: By pupil: points, an annotation, or None to empty the cell.
            if_revision: The revision of the assessment that was read; None does not ask.

        Raises:
            StaleRevision: Somebody changed it, or one of its marks, meanwhile.
        """
        return await self._call(
            calls.ENTER_MARKS,
            calls.EnterMarks(
                assessment_id=assessment,
                if_revision=if_revision,
                entries=tuple(_entry(pupil, mark) for pupil, mark in marks.items()),
            ),
        )


def _entry(pupil: int, mark: Decimal | int | Annotation | None) -> MarkEntry:
    if mark is None or isinstance(mark, Annotation):
        return MarkEntry(pupil, None, mark)
    return MarkEntry(pupil, Decimal(mark), None)
