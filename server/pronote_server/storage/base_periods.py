"""The periods of the school year, and what is sealed of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import attrs
from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from pronote_protocol.words import PeriodKind, SealedMatter
from pronote_server.domain.school_calendar import Period
from pronote_server.storage import base_schema as schema
from pronote_server.storage.remembered import remembered

__all__ = [
    "PeriodLine",
    "SealingLine",
    "change_period",
    "classes_named",
    "delete_period",
    "entries_in_period",
    "insert_periods",
    "last_changes_of_periods",
    "period_kinds",
    "period_of",
    "periods",
    "put_sealing",
    "remove_sealing",
    "sealings",
]


@attrs.frozen
class PeriodLine:
    id: int
    code: str
    name: str
    kind: PeriodKind
    starts_on: date
    ends_on: date

    @property
    def period(self) -> Period:
        """What the domain knows of it."""
        return Period(self.code, self.name, self.kind, self.starts_on, self.ends_on)


@attrs.frozen
class SealingLine:
    class_id: int
    class_code: str
    class_name: str
    period_id: int
    what: SealedMatter
    sealed_at: datetime


def periods(conn: Connection) -> list[PeriodLine]:
    """Return all periods, by kind and day; there are a handful."""
    kinds = list(PeriodKind)
    lines = [_line(row._mapping) for row in conn.execute(select(schema.period))]
    return sorted(lines, key=lambda each: (kinds.index(each.kind), each.starts_on, each.id))


@remembered
def period_of(conn: Connection, period_id: int) -> PeriodLine | None:
    row = conn.execute(select(schema.period).where(schema.period.c.id == period_id)).first()
    return None if row is None else _line(row._mapping)


def insert_periods(conn: Connection, new: Iterable[Period]) -> list[int]:
    """Add *new* and return their ids."""
    ids: list[int] = []
    for one in new:
        key = conn.execute(insert(schema.period).values(**_values(one))).inserted_primary_key
        assert key is not None
        ids.append(key[0])
    return ids


def change_period(conn: Connection, period_id: int, changed: Period) -> None:
    conn.execute(
        update(schema.period).where(schema.period.c.id == period_id).values(**_values(changed))
    )


def entries_in_period(conn: Connection, period_id: int) -> int:
    """Return how much was entered in it: assessments, evaluations, appraisals, points."""
    return sum(
        conn.execute(
            select(func.count()).select_from(table).where(table.c.period_id == period_id)
        ).scalar_one()
        for table in (
            schema.assessment,
            schema.evaluation,
            schema.appraisal,
            schema.bonus_malus,
        )
    )


def delete_period(conn: Connection, period_id: int) -> None:
    """Delete a period in which nothing was entered, and what is sealed of it."""
    conn.execute(delete(schema.sealing).where(schema.sealing.c.period_id == period_id))
    conn.execute(delete(schema.period).where(schema.period.c.id == period_id))


def last_changes_of_periods(conn: Connection) -> dict[int, int]:
    """Return the revision each period was last changed at, from the audit."""
    audit = schema.audit.c
    rows = conn.execute(
        select(audit.entity_id, func.max(audit.revision))
        .where(audit.entity == "period")
        .group_by(audit.entity_id)
    )
    return {int(entity_id): revision for entity_id, revision in rows}


def sealings(
    conn: Connection,
    *,
    class_ids: Iterable[int] | None = None,
    period_id: int | None = None,
) -> list[SealingLine]:
    """Return what is sealed, or will be, by class, period and matter."""
    wanted = None if class_ids is None else frozenset(class_ids)
    return list(_sealings(conn, wanted, period_id))


@remembered
def _sealings(
    conn: Connection, class_ids: frozenset[int] | None, period_id: int | None
) -> tuple[SealingLine, ...]:
    sealing, school_class = schema.sealing.c, schema.school_class.c
    wanted = (
        select(schema.sealing, school_class.code, school_class.name)
        .join_from(schema.sealing, schema.school_class)
        .order_by(school_class.sort_name, sealing.class_id, sealing.period_id, sealing.what)
    )
    if class_ids is not None:
        wanted = wanted.where(sealing.class_id.in_(sorted(class_ids)))
    if period_id is not None:
        wanted = wanted.where(sealing.period_id == period_id)
    return tuple(
        SealingLine(
            row.class_id,
            row.code,
            row.name,
            row.period_id,
            SealedMatter(row.what),
            row.sealed_at,
        )
        for row in conn.execute(wanted)
    )


def put_sealing(
    conn: Connection, class_id: int, period_id: int, what: SealedMatter, at: datetime
) -> None:
    remove_sealing(conn, class_id, period_id, what)
    conn.execute(
        insert(schema.sealing),
        {"class_id": class_id, "period_id": period_id, "what": what.value, "sealed_at": at},
    )


def remove_sealing(conn: Connection, class_id: int, period_id: int, what: SealedMatter) -> None:
    sealing = schema.sealing.c
    conn.execute(
        delete(schema.sealing).where(
            sealing.class_id == class_id,
            sealing.period_id == period_id,
            sealing.what == what.value,
        )
    )


def classes_named(conn: Connection, class_ids: Iterable[int]) -> dict[int, str]:
    """Return the codes of those of these classes that exist."""
    return dict(_classes_named(conn, frozenset(class_ids)))


@remembered
def _classes_named(conn: Connection, class_ids: frozenset[int]) -> tuple[tuple[int, str], ...]:
    school_class = schema.school_class.c
    rows = conn.execute(
        select(school_class.id, school_class.code).where(school_class.id.in_(class_ids))
    )
    return tuple((row.id, row.code) for row in rows)


def period_kinds(conn: Connection, class_ids: Iterable[int]) -> dict[int, PeriodKind]:
    """Return into what these classes divide their year, by class."""
    class_ = schema.school_class.c
    rows = conn.execute(
        select(class_.id, class_.period_kind).where(class_.id.in_(sorted(set(class_ids))))
    )
    return {row.id: PeriodKind(row.period_kind) for row in rows}


def _line(row: RowMapping) -> PeriodLine:
    return PeriodLine(**{**row, "kind": PeriodKind(row["kind"])})


def _values(one: Period) -> dict[str, Any]:
    return {**attrs.asdict(one, recurse=False), "kind": one.kind.value}
