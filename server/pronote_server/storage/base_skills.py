"""Skills, evaluations of them, and the levels pupils reached."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any

import attrs
from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from pronote_protocol.words import Level
from pronote_server.domain.search import fold
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_writes import AuditEntry

__all__ = [
    "EvaluationLine",
    "LevelLine",
    "SkillLine",
    "changes_of_levels",
    "delete_evaluation",
    "delete_skill",
    "evaluation",
    "evaluations_of",
    "evaluations_with",
    "insert_evaluation",
    "insert_skill",
    "levels_of_evaluation",
    "levels_of_pupil",
    "put_level",
    "remove_level",
    "set_skills",
    "skill",
    "skill_with_code",
    "skills",
    "skills_of",
    "touch_evaluation",
    "update_evaluation",
    "update_skill",
]


@attrs.frozen(kw_only=True)
class SkillLine:
    id: int
    code: str
    name: str
    domain: str

    @property
    def order(self) -> tuple[str, str, int]:
        """By domain, then code."""
        return fold(self.domain), fold(self.code), self.id


@attrs.frozen(kw_only=True)
class EvaluationLine:
    """One row of the table, and its skills in their order."""

    id: int
    service_id: int
    period_id: int
    date: datetime.date
    title: str
    coefficient: Decimal
    published_on: datetime.date | None
    revision: int
    skill_ids: tuple[int, ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        """What was entered: all but the id and the revision."""
        values = attrs.asdict(self)
        del values["id"], values["revision"]
        return values

    @property
    def columns(self) -> dict[str, Any]:
        values = {**self.values, "revision": self.revision}
        del values["skill_ids"]
        return values


@attrs.frozen
class LevelLine:
    """A level of a pupil, with what it weighs."""

    domain: str
    date: datetime.date
    level: Level
    coefficient: Decimal


# Skills


def skills(conn: Connection) -> list[SkillLine]:
    """Return all of them, in order; a school has some hundreds."""
    rows = conn.execute(select(schema.skill))
    return sorted((SkillLine(**row._mapping) for row in rows), key=lambda each: each.order)


def skill(conn: Connection, skill_id: int) -> SkillLine | None:
    found = skills_of(conn, [skill_id])
    return found[0] if found else None


def skill_with_code(conn: Connection, code: str) -> SkillLine | None:
    row = conn.execute(select(schema.skill).where(schema.skill.c.code == code)).first()
    return None if row is None else SkillLine(**row._mapping)


def skills_of(conn: Connection, skill_ids: Iterable[int]) -> list[SkillLine]:
    """Return those of these that exist, in order."""
    rows = conn.execute(
        select(schema.skill).where(schema.skill.c.id.in_(sorted(set(skill_ids))))
    )
    return sorted((SkillLine(**row._mapping) for row in rows), key=lambda each: each.order)


def insert_skill(conn: Connection, code: str, name: str, domain: str) -> int:
    key = conn.execute(
        insert(schema.skill).values(code=code, name=name, domain=domain)
    ).inserted_primary_key
    assert key is not None
    id_: int = key[0]
    return id_


def update_skill(conn: Connection, changed: SkillLine) -> None:
    conn.execute(
        update(schema.skill)
        .where(schema.skill.c.id == changed.id)
        .values(name=changed.name, domain=changed.domain)
    )


def evaluations_with(conn: Connection, skill_id: int) -> int:
    """Return how many evaluations are about that skill."""
    about = schema.evaluation_skill.c
    return conn.execute(
        select(func.count())
        .select_from(schema.evaluation_skill)
        .where(about.skill_id == skill_id)
    ).scalar_one()


def delete_skill(conn: Connection, skill_id: int) -> None:
    """Delete a skill no evaluation is about."""
    conn.execute(delete(schema.skill).where(schema.skill.c.id == skill_id))


# Evaluations


def evaluation(conn: Connection, evaluation_id: int) -> EvaluationLine | None:
    found = _evaluations(conn, schema.evaluation.c.id == evaluation_id)
    return found[0] if found else None


def evaluations_of(
    conn: Connection, service_id: int, period_id: int | None = None
) -> list[EvaluationLine]:
    """Return the evaluations of a service, in a period or in all of them, by date."""
    of = schema.evaluation.c
    wanted: ColumnElement[bool] = of.service_id == service_id
    if period_id is not None:
        wanted = and_(wanted, of.period_id == period_id)
    return _evaluations(conn, wanted)


def _evaluations(conn: Connection, wanted: ColumnElement[bool]) -> list[EvaluationLine]:
    of, about = schema.evaluation, schema.evaluation_skill
    rows = conn.execute(select(of).where(wanted).order_by(of.c.date, of.c.id)).all()
    pairs = conn.execute(
        select(about.c.evaluation_id, schema.skill)
        .join_from(about, of)
        .join(schema.skill, schema.skill.c.id == about.c.skill_id)
        .where(wanted)
    )
    found: dict[int, list[SkillLine]] = {}
    for row in pairs:
        line = SkillLine(id=row.id, code=row.code, name=row.name, domain=row.domain)
        found.setdefault(row.evaluation_id, []).append(line)
    return [
        EvaluationLine(
            **row._mapping,
            skill_ids=tuple(
                one.id for one in sorted(found.get(row.id, ()), key=lambda each: each.order)
            ),
        )
        for row in rows
    ]


def insert_evaluation(conn: Connection, new: EvaluationLine) -> int:
    """Add *new* and what it is about; its id does not count. Return its id."""
    key = conn.execute(insert(schema.evaluation).values(**new.columns)).inserted_primary_key
    assert key is not None
    id_: int = key[0]
    set_skills(conn, id_, (), new.skill_ids)
    return id_


def update_evaluation(conn: Connection, changed: EvaluationLine) -> None:
    """Write all but what it is about, see `set_skills`."""
    conn.execute(
        update(schema.evaluation)
        .where(schema.evaluation.c.id == changed.id)
        .values(**changed.columns)
    )


def touch_evaluation(conn: Connection, evaluation_id: int, revision: int) -> None:
    """Note that a level of it changed."""
    conn.execute(
        update(schema.evaluation)
        .where(schema.evaluation.c.id == evaluation_id)
        .values(revision=revision)
    )


def set_skills(
    conn: Connection, evaluation_id: int, old: Collection[int], new: Collection[int]
) -> None:
    """Make it about *new* instead of *old*; what goes has no levels."""
    about = schema.evaluation_skill
    if gone := set(old) - set(new):
        conn.execute(
            delete(about).where(
                about.c.evaluation_id == evaluation_id, about.c.skill_id.in_(sorted(gone))
            )
        )
    if come := set(new) - set(old):
        conn.execute(
            insert(about),
            [{"evaluation_id": evaluation_id, "skill_id": one} for one in sorted(come)],
        )


def delete_evaluation(conn: Connection, evaluation_id: int) -> None:
    """Delete it and its levels; what was attached to it goes with it."""
    level = schema.evaluation_level
    conn.execute(delete(level).where(level.c.evaluation_id == evaluation_id))
    conn.execute(delete(schema.evaluation).where(schema.evaluation.c.id == evaluation_id))


# Levels


def levels_of_evaluation(conn: Connection, evaluation_id: int) -> dict[tuple[int, int], Level]:
    """Return its levels by pupil and skill."""
    level = schema.evaluation_level.c
    rows = conn.execute(
        select(level.pupil_id, level.skill_id, level.level).where(
            level.evaluation_id == evaluation_id
        )
    )
    return {(row.pupil_id, row.skill_id): Level(row.level) for row in rows}


def levels_of_pupil(
    conn: Connection, pupil_id: int, service_ids: Collection[int] | None, period_id: int | None
) -> list[LevelLine]:
    """Return what a pupil reached: in those services, or in all; in a period, or in all."""
    level, of = schema.evaluation_level.c, schema.evaluation.c
    wanted: list[ColumnElement[bool]] = [level.pupil_id == pupil_id]
    if service_ids is not None:
        wanted.append(of.service_id.in_(sorted(set(service_ids))))
    if period_id is not None:
        wanted.append(of.period_id == period_id)
    rows = conn.execute(
        select(schema.skill.c.domain, of.date, level.level, of.coefficient)
        .join_from(schema.evaluation_level, schema.evaluation, of.id == level.evaluation_id)
        .join(schema.skill, schema.skill.c.id == level.skill_id)
        .where(*wanted)
        .order_by(of.date, of.id, level.skill_id)
    )
    return [LevelLine(row.domain, row.date, Level(row.level), row.coefficient) for row in rows]


def put_level(
    conn: Connection,
    evaluation_id: int,
    pupil_id: int,
    skill_id: int,
    level: Level,
    revision: int,
    *,
    new: bool,
) -> None:
    """Write one cell; *new* says that it was empty."""
    values = {"level": level.value, "revision": revision}
    table = schema.evaluation_level
    if new:
        cell = {"evaluation_id": evaluation_id, "pupil_id": pupil_id, "skill_id": skill_id}
        conn.execute(insert(table), {**cell, **values})
    else:
        conn.execute(
            update(table).where(*_cell(evaluation_id, pupil_id, skill_id)).values(**values)
        )


def remove_level(conn: Connection, evaluation_id: int, pupil_id: int, skill_id: int) -> None:
    conn.execute(
        delete(schema.evaluation_level).where(*_cell(evaluation_id, pupil_id, skill_id))
    )


def changes_of_levels(
    conn: Connection, evaluation_id: int, since: int, cells: Collection[str]
) -> list[AuditEntry]:
    """
    Return what changed of those cells after *since*, oldest first.

    Args:
        cells: As the audit names them: evaluation/pupil/skill.
    """
    audit = schema.audit.c
    rows = conn.execute(
        select(schema.audit)
        .where(
            audit.entity == "level",
            # "12/" to "120": what begins with "12/", found by the index.
            audit.entity_id > f"{evaluation_id}/",
            audit.entity_id < f"{evaluation_id}0",
            audit.revision > since,
        )
        .order_by(audit.id)
    )
    names = [field.name for field in attrs.fields(AuditEntry)]
    return [
        AuditEntry(**{name: row._mapping[name] for name in names})
        for row in rows
        if row.entity_id in cells
    ]


def _cell(evaluation_id: int, pupil_id: int, skill_id: int) -> list[ColumnElement[bool]]:
    level = schema.evaluation_level.c
    return [
        level.evaluation_id == evaluation_id,
        level.pupil_id == pupil_id,
        level.skill_id == skill_id,
    ]
