"""What a call is answered with: the school and the session that asks."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, TypeVar

import attrs

from pronote_protocol.catalogue import Call
from pronote_protocol.words import Right
from pronote_server.domain.sessions import Session
from pronote_server.hosting.asker import Asker
from pronote_server.hosting.hot_answers import Packed, Plain
from pronote_server.hosting.school import School
from pronote_server.storage.short_reads import Query

__all__ = ["Answer", "Reading", "Visit", "answers", "reads"]

P = TypeVar("P")
R = TypeVar("R")

Answer: TypeAlias = Callable[["Visit", Any], Any]


@attrs.frozen
class Visit:
    """
    One session in its school; rights and shapes are checked already.

    Attributes:
        key: Of an entry, when the client gave one.
    """

    school: School
    session: Session
    key: str | None = None

    @property
    def asker(self) -> Asker:
        """Who asks, as the journal and the use cases want it."""
        return Asker(
            self.session.name,
            self.session.address,
            Right.NAME_SUPERADMINISTRATORS in self.session.rights,
        )


def answers(
    call: Call[P, R], function: Callable[[Visit, P], R | Coroutine[Any, Any, R]]
) -> tuple[str, Answer]:
    """Pair a call of the catalogue with what answers it; the types must agree."""
    return call.name, function


@attrs.frozen
class Reading:
    """
    An answer that is one reading of the base, made in a thread or, when it is short, at once.

    Called, it is an answer like any other, and made in a thread.

    Attributes:
        is_short: Whether an index finds what is asked, and it is a page at most; see
            `storage.short_reads`.
    """

    question: Callable[[Visit, Any], Query[Any]]
    is_short: Callable[[Visit, Any], bool]

    def query(self, visit: Visit, wish: Any) -> Query[Packed]:
        """Return what makes the answer, as it travels."""
        question = self.question(visit, wish)
        return lambda conn: Packed.of(question(conn))

    async def __call__(self, visit: Visit, wish: Any) -> Packed:
        base = visit.school.base_in_service()
        return await base.database.read(self.query(visit, wish))


def _always(_visit: Visit, _wish: Any) -> bool:
    return True


def reads(
    call: Call[P, R],
    question: Callable[[Visit, P], Query[R] | Query[Plain]],
    is_short: Callable[[Visit, P], bool] = _always,
) -> tuple[str, Answer]:
    """
    Pair a call with the question it puts to the base.

    The types must agree; of `Plain` values a test says so.
    """
    return call.name, Reading(question, is_short)
