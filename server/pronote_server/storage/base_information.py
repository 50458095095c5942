"""Information and surveys, and their receipts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from pronote_server.storage import base_schema as schema

__all__ = [
    "InformationLine",
    "Seen",
    "add_receipts",
    "delete_information",
    "information_of",
    "insert_information",
    "list_information",
    "put_receipt",
    "receipts_of",
]


@attrs.frozen(kw_only=True)
class InformationLine:
    """
    An information, and the receipt of whoever asks.

    Attributes:
        choices: None of what only informs.
        received: Whether it was sent to him.
    """

    id: int
    title: str
    text: str
    published_at: datetime
    by: str
    choices: tuple[str, ...]
    revision: int
    received: bool
    read_at: datetime | None
    answer: str | None


@attrs.frozen(kw_only=True)
class Seen:
    """
    What a person may see.

    Attributes:
        since: Nothing published before it was for him; None bounds nothing.
        now: What is published later he does not see yet.
        everything: Whether also what is between others.
    """

    person: str
    since: datetime | None
    now: datetime
    everything: bool = False


def list_information(
    conn: Connection,
    seen: Seen,
    *,
    received: bool,
    sent: bool,
    unread: bool,
    offset: int,
    limit: int,
) -> tuple[int, list[InformationLine]]:
    """Return how many he may see, and a page of them, the latest first."""
    wanted = [_may_see(seen, received=received, sent=sent)]
    if unread:
        wanted += [schema.receipt.c.person.is_not(None), schema.receipt.c.read_at.is_(None)]
    query = _with_receipt(seen.person).where(*wanted)
    total = conn.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    rows = conn.execute(
        query.order_by(schema.information.c.published_at.desc(), schema.information.c.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return total, [_line(row) for row in rows]


def information_of(conn: Connection, seen: Seen, information_id: int) -> InformationLine | None:
    """Return that one, if he may see it."""
    row = conn.execute(
        _with_receipt(seen.person).where(
            schema.information.c.id == information_id,
            _may_see(seen, received=True, sent=True),
        )
    ).one_or_none()
    return None if row is None else _line(row)


def insert_information(
    conn: Connection,
    *,
    title: str,
    text: str,
    published_at: datetime,
    by: str,
    choices: tuple[str, ...],
    revision: int,
) -> int:
    key = conn.execute(
        insert(schema.information).values(
            title=title,
            text=text,
            published_at=published_at,
            by=by,
            survey=list(choices) or None,
            revision=revision,
        )
    ).inserted_primary_key
    assert key is not None
    id_: int = key[0]
    return id_


def add_receipts(conn: Connection, information_id: int, persons: Iterable[str]) -> None:
    conn.execute(
        insert(schema.receipt),
        [{"information_id": information_id, "person": person} for person in sorted(persons)],
    )


def put_receipt(
    conn: Connection, information_id: int, person: str, read_at: datetime, answer: str | None
) -> None:
    receipt = schema.receipt
    conn.execute(
        update(receipt)
        .where(receipt.c.information_id == information_id, receipt.c.person == person)
        .values(read_at=read_at, answer=answer)
    )


def receipts_of(conn: Connection, information_id: int) -> list[Row[Any]]:
    """Return ``person``, ``read_at`` and ``answer`` of each."""
    receipt = schema.receipt.c
    return list(
        conn.execute(
            select(receipt.person, receipt.read_at, receipt.answer)
            .where(receipt.information_id == information_id)
            .order_by(receipt.person)
        )
    )


def delete_information(conn: Connection, information_id: int) -> None:
    """Delete it, its receipts and its documents."""
    conn.execute(delete(schema.information).where(schema.information.c.id == information_id))


def _with_receipt(person: str) -> Select[Any]:
    information, receipt = schema.information, schema.receipt
    his = and_(receipt.c.information_id == information.c.id, receipt.c.person == person)
    return select(
        information, receipt.c.person, receipt.c.read_at, receipt.c.answer
    ).select_from(information.outerjoin(receipt, his))


def _may_see(seen: Seen, *, received: bool, sent: bool) -> ColumnElement[bool]:
    information, receipt = schema.information.c, schema.receipt.c
    ways: list[ColumnElement[bool]] = []
    if received:
        ways.append(and_(receipt.person.is_not(None), information.published_at <= seen.now))
    if sent:
        ways.append(information.by == seen.person)
    his = or_(*ways)
    if seen.since is not None:
        his = and_(his, information.published_at >= seen.since)
    if seen.everything and received and sent:
        his = or_(his, information.published_at <= seen.now)
    return and_(his, information.published_at.is_not(None))


def _line(row: Row[Any]) -> InformationLine:
    return InformationLine(
        id=row.id,
        title=row.title,
        text=row.text,
        published_at=row.published_at,
        by=row.by,
        choices=tuple(row.survey or ()),
        revision=row.revision,
        received=row.person is not None,
        read_at=row.read_at,
        answer=row.answer,
    )
