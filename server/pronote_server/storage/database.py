"""
The way into one file or base: one thread writes, a few others read, Trio tasks wait.

Who owns what: the writing connection belongs to the writer thread; a reading connection belongs
to the thread that took it from the idle ones, until it puts it back; everything else belongs to
the Trio thread. The queues are the only things both sides touch.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs
import structlog
import trio
from sqlalchemy import Connection

from pronote_server.storage.base_writes import hold_lines
from pronote_server.storage.errors import (
    ConstraintBroken,
    DatabaseBroken,
    DatabaseClosed,
    StorageFailed,
    saying_it_in_our_words,
)
from pronote_server.storage.freshness import Freshness, note_changes, note_readings
from pronote_server.storage.group_commit import Job, commit_together
from pronote_server.storage.place import Place
from pronote_server.storage.readers import Readers
from pronote_server.storage.remembered import Memory
from pronote_server.storage.short_reads import Fuse, NotNow, ShortReads
from pronote_server.storage.sqlite import SqliteFile

__all__ = ["Database", "DatabaseStatistics", "Place", "open_database"]

log = structlog.get_logger()
T = TypeVar("T")

# One transaction takes at most so much, or those at its head would wait for those at its
# tail: with 256 callers and full syncs the best throughput is reached well below both.
GROUP_COMMANDS: Final = 1_000
GROUP_SECONDS: Final = 0.05

# Posted commands nobody waits for; a journal that falls so far behind has a dead disk below it.
POSTS_WAITING: Final = 10_000

# How long a posted command may wait for company before a transaction is begun for its sake:
# a commit costs as much for one line of the journal as for fifty.
POSTS_SECONDS: Final = 0.03

# What leaving may take: a full queue of small commands needs well under a second.
DRAIN_SECONDS: Final = 10.0


@attrs.frozen
class DatabaseStatistics:
    """
    A snapshot, for the console and the tests.

    Attributes:
        waiting: Commands queued or being run.
        committed: Commands on disk since the database was opened.
        failed: Commands that raised, or whose transaction failed.
        commits: Transactions that tried to commit; ``committed / commits`` is the grouping.
        largest_group: Most commands that shared a transaction.
        refused_posts: Posted commands dropped because the queue was full.
        slow_reads: Readings that were too slow for the Trio thread; see `short_reads`.
    """

    waiting: int
    committed: int
    failed: int
    commits: int
    largest_group: int
    refused_posts: int
    slow_reads: int = 0


@attrs.define(eq=False)
class _Waiting(Job):
    """A job, and the task that waits for it; None when posted, or once it was cancelled."""

    task: trio.lowlevel.Task | None = None
    posted: bool = False
    published: Callable[[Any], None] | None = None
    afterwards: Callable[[], None] | None = None


def _standing() -> float:
    return 0.0


class Database:
    """
    One of them. Get it from `open_database`; call it from the Trio thread only.

    A *command* or *query* is a function of a Connection. It runs in another thread, inside a
    transaction that is not its own: it must neither commit nor touch what belongs to tasks.

    Attributes:
        freshness: Which tables changed when.
    """

    def __init__(self, place: Place, *, inline: bool, readers: int, short_reads: bool) -> None:
        # Blocks on the disk; `open_database` calls it in a thread.
        if short_reads:
            place.read_ahead()
        self.place = place
        self._inline = inline
        self.freshness = Freshness()
        self._changed: set[str] = set()  # by the transaction that is open
        writing, reading = place.writing_engine(), place.reading_engine()
        note_readings(writing)
        note_readings(reading)
        self._writer = writing.connect()
        note_changes(self._writer, self._changed)
        hold_lines(self._writer, self._changed)
        self._memory = Memory(self.freshness, self._changed)
        self._memory.serve(self._writer)
        self._readers = Readers(reading, readers, name=place.name, inline=inline)
        self._short_reads: ShortReads | None = None
        impatient = place.impatient_engine() if short_reads else None
        if impatient is not None:
            note_readings(impatient)
            # Without threads there is nowhere else to go, and a mock clock to be deceived.
            fuse = Fuse(place.name, _standing) if inline else Fuse(place.name)
            self._short_reads = ShortReads(impatient.connect(), self.freshness, fuse)
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        # In order of arrival, from the moment of asking to the moment of knowing.
        self._outstanding: dict[_Waiting, None] = {}
        self._posts_outstanding = 0
        # Set while anybody waits for a command, or the database is being left: then posts
        # do not wait for company. Set and cleared in the Trio thread only.
        self._hurry = threading.Event()
        self._queue_is_full = False
        self._closed = False
        self._crash: BaseException | None = None
        self._writer_ended = trio.Event()
        self._committed = self._failed = self._commits = self._largest_group = 0
        self._refused_posts = 0

    def statistics(self) -> DatabaseStatistics:
        """Return the counters of this moment."""
        return DatabaseStatistics(
            waiting=len(self._outstanding),
            committed=self._committed,
            failed=self._failed,
            commits=self._commits,
            largest_group=self._largest_group,
            refused_posts=self._refused_posts,
            slow_reads=0 if self._short_reads is None else self._short_reads.fuse.blown,
        )

    # ------------------------------------------------------------------ the Trio side

    async def write(
        self,
        command: Callable[[Connection], T],
        *,
        published: Callable[[T], None] | None = None,
        afterwards: Callable[[], None] | None = None,
    ) -> T:
        """
        Run *command* and return its result once it is on disk.

        Always a checkpoint. Cancelled before anything was queued: nothing happens. Cancelled
        while waiting: the command runs and commits all the same, only its result is lost; so
        never take Cancelled for "not written".

        Args:
            published: Called with the result, in the Trio thread, once it is on disk, whether
                anybody still waits for it or not; before who waits is woken, and in the
                order in which commands were run. What it raises is logged.
            afterwards: Called once for all the commands of a commit that named it.

        Raises:
            StorageFailed: The disk said no; nothing of this command was kept.
            ConstraintBroken: The schema said no; likewise.
            DatabaseBroken: The writer thread died; whether it was kept is not known.
            DatabaseClosed: The database was left.
            Exception: Whatever *command* raises; what it had written is undone.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        job = _Waiting(command, published=published, afterwards=afterwards)
        self._put(job)
        if self._inline:
            await trio.lowlevel.cancel_shielded_checkpoint()
        else:
            job.task = trio.lowlevel.current_task()

            def leave(_: Any) -> trio.lowlevel.Abort:
                job.task = None
                return trio.lowlevel.Abort.SUCCEEDED

            await trio.lowlevel.wait_task_rescheduled(leave)
        result: T = job.outcome()
        return result

    def post(self, command: Callable[[Connection], Any]) -> bool:
        """
        Queue *command* without waiting, for what may be lost: journal lines, last-seen dates.

        It is run in its turn, after every command that came before and ahead of every one
        that comes after. It reaches the writer thread at once, which waits for others to
        share its commit with, `POSTS_SECONDS` at most: somebody who writes, who asks for what
        was `posted`, or who leaves the database, takes it along without delay.

        Returns whether it was queued: False when 10 000 of them wait already, or when the
        database is closed or broken. A command that fails later is logged.
        """
        if self._closed or self._crash is not None:
            return False
        if self._posts_outstanding >= POSTS_WAITING:
            self._refused_posts += 1
            if not self._queue_is_full:  # once, not once for each of a flood
                self._queue_is_full = True
                log.warning("database.queue_full", database=self.place.name)
            return False
        self._queue_is_full = False
        self._put(_Waiting(command, posted=True))
        return True

    async def posted(self) -> None:
        """
        Return once what was posted before is on disk, or was logged as failed.

        For who reads what others post: `read` does not wait for it. Always a checkpoint.

        Raises:
            DatabaseClosed: The database was left.
        """
        if not self._posts_outstanding:
            await trio.lowlevel.checkpoint()
            return
        with suppress(StorageFailed, ConstraintBroken, DatabaseBroken):  # as the posts did
            await self.write(lambda _: None)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """
        Run *query* on one consistent state, which contains every write acknowledged before.

        Always a checkpoint. Cancellation is obeyed before a reader is free, and not while
        *query* runs: keep queries short, page what is long.

        Raises:
            StorageFailed, DatabaseClosed: As for `write`.
            Exception: Whatever *query* raises.
        """
        return await self._readers.read(query)

    def read_now(self, query: Callable[[Connection], T], *, turn: float | None = None) -> T:
        """
        Run *query*, which is short, in the Trio thread; otherwise as `read`.

        Args:
            turn: When the turn of the loop began; what is read in one has a bound.

        Raises:
            NotNow: Ask `read` instead; nothing was done.
        """
        if self._short_reads is None:
            raise NotNow(self.place.name)
        return self._short_reads.read(query, turn)

    def _put(self, job: _Waiting) -> None:
        if self._closed:
            raise DatabaseClosed(self.place.name)
        if self._crash is not None:
            raise DatabaseBroken(self.place.name) from self._crash
        self._outstanding[job] = None
        self._posts_outstanding += job.posted
        if self._inline:
            self._commit([job])
            self._deliver([job])
        else:
            self._queue.put(job)
            if not job.posted:
                self._hurry.set()

    def _deliver(self, group: list[_Waiting]) -> None:
        """Wake who waits for *group*, whose transaction is over, one way or the other."""
        failed = sum(job.error is not None for job in group)
        self._failed += failed
        self._committed += len(group) - failed
        self._commits += 1
        self._largest_group = max(self._largest_group, len(group))
        done = [job for job in group if job.error is None]
        for job in done:
            if job.published is not None:
                self._call(partial(job.published, job.result))
        for afterwards in dict.fromkeys(job.afterwards for job in done):
            if afterwards is not None:
                self._call(afterwards)
        for job in group:
            self._settle(job)
        if len(self._outstanding) == self._posts_outstanding and not self._closed:
            self._hurry.clear()

    def _call(self, publish: Callable[[], None]) -> None:
        try:
            publish()
        except Exception:  # it would take the whole loop with it
            log.exception("database.publishing_failed", database=self.place.name)

    def _settle(self, job: _Waiting) -> None:
        if job not in self._outstanding:
            return  # its caller was told already that the writer is lost
        del self._outstanding[job]
        self._posts_outstanding -= job.posted
        if job.posted and job.error is not None:
            log.error("database.post_failed", database=self.place.name, exc_info=job.error)
        if job.task is not None:
            trio.lowlevel.reschedule(job.task)

    def _lose_writer(self, why: BaseException) -> None:
        """Tell everybody who waits; nobody else will."""
        self._crash = why
        for job in list(self._outstanding):
            job.error = DatabaseBroken(self.place.name)
            job.error.__cause__ = why
            self._settle(job)

    async def _close(self) -> None:
        """Commit what is queued, close; shielded, and bounded by `DRAIN_SECONDS`."""
        self._closed = True
        self._hurry.set()
        if self._short_reads is not None:
            self._short_reads.close()
        with trio.move_on_after(DRAIN_SECONDS, shield=True) as scope:
            if self._inline:
                self._end_writing(None)
            else:
                self._queue.put(None)
                await self._writer_ended.wait()
            await self._readers.close()
        if scope.cancelled_caught:
            log.error(
                "database.not_drained",
                database=self.place.name,
                lost=len(self._outstanding),
            )
            self._lose_writer(TimeoutError(f"not drained after {DRAIN_SECONDS} s"))

    # ---------------------------------------------------------------- the threads' side

    def _write_until_told(self, token: trio.lowlevel.TrioToken) -> None:
        """The writer thread."""
        crash: BaseException | None = None
        try:
            while (first := self._queue.get()) is not None:
                if first.posted:
                    self._hurry.wait(POSTS_SECONDS)
                group: list[_Waiting] = []
                self._commit(self._what_waits(first, group))
                token.run_sync_soon(self._deliver, group)
        except BaseException as error:
            crash = error
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(self._writer_has_ended, self._end_writing(crash))

    def _commit(self, jobs: Iterable[Job]) -> None:
        self._memory.begin()
        try:
            commit_together(
                self._writer, jobs, lambda: self.freshness.begin(frozenset(self._changed))
            )
        finally:
            self.freshness.finish()

    def _what_waits(self, first: _Waiting, group: list[_Waiting]) -> Iterator[_Waiting]:
        """Yield *first* and those behind it while they come, noting each in *group*."""
        started = time.monotonic()
        job: _Waiting | None = first
        while job is not None:
            group.append(job)
            yield job
            if len(group) == GROUP_COMMANDS or time.monotonic() - started > GROUP_SECONDS:
                return
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return
        self._queue.put(None)  # told to stop: after this transaction

    def _end_writing(self, crash: BaseException | None) -> BaseException | None:
        try:
            if crash is None:
                self.place.settle(self._writer)
            self._writer.close()
        except Exception as error:
            return crash or error
        return crash

    def _writer_has_ended(self, crash: BaseException | None) -> None:
        if crash is not None:
            log.critical("database.writer_crashed", database=self.place.name, exc_info=crash)
            self._lose_writer(crash)
        self._writer_ended.set()


@asynccontextmanager
async def open_database(
    place: Path | Place,
    *,
    inline: bool = False,
    readers: int = 2,
    short_reads: bool = False,
) -> AsyncIterator[Database]:
    """
    Open the database at *place* for as long as the block lasts; a file is created when missing.

    Leaving commits what is queued, moves the log into the file and closes it; that is not
    cancelled from outside, and takes at most `DRAIN_SECONDS`.

    Args:
        inline: Run everything in the caller's thread, blocking the loop. For tests under a
            mock clock, which does not know that threads are at work. Durable all the same.
        readers: Connections that may read at the same time.
        short_reads: Let `Database.read_now` read in the Trio thread; see that module.

    Raises:
        StorageFailed: The file cannot be opened, or is no database.
    """
    if isinstance(place, Path):
        place = SqliteFile(place)
    opening = partial(Database, place, inline=inline, readers=readers, short_reads=short_reads)
    with saying_it_in_our_words():
        database = opening() if inline else await trio.to_thread.run_sync(opening)
    if not inline:
        threading.Thread(
            target=database._write_until_told,
            args=(trio.lowlevel.current_trio_token(),),
            name=f"writer of {place.name}",
            daemon=True,  # a stuck disk must not keep the process alive
        ).start()
    try:
        yield database
    finally:
        await database._close()
