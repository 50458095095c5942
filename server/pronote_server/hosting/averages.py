"""Averages, as clients read them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import attrs
from sqlalchemy import Connection

from pronote_protocol.catalogue import averages as calls
from pronote_protocol.catalogue.marks import StatisticsRow
from pronote_protocol.errors import NotFound
from pronote_server.domain.averages import Statistics, class_statistics
from pronote_server.domain.sessions import Session
from pronote_server.hosting.school import School
from pronote_server.hosting.scope import service_of
from pronote_server.hosting.sealing import the_period
from pronote_server.hosting.service_averages import (
    ServiceAverages,
    averages_of,
    class_average,
    general_of,
)
from pronote_server.storage.base_service_settings import pupils_of_class, services_of_pupils
from pronote_server.storage.base_services import ServiceLine

__all__ = ["class_report", "pupil_report", "read_average", "service_table", "statistics_row"]


def statistics_row(statistics: Statistics) -> StatisticsRow:
    return StatisticsRow(**attrs.asdict(statistics))


async def read_average(
    school: School, session: Session, wish: calls.ReadAverage
) -> calls.AverageShown:
    """
    Raises:
        NotFound: The service, or the pupil in it, is not for *session* to see; or there is
            no such period.
    """

    def read(conn: Connection) -> calls.AverageShown:
        found = _averages(conn, session, wish.service_id, wish.period_id)
        if wish.pupil_id not in found.averages:
            raise NotFound(what=f"pupil {wish.pupil_id}")
        return calls.AverageShown(
            average=found.averages[wish.pupil_id],
            out_of=found.out_of,
            statistics=statistics_row(found.statistics),
        )

    return await school.base_in_service().database.read(read)


async def service_table(
    school: School, session: Session, wish: calls.ReadServiceAverages
) -> calls.AveragesShown:
    """
    Raises:
        NotFound: The service is not for *session* to see, or there is no such period.
    """

    def read(conn: Connection) -> calls.AveragesShown:
        found = _averages(conn, session, wish.service_id, wish.period_id)
        page = found.pupils[wish.offset : wish.offset + wish.limit]
        return calls.AveragesShown(
            out_of=found.out_of,
            statistics=statistics_row(found.statistics),
            total=len(found.pupils),
            offset=wish.offset,
            rows=tuple(
                calls.AverageRow(pupil.id, pupil.name, found.averages[pupil.id])
                for pupil in page
            ),
        )

    return await school.base_in_service().database.read(read)


async def pupil_report(school: School, wish: calls.ReadPupilReport) -> calls.PupilReportShown:
    """
    Return a pupil's averages in all his services, for mode Administratif.

    Raises:
        NotFound: There is no such pupil, or period.
    """

    def read(conn: Connection) -> calls.PupilReportShown:
        the_period(conn, wish.period_id)
        lines = services_of_pupils(conn, [wish.pupil_id])
        if lines is None:
            raise NotFound(what=f"pupil {wish.pupil_id}")
        found = averages_of(conn, [line.id for line in lines], wish.period_id)
        own = {
            line.id: found[line.id].averages.get(wish.pupil_id)
            for line in lines
            if wish.pupil_id in found[line.id].averages
        }
        return calls.PupilReportShown(
            general=general_of((found[id_], average) for id_, average in own.items()),
            out_of=20,
            rows=_report([line for line in lines if line.id in own], found, own),
        )

    return await school.base_in_service().database.read(read)


async def class_report(school: School, wish: calls.ReadClassReport) -> calls.ClassReportShown:
    """
    Return the averages of a class in all its services, for mode Administratif.

    Raises:
        NotFound: There is no such class, or period.
    """

    def read(conn: Connection) -> calls.ClassReportShown:
        the_period(conn, wish.period_id)
        pupils = pupils_of_class(conn, wish.class_id)
        if pupils is None:
            raise NotFound(what=f"class {wish.class_id}")
        ids = [pupil.id for pupil in pupils]
        lines = services_of_pupils(conn, ids) or []
        found = averages_of(conn, [line.id for line in lines], wish.period_id)
        of_class = {id_: class_average(service, ids) for id_, service in found.items()}
        generals = {
            id_: general_of(
                (service, service.averages[id_])
                for service in found.values()
                if id_ in service.averages
            )
            for id_ in ids
        }
        return calls.ClassReportShown(
            general=general_of((found[id_], average) for id_, average in of_class.items()),
            out_of=20,
            statistics=statistics_row(class_statistics(generals.values())),
            rows=_report(lines, found, of_class),
            pupils=tuple(
                calls.AverageRow(pupil.id, pupil.name, generals[pupil.id]) for pupil in pupils
            )[:500],
        )

    return await school.base_in_service().database.read(read)


def _averages(
    conn: Connection, session: Session, service_id: int, period_id: int
) -> ServiceAverages:
    service_of(conn, session, service_id)
    the_period(conn, period_id)
    return averages_of(conn, [service_id], period_id)[service_id]


def _report(
    lines: Sequence[ServiceLine],
    found: dict[int, ServiceAverages],
    averages: dict[int, Decimal | None],
) -> tuple[calls.ReportRow, ...]:
    """Return one row for each service, in which somebody has an average or could have."""
    return tuple(
        calls.ReportRow(
            line.id,
            line.subject,
            line.teacher,
            found[line.id].settings.coefficient,
            averages[line.id],
            statistics_row(found[line.id].statistics),
            found[line.id].out_of,
        )
        for line in lines
    )[:500]
