"""
The school's own records.

Frozen: what a file of that time looks like does not change any more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TRIGGERS = (
    "CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal"
    " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
    "CREATE TRIGGER journal_is_never_cut BEFORE DELETE ON journal"
    " WHEN NOT EXISTS (SELECT 1 FROM journal_purge WHERE OLD.at < before)"
    " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
    "CREATE TRIGGER journal_is_never_replaced BEFORE INSERT ON journal"
    " WHEN EXISTS (SELECT 1 FROM journal WHERE id = NEW.id)"
    " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
    "CREATE TRIGGER supervisor_is_never_deleted BEFORE DELETE ON account"
    " WHEN OLD.rank = 'supervisor'"
    " BEGIN SELECT RAISE(ABORT, 'a school has a supervisor'); END",
    "CREATE TRIGGER supervisor_is_never_demoted BEFORE UPDATE OF rank ON account"
    " WHEN OLD.rank = 'supervisor' AND NEW.rank <> 'supervisor'"
    " BEGIN SELECT RAISE(ABORT, 'a school has a supervisor'); END",
)


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "kind",
            sa.String(),
            sa.CheckConstraint("kind LIKE '_%._%'", name="kind"),
            nullable=False,
        ),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_journal_kind_id"), "journal", ["kind", "id"], unique=False)
    op.create_table(
        "journal_purge",
        sa.Column("before", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("before", name=op.f("pk_journal_purge")),
    )
    op.create_table(
        "latch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=True),
        sa.Column(
            "cause",
            sa.String(),
            sa.CheckConstraint(
                "cause IN ('wrong_passwords', 'saturation', 'unauthorised_calls')",
                name="cause",
            ),
            nullable=False,
        ),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("told_at", sa.Double(), nullable=False),
        sa.Column("lifted", sa.Boolean(create_constraint=True, name="lifted"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_latch")),
        sa.UniqueConstraint("instance", "login", name=op.f("uq_latch_instance_login")),
    )
    op.create_index(
        "uq_latch_whole_instance",
        "latch",
        ["instance"],
        unique=True,
        sqlite_where=sa.text("login IS NULL"),
        postgresql_where=sa.text("login IS NULL"),
    )
    op.create_table(
        "profile",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "folded_name",
            sa.String(),
            sa.CheckConstraint("folded_name <> ''", name="named"),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.String(),
            sa.CheckConstraint("kind IN ('teacher', 'school-life')", name="kind"),
            nullable=False,
        ),
        sa.Column(
            "idle_minutes",
            sa.Integer(),
            sa.CheckConstraint("idle_minutes > 0", name="idle_minutes"),
            nullable=True,
        ),
        sa.Column(
            "builtin", sa.Boolean(create_constraint=True, name="builtin"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile")),
        sa.UniqueConstraint("kind", "folded_name", name=op.f("uq_profile_kind_folded_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "setting",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_setting")),
    )
    op.create_table(
        "suspension",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=True),
        sa.Column(
            "cause",
            sa.String(),
            sa.CheckConstraint(
                "cause IN ('wrong_passwords', 'saturation', 'unauthorised_calls')",
                name="cause",
            ),
            nullable=False,
        ),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("offences", sa.Integer(), nullable=False),
        sa.Column("recidive", sa.Integer(), nullable=False),
        sa.Column("accounts", sa.JSON(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("earned", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "offences >= 0 AND recidive >= 0 AND earned >= 0", name=op.f("ck_suspension_counts")
        ),
        sa.CheckConstraint("since <= until", name=op.f("ck_suspension_since")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspension")),
        sa.UniqueConstraint("prefix", "login", name=op.f("uq_suspension_prefix_login")),
    )
    op.create_index(
        "uq_suspension_whole_prefix",
        "suspension",
        ["prefix"],
        unique=True,
        sqlite_where=sa.text("login IS NULL"),
        postgresql_where=sa.text("login IS NULL"),
    )
    op.create_table(
        "user_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "folded_name",
            sa.String(),
            sa.CheckConstraint("folded_name <> ''", name="named"),
            nullable=False,
        ),
        sa.Column(
            "type",
            sa.String(),
            sa.CheckConstraint(
                "type IN ('admin', 'modification', 'consultation')", name="type"
            ),
            nullable=False,
        ),
        sa.Column(
            "idle_minutes",
            sa.Integer(),
            sa.CheckConstraint("idle_minutes > 0", name="idle_minutes"),
            nullable=True,
        ),
        sa.Column(
            "builtin", sa.Boolean(create_constraint=True, name="builtin"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_group")),
        sa.UniqueConstraint("folded_name", name=op.f("uq_user_group_folded_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_user_group_admin",
        "user_group",
        ["type"],
        unique=True,
        sqlite_where=sa.text("type = 'admin'"),
        postgresql_where=sa.text("type = 'admin'"),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column(
            "folded_login",
            sa.String(),
            sa.CheckConstraint("folded_login <> ''", name="named"),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "rank",
            sa.String(),
            sa.CheckConstraint(
                "rank IN ('supervisor', 'superadministrator', 'user')", name="rank"
            ),
            nullable=False,
        ),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("teacher_profile_id", sa.Integer(), nullable=True),
        sa.Column("staff_profile_id", sa.Integer(), nullable=True),
        sa.Column(
            "person",
            sa.String(),
            sa.CheckConstraint(
                "person LIKE 'teacher:_%' OR person LIKE 'staff:_%'", name="person"
            ),
            nullable=True,
        ),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("stored_key", sa.LargeBinary(), nullable=True),
        sa.Column("server_key", sa.LargeBinary(), nullable=True),
        sa.Column(
            "iterations",
            sa.Integer(),
            sa.CheckConstraint("iterations > 0", name="iterations"),
            nullable=True,
        ),
        sa.Column("generated_password", sa.String(), nullable=True),
        sa.Column(
            "must_change",
            sa.Boolean(create_constraint=True, name="must_change"),
            nullable=False,
        ),
        sa.Column("active", sa.Boolean(create_constraint=True, name="active"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "rank <> 'superadministrator' OR group_id IS NOT NULL",
            name=op.f("ck_account_superadministrator_in_group"),
        ),
        sa.CheckConstraint(
            "rank <> 'supervisor' OR active", name=op.f("ck_account_supervisor_active")
        ),
        sa.CheckConstraint(
            "(salt IS NULL) = (stored_key IS NULL) "
            "AND (salt IS NULL) = (server_key IS NULL) "
            "AND (salt IS NULL) = (iterations IS NULL)",
            name=op.f("ck_account_whole_credentials"),
        ),
        sa.CheckConstraint(
            "generated_password IS NULL OR salt IS NOT NULL",
            name=op.f("ck_account_generated_password_opens"),
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["user_group.id"],
            name=op.f("fk_account_group_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["staff_profile_id"],
            ["profile.id"],
            name=op.f("fk_account_staff_profile_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["teacher_profile_id"],
            ["profile.id"],
            name=op.f("fk_account_teacher_profile_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("folded_login", name=op.f("uq_account_folded_login")),
        sa.UniqueConstraint("person", name=op.f("uq_account_person")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_account_group_id"), "account", ["group_id"], unique=False)
    op.create_index(
        op.f("ix_account_staff_profile_id"), "account", ["staff_profile_id"], unique=False
    )
    op.create_index(
        op.f("ix_account_teacher_profile_id"), "account", ["teacher_profile_id"], unique=False
    )
    op.create_index(
        "uq_account_supervisor",
        "account",
        ["rank"],
        unique=True,
        sqlite_where=sa.text("rank = 'supervisor'"),
        postgresql_where=sa.text("rank = 'supervisor'"),
    )

    for sql in TRIGGERS:
        op.execute(sql)
