"""
Entries: changes of the base by a session, done once, audited, and told to whom they concern.

An entry is one command of the base's writer: several sessions' entries share a commit, one
that fails takes no other with it. With the change itself are written, in the same transaction:
the new revision, a line of audit for each thing changed (who, when, before, after), what to
answer whoever asks for "what changed since", and the answer under the client's key, so that a
retry after a cut is answered and not done twice; they wait for the commit to be written
together (`held_lines`), and are gone when the entry is undone. A key whose entry was given up
with an exclusive use is refused: a retry must neither do again what somebody threw away, nor be
told that it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import attrs
import structlog
import trio
from sqlalchemy import Connection

from pronote_protocol.catalogue import Call
from pronote_protocol.codec import pack, unpack
from pronote_protocol.errors import Conflict, StaleRevision, Unconfirmed
from pronote_protocol.limits import WireLimits
from pronote_protocol.records import structure, unstructure
from pronote_server.domain.sessions import Session
from pronote_server.hosting import exclusive_use
from pronote_server.hosting.news import (
    EVERYBODY,
    OFFICE,
    SCHOOL_LIFE,
    Audience,
    FamilyNews,
    teacher_code,
    who,
)
from pronote_server.hosting.school import School
from pronote_server.storage import base_writes as kept
from pronote_server.storage.errors import DatabaseBroken

__all__ = [
    "EVERYBODY",
    "EVERYTHING",
    "OFFICE",
    "SCHOOL_LIFE",
    "Audience",
    "Entry",
    "changes_since",
    "enter",
    "teacher_code",
    "who",
]

log = structlog.get_logger()
P = TypeVar("P")
R = TypeVar("R")

# How long an answer is remembered under its key.
KEY_HOURS: Final = 24
_FORGET_EVERY: Final = timedelta(minutes=1)
# Rows of an answer, as everywhere.
_MOST_CHANGES: Final = 500
# A commit takes milliseconds; this bounds a disk that hangs. Until then a client that leaves
# does not take the news of its entry with it.
_COMMIT_SECONDS: Final = 30.0
_LOOK_AGAIN_SECONDS: Final = 5.0


# Of the change log, when anything may have changed.
EVERYTHING: Final = kept.EVERYTHING


@attrs.define
class Entry:
    """
    What a command needs to change the base; made for it, inside its savepoint.

    Attributes:
        conn: Valid while the command runs.
        revision: The revision the base has once this entry is committed.
    """

    conn: Connection
    revision: int
    at: datetime
    actor: str
    account: str
    method: str
    _news: list[FamilyNews] = attrs.field(factory=list, init=False)
    _audit: list[kept.AuditEntry] = attrs.field(factory=list, init=False)
    _changes: list[kept.Change] = attrs.field(factory=list, init=False)

    def changed(
        self,
        family: str,
        entity: str,
        entity_id: int | str,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
        audience: Audience,
    ) -> None:
        """
        Note that *entity* was created (no *before*), changed, or deleted (no *after*).

        Args:
            family: What clients are told has changed: ``marks``, ``absences`` ...
        """
        if before == after:
            return
        self._audit.append(
            kept.AuditEntry(
                revision=self.revision,
                at=self.at,
                actor=self.actor,
                method=self.method,
                entity=entity,
                entity_id=str(entity_id),
                before=_plain(before),
                after=_plain(after),
                account=self.account,
            )
        )
        self._changes.append(
            kept.Change(self.revision, family, str(entity_id), audience.text())
        )
        news = FamilyNews(family, audience)
        if news not in self._news:
            self._news.append(news)

    def check_fresh(
        self, entity: str, entity_id: int | str, revision: int, known: int | None
    ) -> None:
        """
        Refuse a change by a client that has not seen the last one.

        Args:
            revision: The revision the thing was last changed at.
            known: The one the client had read; None does not ask.

        Raises:
            StaleRevision: With what changed since.
        """
        if known is None or known >= revision:
            return
        history = kept.audit_of(self.conn, entity, str(entity_id))
        changes = [each for each in history if each.revision > known]
        raise StaleRevision(
            revision=revision,
            changed=[
                {"revision": each.revision, "by": each.actor, "after": each.after}
                for each in changes[-20:]
            ],
        )


async def enter(
    school: School,
    session: Session,
    call: Call[P, R],
    key: str | None,
    command: Callable[[Entry], R],
) -> R:
    """
    Run *command* as one entry and return its result, which is on disk then.

    A key that was used before gives the answer of then, and nothing is done.

    Raises:
        Conflict: The key was used for another call, or what was done under it was given up.
        ReadOnly, ExclusiveUse: The session may not write now.
        NotInService, BaseUnavailable: There is no base.
        Unconfirmed: The disk hangs; what gets there later is told to the sessions then.
        Refused: Whatever *command* raises; nothing is changed.
    """
    base = school.base_in_service()
    # Again, and with no wait before the command is queued: it was asked when the request was
    # read, and since then somebody may have taken the base for himself, with its copy made.
    exclusive_use.check_may_write(school, session)
    now = school.now()
    account, actor = session.login, session.name

    forgets = abs(now - school.answers_forgotten_at) >= _FORGET_EVERY
    if forgets:
        school.answers_forgotten_at = now

    def write(conn: Connection) -> tuple[R, int | None, list[FamilyNews]]:
        if key is not None:
            answer = kept.recall_answer(conn, account, key)
            if answer is not None:
                return _same_answer(answer, call), None, []
        entry = Entry(conn, kept.bump_revision(conn, now), now, actor, account, call.name)
        result = command(entry)
        kept.append_audit(conn, entry._audit)
        kept.log_change(conn, entry._changes)
        if key is not None:
            kept.remember_answer(conn, account, key, call.name, now, pack(unstructure(result)))
        if forgets:
            kept.forget_old_answers(conn, now - timedelta(hours=KEY_HOURS))
        return result, entry.revision, entry._news

    def publish(done: tuple[R, int | None, list[FamilyNews]]) -> None:
        _, revision, news = done
        current = school.base
        if revision is None or current is None:
            return
        if current.database is base.database and revision > current.header.revision:
            header = attrs.evolve(current.header, revision=revision, last_entry_at=now)
            school.base = attrs.evolve(current, header=header)
        # Its answer leaves right after, unless it was given up.
        school.news.add(revision, news, session if awaited else None)

    awaited = True
    deadline = trio.current_time() + _COMMIT_SECONDS
    try:
        with trio.CancelScope(shield=True, deadline=deadline):
            result, _, _ = await base.database.write(
                write, published=publish, afterwards=school.news.tell
            )
            return result
        raise trio.TooSlowError
    except (trio.TooSlowError, DatabaseBroken) as error:
        log.error("entry.unconfirmed", method=call.name, exc_info=error)
        details = {} if key is None else {"key": key}
        raise Unconfirmed(retry_after=_LOOK_AGAIN_SECONDS, **details) from error
    finally:
        awaited = False


async def changes_since(
    school: School, session: Session, revision: int, limit: int
) -> tuple[list[kept.Change], int, bool]:
    """
    Return what changed after *revision* that *session* may see, where to ask from next, and
    whether that is all.

    Of an entry that changed more than a page holds only the families are told, once each and
    with no id: a revision is never told in two parts.
    """
    base = school.base_in_service()
    found = await base.database.read(lambda conn: kept.changes_since(conn, revision, limit))
    seen = [
        change
        for change in found.changes
        if change.entity == EVERYTHING or Audience.parse(change.audience).includes(session)
    ]
    if len(seen) > _MOST_CHANGES:
        families = dict.fromkeys((change.revision, change.entity) for change in seen)
        seen = [kept.Change(revision, family, "", "") for revision, family in families]
    return seen, found.revision, not found.more


def _same_answer(answer: kept.RememberedAnswer, call: Call[Any, R]) -> R:
    if answer.method != call.name:
        raise Conflict(
            "Cette clé a déjà servi à une autre demande.",
            "This key was used for another request.",
        )
    if answer.given_up:
        raise Conflict(
            "Cette saisie a été abandonnée avec l'usage exclusif : refaites-la.",
            "This entry was given up with the exclusive use: enter it anew.",
        )
    return structure(unpack(answer.answer, WireLimits()), call.result)


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return *values* as JSON can say them."""
    if values is None:
        return None
    return {name: _json(value) for name, value in values.items()}


def _json(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_json(each) for each in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(getattr(value, "value", value))
