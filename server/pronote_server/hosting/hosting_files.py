"""
The files a base travels in from one server to another (fiche 8, *Générer les fichiers*).

``NAME.HNOT`` is the base; ``.HDOCJOINTS``, ``.HPHOTOS`` and ``.HCOURRIERS`` its attached
documents, photos and letter templates, each of them only if there are any. They are made while
clients work, of the base as it is at one moment, and stay in ``RNE/exports`` until the next.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
from sqlalchemy import Connection, func, select

from pronote_protocol.errors import BadRequest, NotFound
from pronote_server.domain.base_names import base_name
from pronote_server.domain.base_states import BaseCommand, begin
from pronote_server.hosting.backup_place import Teller
from pronote_server.hosting.base_copying import copy_of_loaded
from pronote_server.hosting.long_work import Report, Work
from pronote_server.hosting.school import School
from pronote_server.storage.base_proof import survey_base
from pronote_server.storage.base_schema import document, photo
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.errors import StorageFailed
from pronote_server.storage.letters import LETTERS_MEMBER, letters_bytes, letters_of
from pronote_server.storage.packages import (
    BASE_MEMBER,
    Manifest,
    Member,
    PackageKind,
    document_member,
    write_package,
)
from pronote_server.storage.sqlite import reading_engine
from pronote_server.storage.whole_files import Disk, saying_what_the_disk_said

__all__ = [
    "ExportedFile",
    "begin_generating",
    "delete_files",
    "exports",
    "exports_folder",
    "file_stem",
    "generate_files",
    "read_piece",
]

_PIECE: Final = 1024 * 1024
_KINDS: Final = (
    PackageKind.HOSTING_BASE,
    PackageKind.DOCUMENTS,
    PackageKind.PHOTOS,
    PackageKind.LETTERS,
    PackageKind.USERS,
    PackageKind.NEXT_YEAR,
)


@attrs.frozen(kw_only=True)
class ExportedFile:
    """A file that was generated."""

    name: str
    kind: PackageKind
    size: int
    sha256: str
    made_at: datetime


def exports_folder(school: School) -> Path:
    return school.folder / "exports"


async def generate_files(
    school: School,
    *,
    to: Path | None = None,
    by: str,
    address: str | None = None,
    report: Report | None = None,
) -> dict[str, Any]:
    """
    Generate the files of the base that is loaded; clients work on.

    Args:
        to: A folder that is there; by default the school's exports, which are replaced.

    Returns:
        ``folder``, ``files`` (name, kind, size, sha256) and ``missing_documents``: how many
        the base refers to of which the server has no bytes.

    Raises:
        Conflict: No base is loaded, or something is being done to it.
        NotFound: *to* is no folder.
        StorageFailed: The disk said no; each file is there whole or not at all.
    """
    target = exports_folder(school) if to is None else to
    if to is not None and not await school.in_thread(to.is_dir):
        raise NotFound(what=f"dossier {to}")
    now, teller = school.now(), Teller(report, school.inline)
    async with copy_of_loaded(school, school.folder / "exports", teller) as copied:
        generating = partial(
            _generate,
            copied.copy,
            copied.file,
            target,
            school.rne,
            now,
            school.backups.folder.disk,
            teller,
            replace=to is None,
        )
        made = await school.in_thread(generating)
    await school.journal.record(
        "base.exported", by, address, files=[each["name"] for each in made["files"]]
    )
    return made


def begin_generating(
    school: School, *, to: Path | None = None, by: str, address: str | None = None
) -> Work:
    """
    Begin `generate_files`.

    Raises:
        Conflict: No base is loaded, or too much waits already.
    """
    begin(school.base_state, BaseCommand.EXPORT)

    async def run(report: Report) -> dict[str, Any]:
        return await generate_files(school, to=to, by=by, address=address, report=report)

    return school.backups.work.begin("export", by, run)


def _generate(
    copy: Path,
    base: Path,
    target: Path,
    rne: str,
    now: datetime,
    disk: Disk,
    teller: Teller,
    *,
    replace: bool,
) -> dict[str, Any]:
    found = survey_base(copy)
    header = found.header
    with reading_engine(copy).connect() as conn, conn.begin():
        of_documents = _hashes(conn, document)
        of_photos = _hashes(conn, photo)
        letters = letters_of(conn)
    stored = DocumentFiles.beside(base)
    documents, lost_documents = _members(stored, of_documents)
    photos, lost_photos = _members(stored, of_photos)
    missing = lost_documents | lost_photos
    contents: dict[PackageKind, list[Member]] = {
        PackageKind.HOSTING_BASE: [Member(BASE_MEMBER, copy)],
        PackageKind.DOCUMENTS: documents,
        PackageKind.PHOTOS: photos,
        PackageKind.LETTERS: (
            [Member(LETTERS_MEMBER, letters_bytes(letters))] if letters else []
        ),
    }
    counters = attrs.asdict(found.counters) | {"missing_documents": len(missing)}
    stem = file_stem(header.name)
    with saying_what_the_disk_said():
        if replace:
            disk.make_folder(target)
            for old in _files(target):
                # The file for the next year is no part of them: it waits for that.
                if _kind_of(old) is not PackageKind.NEXT_YEAR:
                    disk.unlink(old)
        files = []
        for kind, members in contents.items():
            if not members:
                continue
            path = target / f"{stem}{kind.extension}"
            write_package(
                path,
                Manifest.of_base(kind, header, rne=rne, made_at=now, counters=counters),
                members,
                disk=disk,
                progress=teller.progress("pack"),
            )
            files.append(_described(path))
    return {
        "folder": str(target),
        "base": header.name,
        "files": [attrs.asdict(each) | {"kind": each.kind.value} for each in files],
        "missing_documents": len(missing),
    }


def _hashes(conn: Connection, table: Any) -> set[str]:
    return set(conn.execute(select(func.distinct(table.c.sha256))).scalars())


def _members(stored: DocumentFiles, hashes: set[str]) -> tuple[list[Member], set[str]]:
    there = {each for each in hashes if stored.path_of(each).exists()}
    members = [
        Member(document_member(each), stored.path_of(each), compress=False)
        for each in sorted(there)
    ]
    return members, hashes - there


def file_stem(name: str) -> str:
    """Return the name of the base as that of a file, wherever the base came from."""
    try:
        return base_name(name)
    except BadRequest:
        return "Base"


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.glob("*")
        if _kind_of(path) is not None and not path.name.startswith(".")
    )


def _kind_of(path: Path) -> PackageKind | None:
    return next((kind for kind in _KINDS if path.name.endswith(kind.extension)), None)


def _described(path: Path) -> ExportedFile:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    said, kind = path.stat(), _kind_of(path)
    assert kind is not None, "a file of these only"
    return ExportedFile(
        name=path.name,
        kind=kind,
        size=said.st_size,
        sha256=digest.hexdigest(),
        made_at=datetime.fromtimestamp(said.st_mtime, UTC),
    )


async def exports(school: School) -> list[ExportedFile]:
    """Return the files that lie there, by name."""

    def look() -> list[ExportedFile]:
        with saying_what_the_disk_said():
            return [_described(path) for path in _files(exports_folder(school))]

    return await school.in_thread(look)


async def read_piece(school: School, name: str, offset: int, length: int) -> tuple[int, bytes]:
    """
    Return the size of a generated file, and the bytes of it from *offset* on.

    Raises:
        NotFound: There is none of that name.
        StorageFailed: The disk said no.
    """

    def read() -> tuple[int, bytes]:
        with saying_what_the_disk_said():
            path = next(
                (each for each in _files(exports_folder(school)) if each.name == name), None
            )
            if path is None:
                raise NotFound(what=name)
            size = path.stat().st_size
            with path.open("rb") as file:
                file.seek(min(offset, size))
                return size, file.read(length)

    return await school.in_thread(read)


async def delete_files(school: School, *, by: str, address: str | None = None) -> int:
    """Delete the generated files; return how many there were."""

    def delete() -> int:
        with saying_what_the_disk_said():
            files = _files(exports_folder(school))
            for path in files:
                path.unlink(missing_ok=True)
            return len(files)

    try:
        gone = await school.in_thread(delete)
    except StorageFailed:
        await school.journal.record("base.exports_not_deleted", by, address)
        raise
    await school.journal.record("base.exports_deleted", by, address, files=gone)
    return gone
