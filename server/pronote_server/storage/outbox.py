"""The outbox: messages to leave, kept until they have, and for a while afterwards."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from pronote_server.domain.outgoing import Channel, OutgoingMessage, OutgoingState
from pronote_server.storage.school_schema import outbox

__all__ = [
    "due_messages",
    "find_message",
    "forget_messages",
    "insert_message",
    "list_messages",
    "next_due",
    "update_message",
    "waiting_messages",
]


def insert_message(conn: Connection, message: OutgoingMessage) -> OutgoingMessage:
    """Write *message* and return it with its id."""
    key = conn.execute(insert(outbox), _values(message)).inserted_primary_key
    assert key is not None
    return attrs.evolve(message, id=key[0])


def update_message(conn: Connection, message: OutgoingMessage) -> bool:
    """Write what changed of *message*; False when it is not there any more."""
    changed = conn.execute(
        update(outbox).where(outbox.c.id == message.id).values(**_values(message))
    )
    return changed.rowcount == 1


def find_message(conn: Connection, message_id: str) -> OutgoingMessage | None:
    """Return the only message whose id begins so; None when there is none, or several."""
    found = conn.execute(
        select(outbox)
        .where(outbox.c.message_id.startswith(message_id, autoescape=True))
        .limit(2)
    ).all()
    return _message(found[0]) if len(found) == 1 else None


def list_messages(conn: Connection, limit: int) -> list[OutgoingMessage]:
    """Return the newest messages, newest first."""
    rows = conn.execute(select(outbox).order_by(outbox.c.id.desc()).limit(limit))
    return [_message(row) for row in rows]


def due_messages(conn: Connection, now: datetime, limit: int) -> list[OutgoingMessage]:
    """Return those to try now, the one that has waited longest first."""
    rows = conn.execute(
        select(outbox)
        .where(outbox.c.state == OutgoingState.WAITING.value, outbox.c.due_at <= now)
        .order_by(outbox.c.due_at, outbox.c.id)
        .limit(limit)
    )
    return [_message(row) for row in rows]


def next_due(conn: Connection) -> datetime | None:
    """Return when the next attempt is due; None when nothing waits."""
    found: datetime | None = conn.execute(
        select(outbox.c.due_at)
        .where(outbox.c.state == OutgoingState.WAITING.value)
        .order_by(outbox.c.due_at)
        .limit(1)
    ).scalar()
    return found


def waiting_messages(conn: Connection) -> int:
    """Return how many are still to leave."""
    waiting = outbox.c.state == OutgoingState.WAITING.value
    count: int = conn.execute(
        select(func.count()).select_from(outbox).where(waiting)
    ).scalar_one()
    return count


def forget_messages(conn: Connection, before: datetime) -> int:
    """Delete what was done before that instant, and return how many there were."""
    return conn.execute(delete(outbox).where(outbox.c.done_at < before)).rowcount


def _values(message: OutgoingMessage) -> dict[str, Any]:
    return {
        "message_id": message.message_id,
        "channel": message.channel.value,
        "recipient": message.recipient,
        "subject": message.subject,
        "body": message.body,
        "created_at": message.created_at,
        "due_at": message.due_at,
        "attempts": message.attempts,
        "state": message.state.value,
        "problem": message.problem,
        "done_at": message.done_at,
    }


def _message(row: Row[Any]) -> OutgoingMessage:
    return OutgoingMessage(
        id=row.id,
        message_id=row.message_id,
        channel=Channel(row.channel),
        recipient=row.recipient,
        subject=row.subject,
        body=row.body,
        created_at=row.created_at,
        due_at=row.due_at,
        attempts=row.attempts,
        state=OutgoingState(row.state),
        problem=row.problem,
        done_at=row.done_at,
    )
