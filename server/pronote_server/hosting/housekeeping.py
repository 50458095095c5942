"""
What a school does by itself: every night what nobody asks for, and what was planned, in time.

Two tasks a school, on the school's clock. Every night the bytes of documents that nothing
refers to are removed, a week after they were first found so: a backup holds no documents, and
a base put back as it was last week finds its own. Changes older than a week are forgotten:
whoever asks for what changed since is told that anything may have. An information that was to
be published later, and a period that was to be sealed, are told to those they concern when
their time has come; a server that was stopped then tells them when it is back.

What fails is tried again the next time; nothing of it ends the server.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from typing import Any, Final

import attrs
import structlog
import trio
from sqlalchemy import Connection

from pronote_protocol.errors import Refused
from pronote_server.hosting import documents
from pronote_server.hosting.news import EVERYBODY, Audience, FamilyNews
from pronote_server.hosting.school import OpenBase, School
from pronote_server.hosting.school_time import SCHOOL_ZONE
from pronote_server.storage import base_publications, base_writes
from pronote_server.storage.errors import DatabaseClosed, StorageError
from pronote_server.storage.settings import get_setting

__all__ = ["clean", "keep_house", "tell_what_is_due"]

log = structlog.get_logger()

# Archives are made at two; at half past three nobody is there.
_NIGHT: Final = time(3, 30)
KEPT_CHANGES: Final = timedelta(days=7)
# Of one command of the writer: entries wait for milliseconds, not for a whole week's log.
_REVISIONS_AT_ONCE: Final = 5_000
# A base that was loaded, and a clock that was sent back, are noticed so late at most.
_LOOK_SECONDS: Final = 60.0
_TOLD: Final = "publications.told"


async def keep_house(
    school: School, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Do it until cancelled."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_every_night, school)
        nursery.start_soon(_in_time, school)
        task_status.started()


async def clean(school: School) -> None:
    """Remove what nothing needs any more from the base in service."""
    await documents.collect(school, unreferred_for=documents.KEPT_UNREFERRED)
    base = school.base_in_service()
    before = school.now() - KEPT_CHANGES
    while await base.database.write(
        lambda conn: base_writes.forget_changes_before(conn, before, _REVISIONS_AT_ONCE)
    ):
        pass


async def tell_what_is_due(school: School) -> None:
    """Tell what became due since this was last done."""
    told = await _told_until(school)
    now = school.now()
    if told is None or told > now:  # the first time; or the clock was sent back
        await school.keep(_TOLD, now.isoformat())
        return
    base = school.base_in_service()
    due = await base.database.read(lambda conn: base_publications.due_between(conn, told, now))
    if due:
        until = due[-1].at if len(due) == base_publications.MOST_DUE else now
        await _announce(school, base, due)
        await school.keep(_TOLD, until.isoformat())


async def _every_night(school: School) -> None:
    while True:
        at = _next_night(school.now())
        while not await _reached(school, at):
            at = _next_night(school.now())
        await _contained(school, clean, "housekeeping.cleaning")


async def _in_time(school: School) -> None:
    while True:
        planned = school.planned = trio.Event()
        await _contained(school, tell_what_is_due, "housekeeping.publications")
        at = await _next_due(school)
        with trio.move_on_after(_LOOK_SECONDS):
            if at is None:
                await planned.wait()
            else:
                await _either(planned, school, at)


async def _either(planned: trio.Event, school: School, at: datetime) -> None:
    """Wait for *at*, or until something else is planned."""
    async with trio.open_nursery() as nursery:

        async def replanned() -> None:
            await planned.wait()
            nursery.cancel_scope.cancel(reason="planned anew")

        nursery.start_soon(replanned)
        await school.clock.sleep_until(at)
        nursery.cancel_scope.cancel(reason="due")


async def _reached(school: School, at: datetime) -> bool:
    """Wait for *at*; False when the clock was sent back, and something else comes first."""
    while True:
        with trio.move_on_after(_LOOK_SECONDS):
            await school.clock.sleep_until(at)
            return True
        if _next_night(school.now()) < at:
            return False


def _next_night(now: datetime) -> datetime:
    local = now.astimezone(SCHOOL_ZONE)
    at = datetime.combine(local.date(), _NIGHT, SCHOOL_ZONE)
    return at if at > local else datetime.combine(at.date() + timedelta(1), _NIGHT, SCHOOL_ZONE)


async def _next_due(school: School) -> datetime | None:
    found: datetime | None = None

    async def look(school: School) -> None:
        nonlocal found
        now, base = school.now(), school.base_in_service()
        found = await base.database.read(
            lambda conn: base_publications.next_due_after(conn, now)
        )

    await _contained(school, look, "housekeeping.publications")
    return found


async def _told_until(school: School) -> datetime | None:
    written = await school.records.read(lambda conn: get_setting(conn, _TOLD))
    return None if written is None else datetime.fromisoformat(written)


async def _announce(school: School, base: OpenBase, due: list[base_publications.Due]) -> None:
    """Give the base a revision in which these changed, and tell it."""
    now = school.now()
    families = {"information": "information", "sealing": "periods"}
    news = [
        FamilyNews(
            families[each.entity],
            EVERYBODY if each.persons is None else Audience(persons=each.persons),
        )
        for each in due
    ]

    def write(conn: Connection) -> int:
        revision = base_writes.bump_revision(conn, now)
        changes = [
            base_writes.Change(revision, one.family, each.entity_id, one.audience.text())
            for one, each in zip(news, due, strict=True)
        ]
        base_writes.log_change(conn, changes)
        return revision

    def published(revision: int) -> None:
        current = school.base
        if current is None or current.database is not base.database:
            return
        if revision > current.header.revision:
            header = attrs.evolve(current.header, revision=revision, last_entry_at=now)
            school.base = attrs.evolve(current, header=header)
        school.news.add(revision, list(dict.fromkeys(news)))

    await base.database.write(write, published=published, afterwards=school.news.tell)


async def _contained(
    school: School, work: Callable[[School], Awaitable[Any]], what: str
) -> None:
    try:
        await work(school)
    except (Refused, DatabaseClosed):
        pass  # there is no base to work on now
    except StorageError as error:
        log.warning(what, rne=school.rne, error=str(error))
    except Exception:
        log.exception(what, rne=school.rne)
