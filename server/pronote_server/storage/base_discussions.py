"""Discussions, who takes part in them, and what was said."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select, update

from pronote_server.storage import base_schema as schema

__all__ = [
    "DiscussionLine",
    "MessageLine",
    "ParticipantLine",
    "discussion_of",
    "insert_discussion",
    "leave",
    "list_discussions",
    "mark_read",
    "messages_of",
    "participants_of",
    "post",
    "touch",
]

_TICK: Final = timedelta(microseconds=1)


@attrs.frozen(kw_only=True)
class DiscussionLine:
    """
    A discussion as one of its participants has it.

    Attributes:
        unread: Messages of others after the instant up to which he read.
    """

    id: int
    subject: str
    created_by: str
    created_at: datetime
    revision: int
    read_at: datetime | None
    participants: int
    unread: int
    last: MessageLine


@attrs.frozen
class MessageLine:
    id: int
    discussion_id: int
    by: str
    at: datetime
    text: str


@attrs.frozen
class ParticipantLine:
    person: str
    read_at: datetime | None
    left_at: datetime | None


def list_discussions(
    conn: Connection,
    person: str,
    since: datetime | None,
    *,
    unread: bool,
    offset: int,
    limit: int,
) -> tuple[int, list[DiscussionLine]]:
    """
    Return in how many he takes part, and a page of them, the last changed first.

    Args:
        since: Only those begun from then on; None bounds nothing.
        unread: Only those with something unread.
    """
    discussion, his = schema.discussion, schema.participant
    wanted = _his(person, since)
    if unread:
        wanted = and_(wanted, select(schema.message.c.id).where(_unread()).exists())
    source = discussion.join(his, his.c.discussion_id == discussion.c.id)
    total = conn.execute(select(func.count()).select_from(source).where(wanted)).scalar_one()
    rows = conn.execute(
        select(discussion, his.c.read_at)
        .select_from(source)
        .where(wanted)
        .order_by(discussion.c.revision.desc(), discussion.c.id.desc())
        .offset(offset)
        .limit(limit)
    ).all()
    return total, _lines(conn, person, rows)


def discussion_of(
    conn: Connection, person: str, since: datetime | None, discussion_id: int
) -> DiscussionLine | None:
    """Return that one, if he takes part in it."""
    discussion, his = schema.discussion, schema.participant
    rows = conn.execute(
        select(discussion, his.c.read_at)
        .select_from(discussion.join(his, his.c.discussion_id == discussion.c.id))
        .where(_his(person, since), discussion.c.id == discussion_id)
    ).all()
    return _lines(conn, person, rows)[0] if rows else None


def participants_of(conn: Connection, discussion_id: int) -> list[ParticipantLine]:
    """Return those who take part, and those who left."""
    participant = schema.participant.c
    rows = conn.execute(
        select(participant.person, participant.read_at, participant.left_at)
        .where(participant.discussion_id == discussion_id)
        .order_by(participant.person)
    )
    return [ParticipantLine(*row) for row in rows]


def messages_of(
    conn: Connection, discussion_id: int, after: int | None, offset: int, limit: int
) -> tuple[int, list[MessageLine]]:
    """Return how many there are after that one, and a page of them, the oldest first."""
    message = schema.message.c
    wanted = [message.discussion_id == discussion_id]
    if after is not None:
        wanted.append(message.id > after)
    total = conn.execute(select(func.count()).where(*wanted)).scalar_one()
    rows = conn.execute(
        select(message.id, message.discussion_id, message.by, message.at, message.text)
        .where(*wanted)
        .order_by(message.id)
        .offset(offset)
        .limit(limit)
    )
    return total, [MessageLine(*row) for row in rows]


def insert_discussion(
    conn: Connection,
    *,
    subject: str,
    by: str,
    at: datetime,
    revision: int,
    persons: Iterable[str],
) -> int:
    """Add a discussion of *persons*, *by* among them, and return its id."""
    key = conn.execute(
        insert(schema.discussion).values(
            subject=subject, created_by=by, created_at=at, revision=revision
        )
    ).inserted_primary_key
    assert key is not None
    id_: int = key[0]
    conn.execute(
        insert(schema.participant),
        [{"discussion_id": id_, "person": person} for person in sorted(persons)],
    )
    return id_


def post(conn: Connection, discussion_id: int, by: str, at: datetime, text: str) -> MessageLine:
    """
    Add a message after all others: at *at*, or just after the last one.

    Who waited longer for the writer would otherwise come before what was read already.
    """
    message = schema.message
    last = conn.execute(
        select(message.c.at)
        .where(message.c.discussion_id == discussion_id)
        .order_by(message.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    if last is not None:
        at = max(at, last + _TICK)
    values = {"discussion_id": discussion_id, "by": by, "at": at, "text": text}
    key = conn.execute(insert(message).values(**values)).inserted_primary_key
    assert key is not None
    return MessageLine(key[0], discussion_id, by, at, text)


def touch(conn: Connection, discussion_id: int, revision: int) -> None:
    """Note that something happened in it."""
    discussion = schema.discussion
    conn.execute(
        update(discussion).where(discussion.c.id == discussion_id).values(revision=revision)
    )


def mark_read(
    conn: Connection, discussion_id: int, person: str, upto: int | None
) -> datetime | None:
    """Note that he read up to that message, or to the last; return its instant."""
    message, participant = schema.message.c, schema.participant
    wanted = [message.discussion_id == discussion_id]
    if upto is not None:
        wanted.append(message.id <= upto)
    at: datetime | None = conn.execute(select(func.max(message.at)).where(*wanted)).scalar()
    if at is None:
        return None  # there is no message so early
    his = and_(
        participant.c.discussion_id == discussion_id,
        participant.c.person == person,
        or_(participant.c.read_at.is_(None), participant.c.read_at < at),
    )
    conn.execute(update(participant).where(his).values(read_at=at))
    return at


def leave(conn: Connection, discussion_id: int, person: str, at: datetime) -> None:
    participant = schema.participant
    conn.execute(
        update(participant)
        .where(participant.c.discussion_id == discussion_id, participant.c.person == person)
        .values(left_at=at)
    )


def _his(person: str, since: datetime | None) -> ColumnElement[bool]:
    his = schema.participant.c
    wanted = and_(his.person == person, his.left_at.is_(None))
    if since is not None:
        wanted = and_(wanted, schema.discussion.c.created_at >= since)
    return wanted


def _unread() -> ColumnElement[bool]:
    """Messages of others which the participant of the row has not read."""
    message, his = schema.message.c, schema.participant.c
    return and_(
        message.discussion_id == his.discussion_id,
        message.by != his.person,
        or_(his.read_at.is_(None), message.at > his.read_at),
    )


def _lines(conn: Connection, person: str, rows: Iterable[Row[Any]]) -> list[DiscussionLine]:
    rows = list(rows)
    message, participant = schema.message.c, schema.participant.c
    ids = [row.id for row in rows]
    unread = conn.execute(
        select(message.discussion_id, func.count())
        .select_from(schema.message.join(schema.participant, _unread()))
        .where(participant.person == person, message.discussion_id.in_(ids))
        .group_by(message.discussion_id)
    )
    unread_of: dict[int, int] = {row[0]: row[1] for row in unread}
    present = conn.execute(
        select(participant.discussion_id, func.count())
        .where(participant.discussion_id.in_(ids), participant.left_at.is_(None))
        .group_by(participant.discussion_id)
    )
    present_of: dict[int, int] = {row[0]: row[1] for row in present}
    newest = (
        select(func.max(message.id))
        .where(message.discussion_id.in_(ids))
        .group_by(message.discussion_id)
    )
    last = conn.execute(
        select(message.id, message.discussion_id, message.by, message.at, message.text).where(
            message.id.in_(newest)
        )
    )
    last_of = {row.discussion_id: MessageLine(*row) for row in last}
    return [
        DiscussionLine(
            id=row.id,
            subject=row.subject,
            created_by=row.created_by,
            created_at=row.created_at,
            revision=row.revision,
            read_at=row.read_at,
            participants=present_of.get(row.id, 0),
            unread=unread_of.get(row.id, 0),
            # A discussion begins with a message.
            last=last_of.get(row.id)
            or MessageLine(0, row.id, row.created_by, row.created_at, ""),
        )
        for row in rows
    ]
