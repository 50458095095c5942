"""
The demo school lives: what a school like it has entered by now.

Written straight into the tables, in bulk: some forty thousand rows while the demo starts. It
was never entered call by call, so the audit has one line a table and says how many. The
constraints and triggers of the schema judge it like everything else.
"""

from __future__ import annotations

import datetime

import attrs
from sqlalchemy import Connection, select

from pronote_server.demo.holidays import demo_holidays
from pronote_server.demo.term import Term, last_moment
from pronote_server.demo.term_documents import fill_documents
from pronote_server.demo.term_life import fill_school_life
from pronote_server.demo.term_marks import (
    abilities,
    fill_appraisals,
    fill_evaluations,
    fill_marks,
)
from pronote_server.demo.term_notebook import fill_notebook
from pronote_server.demo.term_talk import fill_talk
from pronote_server.domain.school_data import SchoolData
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_calendar import read_calendar
from pronote_server.storage.base_writes import (
    EVERYTHING,
    AuditEntry,
    Change,
    append_audit,
    bump_revision,
    log_change,
)

__all__ = ["fill_daily_work"]


def fill_daily_work(
    conn: Connection,
    data: SchoolData,
    seed: int,
    *,
    now: datetime.datetime,
    zone: datetime.tzinfo,
) -> bool:
    """
    Write a term and a half of daily work into a base that holds *data* and none yet.

    The same seed, school and *now* make the same rows. A base in which there are motives
    already has its work: nothing is done, and False returned. The bytes of its documents are
    not in the base: see `term_documents.contents`.

    Args:
        now: The instant until which the school has worked; see `last_moment`.
        zone: Of the school's clock.

    Raises:
        IntegrityError: *data* is not what the base holds; undo what was written.
    """
    if conn.execute(select(schema.motive.c.id).limit(1)).first() is not None:
        return False
    revision = bump_revision(conn, now)
    calendar = read_calendar(conn)
    calendar = attrs.evolve(calendar, holidays=demo_holidays(calendar.school_year))
    local = now.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
    term = Term(
        conn=conn,
        data=data,
        calendar=calendar,
        seed=seed,
        until=last_moment(calendar, local),
        zone=zone,
        revision=revision,
    )
    term.insert(schema.holiday, [attrs.asdict(each) for each in calendar.holidays])
    worth = abilities(term)
    fill_marks(term, worth)
    fill_appraisals(term, worth)
    fill_evaluations(term, worth)
    fill_notebook(term)
    fill_school_life(term)
    fill_talk(term)
    fill_documents(term)
    append_audit(
        conn,
        [
            AuditEntry(
                revision=revision,
                at=now,
                actor="démonstration",
                method="demo",
                entity="demo",
                entity_id=table,
                after={"rows": rows},
            )
            for table, rows in term.inserted.items()
        ],
    )
    log_change(conn, [Change(revision, EVERYTHING, "", "all")])
    return True
