"""The bytes of a package on their way to the disk and back: gathered, decrypted."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import attrs

from pronote_server.storage.encryption import MAGIC, Decrypting, DecryptionFailed
from pronote_server.storage.manifests import PackagedFile, PackageRefused, damaged
from pronote_server.storage.package_zip import CHUNK, NotOurZip, ZipReader
from pronote_server.storage.whole_files import Disk, OpenFile, saying_what_the_disk_said

__all__ = [
    "Gathered",
    "Member",
    "Progress",
    "measured",
    "pieces_of",
    "reading",
]

# Given to the disk at once.
_WRITTEN_AT_ONCE: Final = 256 * 1024


# Told how many bytes are done, and of how many; raises to give up.
Progress = Callable[[int, int], None]


@attrs.frozen
class Member:
    """
    What goes into a package.

    Attributes:
        source: The bytes, or the file that has them; it may not change meanwhile.
        compress: Not for what is compressed already.
    """

    name: str
    source: Path | bytes
    compress: bool = True


class Gathered:
    """Gathers small writes into large ones."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._waiting = bytearray()

    def write(self, data: bytes, /) -> int:
        self._waiting += data
        if len(self._waiting) >= _WRITTEN_AT_ONCE:
            self.flush()
        return len(data)

    def flush(self) -> None:
        if self._waiting:
            self._write(bytes(self._waiting))
            self._waiting.clear()


def pieces_of(member: Member, disk: Disk) -> Iterator[bytes]:
    """Yield what *member* is made of."""
    if isinstance(member.source, bytes):
        yield member.source
        return
    with closing(disk.open(member.source)) as file:
        while piece := file.read(CHUNK):
            yield piece


def measured(member: Member, disk: Disk, progress: Progress | None) -> tuple[PackagedFile, int]:
    """Return what the manifest says of *member*, and its CRC-32."""
    digest, crc, size = hashlib.sha256(), 0, 0
    for piece in pieces_of(member, disk):
        digest.update(piece)
        crc = zlib.crc32(piece, crc)
        size += len(piece)
        if progress is not None:
            progress(0, 1)  # a chance to give up
    return PackagedFile(member.name, size, digest.hexdigest()), crc


@contextmanager
def reading(path: Path, key: bytes | None, disk: Disk) -> Iterator[ZipReader]:
    """
    Lend a reader of the package at *path*.

    Raises:
        PackageRefused: It is no package of ours, or encrypted with another key; or what the
            block reads of it is not as it was written.
        StorageFailed: The disk said no.
    """
    with saying_what_the_disk_said():
        try:
            file = disk.open(path)
        except (FileNotFoundError, IsADirectoryError):
            raise PackageRefused(
                "Ce fichier n'existe pas.", "This file does not exist."
            ) from None
        with closing(file):
            try:
                yield ZipReader(_bytes_of(file, key))
            except NotOurZip:
                raise damaged() from None
            except DecryptionFailed as error:
                if error.wrong_key:
                    raise PackageRefused(
                        "Ce fichier a été chiffré avec une autre clé.",
                        "This file was encrypted with another key.",
                    ) from None
                raise damaged() from None


def _bytes_of(file: OpenFile, key: bytes | None) -> Callable[[int], bytes]:
    def read(size: int) -> bytes:
        return file.read(size) or b""

    def exactly(size: int) -> bytes:
        pieces = bytearray()
        while len(pieces) < size and (piece := read(size - len(pieces))):
            pieces += piece
        return bytes(pieces)

    start = exactly(len(MAGIC))

    def after_start(reading: Callable[[int], bytes]) -> Callable[[int], bytes]:
        kept = start

        def again(size: int) -> bytes:
            nonlocal kept
            if kept:
                piece, kept = kept[:size], kept[size:]
                return piece + (reading(size - len(piece)) if size > len(piece) else b"")
            return reading(size)

        return again

    if start == MAGIC:
        if key is None:
            raise PackageRefused(
                "Ce fichier est chiffré, et ce serveur n'a pas de clé (data.key_file).",
                "This file is encrypted, and this server has no key (data.key_file).",
            )
        return Decrypting(key, after_start(exactly)).read
    if not start.startswith(b"PK\3\4"):
        raise PackageRefused(
            "Ce fichier n'a pas été fait par ce programme.",
            "This file was not made by this program.",
        )
    return after_start(read)
