"""
The outbox of a school: what was put into it leaves, sooner or later, at least once.

A message is tried when it is due by school time; after a failure it waits, each time twice as
long. It is marked as sent after it was: a server killed in between sends it again, with the
same id.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import attrs
import structlog
import trio
from sqlalchemy import Connection

from pronote_protocol.errors import Conflict, NotFound
from pronote_server.clock import sleep_until_or
from pronote_server.delivery.delivery import Delivers
from pronote_server.delivery.failures import DeliveryFailed
from pronote_server.domain.hosting_account import masked_email, masked_mobile
from pronote_server.domain.outgoing import (
    MOST_WAITING,
    Channel,
    OutgoingMessage,
    OutgoingState,
    wait_after,
)
from pronote_server.hosting.asker import Asker, entry
from pronote_server.hosting.journal import SERVER
from pronote_server.hosting.school import School
from pronote_server.storage import outbox as kept
from pronote_server.storage.errors import StorageError
from pronote_server.storage.journal import append_journal

__all__ = [
    "deliver_outbox",
    "find_outgoing",
    "list_outgoing",
    "masked_recipient",
    "new_message",
    "put_into_outbox",
    "retry_outgoing",
    "spool_folder",
]

log = structlog.get_logger()

_AT_ONCE: Final = 20
_OVER: Final = {
    OutgoingState.SENT: "message.sent",
    OutgoingState.SPOOLED: "message.spooled",
    OutgoingState.FAILED: "message.given_up",
}
_KEPT: Final = timedelta(days=30)
_AFTER_A_BROKEN_DISK: Final = timedelta(minutes=1)
# A commit takes milliseconds; this bounds a disk that hangs while the server stops.
_MARK_SECONDS: Final = 10.0


def new_message(
    school: School, channel: Channel, recipient: str | None, subject: str, body: str
) -> OutgoingMessage:
    """Return a message to put into the outbox; *body* may have ``{id}``, its reference."""
    now = school.clock.now()
    message_id = secrets.token_hex(16)
    return OutgoingMessage(
        message_id=message_id,
        channel=channel,
        recipient=recipient,
        subject=subject,
        body=body.replace("{id}", message_id[:8]),
        created_at=now,
        due_at=now,
    )


def put_into_outbox(conn: Connection, *messages: OutgoingMessage) -> None:
    """
    Put *messages* into the outbox, in the transaction of what causes them; then set
    ``school.outbox_changed``.

    Raises:
        Conflict: Too many wait already.
    """
    if kept.waiting_messages(conn) + len(messages) > MOST_WAITING:
        raise Conflict(
            "Trop de messages attendent déjà de partir ; prévenez l'opérateur du serveur.",
            "Too many messages wait to leave already; tell the operator of the server.",
        )
    for message in messages:
        kept.insert_message(conn, message)


async def deliver_outbox(school: School, delivery: Delivers) -> None:
    """Let messages leave, until cancelled."""
    postman = _Postman(school, delivery)
    while True:
        school.outbox_changed = changed = trio.Event()
        following: datetime | None
        try:
            following = await postman.round()
        except (StorageError, trio.TooSlowError) as error:
            log.error("outbox.disk_failed", school=school.rne, why=str(error))
            following = school.clock.now() + _AFTER_A_BROKEN_DISK
        except Exception:
            # A mistake in here must not take the school down with it.
            log.exception("outbox.crashed", school=school.rne)
            following = school.clock.now() + _AFTER_A_BROKEN_DISK
        await sleep_until_or(school.clock, following, changed)


async def list_outgoing(school: School, limit: int = 200) -> list[OutgoingMessage]:
    """Return the newest messages, newest first."""
    return await school.records.read(lambda conn: kept.list_messages(conn, limit))


async def find_outgoing(school: School, message_id: str) -> OutgoingMessage:
    """
    Return the message whose id begins so.

    Raises:
        NotFound: There is none, or several.
    """
    found = await school.records.read(lambda conn: kept.find_message(conn, message_id))
    if found is None:
        raise NotFound(what=f"message {message_id}")
    return found


async def retry_outgoing(school: School, message_id: str, asker: Asker) -> OutgoingMessage:
    """
    Try a message again now: one that waits, was given up or was spooled.

    Raises:
        NotFound: There is none of that id, or several.
        Conflict: It was sent, and nothing of it is kept.
    """
    line = entry(school, "message.retried", asker, {"message": message_id})
    now = school.clock.now()

    def write(conn: Connection) -> OutgoingMessage:
        found = kept.find_message(conn, message_id)
        if found is None:
            raise NotFound(what=f"message {message_id}")
        if found.state is OutgoingState.SENT:
            raise Conflict("Ce message est parti.", "This message has left.")
        again = attrs.evolve(
            found, state=OutgoingState.WAITING, due_at=now, attempts=0, done_at=None
        )
        kept.update_message(conn, again)
        append_journal(conn, line)
        return again

    message = await school.records.write(write)
    school.outbox_changed.set()
    return message


def masked_recipient(message: OutgoingMessage) -> str | None:
    """Return to whom it goes, as a list or the journal may say."""
    if message.recipient is None:
        return None
    mask = masked_email if message.channel is Channel.EMAIL else masked_mobile
    return mask(message.recipient)


@attrs.define(eq=False)
class _Postman:
    """
    Attributes:
        unmarked: What left and could not be written down, by id. While the disk is broken it
            is not sent again and again.
    """

    school: School
    delivery: Delivers
    unmarked: dict[int, OutgoingMessage] = attrs.field(factory=dict)

    async def round(self) -> datetime | None:
        """Try what is due; return when the next is, None when nothing waits."""
        records = self.school.records
        while True:
            due = await records.read(
                partial(kept.due_messages, now=self.school.clock.now(), limit=_AT_ONCE)
            )
            if not due:
                return await records.read(kept.next_due)
            for message in due:
                after = self.unmarked.get(message.id) or await self._after_trying(message)
                self.unmarked[message.id] = after
                with trio.fail_after(_MARK_SECONDS, shield=True):
                    await _mark(self.school, after)
                del self.unmarked[message.id]

    async def _after_trying(self, message: OutgoingMessage) -> OutgoingMessage:
        school = self.school
        # Without the option no SMS leaves: the operator hands it over.
        only_spool = message.channel is Channel.SMS and not school.contract.sms
        tried = attrs.evolve(message, attempts=message.attempts + 1)
        try:
            state = await self.delivery.deliver(
                message, spool_folder(school), only_spool=only_spool
            )
        except DeliveryFailed as failure:
            wait = None if failure.final else wait_after(tried.attempts)
            told = {"school": school.rne, "message": message.message_id, "why": failure.problem}
            now = school.clock.now()
            if wait is not None:
                log.info("message.delayed", **told)
                return attrs.evolve(tried, problem=failure.problem, due_at=now + wait)
            log.warning("message.given_up", **told)
            return attrs.evolve(
                tried, problem=failure.problem, state=OutgoingState.FAILED, done_at=now
            )
        return attrs.evolve(
            tried,
            state=state,
            body=None if state is OutgoingState.SENT else message.body,
            problem=None,
            done_at=school.clock.now(),
        )


async def _mark(school: School, message: OutgoingMessage) -> None:
    """Write what became of *message*, with a line in the journal when it is over."""
    kind = _OVER.get(message.state)
    details: dict[str, object] = {
        "message": message.message_id,
        "channel": message.channel.value,
        "recipient": masked_recipient(message),
        "attempts": message.attempts,
        "problem": message.problem,
    }
    line = None if kind is None else entry(school, kind, Asker(SERVER, None), details)
    forgotten = school.clock.now() - _KEPT

    def write(conn: Connection) -> None:
        if kept.update_message(conn, message) and line is not None:
            append_journal(conn, line)
        kept.forget_messages(conn, forgotten)

    await school.records.write(write)


def spool_folder(school: School) -> Path:
    return school.folder / "spool"
