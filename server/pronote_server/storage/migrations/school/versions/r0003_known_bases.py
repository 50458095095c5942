"""
How the bases of a school came, and when they served.

Frozen: what a file of that time looks like does not change any more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "known_base",
        sa.Column("file", sa.String(), nullable=False),
        sa.Column(
            "origin",
            sa.String(),
            sa.CheckConstraint(
                "origin IN ('created', 'uploaded', 'restored', 'found')", name="origin"
            ),
            nullable=False,
        ),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("file"),
    )
