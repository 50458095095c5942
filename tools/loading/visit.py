"""What an errand is given: somebody at a workstation, whose calls are measured."""

from __future__ import annotations

import random
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import trio

from loading.demo_server import DemoAccount
from loading.measure import GIVEN_UP
from loading.sessions import Seated
from pronote_client import (
    CallTimedOut,
    CannotConnect,
    Client,
    OutcomeUnknown,
    ProtocolError,
    Refused,
    SessionEnded,
)
from pronote_protocol.catalogue import Call
from pronote_protocol.errors import PronoteError

__all__ = ["ErrandFailed", "Noter", "Visit", "cancelled_in", "code_of"]

P = TypeVar("P")
R = TypeVar("R")


class ErrandFailed(Exception):
    """An errand or an incident of a scenario has a mistake; the sentence says where."""

    @classmethod
    def of(cls, name: str, exc: Exception) -> ErrandFailed:
        places = traceback.extract_tb(exc.__traceback__)
        where = (
            f" ({Path(places[-1].filename).name}, line {places[-1].lineno})" if places else ""
        )
        return cls(f"{name} raised {type(exc).__name__}: {exc}{where}")


class Noter(Protocol):
    """Takes what was measured; moments are transport time."""

    def __call__(
        self,
        name: str,
        *,
        planned: float,
        sent: float | None,
        free_since: float,
        error: str | None,
        whole: bool = False,
    ) -> None: ...


_CODES: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (CallTimedOut, "timed_out"),
    (OutcomeUnknown, "outcome_unknown"),
    (ProtocolError, "protocol_error"),
    (CannotConnect, "cannot_connect"),
    (PronoteError, "error"),
)


def code_of(exc: BaseException) -> str | None:
    """
    Return under which code *exc* is counted; None when it is a mistake of the scenario's.

    A group is what the first of its exceptions that is no cancelling is.
    """
    if isinstance(exc, BaseExceptionGroup):
        codes = [code_of(each) for each in exc.exceptions]
        if None in codes:
            return None
        return next((code for code in codes if code != GIVEN_UP), GIVEN_UP)
    if isinstance(exc, trio.Cancelled):
        return GIVEN_UP
    if isinstance(exc, Refused):
        return exc.code
    if isinstance(exc, SessionEnded):
        return f"ended_{exc.goodbye.code.value}"
    return next((name for kind, name in _CODES if isinstance(exc, kind)), None)


def cancelled_in(exc: BaseException) -> BaseException | None:
    """Return the cancelling that is in *exc*, which must go on; None when there is none."""
    if isinstance(exc, BaseExceptionGroup):
        return exc.subgroup(trio.Cancelled)
    return exc if isinstance(exc, trio.Cancelled) else None


class Visit:
    """
    One errand of one person.

    The first thing measured counts from the moment the errand was planned, the others from
    the moment they are asked: what makes them late is in the first.

    Attributes:
        client: The session. What is asked of it directly is not measured.
        dice: The errand's own, from the seed.
        kept: What this person keeps from one errand to the next.
        rank: Among these people.
    """

    def __init__(self, seat: Seated, dice: random.Random, planned: float, note: Noter) -> None:
        self.client: Client = seat.client
        self.dice = dice
        self.kept: dict[str, Any] = seat.kept
        self.rank = seat.rank
        self._seat = seat
        self._planned: float | None = planned
        self._note = note

    @property
    def account(self) -> DemoAccount:
        """Who it is."""
        assert self._seat.account is not None
        return self._seat.account

    async def ask(self, call: Call[P, R], params: P | None = None) -> R:
        """Make one call and measure it; raises what `Client.call` raises."""
        with self.timed(call.name):
            return await self.client.call(call, params)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Measure the block as one call; what the SDK raises in it is its error."""
        sent = trio.current_time()
        planned, self._planned = self._planned, None
        try:
            yield
        except BaseException as exc:
            code = code_of(exc)
            if code is not None:
                self._ended(name, planned, sent, code)
            raise
        self._ended(name, planned, sent, None)

    def _ended(self, name: str, planned: float | None, sent: float, error: str | None) -> None:
        free_since, self._seat.free_since = self._seat.free_since, trio.current_time()
        self._note(
            name,
            planned=sent if planned is None else planned,
            # Only what was planned can be sent late.
            sent=None if planned is None else sent,
            free_since=max(sent, free_since),
            error=error,
        )

    def read_as_it_comes(self) -> None:
        """Stop reading slowly, for one of people who do (``People.reads``)."""
        if self._seat.links is not None:
            self._seat.links.hold_back(False)

    async def pause(self, mean_seconds: float) -> None:
        """Think for a random while, exponential."""
        await trio.sleep(self.dice.expovariate(1.0 / mean_seconds))
