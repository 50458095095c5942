"""
What goes from one year to the next: models of letters, and the results of the years before.

A result of another year names its subject, its period and its teacher by what they were called
then: none of them is in this base.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table

from pronote_server.storage.base_columns import Hundredths
from pronote_server.storage.base_schema.structure import pupil
from pronote_server.storage.base_schema.tables import (
    BASE,
    key_part,
    resource,
    text,
)

__all__ = ["letter", "past_result"]

letter: Final = resource("letter", text("name"), text("category"), text("body"))

past_result: Final = Table(
    "past_result",
    BASE,
    key_part("pupil_id", pupil, ondelete="CASCADE"),
    Column(
        "school_year",
        Integer,
        CheckConstraint("school_year BETWEEN 2000 AND 2099", "school_year"),
        primary_key=True,
    ),
    Column("subject", String, CheckConstraint("subject <> ''", "subject"), primary_key=True),
    # Its rank among the periods of that year; its name is for persons.
    Column("period", Integer, CheckConstraint("period >= 1", "period"), primary_key=True),
    Column(
        "period_name",
        String,
        CheckConstraint("period_name <> ''", "period_name"),
        nullable=False,
    ),
    text("class_name"),
    text("teacher"),
    Column(
        "out_of", Integer, CheckConstraint("out_of BETWEEN 1 AND 100", "out_of"), nullable=False
    ),
    Column("average", Hundredths, nullable=False),
    Column("class_average", Hundredths),
    sqlite_with_rowid=False,
)
Index(None, past_result.c.school_year)
