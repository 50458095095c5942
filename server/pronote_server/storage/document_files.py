"""
The bytes of documents and photos, each under its SHA-256, in a folder beside the base.

``Base.not`` has ``Base.documents/ab/cdef...``. A file is there whole or not at all, and never
changes: the same bytes are kept once, however often they are sent. Who refers to them is in
the base; what nobody refers to any more is taken away by `collect`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import attrs

from pronote_server.storage.whole_files import (
    REAL_DISK,
    Disk,
    remove_drafts,
    saying_what_the_disk_said,
    write_whole,
)

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
    disk: Disk = attrs.field(default=REAL_DISK, kw_only=True)

    @classmethod
    def beside(cls, base: Path, *, disk: Disk = REAL_DISK) -> DocumentFiles:
        """Return the files of the base at that path."""
        return cls(base.with_suffix(".documents"), disk=disk)

    def store(self, content: bytes) -> str:
        """
        Return the SHA-256 of *content*, which is on disk then.

        Raises:
            StorageFailed: The disk said no; nothing new can be seen.
        """
        name = hashlib.sha256(content).hexdigest()
        path = self.path_of(name)
        with saying_what_the_disk_said():
            self.disk.make_folder(path.parent)
            if not path.exists():
                write_whole(path, content, disk=self.disk)
            # Also when it was there: whoever wrote it may not have come so far.
            for folder in (path.parent, self.folder, self.folder.parent):
                self.disk.sync_folder(folder)
        return name

    def read(self, sha256: str, offset: int, length: int) -> bytes | None:
        """
        Return a range of a file, empty behind its end; None when there is no such file.

        Raises:
            StorageFailed: The disk said no.
        """
        with saying_what_the_disk_said():
            try:
                file = self.path_of(sha256).open("rb")
            except FileNotFoundError:
                return None
            with file:
                # No disk seeks to where a client may ask for.
                file.seek(min(offset, os.fstat(file.fileno()).st_size))
                return file.read(length)

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
        with saying_what_the_disk_said():
            for folder in self.folder.glob("??"):
                remove_drafts(folder, disk=self.disk)
            gone = [name for name in self.stored() if name not in referred]
            for name in gone:
                self.disk.unlink(self.path_of(name))
        return len(gone)

    def path_of(self, sha256: str) -> Path:
        """Return where that file is, if it is stored."""
        assert _SHA256.fullmatch(sha256), "a name from elsewhere must not become a path"
        return self.folder / sha256[:2] / sha256[2:]
