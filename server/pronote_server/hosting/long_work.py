"""
Work that takes longer than one should wait for an answer: begun, then followed.

Making and opening backups are done one after the other, by one task of the school, whoever
asked for them; a client that is cut meanwhile asks again how far it is. What was done is
remembered for a while.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any, Final, TypeAlias

import attrs
import structlog
import trio

from pronote_protocol.errors import (
    BaseRefused,
    BaseUnavailable,
    Conflict,
    DiskFailed,
    InternalError,
    NoSpace,
    NotFound,
    Refused,
    ServerStopping,
)
from pronote_server.storage.errors import BaseFileRefused, DatabaseClosed, StorageFailed

__all__ = ["LongWork", "Report", "Work", "WorkState", "in_refusals", "plain_report"]

log = structlog.get_logger()

# Told what is being done, how much of it is, and of how much.
Report: TypeAlias = Callable[[str, int, int], None]

_WAITING_AT_MOST: Final = 8
_REMEMBERED: Final = 32


class WorkState(enum.Enum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@attrs.define(eq=False)
class Work:
    """
    One thing to do.

    Attributes:
        changes: How often anything below changed.
        step, done, total: What is being done, and how far it is.
        result, refusal: What came of it.
    """

    id: int
    kind: str
    by: str
    run: Callable[[Report], Awaitable[Any]] = attrs.field(repr=False)
    state: WorkState = WorkState.WAITING
    changes: int = 0
    step: str = ""
    done: int = 0
    total: int = 0
    result: Any = None
    refusal: Refused | None = None
    _changed: trio.Event = attrs.field(factory=trio.Event)

    @property
    def over(self) -> bool:
        """Whether it is done or has failed."""
        return self.state in (WorkState.DONE, WorkState.FAILED)

    def report(self, step: str, done: int, total: int) -> None:
        self.step, self.done, self.total = step, done, total
        self.change()

    def change(self) -> None:
        """Wake who follows."""
        self.changes += 1
        self._changed.set()
        self._changed = trio.Event()

    async def wait_change(self, known: int) -> None:
        """Return once there were more changes than *known*, or it is over."""
        while self.changes <= known and not self.over:
            await self._changed.wait()

    async def outcome(self) -> Any:
        """
        Wait for the end; return the result.

        Raises:
            Refused: What came of it.
        """
        while not self.over:
            await self._changed.wait()
        if self.refusal is not None:
            raise self.refusal
        return self.result


class LongWork:
    """What a school is doing, has to do, and has done; the Trio thread's."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._works: dict[int, Work] = {}
        self._queue: list[Work] = []
        self._arrived = trio.Event()
        self._ended = False

    def begin(self, kind: str, by: str, run: Callable[[Report], Awaitable[Any]]) -> Work:
        """
        Queue *run*; it is done when those before it are.

        Raises:
            Conflict: Too much waits already.
            ServerStopping: Nothing is begun any more.
        """
        if self._ended:
            raise ServerStopping
        if len(self._queue) >= _WAITING_AT_MOST:
            raise Conflict(
                "Trop d'opérations attendent déjà.",
                "Too much is waiting already.",
                retry_after=5.0,
            )
        work = Work(next(self._numbers), kind, by, run)
        self._works[work.id] = work
        self._queue.append(work)
        for old in [each for each in self._works.values() if each.over][:-_REMEMBERED]:
            del self._works[old.id]
        self._arrived.set()
        return work

    def get(self, number: int) -> Work:
        """
        Raises:
            NotFound: There is none, or it was long ago.
        """
        work = self._works.get(number)
        if work is None:
            raise NotFound(what=f"opération {number}")
        return work

    async def serve(self) -> None:
        """Do what is begun, until cancelled; what is not done then has failed."""
        try:
            while True:
                await self._arrived.wait()
                self._arrived = trio.Event()
                while self._queue:
                    await self._do(self._queue.pop(0))
        finally:
            self._ended = True
            for work in self._works.values():
                if not work.over:
                    work.refusal, work.state = ServerStopping(), WorkState.FAILED
                    work.change()

    async def _do(self, work: Work) -> None:
        work.state = WorkState.RUNNING
        work.change()
        try:
            work.result = await work.run(work.report)
            work.state = WorkState.DONE
        except Exception as error:
            work.refusal, work.state = in_refusals(error), WorkState.FAILED
            if isinstance(work.refusal, InternalError):
                log.exception("work.crashed", kind=work.kind)
        work.change()


def plain_report(result: Any) -> dict[str, Any]:
    """Return what came of some work as values that travel."""
    if result is None:
        return {}
    found: dict[str, Any] = _plain(result)
    return found


def _plain(value: Any) -> Any:
    if attrs.has(type(value)):
        value = attrs.asdict(value, recurse=False)
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, date):  # an instant too
        return value.isoformat().replace("+00:00", "Z")
    return value.value if isinstance(value, enum.Enum) else value


def in_refusals(error: Exception) -> Refused:
    """Return what the doors say of *error*."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, BaseFileRefused):
        return BaseRefused(
            f"Fichier refusé : {error.fr} Rien n'a été modifié.",
            f"File refused: {error.en} Nothing was changed.",
            problem=error.fr,
        )
    if isinstance(error, StorageFailed):
        return NoSpace() if error.disk_full else DiskFailed(disk_code=error.code)
    if isinstance(error, DatabaseClosed):
        return BaseUnavailable(retry_after=1.0)
    return InternalError()
