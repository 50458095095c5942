"""
Who is connected (fiche 11, *Suivi des connexions*), and how a session ends.

A session holds exactly one seat (none in mode hosting, nor in a previous year) from its first
to its last instant, and one link to its client unless it is cut. `SessionBook.end` is the only
way out: it frees the seat whatever the reason, so that no path can forget to.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import Protocol, TypeVar

import attrs

from pronote_protocol.errors import ResumeRefused
from pronote_protocol.words import (
    Access,
    Application,
    Mode,
    Presence,
    Rank,
    Right,
    SessionState,
)
from pronote_server.domain.seats import Seat

__all__ = ["Link", "Session", "SessionBook", "SessionStatistics"]

K = TypeVar("K")


class Link(Protocol):
    """The way from a session to its client; all verbs are synchronous and never wait."""

    def tell(self, frame: bytes) -> None:
        """Send an encoded event; a client too slow to take it is hung up."""

    def hold(self, frame: bytes) -> None:
        """Send an encoded event together with the answer that is about to be said."""

    def hang_up(self, goodbye: bytes, code: str) -> None:
        """Send this encoded goodbye after what is queued, then close. Idempotent."""


@attrs.define(eq=False, kw_only=True)
class Session:
    """
    One line of the table of connections.

    Attributes:
        since: Seconds of school time (UTC epoch) at which it began.
        last_call_at: Seconds of school time of the last call; what inactivity counts from.
        seat: None in mode hosting and in a previous year, which take none.
        year: The previous school year it looks at; None: the base in service.
        link: None while the client is cut and may still resume.
        cut_until: Seconds of transport time at which a cut session is lost.
        token: The single resume token that is valid now, or None.
        presence: How the person shows himself; the same in all his sessions.
        forced: True while somebody else's exclusive use makes it read-only.
    """

    id: str
    account_id: int
    login: str
    name: str
    rank: Rank
    person: str | None
    administrator: bool
    mode: Mode
    access: Access
    rights: frozenset[Right]
    application: Application
    client: str
    workstation: str
    address: str
    instance: str
    base: str
    since: float
    last_call_at: float
    idle_minutes: int | None
    seat: Seat | None
    link: Link | None
    resumable: bool
    token: str | None = attrs.field(default=None, repr=False)
    cut_until: float | None = None
    exclusive: bool = False
    forced: bool = False
    ended: bool = False
    year: int | None = None
    presence: Presence = Presence.AVAILABLE

    @property
    def state(self) -> SessionState:
        """Column *État*."""
        if self.link is None:
            return SessionState.CUT
        if self.mode is Mode.HOSTING:
            return SessionState.CONNECTED
        if self.exclusive:
            return SessionState.EXCLUSIVE_USE
        if self.access is Access.CONSULTATION:
            return SessionState.CONSULTATION
        if self.forced:
            return SessionState.FORCED_CONSULTATION
        return SessionState.MODIFICATION

    @property
    def may_write(self) -> bool:
        """Whether a write of this session may be tried."""
        return self.access is Access.MODIFICATION and not self.forced


@attrs.frozen
class SessionStatistics:
    """A snapshot; ``ended`` counts ends by farewell code since the start."""

    connected: int
    cut: int
    begun: int
    resumed: int
    ended: dict[str, int]


@attrs.define(eq=False)
class SessionBook:
    """Every session of one school."""

    _sessions: dict[str, Session] = attrs.field(factory=dict, init=False)
    _of_accounts: dict[int, dict[str, Session]] = attrs.field(factory=dict, init=False)
    _of_modes: dict[Mode, dict[str, Session]] = attrs.field(factory=dict, init=False)
    _of_persons: dict[str, dict[str, Session]] = attrs.field(factory=dict, init=False)
    _followers: dict[str, Session] = attrs.field(factory=dict, init=False)
    _begun: int = attrs.field(default=0, init=False)
    _resumed: int = attrs.field(default=0, init=False)
    _ended: dict[str, int] = attrs.field(factory=dict, init=False)

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        """Iterate over a copy: whoever is told something may leave meanwhile."""
        return iter(list(self._sessions.values()))

    def get(self, session_id: str) -> Session | None:
        return self._sessions.get(session_id)

    def begin(self, session: Session) -> None:
        """Add *session*, whose seat is taken already."""
        self._sessions[session.id] = session
        self._of_accounts.setdefault(session.account_id, {})[session.id] = session
        self._of_modes.setdefault(session.mode, {})[session.id] = session
        if session.person is not None:
            self._of_persons.setdefault(session.person, {})[session.id] = session
        self._begun += 1

    def end(self, session: Session, code: str) -> bool:
        """
        Take *session* out and free its seat; idempotent.

        Returns:
            Whether this call ended it, so that exactly one caller says so in the journal.
        """
        if session.ended:
            return False
        session.ended = True
        session.link = None
        session.token = None
        if session.seat is not None:
            session.seat.release()
        del self._sessions[session.id]
        self._followers.pop(session.id, None)
        _take_out(self._of_accounts, session.account_id, session)
        _take_out(self._of_modes, session.mode, session)
        if session.person is not None:
            _take_out(self._of_persons, session.person, session)
        self._ended[code] = self._ended.get(code, 0) + 1
        return True

    def follow_presence(self, session: Session) -> None:
        """Have *session* among the followers from now on, until it ends."""
        if not session.ended:
            self._followers[session.id] = session

    def followers(self) -> list[Session]:
        """Return who is told how others show themselves: few, while all come and go."""
        return list(self._followers.values())

    def cut(self, session: Session, until: float) -> None:
        """Keep *session* and its seat without a client until transport time *until*."""
        session.link = None
        session.cut_until = until

    def resume(self, session_id: str, token: str, link: Link, next_token: str) -> Session:
        """
        Give a session a new link; *token* is spent whatever happens next.

        A session that is not known to be cut yet is taken over: its client knows better
        than the server whether the old connection is dead.

        Raises:
            ResumeRefused: No such session, or not its token.
        """
        session = self._sessions.get(session_id)
        if session is None or session.token is None or not _same(session.token, token):
            raise ResumeRefused()
        session.token = next_token
        session.link = link
        session.cut_until = None
        self._resumed += 1
        return session

    def lost(self, now: float) -> list[Session]:
        """Return the cut sessions whose time is up at transport time *now*."""
        return [
            session
            for session in self._sessions.values()
            if session.cut_until is not None and session.cut_until <= now
        ]

    def inactive(self, now: float) -> list[Session]:
        """Return those whose group or profile gives them no more time at school time *now*."""
        return [
            session
            for session in self._sessions.values()
            if session.idle_minutes is not None
            and now - session.last_call_at >= session.idle_minutes * 60
        ]

    def of_account(self, account_id: int) -> list[Session]:
        return list(self._of_accounts.get(account_id, {}).values())

    def of_mode(self, mode: Mode) -> list[Session]:
        return list(self._of_modes.get(mode, {}).values())

    def of_person(self, person: str) -> list[Session]:
        """Return those of somebody in the base, ``teacher:CODE``, in whatever mode."""
        return list(self._of_persons.get(person, {}).values())

    def statistics(self) -> SessionStatistics:
        cut = sum(1 for session in self._sessions.values() if session.link is None)
        return SessionStatistics(
            connected=len(self._sessions) - cut,
            cut=cut,
            begun=self._begun,
            resumed=self._resumed,
            ended=dict(self._ended),
        )


def _take_out(by: dict[K, dict[str, Session]], key: K, session: Session) -> None:
    others = by[key]
    del others[session.id]
    if not others:
        del by[key]


def _same(one: str, other: str) -> bool:
    # 256 random bits looked up by a session that is found by a public id: compare in
    # constant time all the same.
    return hmac.compare_digest(one.encode(), other.encode())
