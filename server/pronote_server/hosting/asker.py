"""
Changes of the directory: who asks for one, the line it leaves in the journal, and its step.

A change is found, checked, written and shown under `changing_directory`, which lets one in at
a time: two changes of one account never work on the same copy of it, and none is shown of an
account that is gone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import trio
from sqlalchemy import Connection

from pronote_server.domain.accounts import Account
from pronote_server.hosting.school import School
from pronote_server.storage import accounts as kept
from pronote_server.storage.journal import JournalEntry, append_journal

__all__ = ["Asker", "changing_directory", "entry", "update_account"]

# A commit takes milliseconds; this bounds a disk that hangs.
_COMMIT_SECONDS = 30.0


@attrs.frozen
class Asker:
    """Who asks for a change, for the journal and for what only some may do."""

    name: str
    address: str | None
    may_name_superadministrators: bool = False


def entry(school: School, kind: str, asker: Asker, details: dict[str, object]) -> JournalEntry:
    """Return a line for the journal, to be written in the transaction of the change."""
    return JournalEntry(
        id=0,
        at=school.clock.now(),
        kind=kind,
        actor=asker.name,
        address=asker.address,
        details=details,
    )


@asynccontextmanager
async def changing_directory(school: School) -> AsyncIterator[None]:
    """
    Let one change of the directory happen at a time, and to its end.

    What is written is shown: whoever asked may leave meanwhile, be kicked or be disabled, but
    the directory in memory never misses what is on disk.

    Raises:
        TooSlowError: The disk hangs.
    """
    async with school.directory_lock:
        with trio.fail_after(_COMMIT_SECONDS, shield=True):
            yield


async def update_account(
    school: School, account: Account, kind: str, asker: Asker, **details: object
) -> None:
    """
    Write *account* and its line in the journal, then show it in the directory.

    Only under `changing_directory`.
    """
    line = entry(school, kind, asker, {"login": account.login, **details})

    def write(conn: Connection) -> None:
        kept.update_account(conn, account)
        append_journal(conn, line)

    await school.records.write(write)
    school.directory.put(account)
