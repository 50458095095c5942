"""
The journal (*Historique*): what happened to the school's service, who did it, from where.

Entries are ``noun.what_happened``. They hold no password, no token, no pupil's name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from sqlalchemy import Connection

from pronote_server.clock import Clock
from pronote_server.storage.database import Database
from pronote_server.storage.journal import JournalEntry, append_journal, journal_page

__all__ = ["SERVER", "Journal"]

# The actor of what nobody asked for: starts, expiries, suspensions.
SERVER = "serveur"


@attrs.frozen
class Journal:
    """The journal of one school; entries are never changed."""

    _records: Database
    _clock: Clock

    def note(
        self,
        kind: str,
        actor: str,
        address: str | None = None,
        *,
        together: Callable[[Connection], None] | None = None,
        **details: Any,
    ) -> None:
        """
        Add an entry without waiting, for what is frequent: sessions beginning and ending.

        It is on disk with the next write, and soon if there is none; a power cut may lose
        it, and a queue that is full drops it with a warning in the log.

        Args:
            together: A command that is kept or lost with it.
        """
        entry = self._entry(kind, actor, address, details)

        def write(conn: Connection) -> None:
            append_journal(conn, entry)
            if together is not None:
                together(conn)

        self._records.post(write)

    async def record(
        self, kind: str, actor: str, address: str | None = None, **details: Any
    ) -> None:
        """Add an entry, and return once it is on disk: for what an administrator did."""
        entry = self._entry(kind, actor, address, details)
        await self._records.write(lambda conn: append_journal(conn, entry))

    async def read(
        self, *, before: int | None, limit: int, kind: str | None, search: str | None
    ) -> tuple[list[JournalEntry], int | None]:
        """
        Return entries newest first, and where to go on (None at the end).

        What was noted before is among them.
        """
        await self._records.posted()
        return await self._records.read(
            lambda conn: journal_page(conn, before, limit, kind, search)
        )

    def _entry(
        self, kind: str, actor: str, address: str | None, details: dict[str, Any]
    ) -> JournalEntry:
        return JournalEntry(
            id=0,
            at=self._clock.now(),
            kind=kind,
            actor=actor,
            address=address,
            details={name: value for name, value in details.items() if value is not None},
        )
