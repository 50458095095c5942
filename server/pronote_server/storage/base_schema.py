"""
The tables of a base: one school's people, structure and timetable in one file.

``sort_name`` is the folded name, by which lists are sorted; ``search`` is what a search looks
into. Both are written with the row, because no database folds as `domain.search.fold` does.
"""

from __future__ import annotations

from typing import Any, Final

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

from pronote_server.storage.columns import UtcDateTime, new_metadata

__all__ = [
    "BASE",
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
    "subject",
    "teacher",
]

BASE: Final = new_metadata()

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


def _resource(name: str, *columns: Column[Any], listed: bool = True) -> Table:
    """Return a table of things with a code, and the index that lists them by name."""
    table = Table(
        name,
        BASE,
        Column("id", Integer, primary_key=True),
        Column("code", String, CheckConstraint("code <> ''", "coded"), nullable=False),
        *columns,
        Column("sort_name", String, nullable=False),
        Column("search", String, nullable=False),
        UniqueConstraint("code"),
    )
    if listed:
        Index(None, table.c.sort_name, table.c.id)
    return table


def _link(name: str, owner: Table, other: Table) -> Table:
    """Return the table of pairs, which is found from both ends."""
    table = Table(
        name,
        BASE,
        *(
            Column(
                f"{end.name.removeprefix('school_')}_id",
                ForeignKey(end.c.id, ondelete="RESTRICT"),
                primary_key=True,
            )
            for end in (owner, other)
        ),
        sqlite_with_rowid=False,
    )
    Index(None, *reversed(list(table.primary_key.columns)))
    return table


def _text(name: str) -> Column[str]:
    return Column(name, String, nullable=False)


teacher: Final = _resource(
    "teacher", _text("last_name"), _text("first_name"), _text("civility")
)
subject: Final = _resource("subject", _text("name"))
school_class: Final = _resource("school_class", _text("name"), _text("level"))
school_group: Final = _resource("school_group", _text("name"))
group_class: Final = _link("group_class", school_group, school_class)
room: Final = _resource(
    "room",
    _text("name"),
    Column("capacity", Integer, CheckConstraint("capacity >= 0", "capacity")),
)
staff: Final = _resource("staff", _text("last_name"), _text("first_name"), _text("function"))

pupil: Final = _resource(
    "pupil",
    _text("last_name"),
    _text("first_name"),
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
pupil_group: Final = _link("pupil_group", pupil, school_group)

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
)
lesson_teacher: Final = _link("lesson_teacher", lesson, teacher)
lesson_class: Final = _link("lesson_class", lesson, school_class)
lesson_group: Final = _link("lesson_group", lesson, school_group)
lesson_room: Final = _link("lesson_room", lesson, room)
