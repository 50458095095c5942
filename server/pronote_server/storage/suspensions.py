"""Suspensions and latched clients on disk, so that a restart pardons nobody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select

from pronote_protocol.words import OffenceCause
from pronote_server.domain.latches import Latch
from pronote_server.domain.suspensions import SuspensionRecord
from pronote_server.storage.school_schema import latch, suspension

__all__ = ["load_latches", "load_suspensions", "save_latches", "save_suspensions"]


def save_suspensions(conn: Connection, records: Iterable[SuspensionRecord]) -> None:
    """Replace all that is kept by *records*: what `SuspensionBook.export` gave."""
    _replace(
        conn,
        suspension,
        [
            {
                "prefix": one.prefix,
                "login": one.login,
                "cause": one.cause.value,
                "since": one.since,
                "until": one.until,
                "offences": one.offences,
                "recidive": one.recidive,
                "accounts": list(one.accounts),
                "reference": one.reference,
                "earned": one.earned,
                "ended": one.ended,
            }
            for one in records
        ],
    )


def load_suspensions(conn: Connection) -> list[SuspensionRecord]:
    return [
        SuspensionRecord(
            prefix=row.prefix,
            login=row.login,
            cause=OffenceCause(row.cause),
            since=row.since,
            until=row.until,
            offences=row.offences,
            recidive=row.recidive,
            accounts=tuple(row.accounts),
            reference=row.reference,
            earned=row.earned,
            ended=row.ended,
        )
        for row in conn.execute(select(suspension).order_by(suspension.c.id))
    ]


def save_latches(conn: Connection, latches: Iterable[Latch]) -> None:
    """Replace all that is kept by *latches*: what `SuspensionBook.export_latches` gave."""
    _replace(
        conn,
        latch,
        [
            {
                "instance": one.instance,
                "prefix": one.prefix,
                "login": one.login,
                "cause": one.cause.value,
                "reference": one.reference,
                "told_at": one.told_at,
                "lifted": one.lifted,
            }
            for one in latches
        ],
    )


def load_latches(conn: Connection) -> list[Latch]:
    return [
        Latch(
            instance=row.instance,
            prefix=row.prefix,
            login=row.login,
            cause=OffenceCause(row.cause),
            reference=row.reference,
            told_at=row.told_at,
            lifted=row.lifted,
        )
        for row in conn.execute(select(latch).order_by(latch.c.id))
    ]


def _replace(conn: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    conn.execute(delete(table))
    if rows:
        conn.execute(insert(table), rows)
