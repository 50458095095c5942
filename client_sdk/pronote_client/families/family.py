"""What families have in common: they ask through whatever carries calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from pronote_client.events import Events
from pronote_client.opening import Doorway
from pronote_client.patience import Patience
from pronote_protocol.catalogue import Call, Page
from pronote_protocol.messages import Entered, Welcome

__all__ = ["Asks", "Family", "every_row"]

P = TypeVar("P")
R = TypeVar("R")
T = TypeVar("T")


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
