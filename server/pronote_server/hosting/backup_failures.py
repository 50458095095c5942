"""
The last backup or archive that could not be made, of each kind, until one is made again.

It is kept in the school's records, with its line in the journal: the list of backups tells it
after a restart too. A disk that takes neither leaves it in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import Connection

from pronote_protocol.errors import Refused, refusal_from_wire
from pronote_server.hosting.asker import Asker, entry
from pronote_server.hosting.backup_place import Failure
from pronote_server.hosting.school import School
from pronote_server.storage.errors import StorageError
from pronote_server.storage.journal import append_journal
from pronote_server.storage.settings import get_setting, put_setting

__all__ = ["read_failures", "tell_failure", "tell_success"]

log = structlog.get_logger()

_FAILURES: Final = "backups.failures"


def read_failures(conn: Connection) -> dict[str, Failure]:
    """Return the failures that are kept, by kind."""
    return {kind: _from_plain(kind, said) for kind, said in _kept(conn).items()}


async def tell_failure(
    school: School, failure: Failure, *, by: str, address: str | None
) -> None:
    """Put *failure* into the list and the journal, as far as the disk takes it."""
    school.backups.failures[failure.kind] = failure
    refusal = failure.refusal
    line = entry(
        school,
        f"{failure.kind}.failed",
        Asker(by, address),
        {"code": refusal.code, "reason": refusal.fr},
    )

    def write(conn: Connection) -> None:
        put_setting(conn, _FAILURES, {**_kept(conn), failure.kind: _plain(failure)})
        append_journal(conn, line)

    try:
        await school.records.write(write)
    except StorageError as failed:
        log.warning("backup.failure_not_journalled", error=str(failed))


async def tell_success(
    school: School, kind: str, *, by: str, address: str | None, **details: Any
) -> None:
    """
    Put what was made into the journal, and forget the failure before.

    Raises:
        StorageError: The disk said no; the list no longer tells the failure all the same,
            until a restart.
    """
    school.backups.failures.pop(kind, None)
    said = {name: value for name, value in details.items() if value is not None}
    line = entry(school, f"{kind}.made", Asker(by, address), said)

    def write(conn: Connection) -> None:
        kept = _kept(conn)
        if kept.pop(kind, None) is not None:
            put_setting(conn, _FAILURES, kept)
        append_journal(conn, line)

    await school.records.write(write)


def _kept(conn: Connection) -> dict[str, dict[str, Any]]:
    return dict(get_setting(conn, _FAILURES, {}))


def _plain(failure: Failure) -> dict[str, Any]:
    refusal = failure.refusal
    return {
        "at": failure.at.isoformat(),
        "code": refusal.code,
        "fr": refusal.fr,
        "en": refusal.en,
        "details": dict(refusal.details),
    }


def _from_plain(kind: str, said: Mapping[str, Any]) -> Failure:
    refusal: Refused = refusal_from_wire(
        said["code"], said["fr"], said["en"], details=said["details"]
    )
    return Failure(kind=kind, at=datetime.fromisoformat(said["at"]), refusal=refusal)
