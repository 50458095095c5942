"""
One transaction for everybody who waits: the rule of group commit, without threads or tasks.

A COMMIT costs one sync of the disk whether it holds one row or a thousand. So the commands that
wait together share one, each behind a savepoint of its own: a command that raises is undone
alone, and nobody hears of success before the COMMIT has returned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import attrs
from sqlalchemy import Connection, exc, text

from pronote_server.storage.errors import in_our_words
from pronote_server.storage.held_lines import HeldLines, held_by
from pronote_server.storage.prepared import Prepared
from pronote_server.storage.sqlite import transaction

__all__ = ["Job", "commit_together"]

_BEGIN: Final = Prepared(text("SAVEPOINT command"))
_UNDO: Final = Prepared(text("ROLLBACK TO SAVEPOINT command"))
_END: Final = Prepared(text("RELEASE SAVEPOINT command"))
_ONCE: Final[list[dict[str, Any]]] = [{}]


@attrs.define(eq=False)
class Job:
    """
    A command and what came of it.

    Exactly one of *result* and *error* counts once `commit_together` has returned; before
    that, *result* may hold something that is not on disk.
    """

    command: Callable[[Connection], Any]
    result: Any = None
    error: Exception | None = None

    def outcome(self) -> Any:
        """Return the command's result, or raise what it raised; once."""
        if self.error is None:
            return self.result
        try:
            raise self.error
        finally:
            self.error = None  # its traceback refers to this frame: no cycle


def commit_together(
    connection: Connection, jobs: Iterable[Job], before_commit: Callable[[], None] | None = None
) -> None:
    """
    Run *jobs* in one transaction; afterwards each knows its result or its error.

    *jobs* is iterated while the transaction is open, so it may go on yielding what arrives
    meanwhile. When the transaction itself fails (BEGIN, COMMIT, a disk so full that SQLite
    gives the whole of it up, what its entries leave behind cannot be written), every job of it
    that had succeeded gets that error.

    Raises:
        Exception: Not even ROLLBACK worked; the connection is of no more use.
    """
    run: list[Job] = []
    held = held_by(connection)
    try:
        with transaction(connection):
            if held is not None:
                held.begin()
            for job in jobs:
                run.append(job)
                _run_alone(connection, job, held)
            if held is not None:
                held.write()
            if before_commit is not None:
                before_commit()
    except Exception as error:
        # After a COMMIT that failed, SQLAlchemy believes the transaction over, and the
        # database may not: ask the driver, to whom a rollback of nothing is nothing.
        connection.connection.rollback()
        for job in run or jobs:
            if job.error is None:
                job.error = in_our_words(error)


def _run_alone(connection: Connection, job: Job, held: HeldLines | None) -> None:
    here = None if held is None else held.here()
    _BEGIN.run_lines(connection, _ONCE)
    try:
        job.result = job.command(connection)
    except Exception as error:
        job.error = in_our_words(error)
        try:
            _UNDO.run_lines(connection, _ONCE)
        except exc.DBAPIError:
            # The database has given up the whole transaction, savepoints and all (SQLite
            # does on a full disk): whoever shared it must hear of the same error.
            raise error from None
        if held is not None and here is not None:
            held.back_to(here)
    _END.run_lines(connection, _ONCE)
