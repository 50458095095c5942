"""Backups and archives (fiche 9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pronote_client.families.bases import Works
from pronote_client.families.family import Asks, Family
from pronote_protocol.catalogue import backups as calls
from pronote_protocol.catalogue.backups import (
    BackupRow,
    BackupShown,
    BackupsShown,
    OpeningPreview,
)
from pronote_protocol.catalogue.works import WorkShown

__all__ = ["Backups"]

Told = Callable[[WorkShown], object]


class Backups(Family):
    """
    What the school has to go back to.

    Making one, opening one and proving one take their time: *told* hears how far it is. When
    the connection is cut meanwhile, it goes on all the same; look at the list.
    """

    def __init__(self, client: Asks) -> None:
        super().__init__(client)
        self._works = Works(client)

    async def list(self, *, offset: int = 0, limit: int = 100) -> BackupsShown:
        """Return part of the list, newest first, with what failed and what can be undone."""
        return await self._call(
            calls.LIST_BACKUPS, calls.ListBackups(offset=offset, limit=limit)
        )

    async def list_all(self) -> tuple[BackupRow, ...]:
        """Return the whole list."""
        rows: list[BackupRow] = []
        while True:
            page = await self.list(offset=len(rows))
            rows += page.rows
            if not page.rows or len(rows) >= page.total:
                return tuple(rows)

    async def show(self, name: str) -> BackupShown:
        """Return one of them with its counters."""
        return await self._call(calls.SHOW_BACKUP, calls.BackupRef(name=name))

    async def preview(self, name: str) -> OpeningPreview:
        """Return what opening it would lose."""
        return await self._call(calls.PREVIEW_OPENING, calls.BackupRef(name=name))

    async def make(self, *, archive: bool = False, told: Told | None = None) -> dict[str, Any]:
        """
        Make a backup, or an archive with the documents; return its name, size and proof.

        Raises:
            Conflict: No base is loaded.
            DiskFailed, NoSpace: It could not be written; nothing was changed.
        """
        begun = await self._call(calls.MAKE_BACKUP, calls.MakeBackup(archive=archive))
        return await self._report(begun, told)

    async def prove(self, name: str, *, told: Told | None = None) -> dict[str, Any]:
        """
        Have it read to its end, and its base checked.

        Raises:
            BaseRefused: It cannot be opened any more.
        """
        begun = await self._call(calls.PROVE_BACKUP, calls.BackupRef(name=name))
        return await self._report(begun, told)

    async def open(
        self, name: str, *, confirm: bool = False, told: Told | None = None
    ) -> dict[str, Any]:
        """
        Replace the base that is loaded by that of a backup; it is to be put in service.

        In mode hosting, with the server stopped. Returns ``name``, ``base``, the archive
        ``safety`` to which `undo` goes back, ``entries_lost``, ``missing_documents``.

        Args:
            confirm: What `preview` says would be lost may be.

        Raises:
            Conflict: The server is not stopped, or it must be confirmed.
            BaseRefused: The file is damaged, foreign or newer; nothing was changed.
        """
        wish = calls.OpenBackup(name=name, confirm=confirm)
        return await self._report(await self._call(calls.OPEN_BACKUP, wish), told)

    async def undo(self, *, confirm: bool = False, told: Told | None = None) -> dict[str, Any]:
        """
        Take the last opening back; once.

        Raises:
            Conflict: There is nothing to take back, or it must be confirmed.
        """
        begun = await self._call(calls.UNDO_OPENING, calls.UndoOpening(confirm=confirm))
        return await self._report(begun, told)

    async def _report(self, begun: WorkShown, told: Told | None) -> dict[str, Any]:
        return (await self._works.finish(begun.work, told)).report
