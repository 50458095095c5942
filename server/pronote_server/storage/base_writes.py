"""
What every write leaves behind, in its own transaction: a revision, an answer, two lines.

A *revision* is of a command, not of a commit: commands that share a commit get one each. Two
of them writing the same entry could not be told apart otherwise, and a client that knows the
first would overwrite the second without hearing of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import attrs
from sqlalchemy import Connection, bindparam, case, delete, func, insert, select, update

from pronote_server.storage.base_schema import audit, change_log, entry_key, header
from pronote_server.storage.errors import ConstraintBroken
from pronote_server.storage.held_lines import HeldLines, held_by
from pronote_server.storage.prepared import Prepared

__all__ = [
    "EVERYTHING",
    "AuditEntry",
    "Change",
    "Changes",
    "RememberedAnswer",
    "RememberedKey",
    "answers_of",
    "append_audit",
    "audit_of",
    "bump_revision",
    "changes_since",
    "forget_changes_before",
    "forget_old_answers",
    "forget_old_changes",
    "give_up_answers",
    "hold_lines",
    "log_change",
    "pass_revision",
    "recall_answer",
    "remember_answer",
]


@attrs.frozen
class RememberedAnswer:
    """
    What a write was answered, for whoever asks again with its key.

    Attributes:
        method: Of the call; the same key with another method is a mistake of the client.
        answer: Encoded as it travelled.
    """

    method: str
    at: datetime
    answer: bytes

    @property
    def given_up(self) -> bool:
        """Whether what was done was given up since, with an exclusive use."""
        return not self.answer


@attrs.frozen
class RememberedKey:
    """A key that an account has used, for which call and when."""

    account: str
    key: str
    method: str
    at: datetime


@attrs.frozen(kw_only=True)
class AuditEntry:
    """
    One change: who, when, before, after.

    Attributes:
        entity: The table.
        entity_id: The id; of what has several, all of them: ``12/345``.
        before, after: Values JSON can say; None before it was made, and once it is gone.
        actor: The name of who did it, as it was then; others may have it.
        account: The login of the account, which is one person's; None where none was used.
    """

    revision: int
    at: datetime
    actor: str
    method: str
    entity: str
    entity_id: str
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    account: str | None = None


@attrs.frozen
class Change:
    """
    Something changed.

    Attributes:
        entity, entity_id: As in the audit.
        audience: Who may hear of it, in the words of whoever logs and reads changes.
    """

    revision: int
    entity: str
    entity_id: str
    audience: str


@attrs.frozen
class Changes:
    """
    A page of changes.

    Attributes:
        revision: What to ask from next time.
        more: Whether the base has newer ones than that.
    """

    changes: tuple[Change, ...]
    revision: int
    more: bool


# The entity of a change that may have touched anything: read it all again.
EVERYTHING: Final = "base"


# Every entry executes these, or every commit of entries.
_BUMP: Final = Prepared(
    update(header)
    .values(
        revision=header.c.revision + 1,
        last_entry_at=bindparam("now", type_=header.c.last_entry_at.type),
    )
    .returning(header.c.revision),
    among_held=True,
)
_ADVANCE: Final = Prepared(
    update(header).values(
        revision=bindparam("to"),
        last_entry_at=bindparam("now", type_=header.c.last_entry_at.type),
    ),
    among_held=True,
)
_REMEMBER: Final = Prepared(insert(entry_key), among_held=True)
_RECALL: Final = Prepared(
    select(entry_key.c.method, entry_key.c.at, entry_key.c.answer).where(
        entry_key.c.account == bindparam("whose"), entry_key.c.key == bindparam("which")
    ),
    among_held=True,
)
_APPEND: Final = Prepared(insert(audit), among_held=True)
_LOG: Final = Prepared(insert(change_log), among_held=True)


def hold_lines(conn: Connection, changed: set[str]) -> None:
    """
    Have what entries leave behind written together, by who ends the transactions of *conn*.

    Args:
        changed: The tables the open transaction has changed so far.
    """
    HeldLines(conn, _write_held, changed).serve()


def _write_held(held: HeldLines) -> None:
    conn = held.conn
    if held.revision is not None and held.revision != held.revision_written:
        _ADVANCE.run(conn, ({"to": held.revision, "now": held.entered_at},))
        held.revision_written = held.revision
    if lines := held.audit[held.audit_written :]:
        _APPEND.run_lines(conn, lines)
        held.audit_written = len(held.audit)
    if lines := held.changes[held.changes_written :]:
        _LOG.run_lines(conn, lines)
        held.changes_written = len(held.changes)
    if lines := [line for line, _ in held.answers.values()][held.answers_written :]:
        _REMEMBER.run_lines(conn, lines)
        held.answers_written = len(held.answers)


def bump_revision(conn: Connection, now: datetime) -> int:
    """Give the base a new revision, once in each command that writes, and return it."""
    held = held_by(conn)
    if held is not None and held.revision is not None:
        held.holding()
        held.revision += 1
        held.entered_at = now
        return held.revision
    ((revision,),) = _BUMP.tuples(conn, now=now)
    if held is not None:
        held.revision = held.revision_written = revision
    given: int = revision
    return given


def pass_revision(conn: Connection, revision: int, now: datetime | None) -> int:
    """
    Give a base that was put back a revision it never had, and return it.

    What clients remember of the revisions up to *revision* must not come true a second time.
    They are told that anything may have changed.

    Args:
        now: When it counts as an entry; None: it does not.
    """
    entered = {} if now is None else {"last_entry_at": now}
    given: int = conn.execute(
        update(header)
        .values(
            revision=case((header.c.revision > revision, header.c.revision), else_=revision)
            + 1,
            **entered,
        )
        .returning(header.c.revision)
    ).scalar_one()
    log_change(conn, [Change(given, EVERYTHING, "", "all")])
    return given


def remember_answer(
    conn: Connection, account: str, key: str, method: str, now: datetime, answer: bytes
) -> None:
    """
    Keep the answer to a write, with the write itself.

    Raises:
        ConstraintBroken: The account has used that key already; ask `recall_answer` first.
    """
    line = {"account": account, "key": key, "method": method, "at": now, "answer": answer}
    held = held_by(conn)
    if held is None:
        _REMEMBER.run(conn, [line])
        return
    # As the table would say, which is asked too late to fail this command alone.
    if (account, key) in held.answers or not (account and 1 <= len(key) <= 100):
        raise ConstraintBroken(f"entry_key: {account!r}, {key!r}")
    held.holding()
    held.answers[account, key] = (
        _REMEMBER.line(conn, line),
        RememberedAnswer(method, now, answer),
    )


def recall_answer(conn: Connection, account: str, key: str) -> RememberedAnswer | None:
    """Return what that account was answered for that key, or None when it is new."""
    held = held_by(conn)
    if held is not None and (line := held.answers.get((account, key))) is not None:
        answer: RememberedAnswer = line[1]
        return answer
    found = _RECALL.tuples(conn, whose=account, which=key)
    return RememberedAnswer(*found[0]) if found else None


def answers_of(conn: Connection) -> list[RememberedKey]:
    """Return every key that is remembered, and of what."""
    rows = conn.execute(
        select(entry_key.c.account, entry_key.c.key, entry_key.c.method, entry_key.c.at)
    )
    return [RememberedKey(*row) for row in rows]


def give_up_answers(conn: Connection, keys: Iterable[RememberedKey]) -> int:
    """
    Remember that what was done under these keys was given up; return how many that were.

    Those the base remembers itself were done before, and stay.
    """
    known = {(each.account, each.key) for each in answers_of(conn)}
    rows = [
        {**attrs.asdict(each), "answer": b""}
        for each in keys
        if (each.account, each.key) not in known
    ]
    if rows:
        conn.execute(insert(entry_key), rows)
    return len(rows)


def forget_old_answers(conn: Connection, before: datetime) -> int:
    """Forget the answers given before *before* and return how many there were."""
    return conn.execute(delete(entry_key).where(entry_key.c.at < before)).rowcount


def append_audit(conn: Connection, entries: Sequence[AuditEntry]) -> None:
    """Write one line for each change; nothing takes it back."""
    if not entries:
        return
    lines = [
        _APPEND.line(
            conn,
            {
                "revision": one.revision,
                "at": one.at,
                "actor": one.actor,
                "method": one.method,
                "entity": one.entity,
                "entity_id": one.entity_id,
                "before": one.before,
                "after": one.after,
                "account": one.account,
            },
        )
        for one in entries
    ]
    held = held_by(conn)
    if held is None:
        _APPEND.run_lines(conn, lines)
    else:
        held.holding()
        held.audit += lines


def audit_of(conn: Connection, entity: str, entity_id: str) -> list[AuditEntry]:
    """Return the history of one thing, oldest first."""
    rows = conn.execute(
        select(audit)
        .where(audit.c.entity == entity, audit.c.entity_id == entity_id)
        .order_by(audit.c.id)
    )
    return [
        AuditEntry(
            revision=row.revision,
            at=row.at,
            actor=row.actor,
            method=row.method,
            entity=row.entity,
            entity_id=row.entity_id,
            before=row.before,
            after=row.after,
            account=row.account,
        )
        for row in rows
    ]


def log_change(conn: Connection, changes: Sequence[Change]) -> None:
    """Note what changed, once for each audience; naming one twice is naming it once."""
    if not changes:
        return
    lines = [
        _LOG.line(
            conn,
            {
                "revision": one.revision,
                "entity": one.entity,
                "entity_id": one.entity_id,
                "audience": one.audience,
            },
        )
        for one in dict.fromkeys(changes)
    ]
    held = held_by(conn)
    if held is None:
        _LOG.run_lines(conn, lines)
    else:
        held.holding()
        held.changes += lines


def changes_since(conn: Connection, revision: int, limit: int) -> Changes:
    """
    Return what changed after *revision*, oldest first.

    A revision is never cut in two, so there may be more than *limit* lines of a single one.
    Whoever asks from a revision the base never had (it was put back) is told that anything
    may have changed.
    """
    latest: int = conn.execute(select(header.c.revision)).scalar_one()
    if revision > latest:
        return Changes((Change(latest, EVERYTHING, "", "all"),), latest, False)
    newer = select(change_log).where(change_log.c.revision > revision)
    in_order = (change_log.c.revision, change_log.c.entity, change_log.c.entity_id)
    rows = conn.execute(newer.order_by(*in_order, change_log.c.audience).limit(limit + 1)).all()
    if len(rows) <= limit:
        return Changes(tuple(Change(*row) for row in rows), latest, False)
    # The last one read may be the first of several of its revision: leave it for next time,
    # unless it is all there is.
    cut = rows[-1].revision
    whole = [row for row in rows if row.revision < cut]
    if not whole:
        whole = list(
            conn.execute(
                select(change_log)
                .where(change_log.c.revision == cut)
                .order_by(*in_order, change_log.c.audience)
            ).all()
        )
    upto = whole[-1].revision
    return Changes(tuple(Change(*row) for row in whole), upto, upto < latest)


def forget_changes_before(conn: Connection, instant: datetime, most: int) -> int:
    """
    Forget what changed before *instant*, of the oldest *most* revisions; return how many
    lines went, 0 when nothing is left to forget.
    """
    oldest = conn.execute(
        select(func.min(change_log.c.revision)).where(change_log.c.entity != EVERYTHING)
    ).scalar()
    last = conn.execute(
        select(audit.c.revision)
        .where(audit.c.at < instant)
        .order_by(audit.c.at.desc(), audit.c.id.desc())
        .limit(1)
    ).scalar()
    if oldest is None or last is None or oldest > last:
        return 0
    return forget_old_changes(conn, min(oldest + most, last + 1))


def forget_old_changes(conn: Connection, before_revision: int) -> int:
    """
    Forget what changed before that revision and return how many lines went.

    Whoever asks from further back is told that anything may have changed.
    """
    old = change_log.c.revision < before_revision
    last = conn.execute(select(func.max(change_log.c.revision)).where(old)).scalar()
    if last is None:
        return 0
    gone = conn.execute(delete(change_log).where(old)).rowcount
    log_change(conn, [Change(last, EVERYTHING, "", "all")])
    return gone
