"""Assessments (*devoirs*), marks and appraisals."""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Column, Index, Table

from pronote_protocol.words import Annotation
from pronote_server.storage.base_columns import Hundredths
from pronote_server.storage.base_schema.structure import pupil
from pronote_server.storage.base_schema.tables import (
    BASE,
    day,
    entry,
    flag,
    key,
    key_part,
    optional_reference,
    reference,
    revision,
    text,
    weight,
    word,
)
from pronote_server.storage.base_schema.teaching import period, service

__all__ = ["appraisal", "assessment", "mark"]

assessment: Final = entry(
    "assessment",
    reference("service_id", service),
    reference("period_id", period),
    day("date"),
    text("title"),
    # In hundredths, as every constraint on such columns: 1 to 999 points.
    Column(
        "scale",
        Hundredths,
        CheckConstraint("scale BETWEEN 100 AND 99900", "scale"),
        nullable=False,
        default=20,
    ),
    weight("coefficient"),
    flag("optional"),
    flag("bonus"),
    flag("bring_to_20"),
    # From this day on pupils and guardians see the marks; NULL: not yet decided.
    day("published_on", nullable=True),
    revision(),
    Index(None, "service_id", "period_id", "date"),
    Index(None, "date"),
)

mark: Final = Table(
    "mark",
    BASE,
    key_part("assessment_id", assessment),
    key_part("pupil_id", pupil),
    Column("value", Hundredths, CheckConstraint("value >= 0", "value")),
    word("annotation", Annotation, nullable=True),
    revision(),
    CheckConstraint("(value IS NULL) <> (annotation IS NULL)", "value_or_annotation"),
    Index(None, "pupil_id", "assessment_id"),
    sqlite_with_rowid=False,
)

# Without a service it is the general one of the report card.
appraisal: Final = entry(
    "appraisal",
    reference("pupil_id", pupil),
    optional_reference("service_id", service, index=True),
    reference("period_id", period),
    key("text"),
    revision(),
)
Index(
    "uq_appraisal_of_service",
    appraisal.c.pupil_id,
    appraisal.c.period_id,
    appraisal.c.service_id,
    unique=True,
)
Index(
    "uq_appraisal_general",
    appraisal.c.pupil_id,
    appraisal.c.period_id,
    unique=True,
    sqlite_where=appraisal.c.service_id.is_(None),
    postgresql_where=appraisal.c.service_id.is_(None),
)
