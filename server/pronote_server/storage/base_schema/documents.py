"""
Documents attached to what is entered, and the pupils' photos.

The bytes are elsewhere, under their SHA-256; a row says what they are called and whose they
are. A document goes with what it is attached to (see `triggers`).
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table

from pronote_protocol.words import DocumentOwner
from pronote_server.storage.base_schema.structure import pupil
from pronote_server.storage.base_schema.tables import (
    BASE,
    entry,
    key,
    key_part,
    revision,
    word,
)
from pronote_server.storage.columns import UtcDateTime

__all__ = ["document", "photo"]


def _content() -> tuple[Column[Any], ...]:
    return (
        Column(
            "sha256",
            String(64),
            CheckConstraint("length(sha256) = 64 AND sha256 = lower(sha256)", "sha256"),
            nullable=False,
            index=True,
        ),
        Column("size", Integer, CheckConstraint("size >= 0", "size"), nullable=False),
        Column(
            "media_type",
            String,
            CheckConstraint("media_type LIKE '_%/_%'", "media_type"),
            nullable=False,
        ),
    )


document: Final = entry(
    "document",
    *_content(),
    key("name"),
    word("owner_kind", DocumentOwner),
    Column("owner_id", Integer, nullable=False),
    key("added_by"),
    Column("added_at", UtcDateTime, nullable=False),
    revision(),
    Index(None, "owner_kind", "owner_id"),
)

photo: Final = Table(
    "photo",
    BASE,
    key_part("pupil_id", pupil),
    *_content(),
    revision(),
)
