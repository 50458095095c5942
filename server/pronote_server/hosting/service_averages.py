"""
From the marks of a base to averages; every computation is `domain.averages`'.

The pupils of a service are those of its class or group today: one who has moved on is in no
average of it any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal

import attrs
from sqlalchemy import Connection

from pronote_server.domain.averages import (
    GivenMark,
    Part,
    Statistics,
    SubService,
    class_statistics,
    general_average,
    service_average,
)
from pronote_server.storage import base_marks as kept
from pronote_server.storage.base_bonus import bonus_of_services
from pronote_server.storage.base_service_settings import (
    ServiceSettings,
    settings_in,
    sub_services_of,
)
from pronote_server.storage.base_services import PupilLine, pupils_of_service

__all__ = ["ServiceAverages", "averages_of", "class_average", "general_of"]


@attrs.frozen
class ServiceAverages:
    """
    The averages of one service in one period.

    Attributes:
        pupils: By name.
        averages: Of each of them.
        marks: Of the service itself, not of its sub-services: by assessment and pupil.
    """

    settings: ServiceSettings
    pupils: tuple[PupilLine, ...]
    averages: dict[int, Decimal | None]
    assessments: tuple[kept.AssessmentLine, ...]
    marks: dict[tuple[int, int], kept.MarkLine]

    @property
    def out_of(self) -> int:
        return self.settings.options.out_of

    @property
    def statistics(self) -> Statistics:
        return class_statistics(self.averages.values(), self.settings.options.class_rounding)


def averages_of(
    conn: Connection, service_ids: Collection[int], period_id: int
) -> dict[int, ServiceAverages]:
    """Return the averages of those services, in a fixed number of queries and one each."""
    below = sub_services_of(conn, service_ids)
    every = {*service_ids, *(sub for subs in below.values() for sub in subs)}
    settings = settings_in(conn, every, period_id)
    points = bonus_of_services(conn, service_ids, period_id)
    assessments = {line.id: line for line in kept.assessments_of(conn, every, period_id)}
    options = {id_: line.options for id_, line in assessments.items()}
    lines = kept.marks_of_services(conn, every, period_id)
    given: dict[tuple[int, int], list[GivenMark]] = {}
    for line in lines:
        mark = GivenMark(line.value, options[line.assessment_id])
        given.setdefault((line.service_id, line.pupil_id), []).append(mark)

    def average(service_id: int, pupil_id: int) -> Decimal | None:
        return service_average(
            given.get((service_id, pupil_id), []),
            [
                SubService(
                    given.get((sub, pupil_id), []),
                    settings[sub].coefficient,
                    settings[sub].options,
                )
                for sub in below.get(service_id, [])
            ],
            settings[service_id].options,
            bonus_malus=points.get((service_id, pupil_id), Decimal(0)),
        )

    found = {}
    for service_id in service_ids:
        pupils = tuple(pupils_of_service(conn, service_id))
        found[service_id] = ServiceAverages(
            settings[service_id],
            pupils,
            {pupil.id: average(service_id, pupil.id) for pupil in pupils},
            tuple(one for one in assessments.values() if one.service_id == service_id),
            {
                (line.assessment_id, line.pupil_id): line
                for line in lines
                if line.service_id == service_id
            },
        )
    return found


def class_average(service: ServiceAverages, pupil_ids: Collection[int]) -> Decimal | None:
    """Return the average of some pupils of a service: those of one class of its group."""
    return class_statistics(
        [service.averages.get(pupil_id) for pupil_id in pupil_ids],
        service.settings.options.class_rounding,
    ).average


def general_of(
    averages: Iterable[tuple[ServiceAverages, Decimal | None]],
) -> Decimal | None:
    """Return the general average of these averages in their services."""
    return general_average(
        Part(average, service.settings.coefficient, service.out_of)
        for service, average in averages
    )
