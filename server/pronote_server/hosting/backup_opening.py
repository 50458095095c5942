"""
Opening a backup or an archive (fiche 9), and taking it back.

It replaces the base that is loaded, which must then be put in service. Before, it is said what
would be lost, and a safety copy is made, with its documents: the opening can be taken back,
once. A file that is damaged, foreign, newer or hostile is refused, and nothing changes.

What holds another base than the one that is loaded gets a file of its own; the one that was
loaded stays among the other bases, and taking the opening back opens it again.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import trio

from pronote_protocol.errors import Conflict
from pronote_server.domain.base_states import BaseCommand, begin
from pronote_server.hosting.backup_making import UNDO, loaded_base, pack
from pronote_server.hosting.backup_place import Teller
from pronote_server.hosting.backups import Preview, Undo, path_of, preview_opening, undo_of
from pronote_server.hosting.base_places import bases_folder, free_path
from pronote_server.hosting.base_replacement import open_instead, replace_base
from pronote_server.hosting.long_work import Report
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import local
from pronote_server.storage.backup_folder import BackupFolder, archive_name
from pronote_server.storage.copying import copy_pages
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.packages import (
    BASE_MEMBER,
    Manifest,
    PackageKind,
    PackageRefused,
    prove_unpacked,
    sha256_of_document,
    unpack_package,
)
from pronote_server.storage.settings import get_setting
from pronote_server.storage.whole_files import draft_of, saying_what_the_disk_said

__all__ = ["Opened", "open_backup", "undo_opening"]

_OPENED: Final = frozenset({PackageKind.BACKUP, PackageKind.ARCHIVE})
# In the name of an archive that was made before a backup was opened.
_SAFETY: Final = "avant_ouverture"
_KEEPING_SECONDS: Final = 30.0


@attrs.frozen(kw_only=True)
class Opened:
    """
    What was done.

    Attributes:
        safety: The archive the opening can be taken back to; None when no base was loaded.
        missing_documents: How many the base refers to that are neither in the file nor kept.
    """

    name: str
    base: str
    safety: str | None
    entries_lost: int
    missing_documents: int


async def open_backup(
    school: School,
    name: str,
    *,
    confirm: bool = False,
    by: str,
    address: str | None = None,
    report: Report | None = None,
) -> Opened:
    """
    Make the base in that file the one that is loaded; it is to be put in service.

    Args:
        confirm: What `preview_opening` says would be lost may be.

    Raises:
        NotFound: There is none of that name.
        Conflict: The server is not stopped, or something would be lost and was not confirmed.
        BaseFileRefused: It is damaged, foreign, newer or hostile; nothing is changed.
        StorageFailed: The disk said no; likewise.
    """
    return await _replace(
        school, name, confirm=confirm, undoing=None, by=by, address=address, report=report
    )


async def undo_opening(
    school: School,
    *,
    confirm: bool = False,
    by: str,
    address: str | None = None,
    report: Report | None = None,
) -> Opened:
    """
    Take the last opening back: the base is as it was before. Once.

    Raises:
        Conflict: There is nothing to take back; or as for `open_backup`, whose other
            refusals come out too.
    """
    undo = await undo_of(school)
    if undo is None:
        raise Conflict(
            "Il n'y a pas d'ouverture de sauvegarde à annuler.",
            "There is no opening of a backup to take back.",
        )
    if school.base is not None and school.base.file.name != undo.file:
        raise Conflict(
            "Une autre base a été chargée depuis.", "Another base has been loaded since."
        )
    if undo.replaced is not None:
        again = await _open_again(school, undo, undo.replaced, by=by, address=address)
        if again is not None:
            return again
    return await _replace(
        school,
        undo.safety,
        confirm=confirm,
        undoing=undo,
        by=by,
        address=address,
        report=report,
    )


async def _open_again(
    school: School, undo: Undo, replaced: str, *, by: str, address: str | None
) -> Opened | None:
    """Open the base that stayed among the other bases; None when somebody has deleted it."""
    file = bases_folder(school) / replaced
    async with school.backups.making:
        if not await school.in_thread(file.exists):
            return None
        await open_instead(
            school,
            file,
            why="restore_undone",
            by=by,
            address=address,
            command=BaseCommand.RESTORE,
        )
        await school.keep(UNDO, None)
    base = loaded_base(school).header.name
    await school.journal.record(
        "backup.opening_undone", by, address, name=undo.opened, base=base
    )
    return Opened(name=undo.opened, base=base, safety=None, entries_lost=0, missing_documents=0)


async def _replace(
    school: School,
    name: str,
    *,
    confirm: bool,
    undoing: Undo | None,
    by: str,
    address: str | None,
    report: Report | None,
) -> Opened:
    place = school.backups
    async with place.making:
        begin(school.base_state, BaseCommand.RESTORE)
        path = await path_of(school, name)
        preview = await preview_opening(school, name)
        if preview.loses and not confirm:
            raise _unconfirmed(preview)
        opening = _Opening(
            folder=place.folder,
            path=path,
            rne=school.rne,
            at=school.now(),
            target=await school.in_thread(partial(_target, school, preview)),
            loaded=None if school.base is None else school.base.file,
            teller=Teller(report, school.inline),
        )
        before = await school.records.read(lambda conn: get_setting(conn, UNDO))
        opening.kept = (name,) if before is None else (name, before["safety"])
        if school.base is not None:
            header = school.base.header
            wanted = archive_name(
                header.name, header.school_year, local(opening.at), label=_SAFETY
            )
            opening.safety = await school.in_thread(partial(place.folder.free_name, wanted))
        # Before: after a crash at worst it says how to get to what is there anyhow.
        await school.keep(UNDO, opening.undo(undoing))
        try:
            await replace_base(
                school,
                opening.prepare,
                why="restored" if undoing is None else "restore_undone",
                by=by,
                address=address,
                target=opening.target,
                command=BaseCommand.RESTORE,
                disk=place.folder.disk,
            )
        except BaseException:
            with trio.move_on_after(_KEEPING_SECONDS, shield=True):
                await school.keep(UNDO, before)
            raise
    base = loaded_base(school).header.name
    await school.journal.record(
        "backup.opened" if undoing is None else "backup.opening_undone",
        by,
        address,
        name=name,
        base=base,
        safety=opening.safety,
        entries_lost=preview.entries,
    )
    return Opened(
        name=name,
        base=base,
        safety=opening.safety,
        entries_lost=preview.entries,
        missing_documents=opening.missing_documents,
    )


@attrs.define(eq=False, kw_only=True)
class _Opening:
    """
    What is done in a thread, while the old base is still open.

    Attributes:
        loaded: The file of the base that is loaded.
        kept: Names in the folder that stay, however old.
        safety: What the safety copy will be called.
    """

    folder: BackupFolder
    path: Path
    rne: str
    at: datetime
    target: Path
    loaded: Path | None
    teller: Teller
    kept: tuple[str, ...] = ()
    safety: str | None = None
    missing_documents: int = 0

    def undo(self, undoing: Undo | None) -> dict[str, str | None] | None:
        """Return what the setting says once this is done."""
        if undoing is not None or self.safety is None:
            return None
        return {
            "safety": self.safety,
            "opened": self.path.name,
            "at": self.at.isoformat(),
            "file": self.target.name,
            "replaced": None if self.loaded in (None, self.target) else self.loaded.name,
        }

    def prepare(self) -> Path:
        """Return the base in the file, proven and beside the one it is to replace."""
        disk = self.folder.disk
        scratch = draft_of(self.target)
        try:
            with saying_what_the_disk_said():
                disk.make_folder(scratch)
                members = scratch / "members"
                manifest = unpack_package(
                    self.path,
                    members,
                    expect=_OPENED,
                    key=self.folder.key,
                    disk=disk,
                    progress=self.teller.progress("unpack"),
                )
                proof = prove_unpacked(manifest, members)
                self._check_school(manifest, proof.header.rne if proof.header else None)
                if self.loaded is not None:
                    self._make_safety_copy(self.loaded, scratch)
                self._add_documents(manifest, members, proof.documents)
                base = draft_of(self.target)
                disk.replace(members / BASE_MEMBER, base)
                return base
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _check_school(self, manifest: Manifest, rne: str | None) -> None:
        if manifest.rne not in (None, self.rne) or rne not in (None, self.rne):
            raise PackageRefused(
                "Cette sauvegarde est celle d'un autre établissement.",
                "This backup is another school's.",
            )

    def _make_safety_copy(self, base: Path, scratch: Path) -> None:
        folder = self.folder
        copy = scratch / "loaded.not"
        copy_pages(base, copy, disk=folder.disk, progress=self.teller.progress("safety"))
        pack(
            folder,
            copy,
            base,
            PackageKind.ARCHIVE,
            self.rne,
            self.at,
            self.teller,
            name=self.safety,
            keep=self.kept,
        )

    def _add_documents(self, manifest: Manifest, members: Path, wanted: frozenset[str]) -> None:
        """Store the archive's documents; what nothing refers to is collected some day."""
        store = DocumentFiles.beside(self.target, disk=self.folder.disk)
        for file in manifest.files:
            if sha256_of_document(file.name) is not None:
                store.store((members / file.name).read_bytes())
        self.missing_documents = sum(not store.path_of(each).exists() for each in wanted)


def _target(school: School, preview: Preview) -> Path:
    if school.base is not None and preview.same_base:
        return school.base.file
    return free_path(bases_folder(school), preview.file.base or "Base")


def _unconfirmed(preview: Preview) -> Conflict:
    details: dict[str, Any] = {"entries": preview.entries, "same_base": preview.same_base}
    if preview.same_base:
        return Conflict(
            "{entries} saisie(s) faites depuis cette sauvegarde seraient perdues ; confirmez.",
            "{entries} entries made since this backup would be lost; confirm.",
            **details,
        )
    return Conflict(
        "Cette sauvegarde est celle d'une autre base, qui serait chargée à la place de celle "
        "qui l'est ; confirmez.",
        "This backup is another base's, which would be loaded instead of the one that is; "
        "confirm.",
        **details,
    )
