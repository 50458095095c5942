"""
The change of version in its time: on the morning of its day, by the school's clock.

A server that was off on that day makes it at its next start; one whose clock is moved over
several summers goes over to the newest version.
"""

from __future__ import annotations

from typing import Final

import structlog
import trio

from pronote_protocol.errors import Conflict
from pronote_server.clock import sleep_until_or
from pronote_server.domain.versions import next_change
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import beginning_of, local
from pronote_server.hosting.version_change import change_version
from pronote_server.storage.errors import DatabaseClosed, StorageError

__all__ = ["keep_version"]

log = structlog.get_logger()

# In transport time: something else is being done to the base, or the disk is broken.
_BUSY_SECONDS: Final = 10.0
_BROKEN_SECONDS: Final = 60.0


async def keep_version(school: School) -> None:
    """Make each change of version when it is due, until cancelled."""
    while True:
        school.version_changed = changed = trio.Event()
        today = local(school.now()).date()
        change = next_change(school.version, today)
        school.agenda.put("version", beginning_of(change.on))
        if change.on > today:
            await sleep_until_or(school.clock, beginning_of(change.on), changed)
            continue
        await school.agenda.turn("version")
        try:
            await change_version(school, change)
        except Conflict:
            await trio.sleep(_BUSY_SECONDS)
        except (StorageError, DatabaseClosed, trio.TooSlowError) as error:
            log.error("version.not_begun", school=school.rne, why=str(error))
            await trio.sleep(_BROKEN_SECONDS)
        except Exception:
            log.exception("version.crashed", school=school.rne)
            await trio.sleep(_BROKEN_SECONDS)
