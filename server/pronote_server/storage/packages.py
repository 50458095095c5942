"""
The family of files a base travels in: backups, archives, what hosting generates and takes.

A zip whose first member is ``manifest.json`` (see `manifests`), which tells the size and the
SHA-256 of every other one. It is written whole or not at all, and looked at before it has its
name. What is read may come from anywhere: it is refused, with nothing left of it, unless every
byte is as it was written. Encrypted when there is a key (see `encryption`).

Everything here blocks, in bounded memory: call it in a thread.
"""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import attrs

from pronote_server.storage.base_content import Counters
from pronote_server.storage.base_header import BaseHeader
from pronote_server.storage.base_proof import prove_base
from pronote_server.storage.encryption import Encrypting
from pronote_server.storage.errors import StorageFailed
from pronote_server.storage.manifests import (
    BASE_MEMBER,
    MOST_FILES,
    Manifest,
    PackagedFile,
    PackageKind,
    PackageRefused,
    damaged,
    document_member,
    manifest_bytes,
    read_manifest_bytes,
    sha256_of_document,
)
from pronote_server.storage.package_streams import (
    Gathered,
    Member,
    Progress,
    measured,
    pieces_of,
    reading,
)
from pronote_server.storage.package_zip import ZipReader, ZipWriter
from pronote_server.storage.whole_files import (
    REAL_DISK,
    Disk,
    put_in_place,
    saying_what_the_disk_said,
    scratch_folder,
    whole_file,
)

__all__ = [
    "BASE_MEMBER",
    "LIMITS",
    "MANIFEST_MEMBER",
    "Limits",
    "Manifest",
    "Member",
    "PackageKind",
    "PackageRefused",
    "PackagedFile",
    "Progress",
    "Proof",
    "document_member",
    "prove_package",
    "prove_unpacked",
    "read_manifest",
    "sha256_of_document",
    "unpack_package",
    "write_package",
]

MANIFEST_MEMBER: Final = "manifest.json"
_ANY_KIND: Final = frozenset(PackageKind)
# A hundred thousand documents.
_LONGEST_MANIFEST: Final = 20 * 1024 * 1024


@attrs.frozen(kw_only=True)
class Limits:
    """
    What a package may cost to unpack.

    Attributes:
        most_bytes: Of all members.
        ratio: Most bytes that may come of one, beyond *free_bytes*.
    """

    most_bytes: int = 16 * 1024**3
    ratio: int = 100
    free_bytes: int = 32 * 1024**2


LIMITS: Final = Limits()


@attrs.frozen(kw_only=True)
class Proof:
    """
    A package that was read to its last byte, and its base opened and checked.

    Attributes:
        header, counters: Of the base in it; None when there is none.
        documents: SHA-256 of those the base refers to.
        missing_documents: How many the base refers to that are not in the archive.
    """

    manifest: Manifest
    header: BaseHeader | None = None
    counters: Counters | None = None
    documents: frozenset[str] = frozenset()
    missing_documents: int = 0


def write_package(
    path: Path,
    manifest: Manifest,
    members: Iterable[Member],
    *,
    disk: Disk = REAL_DISK,
    key: bytes | None = None,
    progress: Progress | None = None,
    check: Callable[[Path], object] | None = None,
) -> Manifest:
    """
    Write the package at *path*: it is there whole and kept by the disk, or not at all.

    Args:
        manifest: Its files are found out here.
        check: Called with the complete file before it takes the place of what is at
            *path*; whatever it raises leaves that as it was.

    Returns:
        The manifest as it was written.

    Raises:
        StorageFailed: The disk said no, or a source changed or is too large.
    """
    members = list(members)
    if len(members) > MOST_FILES:
        raise StorageFailed("TOO_MANY_FILES")
    with saying_what_the_disk_said():
        try:
            return _write(path, manifest, members, disk, key, progress, check)
        except ValueError as error:  # of ZipWriter.add
            raise StorageFailed("SOURCE_CHANGED") from error


def _write(
    path: Path,
    manifest: Manifest,
    members: list[Member],
    disk: Disk,
    key: bytes | None,
    progress: Progress | None,
    check: Callable[[Path], object] | None,
) -> Manifest:
    sizes = [measured(member, disk, progress) for member in members]
    files = tuple(file for file, _ in sizes)
    for file in files:
        assert manifest.kind.may_hold(file.name), file.name
    manifest = attrs.evolve(manifest, files=files)
    first = manifest_bytes(manifest)
    if len(first) > _LONGEST_MANIFEST:
        raise StorageFailed("TOO_MANY_FILES")
    total = sum(file.size for file in files)
    done = 0

    def counted(pieces: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal done
        for piece in pieces:
            yield piece
            done += len(piece)
            if progress is not None:
                progress(done, total)

    with whole_file(path, disk=disk, finish=False) as draft:
        gathered = Gathered(draft.write)
        encrypting = None if key is None else Encrypting(key, gathered.write)
        writer = ZipWriter((encrypting or gathered).write)
        writer.add(
            MANIFEST_MEMBER,
            iter([first]),
            crc=zlib.crc32(first),
            size=len(first),
            compress=False,
        )
        for member, (file, crc) in zip(members, sizes, strict=True):
            writer.add(
                member.name,
                counted(pieces_of(member, disk)),
                crc=crc,
                size=file.size,
                compress=member.compress,
            )
        writer.finish()
        if encrypting is not None:
            encrypting.finish()
        gathered.flush()
    try:
        if check is not None:
            check(draft.draft)
        put_in_place(draft.draft, path, disk=disk)
    finally:
        disk.unlink(draft.draft)
    return manifest


def read_manifest(path: Path, *, key: bytes | None = None, disk: Disk = REAL_DISK) -> Manifest:
    """
    Return what the package at *path* says of itself; nothing of it is proven yet.

    Raises:
        PackageRefused: It is no package, damaged, newer, or encrypted with another key.
        StorageFailed: The disk said no.
    """
    with reading(path, key, disk) as reader:
        return _first(reader)


def unpack_package(
    path: Path,
    folder: Path,
    *,
    expect: Collection[PackageKind],
    limits: Limits = LIMITS,
    key: bytes | None = None,
    disk: Disk = REAL_DISK,
    progress: Progress | None = None,
    only: Callable[[str], bool] | None = None,
    sync: bool = True,
) -> Manifest:
    """
    Write the members of the package at *path* into *folder*, which is made.

    Every byte of the package is read and checked. On any refusal nothing is left.

    Args:
        expect: The kinds that are wanted.
        only: Which members are written; the others are checked all the same.
        sync: Whether the disk must keep them; not for what is only looked at.

    Raises:
        PackageRefused: As for `read_manifest`; or it is of another kind, holds something
            else than its manifest says, or more than *limits* allow.
        StorageFailed: The disk said no.
    """
    with saying_what_the_disk_said():
        disk.make_folder(folder)
        try:
            with reading(path, key, disk) as reader:
                manifest = _first(reader)
                _check_kind(manifest, expect)
                _check_size(manifest, path, limits)
                _unpack(reader, manifest, folder, disk, progress, only, sync)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return manifest


def prove_package(
    path: Path,
    key: bytes | None = None,
    *,
    disk: Disk = REAL_DISK,
    limits: Limits = LIMITS,
    progress: Progress | None = None,
) -> Proof:
    """
    Read the package to its last byte, open the base in it and check that from end to end.

    Raises:
        BaseFileRefused: As for `unpack_package` and `prove_base`; or the base is not the one
            the manifest speaks of.
        StorageFailed: The disk said no.
    """
    with saying_what_the_disk_said(), scratch_folder(path, disk=disk) as scratch:
        manifest = unpack_package(
            path,
            scratch / "members",
            expect=_ANY_KIND,
            limits=limits,
            key=key,
            disk=disk,
            progress=progress,
            only=lambda name: name == BASE_MEMBER,
            sync=False,
        )
        if manifest.size_of(BASE_MEMBER) is None:
            return Proof(manifest=manifest)
        return prove_unpacked(manifest, scratch / "members")


def prove_unpacked(manifest: Manifest, folder: Path) -> Proof:
    """
    Check the base of a package that was unpacked into *folder*, and that it is that base.

    Raises:
        BaseFileRefused, StorageFailed: As for `prove_package`.
    """
    found = prove_base(folder / BASE_MEMBER)
    header, told = found.header, dict(manifest.counters)
    missing = len(found.documents - {sha256_of_document(file.name) for file in manifest.files})
    counted: Mapping[str, int] = attrs.asdict(found.counters)
    if (
        header.revision != manifest.revision
        or header.format_version != manifest.base_format
        or header.school_year != manifest.school_year
        or any(told.get(name, count) != count for name, count in counted.items())
    ):
        raise damaged()
    if manifest.kind is PackageKind.ARCHIVE and told.get("missing_documents", 0) != missing:
        raise damaged()
    return Proof(
        manifest=manifest,
        header=header,
        counters=found.counters,
        documents=found.documents,
        missing_documents=missing,
    )


def _first(reader: ZipReader) -> Manifest:
    return read_manifest_bytes(reader.small_member(MANIFEST_MEMBER, _LONGEST_MANIFEST))


def _check_kind(manifest: Manifest, expect: Collection[PackageKind]) -> None:
    if manifest.kind not in expect:
        wanted = ", ".join(sorted(kind.extension for kind in expect))
        raise PackageRefused(
            f"Ce fichier n'est pas de la sorte attendue ({wanted}).",
            f"This file is not of the kind that is expected ({wanted}).",
        )


def _check_size(manifest: Manifest, path: Path, limits: Limits) -> None:
    total = sum(file.size for file in manifest.files)
    packed = path.stat().st_size
    if total > limits.most_bytes or total > limits.free_bytes + limits.ratio * packed:
        raise PackageRefused(
            "Ce fichier contient beaucoup plus que sa taille ne le laisse croire.",
            "This file holds far more than its size makes believe.",
        )


def _unpack(
    reader: ZipReader,
    manifest: Manifest,
    folder: Path,
    disk: Disk,
    progress: Progress | None,
    only: Callable[[str], bool] | None,
    sync: bool,
) -> None:
    total = sum(file.size for file in manifest.files)
    done = 0

    def told(piece: bytes) -> bytes:
        nonlocal done
        done += len(piece)
        if progress is not None:
            progress(done, total)
        return piece

    for file in manifest.files:
        pieces = map(told, reader.member(file.name, file.size, file.sha256))
        if only is not None and not only(file.name):
            for _ in pieces:
                pass
            continue
        target = folder / file.name
        if target.parent != folder:
            disk.make_folder(target.parent)
        with whole_file(target, disk=disk, sync=sync) as writing:
            for piece in pieces:
                writing.write(piece)
    reader.finish()
