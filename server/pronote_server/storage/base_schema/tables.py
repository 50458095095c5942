"""
What the tables of a base have in common.

Ids of what is entered are never given again (``AUTOINCREMENT`` on SQLite): an id in the audit
is the same entry for ever. Enumerations hold the values of `pronote_protocol.words`.
"""

from __future__ import annotations

import enum
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
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
from sqlalchemy.schema import SchemaItem

from pronote_server.storage.base_columns import Hundredths
from pronote_server.storage.columns import boolean, new_metadata, one_of

__all__ = [
    "BASE",
    "day",
    "entry",
    "flag",
    "key",
    "key_part",
    "later_flag",
    "later_revision",
    "link",
    "optional_reference",
    "reference",
    "resource",
    "revision",
    "text",
    "weight",
    "word",
]

BASE: Final = new_metadata()


def resource(name: str, *columns: Column[Any], listed: bool = True) -> Table:
    """
    Return a table of things with a code, and the index that lists them by name.

    ``sort_name`` is the folded name, by which lists are sorted; ``search`` is what a search
    looks into. Both are written with the row: no database folds as `domain.search.fold` does.
    """
    table = Table(
        name,
        BASE,
        Column("id", Integer, primary_key=True),
        Column("code", String, CheckConstraint("code <> ''", "coded"), nullable=False),
        *columns,
        Column("sort_name", String, nullable=False),
        Column("search", String, nullable=False),
        later_revision(),
        UniqueConstraint("code"),
    )
    if listed:
        Index(None, table.c.sort_name, table.c.id)
    return table


def link(name: str, owner: Table, other: Table) -> Table:
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


def entry(name: str, *items: SchemaItem) -> Table:
    """Return a table of things people enter."""
    return Table(
        name,
        BASE,
        Column("id", Integer, primary_key=True),
        *items,
        sqlite_autoincrement=True,
    )


def text(name: str) -> Column[str]:
    return Column(name, String, nullable=False)


def key(name: str, *, nullable: bool = False) -> Column[str]:
    """Return a column of names of somebody or something, which are never empty."""
    return Column(name, String, CheckConstraint(f"{name} <> ''", name), nullable=nullable)


def day(name: str, *, nullable: bool = False) -> Column[date]:
    return Column(name, Date, nullable=nullable)


def word(
    name: str,
    words: type[enum.Enum],
    *,
    nullable: bool = False,
    primary_key: bool = False,
    default: enum.Enum | None = None,
    later: bool = False,
) -> Column[str]:
    """
    Return a column that holds the values of these words only.

    Args:
        later: Format 2 did not have it: what was there has the default.
    """
    return Column(
        name,
        String,
        one_of(name, words),
        nullable=nullable,
        primary_key=primary_key,
        default=None if default is None else default.value,
        server_default=default.value if later and default is not None else None,
    )


def weight(name: str) -> Column[Decimal]:
    """Return a column of coefficients: 1 unless something else is said."""
    positive = CheckConstraint(f"{name} >= 0", name)
    return Column(name, Hundredths, positive, nullable=False, default=1)


def flag(name: str) -> Column[bool]:
    """Return a column that is false unless something else is said."""
    return Column(name, boolean(name), nullable=False, default=False)


def reference(
    name: str, table: Table, *, ondelete: str = "RESTRICT", index: bool = False
) -> Column[int]:
    return Column(name, ForeignKey(table.c.id, ondelete=ondelete), nullable=False, index=index)


def key_part(name: str, table: Table, *, ondelete: str = "RESTRICT") -> Column[int]:
    """Return a reference that is part of the primary key."""
    return Column(name, ForeignKey(table.c.id, ondelete=ondelete), primary_key=True)


def optional_reference(
    name: str, table: Table, *, ondelete: str = "RESTRICT", index: bool = False
) -> Column[int | None]:
    return Column(name, ForeignKey(table.c.id, ondelete=ondelete), index=index)


def later_revision() -> Column[int]:
    """Return the same for a table that had none in format 2: 0 until it is written."""
    return Column(
        "revision",
        Integer,
        CheckConstraint("revision >= 0", "revision"),
        nullable=False,
        server_default="0",
    )


def later_flag(name: str, default: bool = False) -> Column[bool]:
    """Return a flag that format 2 did not have."""
    return Column(
        name, boolean(name), nullable=False, default=default, server_default=f"{default:d}"
    )


def revision() -> Column[int]:
    """Return the column of the base's revision in which the row was last written."""
    return Column(
        "revision", Integer, CheckConstraint("revision >= 0", "revision"), nullable=False
    )
