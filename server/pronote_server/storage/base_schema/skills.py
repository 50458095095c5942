"""Competencies: skills, evaluations of them, and the levels pupils reached."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ForeignKeyConstraint, Index, Table, UniqueConstraint

from pronote_protocol.words import Level
from pronote_server.storage.base_schema.structure import pupil
from pronote_server.storage.base_schema.tables import (
    BASE,
    day,
    entry,
    key,
    key_part,
    reference,
    revision,
    text,
    weight,
    word,
)
from pronote_server.storage.base_schema.teaching import period, service

__all__ = ["evaluation", "evaluation_level", "evaluation_skill", "skill"]

skill: Final = entry(
    "skill",
    key("code"),
    key("name"),
    text("domain"),
    UniqueConstraint("code"),
)

evaluation: Final = entry(
    "evaluation",
    reference("service_id", service),
    reference("period_id", period),
    day("date"),
    text("title"),
    weight("coefficient"),
    day("published_on", nullable=True),
    revision(),
    Index(None, "service_id", "period_id", "date"),
    Index(None, "date"),
)

evaluation_skill: Final = Table(
    "evaluation_skill",
    BASE,
    key_part("evaluation_id", evaluation, ondelete="CASCADE"),
    key_part("skill_id", skill),
    Index(None, "skill_id", "evaluation_id"),
    sqlite_with_rowid=False,
)

# Only for a skill that the evaluation is about.
evaluation_level: Final = Table(
    "evaluation_level",
    BASE,
    key_part("evaluation_id", evaluation),
    key_part("skill_id", skill),
    key_part("pupil_id", pupil),
    word("level", Level),
    revision(),
    ForeignKeyConstraint(
        ["evaluation_id", "skill_id"],
        [evaluation_skill.c.evaluation_id, evaluation_skill.c.skill_id],
        name="fk_evaluation_level_evaluated",
        ondelete="RESTRICT",
    ),
    Index(None, "pupil_id", "skill_id"),
    sqlite_with_rowid=False,
)
