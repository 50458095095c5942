"""Absences, lateness, roll calls, punishments, sanctions and follow-ups."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
)

from pronote_protocol.words import FollowUpKind, MotiveKind, PunishmentKind, SanctionKind
from pronote_server.storage.base_columns import local_minute
from pronote_server.storage.base_schema.structure import lesson, pupil, room
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
    word,
)
from pronote_server.storage.columns import UtcDateTime

__all__ = [
    "absence",
    "follow_up",
    "half_day_options",
    "lateness",
    "motive",
    "punishment",
    "punishment_companion",
    "roll_call",
    "sanction",
]

# Which things may name which motive is kept by `triggers`: those of their own kind.
motive: Final = entry(
    "motive",
    word("kind", MotiveKind),
    key("name"),
    flag("admissible"),
    flag("settled"),
    flag("out_of_school"),
    flag("health"),
    flag("report_card"),
    flag("published"),
    flag("usable_by_guardians"),
    UniqueConstraint("kind", "name"),
)

# Without an end it is open: the pupil is not back yet.
absence: Final = entry(
    "absence",
    reference("pupil_id", pupil),
    local_minute("starts_at"),
    local_minute("ends_at", nullable=True),
    optional_reference("motive_id", motive, index=True),
    flag("justified"),
    flag("settled"),
    revision(),
    UniqueConstraint("pupil_id", "starts_at"),
    CheckConstraint("starts_at < ends_at", "in_order"),
    Index(None, "starts_at", "ends_at"),
)
Index(
    "uq_absence_open",
    absence.c.pupil_id,
    unique=True,
    sqlite_where=absence.c.ends_at.is_(None),
    postgresql_where=absence.c.ends_at.is_(None),
)
Index(
    "ix_absence_open",
    absence.c.starts_at,
    absence.c.id,
    sqlite_where=absence.c.ends_at.is_(None),
    postgresql_where=absence.c.ends_at.is_(None),
)

lateness: Final = entry(
    "lateness",
    reference("pupil_id", pupil),
    local_minute("at"),
    Column("minutes", Integer, CheckConstraint("minutes > 0", "minutes"), nullable=False),
    optional_reference("motive_id", motive, index=True),
    flag("justified"),
    revision(),
    UniqueConstraint("pupil_id", "at"),
    Index(None, "at"),
)

# How half-days are counted; without a row, as `domain.half_days` says.
half_day_options: Final = Table(
    "half_day_options",
    BASE,
    Column("id", Integer, CheckConstraint("id = 1", "single"), primary_key=True),
    Column(
        "midday_minute",
        Integer,
        CheckConstraint("midday_minute BETWEEN 1 AND 1439", "midday_minute"),
        nullable=False,
    ),
    flag("skip_without_lessons"),
    revision(),
)

# That it was taken; who was missing is in the absences.
roll_call: Final = Table(
    "roll_call",
    BASE,
    key_part("lesson_id", lesson),
    Column("date", Date, primary_key=True),
    key("taken_by"),
    Column("taken_at", UtcDateTime, nullable=False),
    Index(None, "date"),
    sqlite_with_rowid=False,
)

punishment: Final = entry(
    "punishment",
    reference("pupil_id", pupil),
    word("kind", PunishmentKind),
    day("given_on"),
    key("given_by"),
    optional_reference("motive_id", motive, index=True),
    Column("duration_minutes", Integer, CheckConstraint("duration_minutes > 0", "duration")),
    day("due_on", nullable=True),
    local_minute("scheduled_at", nullable=True),
    optional_reference("room_id", room, ondelete="SET NULL", index=True),
    key("supervisor", nullable=True),
    text("work"),
    day("done_on", nullable=True),
    day("published_on", nullable=True),
    revision(),
    Index(None, "pupil_id", "given_on"),
    Index(None, "given_by", "given_on"),
    Index(None, "given_on"),
    Index(None, "scheduled_at"),
)

# The pupil who goes along with one excluded from a lesson (*accompagnateur*).
punishment_companion: Final = Table(
    "punishment_companion",
    BASE,
    key_part("punishment_id", punishment, ondelete="CASCADE"),
    Column("pupil_id", ForeignKey(pupil.c.id, ondelete="CASCADE"), nullable=False, index=True),
)

sanction: Final = entry(
    "sanction",
    reference("pupil_id", pupil),
    word("kind", SanctionKind),
    day("decided_on"),
    day("starts_on", nullable=True),
    day("ends_on", nullable=True),
    key("decided_by"),
    optional_reference("motive_id", motive, index=True),
    revision(),
    CheckConstraint("starts_on <= ends_on", "in_order"),
    CheckConstraint("ends_on IS NULL OR starts_on IS NOT NULL", "begun"),
    Index(None, "pupil_id", "decided_on"),
    Index(None, "decided_on"),
)

follow_up: Final = entry(
    "follow_up",
    reference("pupil_id", pupil),
    day("date"),
    word("kind", FollowUpKind),
    text("text"),
    key("by"),
    optional_reference("motive_id", motive, index=True),
    revision(),
    Index(None, "pupil_id", "date"),
    Index(None, "date"),
)
