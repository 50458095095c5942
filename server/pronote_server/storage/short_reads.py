"""
Short readings of a base in the Trio thread itself, and the fuse that ends them.

Nothing else in the loop may block. This does, for the tenth of a millisecond that a page of a
list takes (a week: three; the very first time some more, to compile its statements), because
the way round is dearer than the work: a trip to a reader's thread and back, the wake-up of a
task, and the interpreter's lock passed to and fro at each row.

What it risks is that everybody waits for one reading, and this is what bounds it:

* Only what is short by its nature is asked here: found by an index, at most a page long. Who
  asks says so (`native.calls.visit.Reading`), and the rest goes to `readers` from the start.
* Each reading is measured (`own_time`). One that took longer than `SLOW_SECONDS` (a disk that
  hangs, a machine without memory to keep the file in, threads that do not let go of the
  interpreter, a page that grew) blows the fuse: for `AWAY_SECONDS` all readings go to the
  threads. Then one is tried again. A slow disk so holds the loop once in that time; it is
  logged when it begins, and counted.
* In one turn of the loop readings take `TURN_SECONDS`, and one more; whoever asks then is sent
  to the threads, and the others get their turn.
* What is locked by a foreign process is not waited for: it goes to a thread, which does.
* The file is read ahead when it is opened (`sqlite.SqliteFile.read_ahead`).

The connection remembers what is asked again and again (`remembered`), as the writer's does, and
stays within one state all the same (`recollection`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar

import attrs
import structlog
from sqlalchemy import Connection, exc

from pronote_server.storage.errors import DatabaseClosed, StorageError, in_our_words
from pronote_server.storage.freshness import Freshness
from pronote_server.storage.own_time import OwnTime
from pronote_server.storage.recollection import Recollection

__all__ = [
    "AWAY_SECONDS",
    "SLOW_SECONDS",
    "TURN_SECONDS",
    "Fuse",
    "NotNow",
    "Query",
    "ShortReads",
]

log = structlog.get_logger()
T = TypeVar("T")

Query: TypeAlias = Callable[[Connection], T]

# What one frame may cost the loop at the most; two hundred times a usual reading.
SLOW_SECONDS: Final = 0.02
AWAY_SECONDS: Final = 30.0
TURN_SECONDS: Final = 0.01

_LOCKED: Final = ("SQLITE_BUSY", "SQLITE_LOCKED")


class NotNow(StorageError):
    """This is to be asked in a thread (`Database.read`), and not here."""


@attrs.define(eq=False)
class Fuse:
    """
    Whether readings are quick, as far as one knows.

    Args:
        clock: Of the thread that reads; not school time.

    Attributes:
        blown: How often it has blown.
    """

    name: str
    clock: Callable[[], float] = attrs.field(factory=OwnTime)
    blown: int = attrs.field(default=0, init=False)
    _whole_from: float = attrs.field(default=float("-inf"), init=False)
    _was_slow: bool = attrs.field(default=False, init=False)

    def allows(self, now: float) -> bool:
        """Whether a reading may begin."""
        return now >= self._whole_from

    def note(self, seconds: float, now: float) -> None:
        """Take note of how long one took that is over *now*."""
        if seconds <= SLOW_SECONDS:
            self._was_slow = False
            return
        self.blown += 1
        self._whole_from = now + AWAY_SECONDS
        if not self._was_slow:  # once, not each half minute of a bad day
            self._was_slow = True
            log.warning(
                "base.reads_are_slow",
                database=self.name,
                milliseconds=round(seconds * 1000),
                seconds_in_threads=AWAY_SECONDS,
            )

    def close(self) -> None:
        if isinstance(self.clock, OwnTime):
            self.clock.close()


class ShortReads:
    """
    One connection, of the Trio thread.

    Args:
        connection: Of an engine whose connections wait for no lock.
    """

    def __init__(self, connection: Connection, freshness: Freshness, fuse: Fuse) -> None:
        self.fuse = fuse
        self._connection = connection
        driver: Any = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        self._driver = driver
        self._memory = Recollection(freshness)
        self._memory.serve(connection)
        self._closed = False
        self._turn: float | None = None
        self._spent = 0.0

    def read(self, query: Query[T], turn: float | None = None) -> T:
        """
        Run *query* on one state, which contains every write acknowledged before.

        Args:
            turn: What the turn of the loop is known by.

        Raises:
            NotNow: The fuse is blown, the turn has had its share, or somebody holds the file;
                nothing was done.
            StorageFailed, DatabaseClosed: As for `Database.read`.
            Exception: Whatever *query* raises.
        """
        if self._closed:
            raise DatabaseClosed(self.fuse.name)
        begun = self.fuse.clock()
        if not self.fuse.allows(begun):
            raise NotNow("slow lately")
        if turn is None or turn != self._turn:
            self._turn, self._spent = turn, 0.0
        elif self._spent > TURN_SECONDS:
            raise NotNow("enough for this turn")
        try:
            return self._in_our_words(query)
        finally:
            now = self.fuse.clock()
            self._spent += now - begun
            self.fuse.note(now - begun, now)

    def close(self) -> None:
        self._closed = True
        self._connection.close()
        self.fuse.close()

    def _in_our_words(self, query: Query[T]) -> T:
        try:
            while True:
                self._memory.begin()
                try:
                    result = self._one_state(query)
                except Exception:
                    if self._memory.was_right():
                        raise
                else:
                    if self._memory.was_right():
                        return result
        except Exception as error:
            named = in_our_words(error)
            if getattr(named, "code", "").startswith(_LOCKED):
                raise NotNow("locked") from error
            if named is error:
                raise
            raise named from error

    def _one_state(self, query: Query[T]) -> T:
        driver, connection = self._driver, self._connection
        try:
            driver.execute("BEGIN")
        except sqlite3.Error as error:
            raise exc.DBAPIError.instance("BEGIN", (), error, sqlite3.Error) from error
        try:
            return query(connection)
        finally:
            # What SQLAlchemy began, if it did, is this very transaction.
            if connection.in_transaction():
                connection.rollback()
            else:
                driver.rollback()
