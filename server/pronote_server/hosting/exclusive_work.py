"""
Work under exclusive use that can be given up: begin, then save or discard.

At the beginning a copy of the base is made, once everything that was being entered is in it.
To save is to forget the copy; to discard is to put it back. A holder who just goes has saved:
what he entered was acknowledged, one entry at a time. The keys of what is given up are kept
in the base that is put back, so that a retry of it is refused. Whichever way the exclusive use
ends, `exclusive_use` has the copy removed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio

from pronote_protocol.errors import Conflict
from pronote_protocol.messages import BaseChanged
from pronote_server.domain.sessions import Session
from pronote_server.hosting import bases, exclusive_use
from pronote_server.hosting.school import OpenBase, School
from pronote_server.storage import base_writes as kept
from pronote_server.storage.copying import copy_beside, copy_database, put_back
from pronote_server.storage.errors import saying_it_in_our_words
from pronote_server.storage.sqlite import checkpoint, writing_engine

__all__ = ["begin", "end"]

T = TypeVar("T")

# A base of a hundred megabytes is copied in a second.
_PUT_BACK_SECONDS = 60.0


async def begin(school: School, session: Session) -> None:
    """
    Give *session* the base for itself, with the way back.

    Raises:
        ExclusiveUse, Conflict: Somebody has it.
        StorageFailed: The copy cannot be made; nobody has it then.
    """
    school.base_in_service()
    exclusive_use.begin_exclusive(school, session)
    try:
        # One copy at a time: that of a holder who left while it was made may be under way.
        async with school.copying:
            base = school.base_in_service()
            # Behind what was queued before the others were made to read only.
            await base.database.write(lambda conn: None)
            await _in_thread(school, partial(copy_database, base.file, copy_beside(base.file)))
            if not session.exclusive:
                exclusive_use.forget_copy(school)
    except BaseException:
        if session.exclusive:
            exclusive_use.end_exclusive(school, session)
        raise


async def end(school: School, session: Session, *, save: bool) -> None:
    """
    End it, keeping or giving up what was changed meanwhile.

    Raises:
        Conflict: This session does not have it, or there is no way back any more.
        StorageFailed: The base could not be put back; it is as it was before this call.
    """
    if school.exclusive.holder != session.id or save:
        exclusive_use.end_exclusive(school, session)
        return
    base = school.base_in_service()
    if not await _in_thread(school, copy_beside(base.file).exists):
        raise Conflict(
            "Il n'y a pas de copie à laquelle revenir.", "There is no copy to go back to."
        )
    with trio.fail_after(_PUT_BACK_SECONDS, shield=True):
        async with school.copying:
            await _give_back(school, session, school.base_in_service())
    if session.exclusive:  # it may have been kicked meanwhile
        exclusive_use.end_exclusive(school, session)


async def _give_back(school: School, session: Session, base: OpenBase) -> None:
    now = school.now()

    def exchange() -> None:
        copy = copy_beside(base.file)
        # Before it is put back: a crash never shows a base with its revisions to come again,
        # nor one that does again what is given up here.
        _prepare(copy, base.file, base.header.revision, now)
        put_back(copy, base.file)

    await bases.close_base(school)
    try:
        await _in_thread(school, exchange)
    finally:
        await bases.open_base(school, base.file)
    reopened = school.base
    assert reopened is not None
    await school.journal.record("exclusive.discarded", session.name, session.address)
    exclusive_use.broadcast(
        school, BaseChanged(revision=reopened.header.revision, what=(kept.EVERYTHING,))
    )


def _prepare(copy: Path, given_up: Path, revision: int, now: datetime) -> None:
    with saying_it_in_our_words(), writing_engine(given_up).connect() as conn, conn.begin():
        keys = kept.answers_of(conn)
    with saying_it_in_our_words(), writing_engine(copy).connect() as conn:
        with conn.begin():
            kept.pass_revision(conn, revision, now)
            kept.give_up_answers(conn, keys)
        checkpoint(conn)


async def _in_thread(school: School, function: Callable[[], T]) -> T:
    if school.inline:
        return function()
    return await trio.to_thread.run_sync(function)
