"""The school's year and who teaches what to whom: periods, holidays, services."""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table, UniqueConstraint

from pronote_protocol.words import EvaluatesIn, PeriodKind, SealedMatter
from pronote_server.storage.base_schema.structure import (
    school_class,
    school_group,
    subject,
    teacher,
)
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
    weight,
    word,
)
from pronote_server.storage.columns import UtcDateTime

__all__ = ["holiday", "period", "sealing", "service"]

period: Final = entry(
    "period",
    key("code"),
    key("name"),
    word("kind", PeriodKind),
    day("starts_on"),
    day("ends_on"),
    UniqueConstraint("code"),
    CheckConstraint("starts_on <= ends_on", "in_order"),
)

# Both days are free.
holiday: Final = entry(
    "holiday",
    day("starts_on"),
    day("ends_on"),
    key("name"),
    UniqueConstraint("starts_on"),
    CheckConstraint("starts_on <= ends_on", "in_order"),
)

# What is closed to entries, for one class; an instant to come is a sealing that is planned.
sealing: Final = Table(
    "sealing",
    BASE,
    key_part("class_id", school_class),
    key_part("period_id", period),
    word("what", SealedMatter, primary_key=True),
    Column("sealed_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

service: Final = entry(
    "service",
    # Of one made from lessons: see `base_services.service_code`.
    key("code"),
    reference("subject_id", subject, index=True),
    optional_reference("teacher_id", teacher, index=True),
    optional_reference("class_id", school_class, index=True),
    optional_reference("group_id", school_group, index=True),
    # Of a sub-service (*sous-service*), whose average counts in that of its parent.
    Column("parent_id", ForeignKey("service.id", ondelete="RESTRICT"), index=True),
    weight("coefficient"),
    word("evaluates_in", EvaluatesIn, default=EvaluatesIn.BOTH),
    flag("bring_to_20"),
    # Only assessments above the average count.
    flag("above_average_only"),
    # What the best and the worst mark of a pupil count for, beside the coefficient.
    weight("highest_weight"),
    weight("lowest_weight"),
    # As the domain writes a rounding; NULL: as the school does.
    key("rounding_pupil", nullable=True),
    key("rounding_class", nullable=True),
    # A transfer renews these and removes what is empty; those made by hand it leaves alone.
    flag("from_lessons"),
    # No lesson of today makes it any more, but marks or texts were entered.
    flag("orphan"),
    revision(),
    UniqueConstraint("code"),
    CheckConstraint("(class_id IS NULL) <> (group_id IS NULL)", "class_or_group"),
    # A parent exists before its child, so that no circle can be made.
    CheckConstraint("parent_id < id", "parent_first"),
    CheckConstraint("from_lessons OR NOT orphan", "orphan_of_lessons"),
)
