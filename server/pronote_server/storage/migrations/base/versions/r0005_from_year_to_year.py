"""
Models of letters, and the results pupils had in earlier years.

Frozen: what a file of that time looks like does not change any more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "letter",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "code",
            sa.String(),
            sa.CheckConstraint("code <> ''", name="coded"),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("sort_name", sa.String(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.Column(
            "revision",
            sa.Integer(),
            sa.CheckConstraint("revision >= 0", name="revision"),
            nullable=False,
            server_default="0",
        ),
        sa.UniqueConstraint("code"),
    )
    op.create_index(op.f("ix_letter_sort_name_id"), "letter", ["sort_name", "id"])
    op.create_table(
        "past_result",
        sa.Column(
            "pupil_id",
            sa.Integer(),
            sa.ForeignKey("pupil.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "school_year",
            sa.Integer(),
            sa.CheckConstraint("school_year BETWEEN 2000 AND 2099", name="school_year"),
            primary_key=True,
        ),
        sa.Column(
            "subject",
            sa.String(),
            sa.CheckConstraint("subject <> ''", name="subject"),
            primary_key=True,
        ),
        sa.Column(
            "period",
            sa.Integer(),
            sa.CheckConstraint("period >= 1", name="period"),
            primary_key=True,
        ),
        sa.Column(
            "period_name",
            sa.String(),
            sa.CheckConstraint("period_name <> ''", name="period_name"),
            nullable=False,
        ),
        sa.Column("class_name", sa.String(), nullable=False),
        sa.Column("teacher", sa.String(), nullable=False),
        sa.Column(
            "out_of",
            sa.Integer(),
            sa.CheckConstraint("out_of BETWEEN 1 AND 100", name="out_of"),
            nullable=False,
        ),
        sa.Column("average", sa.Integer(), nullable=False),
        sa.Column("class_average", sa.Integer()),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_past_result_school_year"), "past_result", ["school_year"])
