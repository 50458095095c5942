"""
Indices for what is asked every day: the lessons of a day, who is absent now, the punishments a
teacher gave, the information somebody sent.

Frozen: what a file of that time looks like does not change any more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _index("lesson", "day", "start_minute")
    _index("punishment", "given_by", "given_on")
    _index("information", "by", "published_at")
    is_open = sa.text("ends_at IS NULL")
    op.create_index(
        "ix_absence_open",
        "absence",
        ["starts_at", "id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))
