"""Assessments (*devoirs*)."""

from __future__ import annotations

import datetime
from decimal import Decimal

from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import assessments as calls
from pronote_protocol.catalogue.assessments import AssessmentRow

__all__ = ["Assessments"]


class Assessments(Family):
    """The assessments of services; their marks are in ``client.marks``."""

    async def list(
        self, service: int, *, period: int | None = None, offset: int = 0, limit: int = 100
    ) -> Page[AssessmentRow]:
        """Return part of a service's assessments, by date."""
        return await self._call(
            calls.LIST_ASSESSMENTS,
            calls.ListAssessments(
                service_id=service, period_id=period, offset=offset, limit=limit
            ),
        )

    async def list_all(
        self, service: int, *, period: int | None = None
    ) -> tuple[AssessmentRow, ...]:
        """Return all assessments of a service, in a period or in the year."""
        return await every_row(
            lambda offset: self.list(service, period=period, offset=offset, limit=500)
        )

    async def read(self, assessment: int) -> AssessmentRow:
        """Return one assessment."""
        shown = await self._call(calls.READ_ASSESSMENT, calls.AssessmentRef(id=assessment))
        return shown.assessment

    async def create(
        self,
        service: int,
        period: int,
        date: datetime.date,
        title: str = "",
        *,
        scale: Decimal = Decimal(20),
        coefficient: Decimal = Decimal(1),
        optional: bool = False,
        bonus: bool = False,
        bring_to_20: bool = False,
        published_on: datetime.date | None = None,
    ) -> AssessmentRow:
        """Create an assessment, and return it with its id."""
        shown = await self._call(
            calls.CREATE_ASSESSMENT,
            calls.CreateAssessment(
                service_id=service,
                period_id=period,
                date=date,
                title=title,
                scale=scale,
                coefficient=coefficient,
                optional=optional,
                bonus=bonus,
                bring_to_20=bring_to_20,
                published_on=published_on,
            ),
        )
        return shown.assessment

    async def change(
        self,
        assessment: int,
        *,
        period: int | None = None,
        date: datetime.date | None = None,
        title: str | None = None,
        scale: Decimal | None = None,
        coefficient: Decimal | None = None,
        optional: bool | None = None,
        bonus: bool | None = None,
        bring_to_20: bool | None = None,
        published_on: datetime.date | None = None,
        unpublish: bool = False,
        if_revision: int | None = None,
    ) -> AssessmentRow:
        """Change what is given, and return the assessment as it is now."""
        shown = await self._call(
            calls.CHANGE_ASSESSMENT,
            calls.ChangeAssessment(
                id=assessment,
                if_revision=if_revision,
                period_id=period,
                date=date,
                title=title,
                scale=scale,
                coefficient=coefficient,
                optional=optional,
                bonus=bonus,
                bring_to_20=bring_to_20,
                published_on=published_on,
                unpublish=unpublish,
            ),
        )
        return shown.assessment

    async def delete(
        self, assessment: int, *, with_marks: bool = False, if_revision: int | None = None
    ) -> None:
        """Delete an assessment; one that has marks only *with_marks*."""
        await self._call(
            calls.DELETE_ASSESSMENT,
            calls.DeleteAssessment(
                id=assessment, if_revision=if_revision, with_marks=with_marks
            ),
        )
