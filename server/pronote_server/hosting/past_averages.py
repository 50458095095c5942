"""The averages of a year that is over, as next year's base keeps them (fiche 7)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Connection, select

from pronote_protocol.words import PeriodKind
from pronote_server.hosting.service_averages import averages_of
from pronote_server.storage.base_periods import period_kinds, periods
from pronote_server.storage.base_schema import pupil, school_class
from pronote_server.storage.base_services import services_of

__all__ = ["past_averages"]


def past_averages(conn: Connection) -> list[dict[str, Any]]:
    """
    Return a row for each pupil, period and service with an average: a `past_result` without
    its year, of the pupils' ids in this base.

    Sub-services count in the services above them. Two services of one subject, as by two
    teachers, are told apart by a number.
    """
    classes = {
        row.id: (row.class_id, row.name)
        for row in conn.execute(
            select(pupil.c.id, pupil.c.class_id, school_class.c.name).select_from(
                pupil.outerjoin(school_class, school_class.c.id == pupil.c.class_id)
            )
        )
    }
    kinds = period_kinds(conn, {one for one, _ in classes.values() if one is not None})
    services = [line for line in services_of(conn) if line.parent_id is None]
    rows: list[dict[str, Any]] = []
    ranks: Counter[PeriodKind] = Counter()
    for period in periods(conn):
        ranks[period.kind] += 1
        found = averages_of(conn, [line.id for line in services], period.id)
        named: Counter[tuple[int, str]] = Counter()
        for line in services:
            service = found[line.id]
            for pupil_id, average in service.averages.items():
                class_id, class_name = classes[pupil_id]
                kind = kinds.get(class_id, PeriodKind.TRIMESTER) if class_id else None
                if average is None or kind is not period.kind:
                    continue
                named[pupil_id, line.subject] += 1
                times = named[pupil_id, line.subject]
                rows.append(
                    {
                        "pupil_id": pupil_id,
                        "subject": line.subject if times == 1 else f"{line.subject} ({times})",
                        "period": ranks[period.kind],
                        "period_name": period.name,
                        "class_name": class_name or "",
                        "teacher": line.teacher,
                        "out_of": service.out_of,
                        "average": average,
                        "class_average": service.statistics.average,
                    }
                )
    return rows
