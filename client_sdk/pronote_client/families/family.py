"""What families have in common: they ask through whatever carries calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, Self, TypeVar, overload

from pronote_client.events import Events
from pronote_client.opening import Doorway
from pronote_client.patience import Patience
from pronote_protocol.catalogue import Call, Page
from pronote_protocol.messages import Entered, Welcome

__all__ = ["Asks", "Family", "FamilyOf", "every_row"]

P = TypeVar("P")
R = TypeVar("R")
T = TypeVar("T")
F = TypeVar("F", bound="Family")


class Asks(Protocol):
    """What a family needs of a client."""

    @property
    def door(self) -> Doorway: ...

    @property
    def patience(self) -> Patience: ...

    @property
    def welcome(self) -> Welcome: ...

    @property
    def entered(self) -> Entered: ...

    async def call(
        self, call: Call[P, R], params: P | None = None, *, seconds: float | None = None
    ) -> R: ...

    @property
    def events_dropped(self) -> int: ...

    def events(self) -> Events: ...

    def changed_access(self, now: Any) -> None: ...


class Family:
    """Some calls of the catalogue; every method raises what `Client.call` raises."""

    def __init__(self, client: Asks) -> None:
        self._client = client
        self._call = client.call


class FamilyOf(Generic[F]):
    """
    Attribute of a class of clients: a family, made for a client that first looks at it.

    Whoever asks for marks does not wait for the import of forty other families.

    Args:
        make: Gives the family of a client. A lambda, so that what it names is not looked for
            before.
    """

    def __init__(self, make: Callable[[Asks], F]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...

    @overload
    def __get__(self, client: Asks, owner: type) -> F: ...

    def __get__(self, client: Asks | None, owner: type) -> Self | F:
        if client is None:
            return self
        made = self._make(client)
        # Found in the client from now on, before this is asked again.
        vars(client)[self._name] = made
        return made


async def every_row(page_from: Callable[[int], Awaitable[Page[T]]]) -> tuple[T, ...]:
    """
    Return the rows of all pages.

    Rows that come or go meanwhile may be missed or stand twice, as in any list read in
    pieces; it ends even if the list grows as fast as it is read.
    """
    rows: list[T] = []
    while True:
        page = await page_from(len(rows))
        rows += page.rows
        if not page.rows or len(rows) >= page.total:
            return tuple(rows)
