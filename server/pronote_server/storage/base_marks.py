"""Assessments and marks."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any, Final

import attrs
from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

from pronote_protocol.words import Annotation
from pronote_server.domain.average_options import AssessmentOptions
from pronote_server.domain.marks import MarkValue
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_writes import AuditEntry
from pronote_server.storage.prepared import Prepared

__all__ = [
    "AssessmentLine",
    "MarkLine",
    "assessment",
    "assessments_of",
    "changes_of_column",
    "delete_assessment",
    "insert_assessment",
    "marks_of_assessment",
    "marks_of_pupils",
    "marks_of_services",
    "periods_with_assessments",
    "put_mark",
    "remove_mark",
    "touch_assessment",
    "update_assessment",
]


@attrs.frozen
class AssessmentLine:
    """One row of the table; ``bring_to_20`` false leaves it to the service."""

    id: int
    service_id: int
    period_id: int
    date: datetime.date
    title: str
    scale: Decimal
    coefficient: Decimal
    optional: bool
    bonus: bool
    bring_to_20: bool
    published_on: datetime.date | None
    revision: int

    @property
    def options(self) -> AssessmentOptions:
        """How it counts; raises BadRequest when a number is impossible."""
        return AssessmentOptions(
            scale=self.scale,
            coefficient=self.coefficient,
            optional=self.optional,
            bonus=self.bonus,
            bring_to_20=self.bring_to_20 or None,
        )

    @property
    def values(self) -> dict[str, Any]:
        """What was entered: all but the id and the revision."""
        values = attrs.asdict(self)
        del values["id"], values["revision"]
        return values


@attrs.frozen
class MarkLine:
    """One mark, with the service of its assessment."""

    service_id: int
    assessment_id: int
    pupil_id: int
    value: MarkValue


# So many marks are asked for one by one: a column of thirty costs as much.
_FEW: Final = 4

# Each mark that is entered executes these.
_ASSESSMENT: Final = Prepared(
    select(*(schema.assessment.c[field.name] for field in attrs.fields(AssessmentLine))).where(
        schema.assessment.c.id == bindparam("which")
    )
)
_TOUCH: Final = Prepared(
    update(schema.assessment)
    .where(schema.assessment.c.id == bindparam("which"))
    .values(revision=bindparam("now"))
)
_COLUMN: Final = Prepared(
    select(schema.mark.c.pupil_id, schema.mark.c.value, schema.mark.c.annotation).where(
        schema.mark.c.assessment_id == bindparam("which")
    )
)
_CELL: Final = Prepared(
    select(schema.mark.c.pupil_id, schema.mark.c.value, schema.mark.c.annotation).where(
        schema.mark.c.assessment_id == bindparam("column"),
        schema.mark.c.pupil_id == bindparam("whose"),
    )
)
_NEW_MARK: Final = Prepared(insert(schema.mark))
_OTHER_MARK: Final = Prepared(
    update(schema.mark)
    .where(
        schema.mark.c.assessment_id == bindparam("column"),
        schema.mark.c.pupil_id == bindparam("whose"),
    )
    .values(
        value=bindparam("value"),
        annotation=bindparam("annotation"),
        revision=bindparam("revision"),
    )
)


def assessment(conn: Connection, assessment_id: int) -> AssessmentLine | None:
    found = _ASSESSMENT.tuples(conn, which=assessment_id)
    return AssessmentLine(*found[0]) if found else None


def assessments_of(
    conn: Connection, service_ids: Collection[int], period_id: int | None = None
) -> list[AssessmentLine]:
    """Return the assessments of those services, in a period or in all of them, by date."""
    of = schema.assessment.c
    wanted = select(schema.assessment).where(_among(of.service_id, service_ids))
    if period_id is not None:
        wanted = wanted.where(of.period_id == period_id)
    return [
        AssessmentLine(**row._mapping) for row in conn.execute(wanted.order_by(of.date, of.id))
    ]


def periods_with_assessments(conn: Connection, service_ids: Collection[int]) -> list[int]:
    of = schema.assessment.c
    return sorted(
        conn.execute(
            select(of.period_id).where(_among(of.service_id, service_ids)).distinct()
        ).scalars()
    )


def insert_assessment(conn: Connection, new: AssessmentLine) -> int:
    """Add *new*, whose id does not count, and return its id."""
    key = conn.execute(
        insert(schema.assessment).values(**new.values, revision=new.revision)
    ).inserted_primary_key
    assert key is not None
    id_: int = key[0]
    return id_


def update_assessment(conn: Connection, changed: AssessmentLine) -> None:
    conn.execute(
        update(schema.assessment)
        .where(schema.assessment.c.id == changed.id)
        .values(**changed.values, revision=changed.revision)
    )


def touch_assessment(conn: Connection, assessment_id: int, revision: int) -> None:
    """Note that a mark of it changed."""
    _TOUCH.run(conn, [{"which": assessment_id, "now": revision}])


def delete_assessment(conn: Connection, assessment_id: int) -> None:
    """Delete it and its marks; what was attached to it goes with it."""
    conn.execute(delete(schema.mark).where(schema.mark.c.assessment_id == assessment_id))
    conn.execute(delete(schema.assessment).where(schema.assessment.c.id == assessment_id))


def marks_of_assessment(conn: Connection, assessment_id: int) -> dict[int, MarkValue]:
    """Return its marks by pupil."""
    return _by_pupil(_COLUMN.tuples(conn, which=assessment_id))


def marks_of_pupils(
    conn: Connection, assessment_id: int, pupil_ids: Collection[int]
) -> dict[int, MarkValue]:
    """Return its marks of these pupils at least, by pupil."""
    if len(pupil_ids) > _FEW:
        return marks_of_assessment(conn, assessment_id)
    found: list[tuple[Any, ...]] = []
    for pupil_id in pupil_ids:
        found += _CELL.tuples(conn, column=assessment_id, whose=pupil_id)
    return _by_pupil(found)


def _by_pupil(rows: Iterable[tuple[Any, ...]]) -> dict[int, MarkValue]:
    return {
        pupil_id: value if annotation is None else Annotation(annotation)
        for pupil_id, value, annotation in rows
    }


def marks_of_services(
    conn: Connection, service_ids: Collection[int], period_id: int
) -> list[MarkLine]:
    """Return all marks of those services in a period."""
    mark, of = schema.mark.c, schema.assessment.c
    rows = conn.execute(
        select(of.service_id, schema.mark)
        .join_from(schema.assessment, schema.mark, mark.assessment_id == of.id)
        .where(_among(of.service_id, service_ids), of.period_id == period_id)
    )
    return [
        MarkLine(row.service_id, row.assessment_id, row.pupil_id, _value(row)) for row in rows
    ]


def put_mark(
    conn: Connection,
    assessment_id: int,
    pupil_id: int,
    value: MarkValue,
    revision: int,
    *,
    new: bool,
) -> None:
    """Write one cell; *new* says that it was empty."""
    annotation = value.value if isinstance(value, Annotation) else None
    values = {
        "value": None if isinstance(value, Annotation) else value,
        "annotation": annotation,
        "revision": revision,
    }
    if new:
        cell = {"assessment_id": assessment_id, "pupil_id": pupil_id}
        _NEW_MARK.run(conn, [{**cell, **values}])
    else:
        _OTHER_MARK.run(conn, [{"column": assessment_id, "whose": pupil_id, **values}])


def remove_mark(conn: Connection, assessment_id: int, pupil_id: int) -> None:
    mark = schema.mark.c
    conn.execute(
        delete(schema.mark).where(
            mark.assessment_id == assessment_id, mark.pupil_id == pupil_id
        )
    )


def changes_of_column(conn: Connection, assessment_id: int, since: int) -> list[AuditEntry]:
    """Return what changed of an assessment and of its marks after *since*, oldest first."""
    audit = schema.audit.c
    rows = conn.execute(
        select(schema.audit)
        .where(
            audit.revision > since,
            or_(
                (audit.entity == "assessment") & (audit.entity_id == str(assessment_id)),
                # "12/" to "120": what begins with "12/", found by the index.
                (audit.entity == "mark")
                & (audit.entity_id > f"{assessment_id}/")
                & (audit.entity_id < f"{assessment_id}0"),
            ),
        )
        .order_by(audit.id)
    )
    names = [field.name for field in attrs.fields(AuditEntry)]
    return [AuditEntry(**{name: row._mapping[name] for name in names}) for row in rows]


def _value(row: Any) -> MarkValue:
    if row.annotation is not None:
        return Annotation(row.annotation)
    value: Decimal = row.value
    return value


def _among(column: Any, ids: Iterable[int]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column.in_(sorted(set(ids)))
    return found
