"""
Another base to take something from: one beside, a previous year, a backup, or a file.

Whatever it is, a copy of it is made apart, proven and brought up to date there; the source
stays what it was.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import attrs

from pronote_protocol.errors import NotFound
from pronote_server.hosting.backups import path_of
from pronote_server.hosting.base_places import base_path
from pronote_server.hosting.hosting_files import exports_folder
from pronote_server.hosting.school import School
from pronote_server.storage.base_header import BaseHeader, inspect_base
from pronote_server.storage.base_proof import prove_base
from pronote_server.storage.copying import copy_pages
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.errors import BaseFileRefused
from pronote_server.storage.packages import (
    BASE_MEMBER,
    PackageKind,
    PackageRefused,
    document_member,
    prove_unpacked,
    unpack_package,
)
from pronote_server.storage.whole_files import Disk

__all__ = ["SourceBase", "copy_source", "find_source"]

_PACKAGES: Final = frozenset(
    {
        PackageKind.BACKUP,
        PackageKind.ARCHIVE,
        PackageKind.HOSTING_BASE,
        PackageKind.NEXT_YEAR,
    }
)


@attrs.frozen(kw_only=True)
class SourceBase:
    """
    The copy.

    Attributes:
        file: Of the base, proven; of an older format it may still be.
        documents: SHA-256 of all it refers to.
        folder: What the members of a package were unpacked into; None of a base beside.
        store: The documents of a base beside.
    """

    file: Path
    header: BaseHeader
    documents: frozenset[str]
    folder: Path | None = None
    store: DocumentFiles | None = None

    def document(self, sha256: str) -> bytes | None:
        """Return the bytes of a document; None when the source has lost it. Blocks."""
        if self.folder is not None:
            path = self.folder / document_member(sha256)
        else:
            assert self.store is not None
            path = self.store.path_of(sha256)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None


async def find_source(school: School, source: str | Path) -> Path:
    """
    Return the file that is meant.

    Args:
        source: The name of one of the other bases, of a backup or archive, or of a generated
            file; a school year that is loaded for consultation; from the operator, a path.

    Raises:
        NotFound: There is none.
    """
    if isinstance(source, Path):
        if await school.in_thread(source.is_file):
            return source
        raise NotFound(what=str(source))
    for path in _places(school, source):
        if await school.in_thread(path.is_file):
            return path
    return await path_of(school, source)


def _places(school: School, name: str) -> tuple[Path, ...]:
    """Return where what has that name may be; a name that leads elsewhere leads nowhere."""
    if name != Path(name).name:
        return ()
    if name.isdecimal() and int(name) in school.previous.years:
        return (school.previous.base_of(int(name)).file,)
    return base_path(school, name), exports_folder(school) / name


def copy_source(
    path: Path, scratch: Path, *, rne: str, key: bytes | None, disk: Disk
) -> SourceBase:
    """
    Copy what is at *path* into *scratch*, prove it, and return it. Blocks.

    Raises:
        BaseFileRefused: It is damaged, foreign, newer, hostile or another school's.
        StorageFailed, OSError: The disk said no.
    """
    if path.suffix == ".not":
        inspect_base(path)
        draft = scratch / BASE_MEMBER
        copy_pages(path, draft, disk=disk)
        proof = prove_base(draft)
        found = SourceBase(
            file=draft,
            header=proof.header,
            documents=proof.documents,
            store=DocumentFiles.beside(path, disk=disk),
        )
    else:
        members = scratch / "members"
        manifest = unpack_package(path, members, expect=_PACKAGES, key=key, disk=disk)
        unpacked = prove_unpacked(manifest, members)
        if unpacked.header is None:
            raise PackageRefused(
                "Ce fichier ne contient pas de base.", "There is no base in this file."
            )
        found = SourceBase(
            file=members / BASE_MEMBER,
            header=unpacked.header,
            documents=unpacked.documents,
            folder=members,
        )
    if found.header.rne not in (None, rne):
        raise BaseFileRefused(
            "Cette base est celle d'un autre établissement.", "This base is another school's."
        )
    return found
