"""Averages: of a pupil in a service, of a service, general."""

from __future__ import annotations

from pronote_client.families.family import Family
from pronote_protocol.catalogue import averages as calls
from pronote_protocol.catalogue.averages import (
    AverageShown,
    AveragesShown,
    ClassReportShown,
    PupilReportShown,
    PupilYearShown,
    ServiceYearShown,
)

__all__ = ["Averages"]


class Averages(Family):
    """Always of the marks as they are now; None where there is no average, which is not 0."""

    async def read(self, pupil: int, service: int, period: int) -> AverageShown:
        """Return one pupil's average in a service and a period."""
        return await self._call(
            calls.READ_AVERAGE,
            calls.ReadAverage(pupil_id=pupil, service_id=service, period_id=period),
        )

    async def read_service(
        self, service: int, period: int, *, offset: int = 0, limit: int = 500
    ) -> AveragesShown:
        """Return the average of each pupil of a service, and those of the whole."""
        return await self._call(
            calls.READ_SERVICE_AVERAGES,
            calls.ReadServiceAverages(
                service_id=service, period_id=period, offset=offset, limit=limit
            ),
        )

    async def read_pupil(self, pupil: int, period: int) -> PupilReportShown:
        """Return a pupil's general average and what it is made of; mode Administratif."""
        return await self._call(
            calls.READ_PUPIL_REPORT, calls.ReadPupilReport(pupil_id=pupil, period_id=period)
        )

    async def read_class(self, class_id: int, period: int) -> ClassReportShown:
        """Return the general averages of a class and its pupils; mode Administratif."""
        return await self._call(
            calls.READ_CLASS_REPORT, calls.ReadClassReport(class_id=class_id, period_id=period)
        )

    async def read_pupil_year(self, pupil: int) -> PupilYearShown:
        """Return a pupil's averages in each period and in the year; mode Administratif."""
        return await self._call(calls.READ_PUPIL_YEAR, calls.ReadPupilYear(pupil_id=pupil))

    async def read_service_year(
        self, service: int, *, offset: int = 0, limit: int = 500
    ) -> ServiceYearShown:
        """Return the averages of each pupil of a service, period by period and in the year."""
        return await self._call(
            calls.READ_SERVICE_YEAR,
            calls.ReadServiceYear(service_id=service, offset=offset, limit=limit),
        )
