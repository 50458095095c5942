"""
Who is told what of a change, and the telling.

What several entries of one commit changed is told together, each of them by its own event, in
the order of their revisions: one encoding for all who see the same, and one send to each.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Sequence, Set
from functools import lru_cache
from typing import Final

import attrs
import structlog
import trio

from pronote_protocol.conversation import encode_event
from pronote_protocol.messages import BaseChanged
from pronote_protocol.words import Mode
from pronote_server.domain.sessions import Session, SessionBook

__all__ = [
    "EVERYBODY",
    "OFFICE",
    "SCHOOL_LIFE",
    "Audience",
    "FamilyNews",
    "News",
    "teacher_code",
    "who",
]


log = structlog.get_logger()

# Sessions told in one turn of the loop: 5 ms of it, 10 with TLS.
_AT_ONCE: Final = 1_000
# Commits that are being told at the same time. When there are more, the oldest is told to its
# end at once: the turn gets longer, and what waits does not.
_MOST_ROUNDS: Final = 8


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
        return self.concerns(session.mode, teacher_code(session), who(session))

    def concerns(self, mode: Mode, code: str | None, person: str) -> bool:
        """Whether sessions of that mode, `teacher_code` and `who` are told."""
        if mode is Mode.HOSTING:
            return False
        if self.persons is not None:
            return person in self.persons
        if mode is Mode.ADMINISTRATIVE:
            return True
        if mode is Mode.SCHOOL_LIFE:
            return self.school_life
        return self.teachers is None or code in self.teachers

    def text(self) -> str:
        """Return it as it is stored with the change."""
        return _text(self)

    def _written(self) -> str:
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


@lru_cache(maxsize=1024)
def _text(audience: Audience) -> str:
    return audience._written()


OFFICE: Final = Audience()
SCHOOL_LIFE: Final = Audience(school_life=True)
EVERYBODY: Final = Audience(school_life=True, teachers=None)


def who(session: Session) -> str:
    """Return how a base names whose session it is: ``teacher:CODE``, ``account:LOGIN``."""
    return session.person or f"account:{session.login}"


def teacher_code(session: Session) -> str | None:
    """Return the code in the base of the teacher whose session this is."""
    family, _, code = (session.person or "").partition(":")
    return code if family == "teacher" and code else None


@attrs.frozen
class FamilyNews:
    """Something of *family* changed, for *audience* to see."""

    family: str
    audience: Audience


@attrs.frozen
class _Entered:
    """An entry that is on disk, and what it changed."""

    revision: int
    news: Sequence[FamilyNews]

    @property
    def named_teachers(self) -> frozenset[str] | None:
        """The only teachers who may see something of it; None: others may, or school life."""
        codes: frozenset[str] = frozenset()
        for each in self.news:
            audience, teachers = each.audience, each.audience.teachers
            if audience.persons is not None or teachers is None or audience.school_life:
                return None
            codes |= teachers
        return codes


class News:
    """
    What was committed and is still to be told to the sessions of one school.

    Telling a thousand sessions takes the loop some 5 ms, so that those of a bigger school are
    told a thousand at a time, and everybody else has his turn meanwhile. A session still
    hears of one commit after the other, and the writers before their answers. What other
    events must not overtake is told first by `finish`.
    """

    def __init__(self, sessions: SessionBook) -> None:
        self._sessions = sessions
        self._pending: list[_Entered] = []
        self._answered: set[Session] = set()
        self._rounds: deque[_Round] = deque()
        self._goes_on = False

    def add(
        self, revision: int, news: Sequence[FamilyNews], answered: Session | None = None
    ) -> None:
        """Note the news of an entry that is on disk; *answered* gets its answer right after."""
        self._pending.append(_Entered(revision, news))
        if answered is not None:
            self._answered.add(answered)

    def tell(self) -> None:
        """Tell each session what it may see of it: the writers now, the last a little later."""
        answered, pending = self._answered, self._pending
        self._pending, self._answered = [], set()
        latest = _Round(pending, self._sessions, answered)
        self._rounds.append(latest)
        if len(self._rounds) > 1 or latest.waiting > _AT_ONCE:
            # Their answers do not wait; nor may what was entered before come after it.
            for session in answered:
                for each in self._rounds:
                    each.tell_first(session)
        while len(self._rounds) > _MOST_ROUNDS:
            self._tell_oldest()
        self._go_on()

    def finish(self) -> None:
        """Tell at once whoever was to be told later."""
        while self._rounds:
            self._tell_oldest()

    def _tell_oldest(self) -> None:
        oldest = self._rounds.popleft()
        oldest.go_on(oldest.waiting)

    def _go_on(self) -> None:
        left = _AT_ONCE
        while self._rounds:
            oldest = self._rounds[0]
            left = oldest.go_on(left)
            if oldest.waiting:
                break
            if self._rounds and self._rounds[0] is oldest:  # not told by `finish` meanwhile
                self._rounds.popleft()
        self._have_a_turn()

    def _have_a_turn(self) -> None:
        if self._rounds and not self._goes_on:
            self._goes_on = True
            trio.lowlevel.current_trio_token().run_sync_soon(self._go_on_later)

    def _go_on_later(self) -> None:
        self._goes_on = False
        try:
            self._go_on()
        except Exception:  # it would take the whole loop with it
            log.exception("news.telling_failed")
            self._have_a_turn()  # for those after him


class _Round:
    """
    The news of one commit, on its way from session to session.

    Args:
        answered: Those who get an answer right after: it and the news leave together.
    """

    def __init__(
        self, pending: Sequence[_Entered], sessions: SessionBook, answered: Set[Session]
    ) -> None:
        self._telling = _Telling(pending)
        self._answered = answered
        self._views: dict[tuple[Mode, str | None, str], bytes] = {}
        self._hearers = list(self._telling.hearers(sessions))
        self._next = 0
        self._places: dict[Session, int] | None = None
        self._told_first: set[Session] = set()

    @property
    def waiting(self) -> int:
        """How many are still to be told, or have been out of their turn."""
        return len(self._hearers) - self._next

    def tell_first(self, session: Session) -> None:
        """Have *session*, who gets an answer right after, told before it is his turn."""
        if self._places is None:
            self._places = {each: place for place, each in enumerate(self._hearers)}
        if self._places.get(session, -1) >= self._next and session not in self._told_first:
            self._told_first.add(session)
            self._tell(session, held=True)

    def go_on(self, most: int) -> int:
        """
        Tell the next *most*; return how many of these were not needed.

        Whoever is told may have to be hung up, and that may `finish` all rounds: who comes
        next is always known.
        """
        hearers, first, answered = self._hearers, self._told_first, self._answered
        while most and self._next < len(hearers):
            session = hearers[self._next]
            self._next += 1
            most -= 1
            if session not in first:
                self._tell(session, held=session in answered)
        return most

    def _tell(self, session: Session, *, held: bool) -> None:
        link = session.link
        if link is None or session.year is not None:
            return
        view = (session.mode, session.person, session.login)
        told = self._views.get(view)
        if told is None:
            told = self._views[view] = self._telling.events_for(session)
        if not told:
            return
        if held:
            link.hold(told)
        else:
            link.tell(told)


class _Telling:
    """
    The entries of one commit, found by who may see them.

    Most are for one teacher out of a hundred: nobody looks through those of all others.
    """

    def __init__(self, pending: Sequence[_Entered]) -> None:
        self._pending = pending
        self._frames: dict[tuple[int, tuple[str, ...]], bytes] = {}
        # Places in *pending*: of what not only named teachers see (beside mode
        # Administratif), and by teacher named.
        self._open: list[int] = []
        self._named: dict[str, list[int]] = {}
        for place, entered in enumerate(pending):
            codes = entered.named_teachers
            if codes is None:
                self._open.append(place)
            else:
                for code in codes:
                    self._named.setdefault(code, []).append(place)

    def hearers(self, sessions: SessionBook) -> Iterable[Session]:
        """
        Return those of *sessions* to whom something may have to be told.

        Of what only named teachers see, nobody else is looked at: there are hundreds.
        """
        if self._open:
            return sessions
        found = sessions.of_mode(Mode.ADMINISTRATIVE)
        for code in self._named:
            teachers = sessions.of_person(f"teacher:{code}")
            found += [each for each in teachers if each.mode is Mode.TEACHER]
        return found

    def events_for(self, session: Session) -> bytes:
        """Return the events of what *session* may see."""
        mode, code, person = session.mode, teacher_code(session), who(session)
        candidates: Sequence[_Entered] = self._pending
        if mode is Mode.TEACHER:
            places = sorted({*self._open, *self._named.get(code or "", ())})
            candidates = [self._pending[place] for place in places]
        told = []
        for entered in candidates:
            seen = tuple(
                dict.fromkeys(
                    each.family
                    for each in entered.news
                    if each.audience.concerns(mode, code, person)
                )
            )
            if seen:
                told.append(self._event(entered.revision, seen))
        return b"".join(told)

    def _event(self, revision: int, seen: tuple[str, ...]) -> bytes:
        event = self._frames.get((revision, seen))
        if event is None:
            event = encode_event(BaseChanged(revision=revision, what=seen))
            self._frames[revision, seen] = event
        return event
