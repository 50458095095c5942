"""
Guardians; information and surveys with their receipts; discussions.

A person is ``teacher:CODE``, ``staff:CODE``, ``pupil:CODE`` or ``guardian:CODE``, as accounts
name theirs; accounts are not in the base, so nothing here refers to them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
)

from pronote_protocol.words import Kinship
from pronote_server.storage.base_schema.structure import pupil
from pronote_server.storage.base_schema.tables import (
    BASE,
    entry,
    flag,
    key,
    key_part,
    later_flag,
    later_revision,
    reference,
    resource,
    revision,
    text,
    word,
)
from pronote_server.storage.columns import UtcDateTime

__all__ = [
    "discussion",
    "guardian",
    "information",
    "message",
    "participant",
    "pupil_guardian",
    "receipt",
]

guardian: Final = resource(
    "guardian",
    text("last_name"),
    text("first_name"),
    key("email", nullable=True),
    key("phone", nullable=True),
)
pupil_guardian: Final = Table(
    "pupil_guardian",
    BASE,
    key_part("pupil_id", pupil),
    key_part("guardian_id", guardian),
    flag("legal"),
    word("kinship", Kinship, default=Kinship.OTHER, later=True),
    # Whether the school writes to, and calls, this guardian about this pupil.
    later_flag("contact"),
    later_revision(),
    Index(None, "guardian_id", "pupil_id"),
    sqlite_with_rowid=False,
)

# With *survey*, the list of its choices, it asks; without, it only informs.
information: Final = entry(
    "information",
    key("title"),
    text("text"),
    Column("published_at", UtcDateTime, index=True),
    key("by"),
    Column("survey", JSON(none_as_null=True)),
    revision(),
    Index(None, "by", "published_at"),
)
# To whom it was sent, and whether they read it.
receipt: Final = Table(
    "receipt",
    BASE,
    key_part("information_id", information, ondelete="CASCADE"),
    Column("person", String, CheckConstraint("person <> ''", "person"), primary_key=True),
    Column("read_at", UtcDateTime),
    Column("answer", String),
    CheckConstraint("answer IS NULL OR read_at IS NOT NULL", "read_before_answer"),
    Index(None, "person", "information_id"),
    sqlite_with_rowid=False,
)

discussion: Final = entry(
    "discussion",
    key("subject"),
    key("created_by"),
    Column("created_at", UtcDateTime, nullable=False),
    revision(),
)
# Who leaves stays, with a date: what he wrote is still his.
participant: Final = Table(
    "participant",
    BASE,
    key_part("discussion_id", discussion, ondelete="CASCADE"),
    Column("person", String, CheckConstraint("person <> ''", "person"), primary_key=True),
    Column("read_at", UtcDateTime),
    Column("left_at", UtcDateTime),
    Index(None, "person", "discussion_id"),
    sqlite_with_rowid=False,
)
message: Final = entry(
    "message",
    reference("discussion_id", discussion),
    key("by"),
    Column("at", UtcDateTime, nullable=False),
    key("text"),
    # Only who takes part can say something.
    ForeignKeyConstraint(
        ["discussion_id", "by"],
        [participant.c.discussion_id, participant.c.person],
        name="fk_message_participant",
        ondelete="RESTRICT",
    ),
    Index(None, "discussion_id", "id"),
)
Index("ix_message_participant", message.c.discussion_id, message.c.by)
