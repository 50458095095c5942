"""
Making backups and archives while clients work (fiche 9).

The base is copied as it is at one moment, packed, and proven before it takes its name: read to
the last byte, opened, every page and reference checked, counted. Until then nothing of before
is touched. All of it in a thread; what is slow there (copying, packing, hashing, checking)
leaves the loop alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import attrs
import structlog
import trio
from sqlalchemy import Connection

from pronote_protocol.errors import Conflict
from pronote_server.hosting.backup_failures import tell_failure, tell_success
from pronote_server.hosting.backup_place import Failure, Teller
from pronote_server.hosting.journal import SERVER
from pronote_server.hosting.long_work import Report, in_refusals
from pronote_server.hosting.school import OpenBase, School
from pronote_server.hosting.school_time import local
from pronote_server.storage.backup_folder import (
    BackupFile,
    BackupFolder,
    archive_name,
    backup_file,
)
from pronote_server.storage.base_proof import survey_base
from pronote_server.storage.copying import copy_pages
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.errors import BaseFileRefused, StorageError, StorageFailed
from pronote_server.storage.packages import (
    BASE_MEMBER,
    Manifest,
    Member,
    PackageKind,
    document_member,
    prove_package,
    write_package,
)
from pronote_server.storage.settings import get_setting
from pronote_server.storage.whole_files import draft_of, saying_what_the_disk_said

__all__ = [
    "UNDO",
    "is_missed",
    "loaded_base",
    "make",
    "make_if_changed",
    "make_missed",
    "pack",
]

log = structlog.get_logger()

# The setting that says what the last opening of a backup can be taken back to.
UNDO: Final = "backups.undo"
_CLEANING_SECONDS: Final = 30.0


async def make(
    school: School,
    kind: PackageKind,
    *,
    by: str = SERVER,
    address: str | None = None,
    at: datetime | None = None,
    report: Report | None = None,
) -> BackupFile:
    """
    Make a backup, or an archive, of the base that is loaded.

    Args:
        at: What it is dated; the present, unless it was due before.

    Raises:
        Conflict: No base is loaded.
        StorageFailed: The disk said no. Nothing changed; it is told in the journal and in
            the list.
        BaseFileRefused: The base itself is damaged; likewise.
    """
    made = await _make_unless(school, kind, None, by=by, address=address, at=at, report=report)
    assert made is not None, "nothing was said against it"
    return made


async def make_if_changed(school: School, *, at: datetime) -> BackupFile | None:
    """Make a backup unless the newest one of this base holds all of it already."""
    return await _make_unless(school, PackageKind.BACKUP, _holds_all, at=at)


async def make_missed(school: School, kind: PackageKind, due: datetime) -> BackupFile | None:
    """Make what was due at *due*, dated now, unless it was made since or nothing is lost."""
    missed = partial(is_missed, kind=kind, due=due)
    return await _make_unless(
        school, kind, lambda base, files: not missed(base, files), missed=due
    )


def is_missed(
    base: OpenBase, files: list[BackupFile], *, kind: PackageKind, due: datetime
) -> bool:
    """
    Return whether what was due at *due* is missing among *files*, which are newest first.

    A base that is younger was not there to be copied; an entry that a backup holds is not
    copied twice.
    """
    created = base.header.created_at
    if created > due:
        return False
    made = (
        each.made_at >= due
        for each in files
        if (each.kind, each.created_at) == (kind, created) and each.proven_at is not None
    )
    return not any(made) and not (kind is PackageKind.BACKUP and _holds_all(base, files))


def _holds_all(base: OpenBase, files: list[BackupFile]) -> bool:
    header = base.header
    for each in files:
        if each.kind is PackageKind.BACKUP and each.created_at == header.created_at:
            return each.revision == header.revision and each.proven_at is not None
    return False


async def _make_unless(
    school: School,
    kind: PackageKind,
    needless: Callable[[OpenBase, list[BackupFile]], bool] | None,
    *,
    by: str = SERVER,
    address: str | None = None,
    at: datetime | None = None,
    report: Report | None = None,
    missed: datetime | None = None,
) -> BackupFile | None:
    """
    Make one, unless *needless* says of the base and the list that it need not be.

    It is asked in one's turn: what somebody made meanwhile is in the list.

    Args:
        missed: When it was due, for the journal.
    """
    place = school.backups
    async with place.making:
        if needless is not None:
            base = loaded_base(school)
            if needless(base, await school.in_thread(place.folder.files)):
                return None
        at = at or school.now()
        try:
            made, gone = await _make(school, kind, at, Teller(report, school.inline))
        except StorageError as error:
            await _tell_failure(school, kind, at, by, address, error)
            raise
        # Before somebody else's turn, who may fail.
        await tell_success(
            school,
            kind.value,
            by=by,
            address=address,
            name=made.name,
            bytes=made.size,
            removed=len(gone) or None,
            missed=None if missed is None else missed.isoformat(),
        )
    return made


def loaded_base(school: School) -> OpenBase:
    """
    Raises:
        Conflict: There is none.
    """
    if school.base is None:
        raise Conflict("Aucune base n'est chargée.", "No base is loaded.")
    return school.base


async def _make(
    school: School, kind: PackageKind, at: datetime, teller: Teller
) -> tuple[BackupFile, list[str]]:
    folder = school.backups.folder
    scratch = draft_of(folder.folder / "copy")
    kept = await school.records.read(_kept_for_undo)
    try:
        # Only while it is copied; packing it may take its time.
        async with school.copying:
            file = loaded_base(school).file
            await school.in_thread(partial(_copy, folder, file, scratch, teller))
        packing = partial(
            pack, folder, scratch / BASE_MEMBER, file, kind, school.rne, at, teller, keep=kept
        )
        return await school.in_thread(packing)
    finally:
        with trio.move_on_after(_CLEANING_SECONDS, shield=True):
            await school.in_thread(partial(shutil.rmtree, scratch, ignore_errors=True))


def _kept_for_undo(conn: Connection) -> tuple[str, ...]:
    said = get_setting(conn, UNDO)
    return () if said is None else (said["safety"],)


def _copy(folder: BackupFolder, base: Path, scratch: Path, teller: Teller) -> None:
    with saying_what_the_disk_said():
        folder.disk.make_folder(scratch)
        copy_pages(
            base, scratch / BASE_MEMBER, disk=folder.disk, progress=teller.progress("copy")
        )


def pack(
    folder: BackupFolder,
    copy: Path,
    base: Path,
    kind: PackageKind,
    rne: str,
    at: datetime,
    teller: Teller,
    *,
    name: str | None = None,
    keep: tuple[str, ...] = (),
) -> tuple[BackupFile, list[str]]:
    """
    Pack the *copy* of *base* into a backup or archive, prove it, put it in its place. Blocks.

    Args:
        name: Of the new file; by default the next of the ring, or that of an archive.
        keep: Names that are not removed, however old.

    Returns:
        It, and the names of those that were too old and went.

    Raises:
        StorageFailed, BaseFileRefused: As for `make`.
    """
    found = survey_base(copy)
    header = found.header
    members = [Member(BASE_MEMBER, copy)]
    counters = attrs.asdict(found.counters)
    if kind is PackageKind.ARCHIVE:
        documents = DocumentFiles.beside(base)
        paths = {each: documents.path_of(each) for each in sorted(found.documents)}
        members += [
            Member(document_member(each), path, compress=False)
            for each, path in paths.items()
            if path.exists()
        ]
        counters["missing_documents"] = len(paths) - (len(members) - 1)
        usual = archive_name(header.name, header.school_year, local(at))
        name = name or folder.free_name(usual)
    else:
        name = name or folder.next_in_ring(header.name, header.school_year)
    proven: list[BackupFile] = []

    def prove(draft: Path) -> None:
        proof = prove_package(
            draft, folder.key, disk=folder.disk, progress=teller.progress("prove")
        )
        made = backup_file(draft, proof.manifest, name=name, proven_at=at)
        # Before the file has its name: whatever is there is known, or proven again.
        folder.remember(made)
        proven.append(made)

    write_package(
        folder.folder / name,
        Manifest.of_base(kind, header, rne=rne, made_at=at, counters=counters),
        members,
        disk=folder.disk,
        key=folder.key,
        progress=teller.progress("pack"),
        check=prove,
    )
    try:
        gone = folder.prune(at, proven[0], keep)
    except StorageFailed as failed:
        # The new one is there; the old ones go with the next.
        log.warning("backups.not_pruned", error=failed.code)
        gone = []
    return proven[0], gone


async def _tell_failure(
    school: School,
    kind: PackageKind,
    at: datetime,
    by: str,
    address: str | None,
    error: StorageError,
) -> None:
    damaged = isinstance(error, BaseFileRefused)
    log.warning("backup.failed", kind=kind.value, error=str(error), damaged=damaged or None)
    failure = Failure(kind=kind.value, at=at, refusal=in_refusals(error))
    await tell_failure(school, failure, by=by, address=address)
