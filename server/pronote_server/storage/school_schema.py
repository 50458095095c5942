"""
The tables of ``school.sqlite``: what a school keeps whichever base is in service.

Wrong data is made impossible here rather than avoided above. All foreign keys are checked at
once, never at COMMIT: a deferred one would sink everybody who shares the transaction.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    DDL,
    JSON,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)

from pronote_protocol.words import BaseOrigin, GroupType, Mode, OffenceCause, Rank
from pronote_server.domain.outgoing import Channel, OutgoingState
from pronote_server.storage.columns import UtcDateTime, boolean, new_metadata, one_of

__all__ = [
    "SCHOOL",
    "TRIGGERS",
    "account",
    "journal",
    "journal_purge",
    "known_base",
    "latch",
    "outbox",
    "profile",
    "setting",
    "suspension",
    "user_group",
]

SCHOOL: Final = new_metadata()

_PROFILE_KINDS: Final = (Mode.TEACHER, Mode.SCHOOL_LIFE)

user_group: Final = Table(
    "user_group",
    SCHOOL,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column(
        "folded_name", String, CheckConstraint("folded_name <> ''", "named"), nullable=False
    ),
    Column("type", String, one_of("type", GroupType), nullable=False),
    Column("idle_minutes", Integer, CheckConstraint("idle_minutes > 0", "idle_minutes")),
    Column("builtin", boolean("builtin"), nullable=False),
    UniqueConstraint("folded_name"),
    sqlite_autoincrement=True,
)
# "Le seul groupe du type admin": the school's administrators are one group.
Index(
    "uq_user_group_admin",
    user_group.c.type,
    unique=True,
    sqlite_where=user_group.c.type == GroupType.ADMIN.value,
    postgresql_where=user_group.c.type == GroupType.ADMIN.value,
)

profile: Final = Table(
    "profile",
    SCHOOL,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column(
        "folded_name", String, CheckConstraint("folded_name <> ''", "named"), nullable=False
    ),
    Column("kind", String, one_of("kind", _PROFILE_KINDS), nullable=False),
    Column("idle_minutes", Integer, CheckConstraint("idle_minutes > 0", "idle_minutes")),
    Column("builtin", boolean("builtin"), nullable=False),
    UniqueConstraint("kind", "folded_name"),
    sqlite_autoincrement=True,
)

account: Final = Table(
    "account",
    SCHOOL,
    # Never given again: an id in the journal is the same person for ever.
    Column("id", Integer, primary_key=True),
    Column("login", String, nullable=False),
    Column(
        "folded_login", String, CheckConstraint("folded_login <> ''", "named"), nullable=False
    ),
    Column("name", String, nullable=False),
    Column("rank", String, one_of("rank", Rank), nullable=False),
    Column("group_id", ForeignKey(user_group.c.id, ondelete="RESTRICT"), index=True),
    Column("teacher_profile_id", ForeignKey(profile.c.id, ondelete="RESTRICT"), index=True),
    Column("staff_profile_id", ForeignKey(profile.c.id, ondelete="RESTRICT"), index=True),
    Column(
        "person",
        String,
        CheckConstraint("person LIKE 'teacher:_%' OR person LIKE 'staff:_%'", "person"),
    ),
    Column("salt", LargeBinary),
    Column("stored_key", LargeBinary),
    Column("server_key", LargeBinary),
    Column("iterations", Integer, CheckConstraint("iterations > 0", "iterations")),
    Column("generated_password", String),
    Column("must_change", boolean("must_change"), nullable=False),
    Column("active", boolean("active"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_login_at", UtcDateTime),
    UniqueConstraint("folded_login"),
    # One nominative account a person.
    UniqueConstraint("person"),
    CheckConstraint(
        "(salt IS NULL) = (stored_key IS NULL) AND (salt IS NULL) = (server_key IS NULL) "
        "AND (salt IS NULL) = (iterations IS NULL)",
        "whole_credentials",
    ),
    CheckConstraint(
        "generated_password IS NULL OR salt IS NOT NULL", "generated_password_opens"
    ),
    CheckConstraint("rank <> 'supervisor' OR active", "supervisor_active"),
    CheckConstraint(
        "rank <> 'superadministrator' OR group_id IS NOT NULL", "superadministrator_in_group"
    ),
    sqlite_autoincrement=True,
)
Index(
    "uq_account_supervisor",
    account.c.rank,
    unique=True,
    sqlite_where=account.c.rank == Rank.SUPERVISOR.value,
    postgresql_where=account.c.rank == Rank.SUPERVISOR.value,
)

setting: Final = Table(
    "setting",
    SCHOOL,
    Column("key", String, primary_key=True),
    Column("value", JSON, nullable=False),
)

# School time in seconds, as the domain counts it.
suspension: Final = Table(
    "suspension",
    SCHOOL,
    Column("id", Integer, primary_key=True),
    Column("prefix", String, nullable=False),
    Column("login", String),
    Column("cause", String, one_of("cause", OffenceCause), nullable=False),
    Column("since", Double, nullable=False),
    Column("until", Double, nullable=False),
    Column("offences", Integer, nullable=False),
    Column("recidive", Integer, nullable=False),
    Column("accounts", JSON, nullable=False),
    Column("reference", String, nullable=False),
    Column("earned", Integer, nullable=False),
    Column("ended", Double),
    UniqueConstraint("prefix", "login"),
    CheckConstraint("since <= until", "since"),
    CheckConstraint("offences >= 0 AND recidive >= 0 AND earned >= 0", "counts"),
)
# NULLs are distinct to the constraint above.
Index(
    "uq_suspension_whole_prefix",
    suspension.c.prefix,
    unique=True,
    sqlite_where=suspension.c.login.is_(None),
    postgresql_where=suspension.c.login.is_(None),
)

latch: Final = Table(
    "latch",
    SCHOOL,
    Column("id", Integer, primary_key=True),
    Column("instance", String, nullable=False),
    Column("prefix", String, nullable=False),
    Column("login", String),
    Column("cause", String, one_of("cause", OffenceCause), nullable=False),
    Column("reference", String, nullable=False),
    Column("told_at", Double, nullable=False),
    Column("lifted", boolean("lifted"), nullable=False),
    UniqueConstraint("instance", "login"),
)
Index(
    "uq_latch_whole_instance",
    latch.c.instance,
    unique=True,
    sqlite_where=latch.c.login.is_(None),
    postgresql_where=latch.c.login.is_(None),
)

journal: Final = Table(
    "journal",
    SCHOOL,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String, CheckConstraint("kind LIKE '_%._%'", "kind"), nullable=False),
    Column("actor", String, nullable=False),
    Column("address", String),
    Column("details", JSON, nullable=False),
    # Everything above but the date, folded: what a search looks into.
    Column("search", Text, nullable=False),
    Index(None, "kind", "id"),
    sqlite_autoincrement=True,
)

# Holds a row only while `journal.purge_journal` runs: lines before that instant may go.
journal_purge: Final = Table(
    "journal_purge",
    SCHOOL,
    Column("before", UtcDateTime, primary_key=True),
)

# What is to leave for the responsible of the hosting, written with whatever causes it.
outbox: Final = Table(
    "outbox",
    SCHOOL,
    Column("id", Integer, primary_key=True),
    Column("message_id", String, nullable=False),
    Column("channel", String, one_of("channel", Channel), nullable=False),
    Column("recipient", String),
    Column("subject", String, nullable=False),
    Column("body", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, CheckConstraint("attempts >= 0", "attempts"), nullable=False),
    Column("state", String, one_of("state", OutgoingState), nullable=False),
    Column("problem", String),
    Column("done_at", UtcDateTime),
    UniqueConstraint("message_id"),
    # A message that was sent keeps no secret; one that waits has something to say.
    CheckConstraint("state <> 'sent' OR body IS NULL", "sent_is_emptied"),
    CheckConstraint("state <> 'waiting' OR body IS NOT NULL", "waiting_says_something"),
    CheckConstraint("(state = 'waiting') = (done_at IS NULL)", "done"),
    Index(None, "state", "due_at"),
    sqlite_autoincrement=True,
)

# What the files of the bases do not say themselves: how they came, and when they served.
known_base: Final = Table(
    "known_base",
    SCHOOL,
    Column("file", String, primary_key=True),
    Column("origin", String, one_of("origin", BaseOrigin), nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("added_by", String, nullable=False),
    Column("served_at", UtcDateTime),
)

# PostgreSQL writes triggers in another way; a port has these to say again.
TRIGGERS: Final = tuple(
    " ".join(sql.split())
    for sql in (
        """
        CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END
        """,
        """
        CREATE TRIGGER journal_is_never_cut BEFORE DELETE ON journal
        WHEN NOT EXISTS (SELECT 1 FROM journal_purge WHERE OLD.at < before)
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END
        """,
        # INSERT OR REPLACE would delete the old line without asking the trigger above.
        """
        CREATE TRIGGER journal_is_never_replaced BEFORE INSERT ON journal
        WHEN EXISTS (SELECT 1 FROM journal WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END
        """,
        """
        CREATE TRIGGER supervisor_is_never_deleted BEFORE DELETE ON account
        WHEN OLD.rank = 'supervisor'
        BEGIN SELECT RAISE(ABORT, 'a school has a supervisor'); END
        """,
        """
        CREATE TRIGGER supervisor_is_never_demoted BEFORE UPDATE OF rank ON account
        WHEN OLD.rank = 'supervisor' AND NEW.rank <> 'supervisor'
        BEGIN SELECT RAISE(ABORT, 'a school has a supervisor'); END
        """,
    )
)
for _sql in TRIGGERS:
    _trigger = DDL(_sql)  # type: ignore[no-untyped-call]
    event.listen(SCHOOL, "after_create", _trigger.execute_if(dialect="sqlite"))
