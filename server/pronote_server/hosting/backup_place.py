"""What a school has for its backups: the folder, one at a time, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import attrs
import trio

from pronote_protocol.errors import Refused
from pronote_server.hosting.long_work import LongWork, Report
from pronote_server.storage.backup_folder import BackupFolder
from pronote_server.storage.packages import Progress

__all__ = ["BackupPlace", "Failure", "Teller"]

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Failure:
    """The last backup or archive could not be made; until one is made again."""

    kind: str
    at: datetime
    refusal: Refused


@attrs.define(eq=False, kw_only=True)
class BackupPlace:
    """
    Attributes:
        making: Held by who makes or opens one.
        failures: By kind.
        work: What was asked for and takes long.
    """

    folder: BackupFolder
    making: trio.Lock = attrs.field(factory=trio.Lock)
    failures: dict[str, Failure] = attrs.field(factory=dict)
    work: LongWork = attrs.field(factory=LongWork)

    @classmethod
    def of(cls, school_folder: Path) -> BackupPlace:
        """Return the place of the school kept in that folder."""
        return cls(folder=BackupFolder(folder=school_folder / "backups"))


@attrs.define(eq=False)
class Teller:
    """
    Tells, from a thread, how far it is; and gives up there when nobody waits any more.

    Args:
        inline: There is no thread.
    """

    _report: Report | None
    _inline: bool
    _told: tuple[str, int] = ("", -1)

    def progress(self, step: str) -> Progress:
        """Return what is told how many bytes of *step* are done."""

        def tell(done: int, total: int) -> None:
            if not self._inline:
                trio.from_thread.check_cancelled()
            percent = 100 * done // max(total, 1)
            if self._report is None or (step, percent) == self._told:
                return
            self._told = (step, percent)
            self._in_loop(self._report, step, done, total)

        return tell

    def _in_loop(self, function: Callable[..., T], *args: object) -> T:
        if self._inline:
            return function(*args)
        return trio.from_thread.run_sync(function, *args)
