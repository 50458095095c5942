"""What every write leaves behind: its answer, its line of audit, what it changed."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from pronote_server.storage.base_schema.tables import BASE, entry, key, revision
from pronote_server.storage.columns import UtcDateTime

__all__ = ["audit", "change_log", "entry_key"]

# Of an account: nobody can block, or read, what somebody else's key was answered.
entry_key: Final = Table(
    "entry_key",
    BASE,
    Column("account", String, CheckConstraint("account <> ''", "account"), primary_key=True),
    Column(
        "key", String, CheckConstraint("length(key) BETWEEN 1 AND 100", "key"), primary_key=True
    ),
    key("method"),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("answer", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# The id of an entry with several is written 12/345. Never changed: see `triggers`.
audit: Final = entry(
    "audit",
    revision(),
    Column("at", UtcDateTime, nullable=False),
    key("actor"),
    key("method"),
    key("entity"),
    key("entity_id"),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    # The login of who it was, whose name another may bear; NULL in lines of format 2.
    key("account", nullable=True),
    CheckConstraint("before IS NOT NULL OR after IS NOT NULL", "something"),
    Index(None, "entity", "entity_id", "id"),
    Index(None, "at"),
)

# A line about the entity "base" says that anything may have changed: read it all again.
change_log: Final = Table(
    "change_log",
    BASE,
    Column(
        "revision",
        Integer,
        CheckConstraint("revision >= 0", "revision"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("entity", String, CheckConstraint("entity <> ''", "entity"), primary_key=True),
    Column("entity_id", String, primary_key=True),
    Column("audience", String, primary_key=True),
    sqlite_with_rowid=False,
)
