"""
Backups every two hours, archives every night, and what else was asked for (fiche 9).

One task a school, on the school's clock: a clock that is moved makes what it crosses, in order.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog
import trio

from pronote_protocol.errors import Conflict
from pronote_server.domain.backup_times import Due, next_due
from pronote_server.hosting.backup_making import make, make_if_changed
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import SCHOOL_ZONE
from pronote_server.storage.errors import DatabaseClosed, StorageError
from pronote_server.storage.packages import PackageKind

__all__ = ["keep_backups"]

log = structlog.get_logger()

# A clock that was sent back is noticed so late at most, in transport time.
_LOOK_SECONDS: Final = 3600.0


async def keep_backups(
    school: School, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Make what is due and what is asked for, until cancelled."""
    await school.in_thread(school.backups.folder.prepare)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(school.backups.work.serve)
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
    try:
        if due is Due.ARCHIVE:
            await make(school, PackageKind.ARCHIVE, at=at)
        else:
            await make_if_changed(school, at=at)
    except Conflict:
        log.debug("backup.no_base", due=due.value)  # nothing is loaded, so nothing is lost
    except (StorageError, DatabaseClosed):
        pass  # told where it happened; the next one is due soon
    except Exception:
        log.exception("backup.crashed", due=due.value)
