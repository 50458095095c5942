"""
The same client without ``async``, for scripts and consoles.

Trio runs in a thread behind it; every method of every family of `Client` is there, with
the same name, arguments, results and exceptions.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

import trio

from pronote_client.client import Client
from pronote_client.events import ClientEvent
from pronote_client.families.family import Family, FamilyOf
from pronote_client.settings import ConnectionSettings
from pronote_protocol.catalogue import Call
from pronote_protocol.messages import Entered, Goodbye, Welcome
from pronote_protocol.words import Access

__all__ = ["SyncClient", "SyncFamily"]

P = TypeVar("P")
R = TypeVar("R")


class SyncFamily:
    """A family of calls whose methods wait; ``dir()`` and ``help()`` show them."""

    def __init__(self, family: Family, wait_for: Callable[..., Any]) -> None:
        self._family = family
        self._wait_for = wait_for

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._family, name)
        if name.startswith("_") or not inspect.iscoroutinefunction(method):
            raise AttributeError(name)

        @functools.wraps(method)
        def waiting(*args: Any, **options: Any) -> Any:
            return self._wait_for(functools.partial(method, *args, **options))

        # Completion, and the next call, find it without coming here again.
        setattr(self, name, waiting)
        return waiting

    def __dir__(self) -> list[str]:
        return [
            name
            for name, _ in inspect.getmembers(self._family, inspect.iscoroutinefunction)
            if not name.startswith("_")
        ]


class SyncClient:
    """
    A session in a school, for code that waits.

    Use it in a ``with``; leaving it says goodbye. Any thread may call, several at a time.
    Interrupting a call (Ctrl-C) stops the waiting and not the call.

    Args:
        settings: Where; or a path to a settings file.
        kind: `Client`, `AdminClient` or `EdtClient`.
        options: As for ``kind.open``.
    """

    def __init__(
        self, settings: ConnectionSettings | str, *, kind: type[Client] = Client, **options: Any
    ) -> None:
        if isinstance(settings, str):
            settings = ConnectionSettings.read(settings)
        self._open = functools.partial(kind.open, settings, **options)
        self._ready: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._token: trio.lowlevel.TrioToken | None = None
        self._client: Client | None = None
        self._leaving: trio.Event
        # A daemon: a script that forgets to leave must still be able to end.
        self._thread = threading.Thread(target=self._run, name="pronote-client", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if (failure := self._ready.get()) is not None:
            self._thread.join()
            raise failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._token is not None
        with contextlib.suppress(trio.RunFinishedError):
            trio.from_thread.run_sync(self._leaving.set, trio_token=self._token)
        self._thread.join()
        if value is None and not self._ready.empty() and (crash := self._ready.get()):
            raise crash

    def _run(self) -> None:
        try:
            trio.run(self._live)
        except BaseException as exc:
            # Raised by __enter__ if there is no session yet, else by __exit__.
            self._ready.put(exc)

    async def _live(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._leaving = trio.Event()
        async with self._open() as self._client:
            self._ready.put(None)
            await self._leaving.wait()

    def _wait_for(self, work: Callable[[], Any]) -> Any:
        if self._token is None:
            raise RuntimeError("use SyncClient in a `with`")
        return trio.from_thread.run(work, trio_token=self._token)

    @property
    def _opened(self) -> Client:
        if self._client is None:
            raise RuntimeError("use SyncClient in a `with`")
        return self._client

    def __getattr__(self, name: str) -> SyncFamily:
        if name.startswith("_"):
            raise AttributeError(name)
        family = getattr(self._opened, name)
        if not isinstance(family, Family):
            raise AttributeError(name)
        wrapped = SyncFamily(family, self._wait_for)
        setattr(self, name, wrapped)
        return wrapped

    def __dir__(self) -> list[str]:
        families = []
        if self._client is not None:
            kind = type(self._client)
            families = [name for name in dir(kind) if isinstance(getattr(kind, name), FamilyOf)]
        return [*super().__dir__(), *families]

    def call(
        self, call: Call[P, R], params: P | None = None, *, seconds: float | None = None
    ) -> R:
        """Make one call of the catalogue; see `Client.call`."""
        client = self._opened
        work = functools.partial(client.call, call, params, seconds=seconds)
        answer: R = self._wait_for(work)
        return answer

    def next_event(self, seconds: float | None = None) -> ClientEvent | None:
        """Wait for the next event; None when *seconds* pass without one."""
        client = self._opened

        async def wait() -> ClientEvent | None:
            with trio.move_on_after(float("inf") if seconds is None else seconds):
                return await client.next_event()
            return None

        event: ClientEvent | None = self._wait_for(wait)
        return event

    def events(self) -> Iterator[ClientEvent]:
        """Iterate over the events until the goodbye, included."""
        while True:
            event = self.next_event()
            assert event is not None
            yield event
            if isinstance(event, Goodbye):
                return

    def leave(self) -> Goodbye:
        """Say goodbye now; see `Client.leave`."""
        goodbye: Goodbye = self._wait_for(self._opened.leave)
        return goodbye

    @property
    def entered(self) -> Entered:
        """The session, with its present access and state."""
        return self._opened.entered

    @property
    def welcome(self) -> Welcome:
        """What the server said of itself."""
        return self._opened.welcome

    @property
    def access(self) -> Access:
        """Modification or consultation, now."""
        return self._opened.access
