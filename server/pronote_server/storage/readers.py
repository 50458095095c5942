"""
The threads that read one database, each with a connection of its own.

They stay: a trip through a thread of Trio costs more than most queries. One is started when
somebody asks and all are at work. A query sees one state from its first statement to its
last, and nobody but its thread touches the connection meanwhile.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import attrs
import trio
from sqlalchemy import Connection, Engine

from pronote_server.storage.errors import DatabaseClosed, saying_it_in_our_words
from pronote_server.storage.group_commit import Job
from pronote_server.storage.sqlite import one_state

__all__ = ["Readers"]

T = TypeVar("T")


@attrs.define(eq=False)
class _Asked(Job):
    """A query; once *given_up* nobody waits for it, which only counts before it runs."""

    context: contextvars.Context = attrs.field(factory=contextvars.copy_context)
    task: trio.lowlevel.Task | None = None
    running: bool = False
    given_up: bool = False


class Readers:
    """
    Args:
        most: How many may read at the same time.
        inline: Read in the caller's thread.
    """

    def __init__(self, engine: Engine, most: int, *, name: str, inline: bool) -> None:
        # Blocks on the disk, and finds out at once what cannot be opened.
        self._connections = [engine.connect() for _ in range(1 if inline else most)]
        self._name = name
        self._inline = inline
        self._queue: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._waiting = 0
        self._threads = 0
        self._ended = trio.Event()
        self._closed = False

    async def read(self, query: Callable[[Connection], T]) -> T:
        """As `Database.read`."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._closed:
            raise DatabaseClosed(self._name)
        asked = _Asked(query)
        if self._inline:
            self._answer(asked, self._connections[0])
            await trio.lowlevel.cancel_shielded_checkpoint()
        else:
            await self._answered(asked)
        result: T = asked.outcome()
        return result

    async def _answered(self, asked: _Asked) -> None:
        asked.task = trio.lowlevel.current_task()
        self._waiting += 1
        if self._waiting > self._threads and self._connections:
            self._start()
        self._queue.put(asked)

        def leave(_: Any) -> trio.lowlevel.Abort:
            if asked.running:
                return trio.lowlevel.Abort.FAILED
            asked.given_up = True
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(leave)

    def _start(self) -> None:
        self._threads += 1
        threading.Thread(
            target=self._work,
            args=(self._connections.pop(), trio.lowlevel.current_trio_token()),
            name=f"reader of {self._name}",
            daemon=True,  # a stuck disk must not keep the process alive
        ).start()

    async def close(self) -> None:
        """Let what runs end, tell who still waits, close; takes as long as the queries."""
        self._closed = True
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        for _ in range(self._threads):
            self._queue.put(None)
        if self._threads:
            await self._ended.wait()

    def _deliver(self, asked: _Asked) -> None:
        self._waiting -= 1
        if asked.task is not None and not asked.given_up:
            trio.lowlevel.reschedule(asked.task)

    def _one_ended(self) -> None:
        self._threads -= 1
        if not self._threads:
            self._ended.set()

    # ----------------------------------------------------------------- the threads' side

    def _work(self, connection: Connection, token: trio.lowlevel.TrioToken) -> None:
        with suppress(trio.RunFinishedError):
            while (asked := self._queue.get()) is not None:
                asked.running = not asked.given_up
                if asked.running:
                    self._answer(asked, connection)
                token.run_sync_soon(self._deliver, asked)
            connection.close()
            token.run_sync_soon(self._one_ended)

    def _answer(self, asked: _Asked, connection: Connection) -> None:
        try:
            if self._closed:
                raise DatabaseClosed(self._name)
            with saying_it_in_our_words(), one_state(connection):
                asked.result = asked.context.run(asked.command, connection)
        except Exception as error:
            asked.error = error
