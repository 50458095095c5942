"""
A session that outlives its connections.

One task, the **keeper**, owns the question "which connection carries the session now?".
When one is cut and the session is resumable it comes back on another, waiting a random
while between attempts, until the server's ``resume_seconds`` have passed. Calls ask
through whatever connection there is, and wait while there is none.
"""

from __future__ import annotations

import itertools
from typing import Any

import attrs
import trio

from pronote_client.connection import Connection, Cut, Slot
from pronote_client.errors import (
    AddressSuspended,
    CannotConnect,
    ConnectionLost,
    OutcomeUnknown,
    ProtocolError,
    Refused,
    ServerBusy,
    SessionEnded,
)
from pronote_client.events import EventBox, SessionCut, SessionResumed
from pronote_client.login import Credentials
from pronote_client.opening import Doorway
from pronote_client.patience import backoff
from pronote_protocol.messages import AccessChanged, Enter, Entered, Goodbye, Welcome
from pronote_protocol.words import Farewell, ReturnAdvice

__all__ = ["Session"]


@attrs.frozen
class _Over:
    """The end of the session, told to everybody who still asks something of it."""

    goodbye: Goodbye
    lost: bool = False
    cause: BaseException | None = None

    def error(self) -> SessionEnded:
        raised = (ConnectionLost if self.lost else SessionEnded)(self.goodbye)
        raised.__cause__ = self.cause
        return raised


class Session:
    """
    Args:
        door: How to come in, and back.
        nursery: Where the connections and the keeper run; `leave` ends them all.
    """

    welcome: Welcome
    entered: Entered

    def __init__(self, door: Doorway, nursery: trio.Nursery) -> None:
        self.door = door
        self.events = EventBox(door.patience.kept_events)
        self.ended = trio.Event()
        self._nursery = nursery
        self._connection: Connection | None = None
        self._over: _Over | None = None
        self._changed = trio.Event()
        self._leaving = trio.Event()
        self._keeping = trio.CancelScope(shield=True)
        self._kept: trio.Event | None = None

    async def open(self, credentials: Credentials, wish: Enter) -> None:
        """Log in and take a seat; raises as `Doorway.log_in` does."""
        self._connection, self.welcome, self.entered = await self.door.log_in(
            self._nursery, self._hear, credentials, wish
        )
        self._connection.begin()
        self._kept = trio.Event()
        self._nursery.start_soon(self._keep, self._connection, self._kept)

    @property
    def goodbye(self) -> Goodbye | None:
        """The last word, once there is one."""
        return None if self._over is None else self._over.goodbye

    async def ask(self, method: str, params: dict[str, Any], slot: Slot, again: bool) -> Any:
        """
        Return the plain answer to one request, across cuts.

        Args:
            slot: Told whether the request has left.
            again: Whether the request may be made twice.

        Raises:
            Refused: The server said no.
            SessionEnded: There is no session any more.
            OutcomeUnknown: It had left when the connection was cut, and not *again*.
        """
        while True:
            connection = await self._usable()
            try:
                return await connection.ask(method, params, slot)
            except Cut as cut:
                if cut.ending.goodbye is None and cut.sent and not again:
                    raise OutcomeUnknown(method) from None
            slot.done = trio.Event()

    async def _usable(self) -> Connection:
        while True:
            if self._over is not None:
                raise self._over.error()
            if self._connection is not None and self._connection.usable:
                return self._connection
            await self._changed.wait()

    async def leave(self, code: Farewell = Farewell.LOGOUT) -> Goodbye:
        """
        Say goodbye and return the server's, or one made up if it does not answer in time.

        Shielded and bounded by ``farewell_seconds`` (twice, when a cut is being mended: the
        session is taken back only to be given up, which frees the seat). Idempotent.
        """
        self._leaving.set()
        with trio.move_on_after(self.door.patience.farewell_seconds, shield=True):
            if self._connection is not None:
                await self._connection.leave(code)
            if self._kept is not None:
                await self._kept.wait()
        self._keeping.cancel()
        if self._connection is not None:
            self._connection.close()
        if self._over is None:
            self._end(_Over(_made_up(Farewell.LOGOUT)))
        assert self._over is not None
        return self._over.goodbye

    def _hear(self, event: Any) -> None:
        if isinstance(event, AccessChanged):
            self.changed_access(event)
        self.events.put(event)

    def changed_access(self, now: Any) -> None:
        """Take note of an access and a state, as an event or an answer says them."""
        self.entered = attrs.evolve(self.entered, access=now.access, state=now.state)

    def _end(self, over: _Over) -> None:
        if self._over is None:
            self._over = over
            if over.goodbye.code is Farewell.SUSPENDED:
                refusal = AddressSuspended(
                    retry_after=over.goodbye.after_seconds, reference=over.goodbye.reference
                )
                self.door.instance.latch(self.door.settings.where, refusal)
            self.events.close(over.goodbye)
            self.ended.set()
            self._tell_waiters()

    def _tell_waiters(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    async def _keep(self, connection: Connection, kept: trio.Event) -> None:
        try:
            with self._keeping:
                while True:
                    await connection.ended.wait()
                    returned = await self._after(connection)
                    if returned is None:
                        return
                    connection = returned
        finally:
            kept.set()

    async def _after(self, connection: Connection) -> Connection | None:
        """Return the connection that takes over from one that ended, if one does."""
        ending = connection.ending
        assert ending is not None
        token = self.entered.resume_token
        if ending.goodbye is not None:
            self._end(_Over(ending.goodbye))
        elif ending.error is not None:
            self._end(_Over(_made_up(Farewell.PROTOCOL_ERROR), cause=ending.error))
        elif token is not None:
            # Also when leaving: our goodbye may have gone into a cut connection, and the
            # server would keep the seat for us.
            return await self._come_back(token)
        elif self._leaving.is_set():
            self._end(_Over(_made_up(Farewell.LOGOUT)))
        else:
            self._end(_Over(_made_up(Farewell.LOST), lost=True))
        return None

    async def _come_back(self, token: str) -> Connection | None:
        seconds = self.welcome.limits.resume_seconds
        self._connection = None
        self.events.put(SessionCut(resume_seconds=seconds))
        cause: BaseException | None = None
        with trio.move_on_after(seconds):
            for attempt in itertools.count():
                wait = backoff(attempt, self.door.patience, self.door.draw)
                if isinstance(cause, ServerBusy):
                    wait = max(wait, cause.retry_after or 0.0)
                with trio.move_on_after(wait):
                    await self._leaving.wait()
                last_try = self._leaving.is_set()
                try:
                    connection, self.welcome, entered = await self.door.come_back(
                        self._nursery, self._hear, self.entered.session, token
                    )
                except (CannotConnect, ServerBusy) as exc:
                    cause = exc
                    if last_try:
                        break
                    continue
                except SessionEnded as exc:
                    self._end(_Over(exc.goodbye))
                    return None
                except (Refused, ProtocolError) as exc:
                    cause = exc
                    break
                return await self._back_on(connection, entered)
        if self._leaving.is_set():
            self._end(_Over(_made_up(Farewell.LOGOUT)))
        else:
            self._end(_Over(_made_up(Farewell.LOST), lost=True, cause=cause))
        return None

    async def _back_on(self, connection: Connection, entered: Entered) -> Connection:
        self._connection, self.entered = connection, entered
        self.events.put(SessionResumed(entered=entered))
        connection.begin()
        self._tell_waiters()
        if self._leaving.is_set():
            await connection.leave()
        return connection


def _made_up(code: Farewell) -> Goodbye:
    """Return the goodbye a server did not say."""
    fr, en = {
        Farewell.LOGOUT: ("Vous êtes déconnecté.", "You are disconnected."),
        Farewell.LOST: ("La connexion au serveur est perdue.", "The connection is lost."),
    }.get(code, ("Le serveur n'a pas été compris.", "The server was not understood."))
    advice = ReturnAdvice.NOW if code is Farewell.LOST else ReturnAdvice.NEVER
    return Goodbye(code=code, fr=fr, en=en, advice=advice)
