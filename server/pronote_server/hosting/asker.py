"""Who asks for a change, and the line this leaves in the journal with the change itself."""

from __future__ import annotations

import attrs
from sqlalchemy import Connection

from pronote_server.domain.accounts import Account
from pronote_server.hosting.school import School
from pronote_server.storage import accounts as kept
from pronote_server.storage.journal import JournalEntry, append_journal

__all__ = ["Asker", "entry", "update_account"]


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


async def update_account(
    school: School, account: Account, kind: str, asker: Asker, **details: object
) -> None:
    """Write *account* and its line in the journal, then show it in the directory."""
    line = entry(school, kind, asker, {"login": account.login, **details})

    def write(conn: Connection) -> None:
        kept.update_account(conn, account)
        append_journal(conn, line)

    await school.records.write(write)
    school.directory.put(account)
