"""
Work under exclusive use that can be given up: begin, then save or discard.

At the beginning a copy of the base is made, once everything that was being entered is in it.
To save is to forget the copy; to discard is to put it back. A holder who just goes has saved:
what he entered was acknowledged, one entry at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import trio
from sqlalchemy import Connection

from pronote_protocol.errors import Conflict
from pronote_protocol.messages import BaseChanged
from pronote_server.domain.sessions import Session
from pronote_server.hosting import bases, exclusive_use
from pronote_server.hosting.school import OpenBase, School
from pronote_server.storage import base_file
from pronote_server.storage import base_writes as kept
from pronote_server.storage.copying import copy_database, put_back

__all__ = ["begin", "end"]

# A base of a hundred megabytes is copied in a second.
_PUT_BACK_SECONDS = 60.0


async def begin(school: School, session: Session) -> None:
    """
    Give *session* the base for itself, with the way back.

    Raises:
        ExclusiveUse, Conflict: Somebody has it.
        StorageFailed: The copy cannot be made; nobody has it then.
    """
    base = school.base_in_service()
    exclusive_use.begin_exclusive(school, session)
    try:
        # Behind what was queued before the others were made to read only.
        await base.database.write(lambda conn: None)
        await _in_thread(school, copy_database, base.file, _copy_of(base))
    except BaseException:
        if session.exclusive:
            exclusive_use.end_exclusive(school, session)
        raise


async def end(school: School, session: Session, *, save: bool) -> None:
    """
    End it, keeping or giving up what was changed meanwhile.

    Raises:
        Conflict: This session does not have it, or there is no way back any more.
    """
    if school.exclusive.holder != session.id:
        exclusive_use.end_exclusive(school, session)  # says why not
    base = school.base_in_service()
    copy = _copy_of(base)
    if save:
        await trio.Path(copy).unlink(missing_ok=True)
    else:
        if not await trio.Path(copy).exists():
            raise Conflict(
                "Il n'y a pas de copie à laquelle revenir.", "There is no copy to go back to."
            )
        with trio.fail_after(_PUT_BACK_SECONDS, shield=True):
            await _give_back(school, session, base, copy)
    exclusive_use.end_exclusive(school, session)


async def _give_back(school: School, session: Session, base: OpenBase, copy: Path) -> None:
    revision = base.header.revision
    await bases.close_base(school)
    await _in_thread(school, put_back, copy, base.file)
    await bases.open_base(school, base.file)
    reopened = school.base
    assert reopened is not None
    now = school.now()

    def renumber(conn: Connection) -> base_file.BaseHeader:
        # What clients remember of later revisions must not come true a second time.
        while (given := kept.bump_revision(conn, now)) <= revision:
            pass
        kept.log_change(conn, [kept.Change(given, kept.EVERYTHING, "", "all")])
        return base_file.read_header(conn)

    header = await reopened.database.write(renumber)
    school.base = attrs.evolve(reopened, header=header)
    await school.journal.record("exclusive.discarded", session.name, session.address)
    exclusive_use.broadcast(
        school, BaseChanged(revision=header.revision, what=(kept.EVERYTHING,))
    )


def _copy_of(base: OpenBase) -> Path:
    return base.file.with_name(f".{base.file.name}.before")


async def _in_thread(
    school: School, function: Callable[[Path, Path], None], one: Path, other: Path
) -> None:
    if school.inline:
        function(one, other)
    else:
        await trio.to_thread.run_sync(function, one, other)
