"""
Answers that are kept as they travel, for what many ask again and again.

A list of resources, a week, the periods: the same bytes are asked by everybody all day, and
change when somebody enters something. Kept are the bytes of what was asked (method and
params, as the client encoded them: they were decoded and found good once), and per *scope*
the bytes of the answer, with the tables it was read from. An answer is given again only while
no commit has changed one of these tables; `storage.freshness` says how that is known. Whether
the session may ask is looked at each time, and so is whether the base is in service.

Only calls of `_SCOPES` are kept: their answer depends on what they are asked, on the scope,
and on the base; on no clock, and on nothing in memory.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from pronote_protocol.catalogue import Call, marks, periods, resources, services
from pronote_protocol.codec import pack
from pronote_protocol.records import unstructure
from pronote_protocol.words import Mode
from pronote_server.domain.sessions import Session
from pronote_server.storage.freshness import Freshness, recording

__all__ = ["HotAnswers", "Packed", "Plain", "is_kept"]

# Of one base: some ten thousand pages of thirty rows.
_MOST_BYTES: Final = 16 * 1024 * 1024
# A page of 500 rows; longer answers are rare, and few of them would push out all others.
_LONGEST: Final = 64 * 1024
# What an entry costs besides its bytes, roughly.
_OVERHEAD: Final = 600

Scope = Callable[[Session], Any]


def _everybody(_: Session) -> None:
    return None


def _person(session: Session) -> str | None:
    return session.person


def _services(session: Session) -> str | bool | None:
    """A teacher sees his own, whoever else everything."""
    return session.person if session.mode is Mode.TEACHER else True


_SCOPES: Final[Mapping[str, Scope]] = MappingProxyType(
    {
        resources.LIST_RESOURCES.name: _everybody,
        resources.READ_TIMETABLE.name: _everybody,
        resources.READ_OWN_TIMETABLE.name: _person,
        periods.LIST_PERIODS.name: _everybody,
        services.LIST_SERVICES.name: _services,
        marks.READ_MARKS.name: _services,
    }
)


def is_kept(call: Call[Any, Any]) -> bool:
    """Whether answers of *call* are kept."""
    return call.name in _SCOPES


@attrs.frozen
class Packed:
    """An answer as it travels."""

    data: bytes

    @classmethod
    def of(cls, result: Any) -> Packed:
        """
        Raises:
            LocalProtocolError: It holds something that does not travel.
        """
        return cls(pack(result.value if type(result) is Plain else unstructure(result)))


@attrs.frozen
class Plain:
    """A result that was read as the plain values it travels as, long lists above all."""

    value: Any


@attrs.define(eq=False)
class _Answer:
    data: bytes
    tables: frozenset[str]
    # The commit up to which it is known to be true.
    fresh_at: int


@attrs.define(eq=False)
class _Asked:
    call: Call[Any, Any]
    scope: Scope
    answers: dict[Any, _Answer] = attrs.field(factory=dict)
    size: int = 0


class HotAnswers:
    """The answers kept for one base; of the Trio thread."""

    def __init__(self, freshness: Freshness, most_bytes: int = _MOST_BYTES) -> None:
        self._freshness = freshness
        self._most = most_bytes
        self._asked: dict[bytes, _Asked] = {}
        self._size = 0

    @property
    def size(self) -> int:
        """How many bytes are kept, roughly."""
        return self._size

    def recall(self, asked: bytes, session: Session) -> bytes | None:
        """Return the answer to *asked* if it is kept, true, and for *session* to have."""
        known = self._asked.get(asked)
        if known is None:
            return None
        call = known.call
        if session.mode not in call.modes or call.right not in session.rights:
            return None
        answer = known.answers.get(known.scope(session))
        if answer is None:
            return None
        latest = self._freshness.begun
        if answer.fresh_at != latest:
            if not self._freshness.unchanged(answer.tables, answer.fresh_at):
                return None
            answer.fresh_at = latest
        return answer.data

    async def keep(
        self,
        asked: bytes,
        call: Call[Any, Any],
        session: Session,
        answer: Callable[[], Awaitable[Packed]],
    ) -> Packed:
        """Return what *answer* gives, and keep it if it is short enough."""
        whose = _SCOPES[call.name](session)
        since = self._freshness.finished
        with recording() as tables:
            packed = await answer()
        self._put(asked, call, whose, packed, tables, since)
        return packed

    def keep_now(
        self,
        asked: bytes,
        call: Call[Any, Any],
        session: Session,
        answer: Callable[[], Packed],
    ) -> Packed:
        """As `keep`, of an answer that is not waited for."""
        whose = _SCOPES[call.name](session)
        since = self._freshness.finished
        with recording() as tables:
            packed = answer()
        self._put(asked, call, whose, packed, tables, since)
        return packed

    def _put(
        self,
        asked: bytes,
        call: Call[Any, Any],
        whose: Any,
        packed: Packed,
        tables: set[str],
        since: int,
    ) -> None:
        if len(packed.data) > _LONGEST or not tables:
            return
        scope = _SCOPES[call.name]
        answer = _Answer(packed.data, frozenset(tables), since)
        known = self._asked.get(asked)
        if known is None:
            known = self._asked[asked] = _Asked(call, scope)
            self._grow(known, len(asked) + _OVERHEAD)
        old = known.answers.get(whose)
        if old is None:
            self._grow(known, len(answer.data) + _OVERHEAD)
        elif old.fresh_at > answer.fresh_at:
            return  # somebody asked later, and was answered first
        else:
            self._grow(known, len(answer.data) - len(old.data))
        known.answers[whose] = answer
        # The oldest go first: what is still asked for comes back with its next answer.
        while self._size > self._most:
            self._size -= self._asked.pop(next(iter(self._asked))).size

    def _grow(self, known: _Asked, size: int) -> None:
        known.size += size
        self._size += size
