"""
Who of some people is there: coming in, being cut off, coming back, leaving.

Each person is one task, which owns the session: it comes in, hears what the session is told,
and leaves when it is told to or when everybody is. Whoever makes calls borrows the session.
"""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import attrs
import trio

from loading.demo_server import DemoAccount
from loading.links import Links
from loading.scenario import People
from loading.sessions import Seated
from loading.visit import Noter, code_of
from pronote_client import (
    CannotConnect,
    Client,
    ConnectionSettings,
    Instance,
    Patience,
    SessionCut,
    SessionEnded,
    SessionResumed,
    open_client,
)
from pronote_client.errors import BaseUnavailable, NotInService, ServerBusy, ServerStopping
from pronote_client.login import InThread, in_thread
from pronote_client.patience import backoff
from pronote_client.transport import Connector, connect
from pronote_protocol.errors import PronoteError
from pronote_protocol.messages import Goodbye

__all__ = ["BACK", "LOGIN", "Attendance", "Way"]

# What a server that is starting again, or full, says to whoever may come later.
_NOT_NOW: Final = (
    BaseUnavailable,
    CannotConnect,
    NotInService,
    ServerBusy,
    ServerStopping,
    SessionEnded,
)
# A server lets only so many of one address stand at its door (`max_unauthenticated_per_address`
# is 64 by default), and a machine that is busy for a second must not end the run.
_AT_THE_DOOR: Final = 32
_BOUNDLESS: Final = 1_000_000
LOGIN: Final = "login"
BACK: Final = "back"


@attrs.frozen
class Way:
    """How the SDK gets to the server; another one needs no network."""

    connector: Connector = connect
    run: InThread = in_thread


@attrs.define(eq=False)
class Attendance:
    """
    Some people at the door of their school.

    Args:
        players: Who plays each of them, by rank.
        nursery: Where they live; cancelling it sends everybody home.
        note: Takes how long coming back took.
        ended: Told of a session that ended by itself: the people, and the code.

    Attributes:
        present: Who is inside, by rank.
        login_seconds: How long each login took that nobody measured.
    """

    people: People
    settings: ConnectionSettings
    players: Sequence[DemoAccount]
    nursery: trio.Nursery
    call_seconds: float
    note: Callable[[People], Noter]
    ended: Callable[[People, str], None]
    seed: str = ""
    way: Way = attrs.field(factory=Way)
    present: dict[int, Seated] = attrs.field(factory=dict, init=False)
    login_seconds: list[float] = attrs.field(factory=list, init=False)
    _outside: deque[int] = attrs.field(init=False)
    _links: dict[int, Links] = attrs.field(factory=dict, init=False)
    _stays: dict[int, trio.CancelScope] = attrs.field(factory=dict, init=False)
    _cut_at: dict[int, float] = attrs.field(factory=dict, init=False)
    _waiting: dict[int, trio.Event] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._outside = deque(range(len(self.players)))

    async def come(self) -> int:
        """
        Let the next person who is outside come in; return the rank.

        Raises:
            IndexError: Everybody is inside, or on the way.
            PronoteError: What the SDK raises for who cannot; he is outside again.
        """
        rank = self._outside.popleft()
        begun = trio.current_time()
        try:
            await self.nursery.start(self._live, rank)
        except BaseException:
            self._outside.append(rank)
            raise
        self.login_seconds.append(trio.current_time() - begun)
        return rank

    async def all_come(self, per_second: float | None) -> None:
        """
        Let everybody in, all at once, or so many a second as long as not too many are at the
        door; raises as `come` does.
        """
        begun = trio.current_time()
        door = trio.Semaphore(_AT_THE_DOOR)

        async def come() -> None:
            try:
                await self.come()
            finally:
                door.release()

        async with trio.open_nursery() as coming:
            for number in range(len(self._outside)):
                if per_second is None:
                    coming.start_soon(self.come)
                    continue
                await trio.sleep_until(begun + number / per_second)
                await door.acquire()
                coming.start_soon(come)

    def leave(self, rank: int) -> None:
        """Send that one home, to come again; never waits."""
        self.present.pop(rank, None)
        if rank in self._stays:
            self._stays.pop(rank).cancel()

    async def seat_of(self, rank: int) -> Seated:
        """Return the session of that one, once there is one."""
        while rank not in self.present:
            await self._waiting.setdefault(rank, trio.Event()).wait()
        return self.present[rank]

    def cut_links(self) -> int:
        """Cut the link of everybody who is inside, at once; return how many."""
        now = trio.current_time()
        for rank in list(self.present):
            self._cut_at.setdefault(rank, now)
            self._links[rank].cut()
        return len(self.present)

    async def _live(
        self, rank: int, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Be inside until sent home, or until the session is over and nobody returns."""
        kept: dict[str, Any] = {}
        with trio.CancelScope() as stay:
            goodbye: Goodbye | None
            async with self._session(rank) as client:
                self._sit(rank, client, stay, kept)
                task_status.started(rank)
                goodbye = await self._hear(rank, client)
            while goodbye is not None:
                self._lost(rank, goodbye)
                goodbye = await self._return(rank, stay, kept) if self.people.returns else None
        self.present.pop(rank, None)
        self._outside.append(rank)

    async def _return(
        self, rank: int, stay: trio.CancelScope, kept: dict[str, Any]
    ) -> Goodbye | None:
        """Log in again as soon as that is possible; the goodbye of that session, or None."""
        dice = random.Random(f"back {self.seed} {rank} {trio.current_time()}")
        for attempt in itertools.count():
            await trio.sleep(backoff(attempt, Patience(), dice.random))
            try:
                async with self._session(rank) as client:
                    self._sit(rank, client, stay, kept)
                    self._came_back(rank, None)
                    return await self._hear(rank, client)
            except _NOT_NOW:
                continue
            except PronoteError as exc:
                self._came_back(rank, code_of(exc))
                break
        return None

    def _session(self, rank: int) -> AbstractAsyncContextManager[Client]:
        player = self.players[rank]
        links = self._links[rank] = Links(self.way.connector, self.people.reads)
        return open_client(
            self.settings,
            login=player.login,
            password=player.password,
            mode=player.mode,
            resumable=self.people.resumable,
            workstation=f"POSTE-{rank + 1:05}",
            program="load",
            # One workstation each: a suspension of one must not latch the others.
            instance=Instance(),
            patience=self._patience(),
            connector=links.connect,
            run=self.way.run,
        )

    def _patience(self) -> Patience:
        if self.people.reads is None:
            return Patience(call_seconds=self.call_seconds)
        # Whoever does not read keeps to no bound of calls on their way either.
        return Patience(call_seconds=self.call_seconds, pending_calls=_BOUNDLESS)

    def _sit(
        self, rank: int, client: Client, stay: trio.CancelScope, kept: dict[str, Any]
    ) -> None:
        player = self.players[rank]
        self._links[rank].hold_back()
        self._stays[rank] = stay
        self.present[rank] = Seated(
            client, player.mode, rank=rank, account=player, kept=kept, links=self._links[rank]
        )
        if rank in self._waiting:
            self._waiting.pop(rank).set()

    async def _hear(self, rank: int, client: Client) -> Goodbye:
        """Hear what the session is told, until it is over."""
        async for event in client.events():
            if isinstance(event, SessionCut):
                self._cut_at.setdefault(rank, trio.current_time())
            elif isinstance(event, SessionResumed):
                self._came_back(rank, None)
            elif isinstance(event, Goodbye):
                return event
        raise AssertionError("events end with a goodbye")

    def _lost(self, rank: int, goodbye: Goodbye) -> None:
        self.present.pop(rank, None)
        self.ended(self.people, goodbye.code.value)
        if self.people.returns:
            self._cut_at.setdefault(rank, trio.current_time())
        else:
            self._came_back(rank, f"ended_{goodbye.code.value}")

    def _came_back(self, rank: int, error: str | None) -> None:
        """Note how long somebody was cut off, if he was."""
        cut_at = self._cut_at.pop(rank, None)
        if cut_at is not None:
            self.note(self.people)(
                BACK, planned=cut_at, sent=None, free_since=cut_at, error=error
            )

    def mark_cut(self) -> None:
        """Count from now how long everybody is away: somebody else cuts their links."""
        for rank in self.present:
            self._cut_at.setdefault(rank, trio.current_time())
