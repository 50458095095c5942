"""What a call is answered with: the school and the session that asks."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, TypeVar

import attrs

from pronote_protocol.catalogue import Call
from pronote_protocol.words import Right
from pronote_server.domain.sessions import Session
from pronote_server.hosting.asker import Asker
from pronote_server.hosting.school import School

__all__ = ["Answer", "Visit", "answers"]

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
