"""Somebody at a workstation: logs in, asks, and after a cut asks the very same again."""

from __future__ import annotations

import random
import secrets
from contextlib import AsyncExitStack
from typing import Any, Final, Self, TypeVar

import attrs
import trio

from loading.demo_server import DemoAccount
from morning.ledger import Ledger
from morning.news import News
from pronote_client import (
    Client,
    ConnectionSettings,
    Instance,
    Patience,
    SessionResumed,
    open_client,
)
from pronote_client.errors import (
    BaseUnavailable,
    CallTimedOut,
    CannotConnect,
    NotInService,
    OutcomeUnknown,
    Refused,
    ServerBusy,
    ServerStopping,
    SessionEnded,
    Unconfirmed,
)
from pronote_protocol.catalogue import Call
from pronote_protocol.catalogue.changes import READ_CHANGES, ReadChanges
from pronote_protocol.messages import BaseChanged

__all__ = ["NOT_NOW", "Worker"]

P = TypeVar("P")
R = TypeVar("R")

# What the last who wrote has acknowledged, others may hear of a moment later.
_ON_ITS_WAY_SECONDS: Final = 5.0
# What a server that dies, or is being started again, does to whoever talks to it.
NOT_NOW: Final = (
    BaseUnavailable,
    CallTimedOut,
    CannotConnect,
    NotInService,
    OutcomeUnknown,
    ServerBusy,
    ServerStopping,
    SessionEnded,
    Unconfirmed,
)


@attrs.define
class Worker:
    """A person; as an async context manager, who goes home at the end."""

    settings: ConnectionSettings
    account: DemoAccount
    rank: int
    dice: random.Random
    ledger: Ledger
    news: News = attrs.field(
        default=attrs.Factory(
            lambda self: News(f"{self.account.login} {self.rank}", self.account.mode),
            takes_self=True,
        ),
        init=False,
    )
    _told: trio.Event = attrs.field(factory=trio.Event, init=False)
    _client: Client | None = attrs.field(default=None, init=False)
    _stack: AsyncExitStack = attrs.field(factory=AsyncExitStack, init=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: Any) -> None:
        if raised[0] is None:
            await self._look_back()
        await self.leave()

    async def client(self) -> Client:
        """Return the session there is, or log in for as long as it takes."""
        while self._client is None:
            try:
                client = await self._stack.enter_async_context(
                    open_client(
                        self.settings,
                        login=self.account.login,
                        password=self.account.password,
                        mode=self.account.mode,
                        resumable=True,
                        workstation=f"POSTE-{self.rank:04}",
                        program="day",
                        instance=Instance(),
                        patience=Patience(call_seconds=15.0),
                    )
                )
            except NOT_NOW:
                await trio.sleep(0.1 + self.dice.random() / 2)
                continue
            self._client = client
            self.ledger.logins += 1
            nursery = await self._stack.enter_async_context(trio.open_nursery())
            self._stack.callback(nursery.cancel_scope.cancel)
            if self.news.came_in(client.entered.revision):
                await self._catch_up(client)
            nursery.start_soon(self._listen, client)
        return self._client

    async def _listen(self, client: Client) -> None:
        async for event in client.events():
            if isinstance(event, BaseChanged):
                self.news.was_told(event.revision, event.what)
                self._told.set()
            elif isinstance(event, SessionResumed):
                await self._catch_up(client)

    async def _catch_up(self, client: Client) -> None:
        """Ask what changed meanwhile; in the next session, if this one ends."""
        complete = False
        while not complete:
            wish = ReadChanges(since=self.news.known)
            try:
                shown = await client.call(READ_CHANGES, wish)
            except NOT_NOW:
                return
            self.news.has_read(shown.rows, shown.revision)
            self.ledger.caught_up += len(shown.rows)
            complete = shown.complete

    async def _look_back(self) -> None:
        """Ask for all that was for us this morning, and wait for what is still on its way."""
        if self.news.first is None:
            return
        since, complete = self.news.first, False
        while not complete:
            shown = await self.ask(READ_CHANGES, ReadChanges(since=since, limit=500))
            self.news.visible.update(row.revision for row in shown.rows)
            since, complete = shown.revision, shown.complete
        self.news.until = since
        with trio.move_on_after(_ON_ITS_WAY_SECONDS):
            while self.news.missing:
                self._told = trio.Event()
                await self._told.wait()

    async def leave(self) -> None:
        """Log out; whatever the end of a dead session says is no news."""
        self._client = None
        stack, self._stack = self._stack, AsyncExitStack()
        await stack.aclose()

    async def ask(self, call: Call[P, R], params: P) -> R:
        """
        Return the answer, in as many sessions as it takes; an entry keeps its key.

        Raises:
            Refused: For another reason than that the server is not there.
        """
        key = secrets.token_hex(16) if call.keyed else None
        while True:
            client = await self.client()
            try:
                return await client.call(call, params, key=key)
            except NOT_NOW:
                self.ledger.again += 1
                await self.leave()
                await trio.sleep(0.05 + self.dice.random() / 5)
            except Refused as exc:
                self.ledger.refused[f"{call.name}: {exc.code}"] += 1
                raise
