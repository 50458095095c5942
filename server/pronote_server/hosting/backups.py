"""
The list of backups and archives, what is in one, what opening it would lose (fiche 9).

`backup_making` makes them, `backup_opening` opens them.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from sqlalchemy import Connection, func, select

from pronote_protocol.errors import NotFound
from pronote_server.hosting.backup_making import UNDO
from pronote_server.hosting.backup_place import Failure, Teller
from pronote_server.hosting.long_work import Report
from pronote_server.hosting.school import School
from pronote_server.storage.backup_folder import BackupFile, backup_file
from pronote_server.storage.base_file import counters
from pronote_server.storage.base_schema import audit
from pronote_server.storage.errors import BaseFileRefused
from pronote_server.storage.packages import prove_package
from pronote_server.storage.settings import get_setting

__all__ = [
    "BackupList",
    "Preview",
    "Undo",
    "list_backups",
    "path_of",
    "preview_opening",
    "prove",
    "show_backup",
    "undo_of",
]


@attrs.frozen(kw_only=True)
class Undo:
    """
    The last opening can be taken back.

    Attributes:
        safety: The archive that was made before.
        opened: What was opened.
        at: When.
        file: Of the base that is loaded since.
        replaced: Of the base that was loaded, if another one; it is among the other bases.
    """

    safety: str
    opened: str
    at: datetime
    file: str
    replaced: str | None = None


@attrs.frozen(kw_only=True)
class BackupList:
    """``files`` are newest first; ``failures`` are those after which nothing was made yet."""

    files: list[BackupFile]
    failures: list[Failure]
    undo: Undo | None


@attrs.frozen(kw_only=True)
class Preview:
    """
    What opening *file* would change.

    Attributes:
        loaded: Name of the base that is loaded; None when there is none.
        same_base: Whether the file holds that base, at an earlier time.
        entries: How many changes were entered since; of another base none: the one that is
            loaded stays among the other bases.
        first_at, last_at: When the first and the last of them were.
        now: The counters of the base that is loaded.
    """

    file: BackupFile
    loaded: str | None
    same_base: bool
    entries: int
    first_at: datetime | None
    last_at: datetime | None
    now: dict[str, int]

    @property
    def loses(self) -> bool:
        """Whether something would be lost, or another base loaded: it must be confirmed."""
        return self.entries > 0 or (self.loaded is not None and not self.same_base)


async def list_backups(school: School) -> BackupList:
    """
    Raises:
        StorageFailed: The disk said no.
    """
    place = school.backups
    return BackupList(
        files=await school.in_thread(place.folder.files),
        failures=list(place.failures.values()),
        undo=await undo_of(school),
    )


async def show_backup(school: School, name: str) -> BackupFile:
    """
    Return one of the list, with the counters its manifest tells.

    Raises:
        NotFound: There is none of that name.
        StorageFailed: The disk said no.
    """
    files = await school.in_thread(school.backups.folder.files)
    found = next((each for each in files if each.name == name), None)
    if found is None:
        raise NotFound(what=name)
    return found


async def preview_opening(school: School, name: str) -> Preview:
    """
    Say what opening that file would lose; nothing is changed.

    Raises:
        NotFound: There is none of that name.
        BaseFileRefused: It cannot be opened, as far as can be told without reading it all.
    """
    file = await show_backup(school, name)
    if file.problem is not None:
        raise BaseFileRefused(file.problem, file.problem)
    base = school.base
    if base is None:
        return Preview(
            file=file,
            loaded=None,
            same_base=False,
            entries=0,
            first_at=None,
            last_at=None,
            now={},
        )
    same = file.created_at == base.header.created_at
    since = -1 if file.revision is None else file.revision

    def ask(conn: Connection) -> tuple[Any, dict[str, int]]:
        if not same:
            return (0, None, None), attrs.asdict(counters(conn))
        at = audit.c.at
        lost = select(func.count(), func.min(at), func.max(at)).where(audit.c.revision > since)
        return conn.execute(lost).one(), attrs.asdict(counters(conn))

    (entries, first, last), now = await base.database.read(ask)
    return Preview(
        file=file,
        loaded=base.header.name,
        same_base=same,
        entries=entries,
        first_at=first,
        last_at=last,
        now=now,
    )


async def prove(
    school: School,
    name: str,
    *,
    by: str,
    address: str | None = None,
    report: Report | None = None,
) -> BackupFile:
    """
    Read one of the list to its end, and check the base in it; the list tells what was found.

    Raises:
        NotFound: There is none of that name.
        BaseFileRefused: It cannot be opened any more.
        StorageFailed: The disk said no.
    """
    place, now = school.backups, school.now()
    path = await path_of(school, name)
    teller = Teller(report, school.inline)

    def read() -> BackupFile:
        folder = place.folder
        try:
            proof = prove_package(
                path, folder.key, disk=folder.disk, progress=teller.progress("prove")
            )
        except BaseFileRefused as refusal:
            known = next(each for each in folder.files() if each.name == name)
            folder.remember(attrs.evolve(known, proven_at=None, problem=refusal.fr))
            raise
        found = backup_file(path, proof.manifest, proven_at=now)
        folder.remember(found)
        return found

    async with place.making:
        try:
            found = await school.in_thread(read)
        except BaseFileRefused as refusal:
            await school.journal.record(
                "backup.refused", by, address, name=name, reason=refusal.fr
            )
            raise
    await school.journal.record("backup.proven", by, address, name=name)
    return found


async def undo_of(school: School) -> Undo | None:
    """Return what the last opening can be taken back to."""
    said = await school.records.read(lambda conn: get_setting(conn, UNDO))
    if said is None:
        return None
    return Undo(**{**said, "at": datetime.fromisoformat(said["at"])})


async def path_of(school: School, name: str) -> Path:
    """
    Return the file of that name; whatever else a name may lead to is none of the list.

    Raises:
        NotFound: There is none.
    """
    path = await school.in_thread(partial(school.backups.folder.path_of, name))
    if path is None:
        raise NotFound(what=name)
    return path
