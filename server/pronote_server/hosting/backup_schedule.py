"""
Backups every two hours, archives every night, and what else was asked for (fiche 9).

One task a school, on the school's clock: a clock that is moved makes what it crosses, in order.

What was due while the server was off is made after its start, once: one backup if something was
entered since the last one, one archive if there is none of the last night. Not in the first
minute, when clients come back, and one school after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog
import trio

from pronote_protocol.errors import Conflict
from pronote_server.domain.backup_times import Due, last_due, next_due
from pronote_server.hosting.backup_making import (
    is_missed,
    make,
    make_if_changed,
    make_missed,
)
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import SCHOOL_ZONE
from pronote_server.storage.errors import DatabaseClosed, StorageError
from pronote_server.storage.packages import PackageKind

__all__ = ["keep_backups"]

log = structlog.get_logger()

# A clock that was sent back is noticed so late at most, in transport time.
_LOOK_SECONDS: Final = 3600.0
# In transport time: after a start, until the base is looked at, and again while it is stopped.
_CALM_SECONDS: Final = 60.0
_KINDS: Final = {Due.BACKUP: PackageKind.BACKUP, Due.ARCHIVE: PackageKind.ARCHIVE}


async def keep_backups(
    school: School,
    turns: trio.Lock | None = None,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """
    Make what is due and what is asked for, until cancelled.

    Args:
        turns: Held by the school that makes what was missed; the same for all of a server.
    """
    await school.in_thread(school.backups.folder.prepare)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(school.backups.work.serve)
        nursery.start_soon(_catch_up, school, school.now(), turns or trio.Lock())
        task_status.started()
        last = school.now()
        while True:
            at, due = next_due(last, SCHOOL_ZONE)
            school.agenda.put("backups", at)
            if not await _wait(school, at):
                last = school.now()
                continue
            last = at
            kept = school.now() - timedelta(days=school.backups.folder.archive_days)
            if at < kept:
                last = kept  # what lies before would be removed at once
                continue
            await school.agenda.turn("backups")
            await _make(school, due, at)


async def _wait(school: School, at: datetime) -> bool:
    """Wait for *at*; return False when the clock was sent back, and this is not next now."""
    while next_due(school.now(), SCHOOL_ZONE)[0] >= at:
        with trio.move_on_after(_LOOK_SECONDS):
            await school.clock.sleep_until(at)  # also when it has come: in its turn
            return True
    return False


async def _make(school: School, due: Due, at: datetime) -> None:
    with _going_on(due):
        if due is Due.ARCHIVE:
            await make(school, PackageKind.ARCHIVE, at=at)
        else:
            await make_if_changed(school, at=at)


async def _catch_up(school: School, started: datetime, turns: trio.Lock) -> None:
    """Make once what was due before *started* and was not made, when the base is at work."""
    missed = {}
    with _going_on():
        base, files = school.base, await school.in_thread(school.backups.folder.files)
        for due, kind in _KINDS.items():
            at = last_due(started, due, SCHOOL_ZONE)
            if base is not None and is_missed(base, files, kind=kind, due=at):
                missed[due] = at
    if not missed:
        return
    while True:
        await trio.sleep(_CALM_SECONDS)
        if school.in_service:
            break  # until then nothing is entered, and what is due is made in its time
    async with turns:
        for due, at in missed.items():
            with _going_on(due):
                await make_missed(school, _KINDS[due], at)


@contextmanager
def _going_on(due: Due | None = None) -> Iterator[None]:
    """Let nothing that goes wrong in the block end the schedule."""
    said = None if due is None else due.value
    try:
        yield
    except Conflict:
        log.debug("backup.no_base", due=said)  # nothing is loaded, so nothing is lost
    except (StorageError, DatabaseClosed):
        pass  # told where it happened; the next one is due soon
    except Exception:
        log.exception("backup.crashed", due=said)
