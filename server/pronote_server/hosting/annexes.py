"""
What belongs to a base and is not in its file: attached documents, photos, letter templates.

*Compléter la base hébergée* (fiche 8): the annexes are sent by a connected administrator. Each
document is checked by its hash, and kept if the base refers to it; what is there already is
passed over, so that sending everything again after a cut does no harm.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio
from sqlalchemy import Connection, select

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue.base_files import MissingRow
from pronote_protocol.errors import BaseUnavailable
from pronote_protocol.messages import BaseChanged
from pronote_server.domain.base_states import BaseCommand, begin
from pronote_server.hosting import exclusive_use
from pronote_server.hosting.asker import Asker
from pronote_server.hosting.backup_place import Teller
from pronote_server.hosting.base_opening import read_header_again
from pronote_server.hosting.long_work import Report
from pronote_server.hosting.school import OpenBase, School
from pronote_server.storage import base_writes
from pronote_server.storage.base_schema import document, photo, pupil
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.errors import DatabaseClosed
from pronote_server.storage.letters import LETTERS_MEMBER, add_letters, read_letters
from pronote_server.storage.manifests import damaged
from pronote_server.storage.packages import (
    Manifest,
    PackageKind,
    sha256_of_document,
    unpack_package,
)
from pronote_server.storage.whole_files import Disk, draft_of, saying_what_the_disk_said

__all__ = ["complete", "list_missing"]

_ANNEXES: Final = frozenset({PackageKind.DOCUMENTS, PackageKind.PHOTOS, PackageKind.LETTERS})
_CLEANING_SECONDS: Final = 30.0


async def complete(
    school: School, path: Path, asker: Asker, *, report: Report | None = None
) -> dict[str, Any]:
    """
    Complete the base that is loaded with the annex at *path*; clients work on.

    Returns:
        ``kind``; of documents ``added``, ``already``, ``unknown`` (the base does not refer
        to them: they are not kept) and ``missing``; of letters ``letters``.

    Raises:
        BaseFileRefused: It is no annex, or damaged; nothing of it is kept.
        Conflict: No base is loaded.
        StorageFailed: The disk said no; what was added before stays, and sending it again
            goes on there.
    """
    begin(school.base_state, BaseCommand.COMPLETE)
    base = _loaded(school)
    scratch = draft_of(school.folder / "annex")
    teller, disk = Teller(report, school.inline), school.backups.folder.disk
    stored = DocumentFiles.beside(base.file, disk=disk)
    try:
        manifest = await school.in_thread(partial(_unpack, path, scratch, disk, teller))
        if manifest.kind is PackageKind.LETTERS:
            rows = await school.in_thread(partial(_letters, scratch))
            added = await base.database.write(partial(_add_letters, rows, school.now()))
            await read_header_again(school)
            if added and school.base is not None:
                changed = BaseChanged(
                    revision=school.base.header.revision, what=(base_writes.EVERYTHING,)
                )
                exclusive_use.broadcast(school, changed)
            done: dict[str, Any] = {"letters": added}
        else:
            # Between a file and its row nobody may collect what nobody refers to yet.
            async with school.storing:
                wanted = await base.database.read(_referred)
                done = await school.in_thread(
                    partial(_store, manifest, scratch, stored, set(wanted), teller)
                )
    finally:
        with trio.move_on_after(_CLEANING_SECONDS, shield=True):
            await school.in_thread(partial(shutil.rmtree, scratch, ignore_errors=True))
    if school.base is None or school.base.database is not base.database:
        raise DatabaseClosed(base.file.name)
    await school.journal.record(
        "base.completed", asker.name, asker.address, annex=manifest.kind.value, **done
    )
    return {"kind": manifest.kind.value, **done}


def _unpack(path: Path, scratch: Path, disk: Disk, teller: Teller) -> Manifest:
    with saying_what_the_disk_said():
        disk.make_folder(scratch)
    return unpack_package(
        path,
        scratch / "members",
        expect=_ANNEXES,
        disk=disk,
        progress=teller.progress("unpack"),
        sync=False,
    )


def _store(
    manifest: Manifest,
    scratch: Path,
    stored: DocumentFiles,
    wanted: set[str],
    teller: Teller,
) -> dict[str, int]:
    added = already = unknown = 0
    progress = teller.progress("store")
    for rank, file in enumerate(manifest.files):
        progress(rank, len(manifest.files))
        sha256 = sha256_of_document(file.name)
        if sha256 is None:
            continue
        if file.sha256 != sha256:  # another file under its name
            raise damaged()
        if sha256 not in wanted:
            unknown += 1
        elif stored.path_of(sha256).exists():
            already += 1
        else:
            with saying_what_the_disk_said():
                content = (scratch / "members" / file.name).read_bytes()
            stored.store(content)
            added += 1
    missing = sum(not stored.path_of(each).exists() for each in wanted)
    return {"added": added, "already": already, "unknown": unknown, "missing": missing}


def _add_letters(rows: list[dict[str, str]], now: datetime, conn: Connection) -> int:
    added = add_letters(conn, rows)
    if added:
        revision = base_writes.bump_revision(conn, now)
        base_writes.log_change(
            conn, [base_writes.Change(revision, base_writes.EVERYTHING, "", "all")]
        )
    return added


def _letters(scratch: Path) -> list[dict[str, str]]:
    path = scratch / "members" / LETTERS_MEMBER
    return read_letters(path.read_bytes()) if path.exists() else []


async def list_missing(school: School, offset: int, limit: int) -> Page[MissingRow]:
    """
    Return the documents and photos the base refers to and the server has no bytes of.

    Raises:
        Conflict: No base is loaded.
    """
    begin(school.base_state, BaseCommand.COMPLETE)
    base = _loaded(school)
    referred = await base.database.read(_referred)
    stored = DocumentFiles.beside(base.file)

    def look() -> list[MissingRow]:
        return [row for sha256, row in referred.items() if not stored.path_of(sha256).exists()]

    missing = await school.in_thread(look)
    return Page(total=len(missing), offset=offset, rows=tuple(missing[offset : offset + limit]))


def _loaded(school: School) -> OpenBase:
    if school.base is None:  # it is being given back as it was
        raise BaseUnavailable(retry_after=1.0)
    return school.base


def _referred(conn: Connection) -> Mapping[str, MissingRow]:
    """Return what the base refers to, by hash: the first row that does."""
    found: dict[str, MissingRow] = {}
    documents = select(document.c.sha256, document.c.size, document.c.name)
    for row in conn.execute(documents.order_by(document.c.id)):
        found.setdefault(row.sha256, MissingRow("document", row.name, row.size, row.sha256))
    photos = select(photo.c.sha256, photo.c.size, pupil.c.last_name, pupil.c.first_name).join(
        pupil, pupil.c.id == photo.c.pupil_id
    )
    for one in conn.execute(photos.order_by(photo.c.pupil_id)):
        name = f"{one.last_name} {one.first_name}"
        found.setdefault(one.sha256, MissingRow("photo", name, one.size, one.sha256))
    return found
