"""
Averages of the year: the mean of those of the periods into which a class divides it.

Each period counts the same (rule 17 of `domain.averages`). A pupil without a class has
trimesters, as most schools do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from sqlalchemy import Connection, select

from pronote_protocol.catalogue import averages as calls
from pronote_protocol.errors import NotFound
from pronote_protocol.words import PeriodKind
from pronote_server.domain.averages import Part, class_statistics, year_average
from pronote_server.domain.sessions import Session
from pronote_server.hosting.averages import statistics_row
from pronote_server.hosting.school import School
from pronote_server.hosting.scope import service_of
from pronote_server.hosting.service_averages import ServiceAverages, averages_of, general_of
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_periods import PeriodLine, period_kinds, periods
from pronote_server.storage.base_service_settings import services_of_pupils
from pronote_server.storage.base_services import pupils_of_service

__all__ = ["pupil_year", "service_year"]

_USUAL = PeriodKind.TRIMESTER


async def pupil_year(school: School, wish: calls.ReadPupilYear) -> calls.PupilYearShown:
    """
    Return a pupil's averages in all his services, for mode Administratif.

    Raises:
        NotFound: There is no such pupil.
    """

    def read(conn: Connection) -> calls.PupilYearShown:
        lines = services_of_pupils(conn, [wish.pupil_id])
        if lines is None:
            raise NotFound(what=f"pupil {wish.pupil_id}")
        kind = _kinds_of(conn, [wish.pupil_id])[wish.pupil_id]
        chosen = [period for period in periods(conn) if period.kind is kind]
        ids = [line.id for line in lines]
        found = [averages_of(conn, ids, period.id) for period in chosen]
        own = [line for line in lines if _is_in(found, line.id, wish.pupil_id)]
        generals = [
            general_of(
                (services[line.id], services[line.id].averages[wish.pupil_id]) for line in own
            )
            for services in found
        ]
        rows = []
        for line in own:
            each = [services[line.id] for services in found]
            averages = [service.averages[wish.pupil_id] for service in each]
            rows.append(
                calls.YearReportRow(
                    line.id,
                    line.subject,
                    line.teacher,
                    each[0].out_of,
                    tuple(averages),
                    _of_year(each[0], averages),
                )
            )
        return calls.PupilYearShown(
            periods=_named(chosen),
            out_of=20,
            generals=tuple(generals),
            general=year_average(Part(general) for general in generals),
            rows=tuple(rows[:500]),
        )

    return await school.base_in_service().database.read(read)


async def service_year(
    school: School, session: Session, wish: calls.ReadServiceYear
) -> calls.ServiceYearShown:
    """
    Raises:
        NotFound: The service is not for *session* to see.
    """

    def read(conn: Connection) -> calls.ServiceYearShown:
        service_of(conn, session, wish.service_id)
        pupils = pupils_of_service(conn, wish.service_id)
        kinds = _kinds_of(conn, [pupil.id for pupil in pupils])
        used = set(kinds.values()) or {_USUAL}
        chosen = [period for period in periods(conn) if period.kind in used]
        found = [
            averages_of(conn, [wish.service_id], period.id)[wish.service_id]
            for period in chosen
        ]
        rows = []
        for pupil in pupils:
            averages = [
                service.averages.get(pupil.id) if period.kind is kinds[pupil.id] else None
                for period, service in zip(chosen, found, strict=True)
            ]
            year = _of_year(found[0], averages) if found else None
            rows.append(calls.PupilYearRow(pupil.id, pupil.name, tuple(averages), year))
        rounding = found[0].settings.options.class_rounding if found else None
        years = [row.year for row in rows]
        statistics = class_statistics(years, rounding) if rounding else class_statistics(years)
        return calls.ServiceYearShown(
            periods=_named(chosen),
            out_of=found[0].out_of if found else 20,
            statistics=statistics_row(statistics),
            total=len(rows),
            offset=wish.offset,
            rows=tuple(rows[wish.offset : wish.offset + wish.limit]),
        )

    return await school.base_in_service().database.read(read)


def _kinds_of(conn: Connection, pupil_ids: Sequence[int]) -> dict[int, PeriodKind]:
    """Return into what the classes of these pupils divide their year, by pupil."""
    pupil = schema.pupil.c
    rows = conn.execute(
        select(pupil.id, pupil.class_id).where(pupil.id.in_(sorted(pupil_ids)))
    ).all()
    kinds = period_kinds(conn, {row.class_id for row in rows if row.class_id is not None})
    return {row.id: kinds.get(row.class_id, _USUAL) for row in rows}


def _is_in(found: Iterable[dict[int, ServiceAverages]], service_id: int, pupil_id: int) -> bool:
    return any(pupil_id in services[service_id].averages for services in found)


def _of_year(service: ServiceAverages, averages: Iterable[Decimal | None]) -> Decimal | None:
    return year_average(
        (Part(average, out_of=service.out_of) for average in averages),
        out_of=service.out_of,
        rounding=service.settings.options.pupil_rounding,
    )


def _named(chosen: Iterable[PeriodLine]) -> tuple[calls.YearPeriodRow, ...]:
    return tuple(calls.YearPeriodRow(period.id, period.name) for period in chosen)
