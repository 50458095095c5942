"""The school's year and who teaches what to whom: periods, holidays, services."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
)

from pronote_protocol.words import EvaluatesIn, PeriodKind, SealedMatter, SubServiceUse
from pronote_server.storage.base_columns import Hundredths
from pronote_server.storage.base_schema.structure import (
    pupil,
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
    later_flag,
    later_revision,
    optional_reference,
    reference,
    revision,
    weight,
    word,
)
from pronote_server.storage.columns import UtcDateTime

__all__ = ["bonus_malus", "holiday", "period", "sealing", "service", "service_coefficient"]

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
    later_revision(),
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
    # The scale of its averages.
    Column(
        "out_of",
        Integer,
        CheckConstraint("out_of BETWEEN 1 AND 100", "out_of"),
        nullable=False,
        default=20,
        server_default="20",
    ),
    # Whether the points given to its pupils, in `bonus_malus`, are taken into account.
    later_flag("bonus_malus"),
    # What its average is made of when it has sub-services.
    word("sub_services", SubServiceUse, default=SubServiceUse.AVERAGES, later=True),
    UniqueConstraint("code"),
    CheckConstraint("(class_id IS NULL) <> (group_id IS NULL)", "class_or_group"),
    # A parent exists before its child, so that no circle can be made.
    CheckConstraint("parent_id < id", "parent_first"),
    CheckConstraint("from_lessons OR NOT orphan", "orphan_of_lessons"),
)

# What a service counts for in one period, where that is not what it counts for in the year.
service_coefficient: Final = Table(
    "service_coefficient",
    BASE,
    key_part("service_id", service, ondelete="CASCADE"),
    key_part("period_id", period, ondelete="CASCADE"),
    weight("coefficient"),
    revision(),
    Index(None, "period_id", "service_id"),
    sqlite_with_rowid=False,
)

# Points a pupil was given, or lost, for a service in a period.
bonus_malus: Final = Table(
    "bonus_malus",
    BASE,
    key_part("service_id", service),
    key_part("period_id", period),
    key_part("pupil_id", pupil),
    Column("points", Hundredths, CheckConstraint("points <> 0", "points"), nullable=False),
    revision(),
    Index(None, "pupil_id", "service_id"),
    Index(None, "period_id", "service_id"),
    sqlite_with_rowid=False,
)
