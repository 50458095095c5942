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
from pronote_client import Client, ConnectionSettings, Instance, Patience, open_client
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

__all__ = ["NOT_NOW", "Worker"]

P = TypeVar("P")
R = TypeVar("R")

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
    _client: Client | None = attrs.field(default=None, init=False)
    _stack: AsyncExitStack = attrs.field(factory=AsyncExitStack, init=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.leave()

    async def client(self) -> Client:
        """Return the session there is, or log in for as long as it takes."""
        while self._client is None:
            try:
                self._client = await self._stack.enter_async_context(
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
                self.ledger.logins += 1
            except NOT_NOW:
                await trio.sleep(0.1 + self.dice.random() / 2)
        return self._client

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
