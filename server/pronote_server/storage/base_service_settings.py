"""What can be set of a service, and whom it reaches: its teachers, its classes, its pupils."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from pronote_protocol.words import EvaluatesIn, SubServiceUse
from pronote_server.domain.average_options import USUAL_ROUNDING, Rounding, ServiceOptions
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_services import PupilLine, ServiceLine, services_of
from pronote_server.storage.remembered import remembered

__all__ = [
    "ServiceSettings",
    "change_service",
    "class_ids_of_pupils",
    "class_ids_of_service",
    "coefficients_of",
    "pupils_of_class",
    "put_coefficient",
    "services_of_pupils",
    "settings_in",
    "settings_of",
    "sub_services_of",
    "teachers_of_service",
    "touch_service",
]


@attrs.frozen(kw_only=True)
class ServiceSettings:
    """What can be set of a service."""

    coefficient: Decimal
    evaluates_in: str
    bring_to_20: bool
    above_average_only: bool
    highest_weight: Decimal
    lowest_weight: Decimal
    rounding_pupil: str | None
    rounding_class: str | None
    out_of: int
    bonus_malus: bool
    sub_services: str

    @property
    def options(self) -> ServiceOptions:
        """How its averages are made; raises BadRequest when a number is impossible."""
        return ServiceOptions(
            out_of=self.out_of,
            bonus_malus=self.bonus_malus,
            sub_services=SubServiceUse(self.sub_services),
            bring_to_20=self.bring_to_20,
            only_above_middle=self.above_average_only,
            highest_weight=self.highest_weight,
            lowest_weight=self.lowest_weight,
            pupil_rounding=_rounding(self.rounding_pupil),
            class_rounding=_rounding(self.rounding_class),
        )


_SETTINGS: Final = tuple(field.name for field in attrs.fields(ServiceSettings))


def settings_of(conn: Connection, service_ids: Iterable[int]) -> dict[int, ServiceSettings]:
    """Return the settings of those services."""
    service = schema.service.c
    rows = conn.execute(
        select(service.id, *(service[name] for name in _SETTINGS)).where(
            _among(service.id, service_ids)
        )
    )
    return {
        row.id: ServiceSettings(**{name: row._mapping[name] for name in _SETTINGS})
        for row in rows
    }


def settings_in(
    conn: Connection, service_ids: Collection[int], period_id: int
) -> dict[int, ServiceSettings]:
    """Return the same, with what the services count for in that period."""
    own = schema.service_coefficient.c
    rows = conn.execute(
        select(own.service_id, own.coefficient).where(
            _among(own.service_id, service_ids), own.period_id == period_id
        )
    )
    found = settings_of(conn, service_ids)
    for row in rows:
        found[row.service_id] = attrs.evolve(found[row.service_id], coefficient=row.coefficient)
    return found


def coefficients_of(conn: Connection, service_id: int) -> dict[int, Decimal]:
    """Return the coefficients of the periods that have their own, by period."""
    own = schema.service_coefficient.c
    rows = conn.execute(
        select(own.period_id, own.coefficient)
        .where(own.service_id == service_id)
        .order_by(own.period_id)
    )
    return {row.period_id: row.coefficient for row in rows}


def put_coefficient(
    conn: Connection,
    service_id: int,
    period_id: int,
    coefficient: Decimal | None,
    revision: int,
) -> None:
    """Set it, or with None take it away; the service is changed either way."""
    table = schema.service_coefficient
    conn.execute(
        delete(table).where(table.c.service_id == service_id, table.c.period_id == period_id)
    )
    if coefficient is not None:
        conn.execute(
            insert(table).values(
                service_id=service_id,
                period_id=period_id,
                coefficient=coefficient,
                revision=revision,
            )
        )
    touch_service(conn, service_id, revision)


def touch_service(conn: Connection, service_id: int, revision: int) -> None:
    conn.execute(
        update(schema.service)
        .where(schema.service.c.id == service_id)
        .values(revision=revision)
    )


def change_service(
    conn: Connection, service_id: int, settings: ServiceSettings, revision: int
) -> None:
    conn.execute(
        update(schema.service)
        .where(schema.service.c.id == service_id)
        .values(**attrs.asdict(settings), revision=revision)
    )


def sub_services_of(conn: Connection, service_ids: Iterable[int]) -> dict[int, list[int]]:
    """Return the ids of the sub-services of those services, by service."""
    service = schema.service.c
    found: dict[int, list[int]] = {}
    for id_, parent in conn.execute(
        select(service.id, service.parent_id)
        .where(_among(service.parent_id, service_ids))
        .order_by(service.id)
    ):
        found.setdefault(parent, []).append(id_)
    return found


@remembered
def teachers_of_service(conn: Connection, service_id: int) -> frozenset[str]:
    """Return the codes of its teacher and of that of the service it is part of."""
    service, teacher = schema.service.c, schema.teacher
    parent = select(service.parent_id).where(service.id == service_id).scalar_subquery()
    return frozenset(
        conn.execute(
            select(teacher.c.code)
            .join_from(teacher, schema.service)
            .where(or_(service.id == service_id, service.id == parent))
        ).scalars()
    )


def class_ids_of_service(conn: Connection, service_id: int) -> set[int]:
    """Return its class; or those of its group, and of the pupils in it."""
    service, part = schema.service.c, schema.group_class.c
    member, pupil = schema.pupil_group.c, schema.pupil.c
    audience = conn.execute(
        select(service.class_id, service.group_id).where(service.id == service_id)
    ).first()
    if audience is None:
        return set()
    if audience.class_id is not None:
        return {audience.class_id}
    of_group = select(part.class_id).where(part.group_id == audience.group_id)
    of_pupils = (
        select(pupil.class_id)
        .join_from(schema.pupil, schema.pupil_group, member.pupil_id == pupil.id)
        .where(member.group_id == audience.group_id, pupil.class_id.is_not(None))
    )
    return {*conn.execute(of_group).scalars(), *conn.execute(of_pupils).scalars()}


def pupils_of_class(conn: Connection, class_id: int) -> list[PupilLine] | None:
    """Return the pupils of a class, by name; None when there is no such class."""
    pupil = schema.pupil.c
    known = select(schema.school_class.c.id).where(schema.school_class.c.id == class_id)
    if conn.execute(known).first() is None:
        return None
    rows = conn.execute(
        select(pupil.id, pupil.code, pupil.last_name, pupil.first_name)
        .where(pupil.class_id == class_id)
        .order_by(pupil.sort_name, pupil.id)
    )
    return [
        PupilLine(row.id, row.code, f"{row.last_name} {row.first_name}".strip()) for row in rows
    ]


def class_ids_of_pupils(conn: Connection, pupil_ids: Iterable[int]) -> set[int]:
    """Return the classes these pupils are in."""
    return set(_class_ids(conn, frozenset(pupil_ids)))


@remembered
def _class_ids(conn: Connection, pupil_ids: frozenset[int]) -> frozenset[int]:
    pupil = schema.pupil.c
    rows = conn.execute(
        select(pupil.class_id).where(_among(pupil.id, pupil_ids), pupil.class_id.is_not(None))
    )
    return frozenset(rows.scalars())


def services_of_pupils(
    conn: Connection, pupil_ids: Collection[int]
) -> list[ServiceLine] | None:
    """
    Return the services of the classes and groups these pupils are in, sub-services left out.

    None when one of them does not exist or has left.
    """
    pupil, member, service = schema.pupil.c, schema.pupil_group.c, schema.service.c
    present = select(pupil.id).where(_among(pupil.id, pupil_ids), pupil.left_on.is_(None))
    if len(conn.execute(present).all()) < len(set(pupil_ids)):
        return None
    classes = class_ids_of_pupils(conn, pupil_ids)
    groups = conn.execute(
        select(member.group_id).where(_among(member.pupil_id, pupil_ids)).distinct()
    ).scalars()
    wanted = set(
        conn.execute(
            select(service.id).where(
                service.parent_id.is_(None),
                service.evaluates_in != EvaluatesIn.COMPETENCIES.value,
                or_(_among(service.class_id, classes), _among(service.group_id, groups)),
            )
        ).scalars()
    )
    return services_of(conn, among=wanted)


def _rounding(written: str | None) -> Rounding:
    return USUAL_ROUNDING if written is None else Rounding.read(written)


def _among(column: Any, ids: Iterable[int]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column.in_(sorted(set(ids)))
    return found
