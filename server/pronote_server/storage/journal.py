"""
The lines of the journal (*Historique*): written once, never changed, read newest first.

The database itself refuses to change or delete a line. The one way out is `purge_journal`,
for lines whose legal time is over.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import attrs
from sqlalchemy import Connection, delete, insert, select

from pronote_server.domain.search import fold
from pronote_server.storage.prepared import Prepared
from pronote_server.storage.school_schema import journal, journal_purge

__all__ = ["JournalEntry", "append_journal", "journal_page", "purge_journal"]


@attrs.frozen(kw_only=True)
class JournalEntry:
    """
    One line.

    Attributes:
        id: Grows with every line; 0 in one that is not written yet.
        at: School time, aware.
        kind: ``noun.what_happened``.
        actor: Who did it, by the name lists show; ``serveur`` when nobody asked.
        address: From where, when it came by the network.
        details: Values JSON can say. No password, no token, no pupil's name.
    """

    id: int
    at: datetime
    kind: str
    actor: str
    address: str | None = None
    details: dict[str, Any] = attrs.field(factory=dict)


# Every login executes it twice.
_APPEND: Final = Prepared(insert(journal))


def append_journal(conn: Connection, entry: JournalEntry) -> None:
    """Write *entry* at the end, where it gets an id; the one it had does not count."""
    line = {
        "at": entry.at,
        "kind": entry.kind,
        "actor": entry.actor,
        "address": entry.address,
        "details": entry.details,
        "search": fold(" ".join(_words_of(entry))),
    }
    _APPEND.run(conn, (line,))


def journal_page(
    conn: Connection,
    before_id: int | None,
    limit: int,
    kind: str | None = None,
    search: str | None = None,
) -> tuple[list[JournalEntry], int | None]:
    """
    Return at most *limit* lines, newest first, and what to give as *before_id* to go on.

    Pages never shift when lines are added meanwhile. The second is None at the end.

    Args:
        kind: ``session.began`` for exactly that; ``session`` for everything about one.
        search: Words, in any order, without regard to case and accents.
    """
    wanted = select(journal).order_by(journal.c.id.desc()).limit(limit + 1)
    if before_id is not None:
        wanted = wanted.where(journal.c.id < before_id)
    if kind is not None:
        whole = journal.c.kind == kind
        wanted = wanted.where(
            whole
            if "." in kind
            else whole | journal.c.kind.startswith(f"{kind}.", autoescape=True)
        )
    for word in fold(search or "").split():
        wanted = wanted.where(journal.c.search.contains(word, autoescape=True))
    entries = [
        JournalEntry(
            id=row.id,
            at=row.at,
            kind=row.kind,
            actor=row.actor,
            address=row.address,
            details=row.details,
        )
        for row in conn.execute(wanted)
    ]
    more = len(entries) > limit
    del entries[limit:]
    return entries, entries[-1].id if more and entries else None


def purge_journal(conn: Connection, before: datetime) -> int:
    """
    Delete the lines older than *before* and return how many there were.

    The caller leaves a line saying so.
    """
    conn.execute(insert(journal_purge), {"before": before})
    gone = conn.execute(delete(journal).where(journal.c.at < before)).rowcount
    conn.execute(delete(journal_purge))
    return gone


def _words_of(entry: JournalEntry) -> Iterator[str]:
    yield from (entry.kind, entry.actor, entry.address or "")
    yield from itertools.chain.from_iterable(map(_texts, entry.details.values()))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        yield from itertools.chain.from_iterable(map(_texts, value))
    elif value is not None:
        yield str(value)
