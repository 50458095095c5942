"""
The bytes of documents and photos, each under its SHA-256, in a folder beside the base.

``Base.not`` has ``Base.documents/ab/cdef...``. A file is there whole or not at all, and never
changes: the same bytes are kept once, however often they are sent. Who refers to them is in
the base; what nobody refers to any more is taken away by `collect`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import attrs

from pronote_server.storage.errors import StorageFailed

__all__ = ["DocumentFiles"]

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@attrs.frozen
class DocumentFiles:
    """
    The files of one base. Every method blocks: call it in a thread.

    Storing and collecting must not overlap: between the file and its row in the base, nobody
    refers to it yet.
    """

    folder: Path

    @classmethod
    def beside(cls, base: Path) -> DocumentFiles:
        """Return the files of the base at that path."""
        return cls(base.with_suffix(".documents"))

    def store(self, content: bytes) -> str:
        """
        Return the SHA-256 of *content*, which is on disk then.

        Raises:
            StorageFailed: The disk said no; nothing new can be seen.
        """
        name = hashlib.sha256(content).hexdigest()
        path = self._path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                _write_whole(path, content)
            # Also when it was there: whoever wrote it may not have come so far.
            for folder in (path.parent, self.folder, self.folder.parent):
                _sync(folder)
        except OSError as exc:
            raise _failed(exc) from exc
        return name

    def read(self, sha256: str, offset: int, length: int) -> bytes | None:
        """
        Return a range of a file, empty behind its end; None when there is no such file.

        Raises:
            StorageFailed: The disk said no.
        """
        try:
            with self._path(sha256).open("rb") as file:
                # No disk seeks to where a client may ask for.
                file.seek(min(offset, os.fstat(file.fileno()).st_size))
                return file.read(length)
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise _failed(exc) from exc

    def stored(self) -> Iterator[str]:
        """Yield the SHA-256 of every file, in no order."""
        for path in self.folder.glob("??/*"):
            name = path.parent.name + path.name
            if _SHA256.fullmatch(name):
                yield name

    def collect(self, referred: Collection[str]) -> int:
        """
        Remove every file that is not one of *referred*, and what a crash left half written.

        Returns:
            How many files there were to remove.

        Raises:
            StorageFailed: The disk said no; some are gone, the others stay for next time.
        """
        try:
            for draft in self.folder.glob("??/.*.new"):
                draft.unlink(missing_ok=True)
            gone = [name for name in self.stored() if name not in referred]
            for name in gone:
                self._path(name).unlink(missing_ok=True)
        except OSError as exc:
            raise _failed(exc) from exc
        return len(gone)

    def _path(self, sha256: str) -> Path:
        assert _SHA256.fullmatch(sha256), "a name from elsewhere must not become a path"
        return self.folder / sha256[:2] / sha256[2:]


def _write_whole(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failed(exc: OSError) -> StorageFailed:
    # Named as SQLite's failures are, so that a full disk is recognised in one way.
    full = exc.errno in (errno.ENOSPC, errno.EDQUOT)
    return StorageFailed("SQLITE_FULL" if full else f"OS_{exc.errno}")
