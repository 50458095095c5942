"""
With which day the week begins, and what a sequence is divided into.

Frozen: what a file of that time looks like does not change any more.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE grid ADD COLUMN first_day INTEGER DEFAULT '0' NOT NULL "
        "CONSTRAINT ck_grid_first_day CHECK (first_day BETWEEN 0 AND 6)"
    )
    op.execute(
        "ALTER TABLE grid ADD COLUMN step_minutes INTEGER "
        "CONSTRAINT ck_grid_step_minutes CHECK (step_minutes > 0)"
    )
