"""
What a school sets itself: resources changed one by one, functions of the staff, coefficients
of a period, points given to pupils, how half-days are counted.

Columns are added in place: nothing is rebuilt that other tables point to. SQLite cannot add a
reference so, which is why a companion has a table, and the staff, to whom nothing points, is
written anew.

Frozen: what a file of that time looks like does not change any more.
"""

from __future__ import annotations

import unicodedata
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_RESOURCES: Final = (
    "teacher",
    "subject",
    "school_class",
    "school_group",
    "room",
    "pupil",
    "guardian",
)


def upgrade() -> None:
    for table in (*_RESOURCES, "holiday", "pupil_guardian"):
        _add(table, "revision INTEGER DEFAULT '0' NOT NULL", "revision", "revision >= 0")
    _add(
        "school_class",
        "period_kind VARCHAR DEFAULT 'trimester' NOT NULL",
        "period_kind",
        "period_kind IN ('trimester', 'semester', 'continuous')",
    )
    _add(
        "pupil_guardian",
        "kinship VARCHAR DEFAULT 'other' NOT NULL",
        "kinship",
        "kinship IN ('mother', 'father', 'grandparent', 'sibling', 'uncle-or-aunt', "
        "'tutor', 'host-family', 'child-welfare', 'himself', 'other')",
    )
    _add(
        "pupil_guardian", "contact BOOLEAN DEFAULT '0' NOT NULL", "contact", "contact IN (0, 1)"
    )
    _add(
        "service", "out_of INTEGER DEFAULT '20' NOT NULL", "out_of", "out_of BETWEEN 1 AND 100"
    )
    _add(
        "service",
        "bonus_malus BOOLEAN DEFAULT '0' NOT NULL",
        "bonus_malus",
        "bonus_malus IN (0, 1)",
    )
    _add(
        "service",
        "sub_services VARCHAR DEFAULT 'averages' NOT NULL",
        "sub_services",
        "sub_services IN ('averages', 'assessments')",
    )
    _add("audit", "account VARCHAR", "account", "account <> ''")
    _functions()
    _tables()


def _add(table: str, column: str, called: str, check: str) -> None:
    constraint = f" CONSTRAINT ck_{table}_{called} CHECK ({check})"
    if " BOOLEAN " in column and op.get_bind().dialect.name == "postgresql":
        constraint = ""  # it has booleans
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column}{constraint}")


def _functions() -> None:
    """Make a function of each text that members of the staff had for one."""
    op.create_table(
        "staff_function",
        sa.Column("id", sa.Integer(), primary_key=True),
        _code(),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sort_name", sa.String(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        _revision(server_default="0"),
        sa.UniqueConstraint("code"),
    )
    op.execute("CREATE INDEX ix_staff_function_sort_name_id ON staff_function (sort_name, id)")
    names = op.get_bind().exec_driver_sql(
        "SELECT DISTINCT function FROM staff WHERE function <> '' ORDER BY function"
    )
    table = sa.table(
        "staff_function",
        *(sa.column(name) for name in ("code", "name", "sort_name", "search", "revision")),
    )
    rows = [
        {"code": name, "name": name, "sort_name": sought, "search": sought, "revision": 0}
        for name in names.scalars().all()
        for sought in [_folded(name)]
    ]
    if rows:
        op.bulk_insert(table, rows)
    op.execute("CREATE TABLE staff_before AS SELECT * FROM staff")
    op.drop_table("staff")
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), primary_key=True),
        _code(),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column(
            "function_id",
            sa.Integer(),
            sa.ForeignKey("staff_function.id", ondelete="RESTRICT"),
        ),
        sa.Column("sort_name", sa.String(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        _revision(server_default="0"),
        sa.UniqueConstraint("code"),
    )
    _index("staff", "sort_name", "id")
    _index("staff", "function_id")
    op.execute(
        "INSERT INTO staff (id, code, last_name, first_name, function_id, sort_name, search) "
        "SELECT staff_before.id, staff_before.code, last_name, first_name, staff_function.id, "
        "staff_before.sort_name, staff_before.search FROM staff_before "
        "LEFT JOIN staff_function ON staff_function.code = staff_before.function"
    )
    op.drop_table("staff_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "SELECT setval(pg_get_serial_sequence('staff', 'id'), coalesce(max(id), 1), "
            "max(id) IS NOT NULL) FROM staff"
        )


def _code() -> sa.Column[str]:
    check = sa.CheckConstraint("code <> ''", name="coded")
    return sa.Column("code", sa.String(), check, nullable=False)


def _folded(name: str) -> str:
    """Return what lists sort and searches look into."""
    plain = unicodedata.normalize("NFKD", name)
    return " ".join(
        "".join(c for c in plain if not unicodedata.combining(c)).casefold().split()
    )


def _tables() -> None:
    op.create_table(
        "half_day_options",
        sa.Column(
            "id", sa.Integer(), sa.CheckConstraint("id = 1", name="single"), primary_key=True
        ),
        sa.Column(
            "midday_minute",
            sa.Integer(),
            sa.CheckConstraint("midday_minute BETWEEN 1 AND 1439", name="midday_minute"),
            nullable=False,
        ),
        sa.Column(
            "skip_without_lessons",
            sa.Boolean(create_constraint=True, name="skip_without_lessons"),
            nullable=False,
        ),
        _revision(),
    )
    op.create_table(
        "service_coefficient",
        _part("service_id", "service.id", "CASCADE"),
        _part("period_id", "period.id", "CASCADE"),
        sa.Column(
            "coefficient",
            sa.Integer(),
            sa.CheckConstraint("coefficient >= 0", name="coefficient"),
            nullable=False,
        ),
        _revision(),
        sqlite_with_rowid=False,
    )
    _index("service_coefficient", "period_id", "service_id")
    op.create_table(
        "bonus_malus",
        _part("service_id", "service.id", "RESTRICT"),
        _part("period_id", "period.id", "RESTRICT"),
        _part("pupil_id", "pupil.id", "RESTRICT"),
        sa.Column(
            "points",
            sa.Integer(),
            sa.CheckConstraint("points <> 0", name="points"),
            nullable=False,
        ),
        _revision(),
        sqlite_with_rowid=False,
    )
    _index("bonus_malus", "pupil_id", "service_id")
    _index("bonus_malus", "period_id", "service_id")

    op.create_table(
        "punishment_companion",
        _part("punishment_id", "punishment.id", "CASCADE"),
        sa.Column(
            "pupil_id",
            sa.Integer(),
            sa.ForeignKey("pupil.id", ondelete="CASCADE"),
            nullable=False,
        ),
    )
    _index("punishment_companion", "pupil_id")


def _part(name: str, to: str, gone: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), sa.ForeignKey(to, ondelete=gone), primary_key=True)


def _revision(*, server_default: str | None = None) -> sa.Column[int]:
    check = sa.CheckConstraint("revision >= 0", name="revision")
    return sa.Column(
        "revision", sa.Integer(), check, nullable=False, server_default=server_default
    )


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))
