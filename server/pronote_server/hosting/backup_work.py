"""Backups as long work: begun by whoever asks at a door, done one after the other."""

from __future__ import annotations

from typing import Any

import attrs

from pronote_server.hosting import backups
from pronote_server.hosting.backup_making import make
from pronote_server.hosting.backup_opening import open_backup, undo_opening
from pronote_server.hosting.long_work import Report, Work
from pronote_server.hosting.school import School
from pronote_server.storage.backup_folder import BackupFile
from pronote_server.storage.packages import PackageKind

__all__ = ["begin_making", "begin_opening", "begin_proof", "begin_undoing"]


def begin_making(school: School, *, archive: bool, by: str, address: str | None = None) -> Work:
    """
    Begin to make a backup, or an archive.

    Raises:
        Conflict: Too much waits already.
    """
    kind = PackageKind.ARCHIVE if archive else PackageKind.BACKUP

    async def run(report: Report) -> dict[str, Any]:
        return _report(await make(school, kind, by=by, address=address, report=report))

    return school.backups.work.begin(f"{kind.value}.make", by, run)


def begin_proof(school: School, name: str, *, by: str, address: str | None = None) -> Work:
    """Begin to prove one of the list."""

    async def run(report: Report) -> dict[str, Any]:
        return _report(await backups.prove(school, name, by=by, address=address, report=report))

    return school.backups.work.begin("backup.prove", by, run)


def begin_opening(
    school: School, name: str, *, confirm: bool, by: str, address: str | None = None
) -> Work:
    """Begin to open one of the list."""

    async def run(report: Report) -> dict[str, Any]:
        opened = await open_backup(
            school, name, confirm=confirm, by=by, address=address, report=report
        )
        return attrs.asdict(opened)

    return school.backups.work.begin("backup.open", by, run)


def begin_undoing(
    school: School, *, confirm: bool, by: str, address: str | None = None
) -> Work:
    """Begin to take the last opening back."""

    async def run(report: Report) -> dict[str, Any]:
        undone = await undo_opening(
            school, confirm=confirm, by=by, address=address, report=report
        )
        return attrs.asdict(undone)

    return school.backups.work.begin("backup.undo", by, run)


def _report(file: BackupFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "kind": file.kind.value,
        "made_at": file.made_at,
        "size": file.size,
        "base": file.base,
        "proven_at": file.proven_at,
        "counters": dict(file.counters),
    }
