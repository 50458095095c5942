"""How a call is declared: once, here, for the server, the SDK and the documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Generic, TypeVar

import attrs

from pronote_protocol.words import Mode, Right

__all__ = [
    "ADMINISTRATION",
    "ANY_MODE",
    "EVERY_SESSION",
    "HOSTING_ONLY",
    "Call",
    "Page",
    "declared",
]

P = TypeVar("P")
R = TypeVar("R")
T = TypeVar("T")

# The three of fiche 5, which work on the base in service.
ANY_MODE: Final = frozenset({Mode.ADMINISTRATIVE, Mode.TEACHER, Mode.SCHOOL_LIFE})
# What the console does, and a client of a base cannot: it would lose its own base.
HOSTING_ONLY: Final = frozenset({Mode.HOSTING})
# What needs no base of its own, and suits the console as well as the office.
ADMINISTRATION: Final = frozenset({Mode.ADMINISTRATIVE, Mode.HOSTING})
# What every session may ask about itself.
EVERY_SESSION: Final = frozenset(Mode)
_DECLARED: Final[dict[str, Call[Any, Any]]] = {}


@attrs.frozen(kw_only=True)
class Call(Generic[P, R]):
    """
    One thing a session may ask.

    Attributes:
        name: ``family.verb``, as it travels.
        params: Record of its parameters.
        result: Record of its answer.
        right: What the session needs; without it the call is refused and counts as an
            unauthorised call (fiche 11).
        modes: Modes in which the call exists.
        writes: Whether it changes the base: refused in consultation and while somebody
            else has the base in exclusive use.
        keyed: Whether it is an entry: besides its own parameters it takes ``key``, a text
            of at most 64 characters, none of them NUL, chosen by the client, which is
            remembered for 24 hours. Asked twice with one key it is done once, and answered
            twice alike.
        summary: One sentence, for the documents.
    """

    name: str
    params: type[P]
    result: type[R]
    right: Right
    modes: frozenset[Mode] = ANY_MODE
    writes: bool = False
    keyed: bool = False
    summary: str

    def __attrs_post_init__(self) -> None:
        if self.name in _DECLARED:
            raise ValueError(f"call {self.name} is declared twice")
        if self.keyed and not self.writes:
            raise ValueError(f"call {self.name} is keyed and writes nothing")
        _DECLARED[self.name] = self


@attrs.frozen(kw_only=True)
class Page(Generic[T]):
    """
    Part of a list.

    Attributes:
        total: How many rows the whole list has.
        offset: Rank of the first row here.
        rows: At most the ``page_rows`` of the welcome.
    """

    total: int
    offset: int
    rows: tuple[T, ...]


def declared() -> Iterator[Call[Any, Any]]:
    """Yield every call, by name."""
    for name in sorted(_DECLARED):
        yield _DECLARED[name]
