"""The homework notebook (*cahier de textes*)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, UniqueConstraint

from pronote_server.storage.base_schema.structure import lesson
from pronote_server.storage.base_schema.tables import (
    day,
    entry,
    key,
    optional_reference,
    reference,
    revision,
    text,
)
from pronote_server.storage.base_schema.teaching import service
from pronote_server.storage.columns import UtcDateTime

__all__ = ["homework", "notebook_entry"]

# What was done in one lesson on one day. A lesson that a transfer removes leaves it behind.
notebook_entry: Final = entry(
    "notebook_entry",
    optional_reference("lesson_id", lesson, ondelete="SET NULL", index=True),
    reference("service_id", service),
    day("date"),
    text("content"),
    # Pupils and guardians see it from this instant on; NULL: not yet decided.
    Column("published_at", UtcDateTime),
    revision(),
    UniqueConstraint("service_id", "date", "lesson_id"),
    Index(None, "date"),
)

homework: Final = entry(
    "homework",
    reference("notebook_entry_id", notebook_entry, ondelete="CASCADE", index=True),
    day("due_on"),
    key("text"),
    Index(None, "due_on"),
)
