"""Everything one open connection to a school needs, and the ways it can fail to come."""

from __future__ import annotations

import platform
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import attrs
import trio

from pronote_client.connection import Connection, Cut
from pronote_client.errors import (
    AddressSuspended,
    CannotConnect,
    RemoteProtocolError,
    SessionEnded,
)
from pronote_client.instance import Instance
from pronote_client.login import (
    Credentials,
    InThread,
    authenticate,
    enter,
    greet,
    in_thread,
    resume,
)
from pronote_client.patience import Patience
from pronote_client.settings import ConnectionSettings
from pronote_client.transport import Connector, connect
from pronote_protocol.limits import NEWEST_VERSION, OLDEST_VERSION
from pronote_protocol.messages import Enter, Entered, Hello, Welcome
from pronote_protocol.words import Application

__all__ = ["Doorway"]

_HINT: Final = (
    "Le serveur a raccroché sans un mot : une adresse suspendue qui insiste est traitée "
    "ainsi ; attendez ou adressez-vous à votre administrateur."
)


@attrs.frozen(kw_only=True)
class Doorway:
    """
    How to come in, the first time and after a cut.

    Attributes:
        connector: Makes the stream; another one makes a client without a network.
        draw: Random number in [0, 1), for the backoff.
        run: Where the derivation of the password runs.
    """

    settings: ConnectionSettings
    instance: Instance = attrs.field(factory=Instance.of_process)
    application: Application = Application.PRONOTE
    program: str = "pronote-client"
    workstation: str = attrs.field(factory=socket.gethostname)
    patience: Patience = attrs.field(factory=Patience)
    connector: Connector = connect
    draw: Callable[[], float] = random.random
    run: InThread = in_thread

    @property
    def password_may_travel(self) -> bool:
        """Whether a password sent in a call is seen by nobody on the way."""
        return self.settings.tls or self.settings.on_loopback

    async def log_in(
        self,
        nursery: trio.Nursery,
        hear: Callable[[Any], None],
        credentials: Credentials,
        wish: Enter,
    ) -> tuple[Connection, Welcome, Entered]:
        """
        Return a session on a new connection that runs in *nursery*.

        Whatever this raises, `Cancelled` included, the server has been told goodbye.

        Raises:
            CannotConnect: No conversation came about, or it was cut before the end.
            SessionEnded: The server hung up, saying why.
            Refused: The server said no, or `Instance` did in its place.
            RemoteProtocolError: It is not the server it says it is.
        """
        async with self._connected(nursery, hear) as (connection, welcome):
            await authenticate(
                connection,
                welcome,
                credentials,
                password_may_travel=self.password_may_travel,
                where=self.settings.where,
                run=self.run,
            )
            return connection, welcome, await enter(connection, wish)

    async def come_back(
        self, nursery: trio.Nursery, hear: Callable[[Any], None], session: str, token: str
    ) -> tuple[Connection, Welcome, Entered]:
        """Return the session on a new connection; raises like `log_in`."""
        async with self._connected(nursery, hear) as (connection, welcome):
            return connection, welcome, await resume(connection, session, token)

    @asynccontextmanager
    async def _connected(
        self, nursery: trio.Nursery, hear: Callable[[Any], None]
    ) -> AsyncIterator[tuple[Connection, Welcome]]:
        """Greet the server; leave it again unless the body succeeds."""
        where = self.settings.where
        self.instance.check(where)
        transport = await self.connector(self.settings, self.patience)
        # No checkpoint from here to the try: the stream always has somebody to close it.
        connection = Connection(transport, self.patience, hear)
        nursery.start_soon(connection.run)
        welcome: Welcome | None = None
        try:
            with trio.fail_after(self.patience.opening_seconds):
                welcome = await greet(connection, self._hello())
                yield connection, welcome
        except BaseException as exc:
            await connection.leave()
            if isinstance(exc, AddressSuspended):
                self.instance.latch(where, exc)
            self._explain(exc, welcome)
            raise

    def _explain(self, exc: BaseException, welcome: Welcome | None) -> None:
        """Raise what *exc* means to somebody who wanted in, if it means something else."""
        where = self.settings.where
        if isinstance(exc, trio.TooSlowError):
            seconds = f"{self.patience.opening_seconds:g} s"
            raise CannotConnect(
                where, f"pas de réponse en {seconds}", f"no answer within {seconds}"
            ) from None
        if isinstance(exc, Cut) and exc.ending.goodbye is not None:
            raise SessionEnded(exc.ending.goodbye) from None
        if isinstance(exc, Cut) and exc.ending.error is not None:
            exc = exc.ending.error
            if welcome is not None:
                raise exc from None
        if isinstance(exc, RemoteProtocolError) and welcome is None:
            raise CannotConnect(
                where,
                "ce n'est pas un serveur PRONOTE, ou il parle une autre langue",
                f"this is no PRONOTE server, or it speaks another language ({exc})",
            ) from exc
        if isinstance(exc, Cut):
            raise CannotConnect(
                where,
                "connexion coupée",
                "connection closed",
                _HINT if welcome is None else "",
            ) from None

    def _hello(self) -> Hello:
        return Hello(
            oldest=OLDEST_VERSION,
            newest=NEWEST_VERSION,
            application=self.application,
            client=f"{self.program} ({platform.system() or 'unknown'})"[:80],
            workstation=self.workstation[:255],
            instance=self.instance.id,
            rne=self.settings.rne,
        )
