"""
What is to leave for the responsible of the hosting.

Frozen: what a file of that time looks like does not change any more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column(
            "channel",
            sa.String(),
            sa.CheckConstraint("channel IN ('email', 'sms')", name="channel"),
            nullable=False,
        ),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "attempts",
            sa.Integer(),
            sa.CheckConstraint("attempts >= 0", name="attempts"),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.String(),
            sa.CheckConstraint(
                "state IN ('waiting', 'sent', 'spooled', 'failed')", name="state"
            ),
            nullable=False,
        ),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state <> 'sent' OR body IS NULL", name="sent_is_emptied"),
        sa.CheckConstraint(
            "state <> 'waiting' OR body IS NOT NULL", name="waiting_says_something"
        ),
        sa.CheckConstraint("(state = 'waiting') = (done_at IS NULL)", name="done"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_outbox_state_due_at"), "outbox", ["state", "due_at"], unique=False)
