"""People, structure, timetable; and the header that says what base it is."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from pronote_protocol.words import PeriodKind
from pronote_server.storage.base_schema.tables import (
    BASE,
    link,
    optional_reference,
    resource,
    text,
    word,
)
from pronote_server.storage.columns import UtcDateTime

__all__ = [
    "grid",
    "grid_day",
    "grid_slot",
    "group_class",
    "header",
    "lesson",
    "lesson_class",
    "lesson_group",
    "lesson_room",
    "lesson_teacher",
    "pupil",
    "pupil_group",
    "room",
    "school_class",
    "school_group",
    "staff",
    "staff_function",
    "subject",
    "teacher",
]

header: Final = Table(
    "header",
    BASE,
    Column("id", Integer, CheckConstraint("id = 1", "single"), primary_key=True),
    Column("kind", String, CheckConstraint("kind = 'base'", "kind"), nullable=False),
    Column("name", String, CheckConstraint("name <> ''", "named"), nullable=False),
    Column("rne", String),
    Column("school_year", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_entry_at", UtcDateTime),
    Column("revision", Integer, CheckConstraint("revision >= 0", "revision"), nullable=False),
)

grid: Final = Table(
    "grid",
    BASE,
    Column("id", Integer, CheckConstraint("id = 1", "single"), primary_key=True),
    Column(
        "slot_minutes", Integer, CheckConstraint("slot_minutes > 0", "slots"), nullable=False
    ),
    Column(
        "first_day",
        Integer,
        CheckConstraint("first_day BETWEEN 0 AND 6", "first_day"),
        nullable=False,
        server_default="0",
    ),
    Column("step_minutes", Integer, CheckConstraint("step_minutes > 0", "step_minutes")),
)
grid_day: Final = Table(
    "grid_day",
    BASE,
    Column(
        "day",
        Integer,
        CheckConstraint("day BETWEEN 0 AND 6", "day"),
        primary_key=True,
        autoincrement=False,
    ),
)
grid_slot: Final = Table(
    "grid_slot",
    BASE,
    Column(
        "start_minute",
        Integer,
        CheckConstraint("start_minute BETWEEN 0 AND 1439", "start"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("label", String, nullable=False),
)

# What a member of staff is (*fonction*): CPE, nurse, secretary.
staff_function: Final = resource("staff_function", text("name"))
teacher: Final = resource("teacher", text("last_name"), text("first_name"), text("civility"))
subject: Final = resource("subject", text("name"))
school_class: Final = resource(
    "school_class",
    text("name"),
    text("level"),
    # How it divides its year: into trimesters, semesters, or not at all.
    word("period_kind", PeriodKind, default=PeriodKind.TRIMESTER, later=True),
)
school_group: Final = resource("school_group", text("name"))
group_class: Final = link("group_class", school_group, school_class)
room: Final = resource(
    "room",
    text("name"),
    Column("capacity", Integer, CheckConstraint("capacity >= 0", "capacity")),
)
staff: Final = resource(
    "staff",
    text("last_name"),
    text("first_name"),
    optional_reference("function_id", staff_function, index=True),
)

pupil: Final = resource(
    "pupil",
    text("last_name"),
    text("first_name"),
    Column("class_id", ForeignKey(school_class.c.id, ondelete="RESTRICT"), index=True),
    Column("born", Date),
    Column("left_on", Date),
    listed=False,
)
# An *ancien élève* is a pupil with a date of leaving; the two lists never mix.
pupil.append_constraint(
    CheckConstraint("left_on IS NULL OR class_id IS NULL", "former_without_class")
)
Index(
    "ix_pupil_present",
    pupil.c.sort_name,
    pupil.c.id,
    sqlite_where=pupil.c.left_on.is_(None),
    postgresql_where=pupil.c.left_on.is_(None),
)
Index(
    "ix_pupil_former",
    pupil.c.sort_name,
    pupil.c.id,
    sqlite_where=pupil.c.left_on.is_not(None),
    postgresql_where=pupil.c.left_on.is_not(None),
)
pupil_group: Final = link("pupil_group", pupil, school_group)

lesson: Final = Table(
    "lesson",
    BASE,
    Column("id", Integer, primary_key=True),
    Column("code", String, CheckConstraint("code <> ''", "coded"), nullable=False),
    Column(
        "subject_id",
        ForeignKey(subject.c.id, ondelete="RESTRICT"),
        nullable=False,
        index=True,
    ),
    # 0 is Monday; without day and hour the lesson is still to be placed.
    Column("day", Integer, CheckConstraint("day BETWEEN 0 AND 6", "day")),
    Column("start_minute", Integer, CheckConstraint("start_minute >= 0", "start")),
    Column(
        "duration_minutes",
        Integer,
        CheckConstraint("duration_minutes > 0", "duration"),
        nullable=False,
    ),
    # Bit n: takes place in school week n; 0: in every week.
    Column("weeks", BigInteger, CheckConstraint("weeks >= 0", "weeks"), nullable=False),
    Column("label", String, nullable=False),
    UniqueConstraint("code"),
    CheckConstraint("(day IS NULL) = (start_minute IS NULL)", "placed_or_not"),
    CheckConstraint("start_minute + duration_minutes <= 1440", "before_midnight"),
    Index(None, "day", "start_minute"),
)
lesson_teacher: Final = link("lesson_teacher", lesson, teacher)
lesson_class: Final = link("lesson_class", lesson, school_class)
lesson_group: Final = link("lesson_group", lesson, school_group)
lesson_room: Final = link("lesson_room", lesson, room)
