"""
Entries: changes of the base by a session, done once, audited, and told to whom they concern.

An entry is one command of the base's writer: several sessions' entries share a commit, one
that fails takes no other with it. With the change itself are written, in the same savepoint:
the new revision, a line of audit for each thing changed (who, when, before, after), what to
answer whoever asks for "what changed since", and the answer under the client's key, so that a
retry after a cut is answered and not done twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import attrs
import structlog
import trio
from sqlalchemy import Connection

from pronote_protocol.catalogue import Call
from pronote_protocol.codec import pack, unpack
from pronote_protocol.conversation import encode_event
from pronote_protocol.errors import Conflict, StaleRevision, Unconfirmed
from pronote_protocol.limits import WireLimits
from pronote_protocol.messages import BaseChanged
from pronote_protocol.records import structure, unstructure
from pronote_protocol.words import Mode
from pronote_server.domain.sessions import Session
from pronote_server.hosting import exclusive_use
from pronote_server.hosting.school import School
from pronote_server.storage import base_file
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
# Rows of an answer, as everywhere.
_MOST_CHANGES: Final = 500
# A commit takes milliseconds; this bounds a disk that hangs. Until then a client that leaves
# does not take the news of its entry with it.
_COMMIT_SECONDS: Final = 30.0
_LOOK_AGAIN_SECONDS: Final = 5.0


@attrs.frozen
class Audience:
    """
    Who may see a change. Mode Administratif always does, but for what is between persons.

    Attributes:
        school_life: Whether sessions in mode Vie scolaire may.
        teachers: Codes of the teachers who may; None for all of them.
        persons: Only they may, as `who` names them, whatever their mode; None: not so.
    """

    school_life: bool = False
    teachers: frozenset[str] | None = frozenset()
    persons: frozenset[str] | None = None

    def includes(self, session: Session) -> bool:
        """Whether *session* is told."""
        if session.mode is Mode.HOSTING:
            return False
        if self.persons is not None:
            return who(session) in self.persons
        if session.mode is Mode.ADMINISTRATIVE:
            return True
        if session.mode is Mode.SCHOOL_LIFE:
            return self.school_life
        return self.teachers is None or teacher_code(session) in self.teachers

    def text(self) -> str:
        """Return it as it is stored with the change."""
        teachers = None if self.teachers is None else sorted(self.teachers)
        if self.persons is None:
            return json.dumps([self.school_life, teachers])
        return json.dumps([self.school_life, teachers, sorted(self.persons)])

    @classmethod
    def parse(cls, text: str) -> Audience:
        school_life, teachers, *persons = json.loads(text)
        return cls(
            school_life,
            None if teachers is None else frozenset(teachers),
            frozenset(persons[0]) if persons else None,
        )


OFFICE: Final = Audience()
SCHOOL_LIFE: Final = Audience(school_life=True)
# Of the change log, when anything may have changed.
EVERYTHING: Final = kept.EVERYTHING
EVERYBODY: Final = Audience(school_life=True, teachers=None)


def who(session: Session) -> str:
    """Return how a base names whose session it is: ``teacher:CODE``, ``account:LOGIN``."""
    return session.person or f"account:{session.login}"


def teacher_code(session: Session) -> str | None:
    """Return the code in the base of the teacher whose session this is."""
    family, _, code = (session.person or "").partition(":")
    return code if family == "teacher" and code else None


@attrs.frozen
class _News:
    family: str
    audience: Audience


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
    method: str
    _news: list[_News] = attrs.field(factory=list, init=False)
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
            )
        )
        self._changes.append(
            kept.Change(self.revision, family, str(entity_id), audience.text())
        )
        news = _News(family, audience)
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
        Conflict: The key was used for another call.
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

    def write(conn: Connection) -> tuple[R, base_file.BaseHeader | None, list[_News]]:
        if key is not None:
            answer = kept.recall_answer(conn, account, key)
            if answer is not None:
                return _same_answer(answer, call), None, []
        entry = Entry(conn, kept.bump_revision(conn, now), now, actor, call.name)
        result = command(entry)
        kept.append_audit(conn, entry._audit)
        kept.log_change(conn, entry._changes)
        if key is not None:
            kept.remember_answer(conn, account, key, call.name, now, pack(unstructure(result)))
            kept.forget_old_answers(conn, now - timedelta(hours=KEY_HOURS))
        return result, base_file.read_header(conn), entry._news

    def publish(done: tuple[R, base_file.BaseHeader | None, list[_News]]) -> R:
        result, header, news = done
        if header is not None and school.base is not None:
            current = school.base
            if current.database is base.database and header.revision > current.header.revision:
                school.base = attrs.evolve(current, header=header)
            _tell(school, header.revision, news)
        return result

    def publish_late(done: tuple[R, base_file.BaseHeader | None, list[_News]]) -> None:
        publish(done)

    try:
        with trio.fail_after(_COMMIT_SECONDS, shield=True):
            return publish(await base.database.write(write, late=publish_late))
    except (trio.TooSlowError, DatabaseBroken) as error:
        log.error("entry.unconfirmed", method=call.name, exc_info=error)
        details = {} if key is None else {"key": key}
        raise Unconfirmed(retry_after=_LOOK_AGAIN_SECONDS, **details) from error


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
    return structure(unpack(answer.answer, WireLimits()), call.result)


def _tell(school: School, revision: int, news: Iterable[_News]) -> None:
    """Tell each session what it may see of it; one encoding for all who see the same."""
    news = list(news)
    frames: dict[tuple[str, ...], bytes] = {}
    for session in school.sessions:
        if session.link is None or session.year is not None:
            continue
        seen = tuple(
            dict.fromkeys(each.family for each in news if each.audience.includes(session))
        )
        if not seen:
            continue
        if seen not in frames:
            frames[seen] = encode_event(BaseChanged(revision=revision, what=seen))
        session.link.tell(frames[seen])


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
