"""
A base: people, structure, timetable.

Frozen: what a file of that time looks like does not change any more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "grid",
        sa.Column(
            "id",
            sa.Integer(),
            sa.CheckConstraint("id = 1", name="single"),
            nullable=False,
        ),
        sa.Column(
            "slot_minutes",
            sa.Integer(),
            sa.CheckConstraint("slot_minutes > 0", name="slots"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid")),
    )
    op.create_table(
        "grid_day",
        sa.Column(
            "day",
            sa.Integer(),
            sa.CheckConstraint("day BETWEEN 0 AND 6", name="day"),
            autoincrement=False,
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_grid_day")),
    )
    op.create_table(
        "grid_slot",
        sa.Column(
            "start_minute",
            sa.Integer(),
            sa.CheckConstraint("start_minute BETWEEN 0 AND 1439", name="start"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("label", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("start_minute", name=op.f("pk_grid_slot")),
    )
    op.create_table(
        "header",
        sa.Column(
            "id",
            sa.Integer(),
            sa.CheckConstraint("id = 1", name="single"),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.String(),
            sa.CheckConstraint("kind = 'base'", name="kind"),
            nullable=False,
        ),
        sa.Column(
            "name",
            sa.String(),
            sa.CheckConstraint("name <> ''", name="named"),
            nullable=False,
        ),
        sa.Column("rne", sa.String(), nullable=True),
        sa.Column("school_year", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_entry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "revision",
            sa.Integer(),
            sa.CheckConstraint("revision >= 0", name="revision"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_header")),
    )
    op.create_table(
        "room",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "code",
            sa.String(),
            sa.CheckConstraint("code <> ''", name="coded"),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "capacity",
            sa.Integer(),
            sa.CheckConstraint("capacity >= 0", name="capacity"),
            nullable=True,
        ),
        sa.Column("sort_name", sa.String(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room")),
        sa.UniqueConstraint("code", name=op.f("uq_room_code")),
    )
    op.create_index(op.f("ix_room_sort_name_id"), "room", ["sort_name", "id"], unique=False)
    op.create_table(
        "school_class",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "code",
            sa.String(),
            sa.CheckConstraint("code <> ''", name="coded"),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("sort_name", sa.String(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_class")),
        sa.UniqueConstraint("code", name=op.f("uq_school_class_code")),
    )
    op.create_index(
        op.f("ix_school_class_sort_name_id"), "school_class", ["sort_name", "id"], unique=False
    )
    op.create_table(
        "school_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "code",
            sa.String(),
            sa.CheckConstraint("code <> ''", name="coded"),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sort_name", sa.String(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_group")),
        sa.UniqueConstraint("code", name=op.f("uq_school_group_code")),
    )
    op.create_index(
        op.f("ix_school_group_sort_name_id"), "school_group", ["sort_name", "id"], unique=False
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "code",
            sa.String(),
            sa.CheckConstraint("code <> ''", name="coded"),
            nullable=False,
        ),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("function", sa.String(), nullable=False),
        sa.Column("sort_name", sa.String(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("code", name=op.f("uq_staff_code")),
    )
    op.create_index(op.f("ix_staff_sort_name_id"), "staff", ["sort_name", "id"], unique=False)
    op.create_table(
        "subject",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "code",
            sa.String(),
            sa.CheckConstraint("code <> ''", name="coded"),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sort_name", sa.String(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject")),
        sa.UniqueConstraint("code", name=op.f("uq_subject_code")),
    )
    op.create_index(
        op.f("ix_subject_sort_name_id"), "subject", ["sort_name", "id"], unique=False
    )
    op.create_table(
        "teacher",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "code",
            sa.String(),
            sa.CheckConstraint("code <> ''", name="coded"),
            nullable=False,
        ),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("civility", sa.String(), nullable=False),
        sa.Column("sort_name", sa.String(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teacher")),
        sa.UniqueConstraint("code", name=op.f("uq_teacher_code")),
    )
    op.create_index(
        op.f("ix_teacher_sort_name_id"), "teacher", ["sort_name", "id"], unique=False
    )
    op.create_table(
        "group_class",
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["class_id"],
            ["school_class.id"],
            name=op.f("fk_group_class_class_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["school_group.id"],
            name=op.f("fk_group_class_group_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("group_id", "class_id", name=op.f("pk_group_class")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_group_class_class_id_group_id"),
        "group_class",
        ["class_id", "group_id"],
        unique=False,
    )
    op.create_table(
        "lesson",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "code",
            sa.String(),
            sa.CheckConstraint("code <> ''", name="coded"),
            nullable=False,
        ),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column(
            "day",
            sa.Integer(),
            sa.CheckConstraint("day BETWEEN 0 AND 6", name="day"),
            nullable=True,
        ),
        sa.Column(
            "start_minute",
            sa.Integer(),
            sa.CheckConstraint("start_minute >= 0", name="start"),
            nullable=True,
        ),
        sa.Column(
            "duration_minutes",
            sa.Integer(),
            sa.CheckConstraint("duration_minutes > 0", name="duration"),
            nullable=False,
        ),
        sa.Column(
            "weeks",
            sa.BigInteger(),
            sa.CheckConstraint("weeks >= 0", name="weeks"),
            nullable=False,
        ),
        sa.Column("label", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(day IS NULL) = (start_minute IS NULL)", name=op.f("ck_lesson_placed_or_not")
        ),
        sa.CheckConstraint(
            "start_minute + duration_minutes <= 1440", name=op.f("ck_lesson_before_midnight")
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subject.id"],
            name=op.f("fk_lesson_subject_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson")),
        sa.UniqueConstraint("code", name=op.f("uq_lesson_code")),
    )
    op.create_index(op.f("ix_lesson_subject_id"), "lesson", ["subject_id"], unique=False)
    op.create_table(
        "pupil",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "code",
            sa.String(),
            sa.CheckConstraint("code <> ''", name="coded"),
            nullable=False,
        ),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=True),
        sa.Column("born", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("sort_name", sa.String(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.CheckConstraint(
            "left_on IS NULL OR class_id IS NULL", name=op.f("ck_pupil_former_without_class")
        ),
        sa.ForeignKeyConstraint(
            ["class_id"],
            ["school_class.id"],
            name=op.f("fk_pupil_class_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pupil")),
        sa.UniqueConstraint("code", name=op.f("uq_pupil_code")),
    )
    op.create_index(op.f("ix_pupil_class_id"), "pupil", ["class_id"], unique=False)
    op.create_index(
        "ix_pupil_former",
        "pupil",
        ["sort_name", "id"],
        unique=False,
        sqlite_where=sa.text("left_on IS NOT NULL"),
        postgresql_where=sa.text("left_on IS NOT NULL"),
    )
    op.create_index(
        "ix_pupil_present",
        "pupil",
        ["sort_name", "id"],
        unique=False,
        sqlite_where=sa.text("left_on IS NULL"),
        postgresql_where=sa.text("left_on IS NULL"),
    )
    op.create_table(
        "lesson_class",
        sa.Column("lesson_id", sa.Integer(), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["class_id"],
            ["school_class.id"],
            name=op.f("fk_lesson_class_class_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["lesson_id"],
            ["lesson.id"],
            name=op.f("fk_lesson_class_lesson_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("lesson_id", "class_id", name=op.f("pk_lesson_class")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_lesson_class_class_id_lesson_id"),
        "lesson_class",
        ["class_id", "lesson_id"],
        unique=False,
    )
    op.create_table(
        "lesson_group",
        sa.Column("lesson_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["school_group.id"],
            name=op.f("fk_lesson_group_group_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["lesson_id"],
            ["lesson.id"],
            name=op.f("fk_lesson_group_lesson_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("lesson_id", "group_id", name=op.f("pk_lesson_group")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_lesson_group_group_id_lesson_id"),
        "lesson_group",
        ["group_id", "lesson_id"],
        unique=False,
    )
    op.create_table(
        "lesson_room",
        sa.Column("lesson_id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lesson_id"],
            ["lesson.id"],
            name=op.f("fk_lesson_room_lesson_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name=op.f("fk_lesson_room_room_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("lesson_id", "room_id", name=op.f("pk_lesson_room")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_lesson_room_room_id_lesson_id"),
        "lesson_room",
        ["room_id", "lesson_id"],
        unique=False,
    )
    op.create_table(
        "lesson_teacher",
        sa.Column("lesson_id", sa.Integer(), nullable=False),
        sa.Column("teacher_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lesson_id"],
            ["lesson.id"],
            name=op.f("fk_lesson_teacher_lesson_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["teacher_id"],
            ["teacher.id"],
            name=op.f("fk_lesson_teacher_teacher_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("lesson_id", "teacher_id", name=op.f("pk_lesson_teacher")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_lesson_teacher_teacher_id_lesson_id"),
        "lesson_teacher",
        ["teacher_id", "lesson_id"],
        unique=False,
    )
    op.create_table(
        "pupil_group",
        sa.Column("pupil_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["school_group.id"],
            name=op.f("fk_pupil_group_group_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["pupil_id"],
            ["pupil.id"],
            name=op.f("fk_pupil_group_pupil_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("pupil_id", "group_id", name=op.f("pk_pupil_group")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_pupil_group_group_id_pupil_id"),
        "pupil_group",
        ["group_id", "pupil_id"],
        unique=False,
    )
