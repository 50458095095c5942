"""
How any file of a school is written: it is there whole, or as it was before.

A temporary name in the same folder, the bytes, fsync, rename, fsync of the folder. Everything
goes through a small object, `Disk`, so that a test can make any one of these calls fail, or
forget, as a power cut does, whatever was not synced by then.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

from pronote_server.storage.errors import StorageFailed

__all__ = [
    "REAL_DISK",
    "Disk",
    "OpenFile",
    "RealDisk",
    "WholeFile",
    "draft_of",
    "put_in_place",
    "remove_drafts",
    "saying_what_the_disk_said",
    "scratch_folder",
    "whole_file",
    "write_whole",
]

_DRAFT: Final = ".part"


class OpenFile(Protocol):
    """A file that is open. Every method may raise OSError."""

    def write(self, data: bytes, /) -> int | None:
        """Write some of *data* and return how many bytes; none is None."""

    def read(self, size: int, /) -> bytes | None:
        """Return at most *size* bytes, empty at the end."""

    def close(self) -> None: ...


class Disk(Protocol):
    """What is asked of the disk. Every method may raise OSError."""

    def create(self, path: Path, mode: int) -> OpenFile:
        """Open a file that does not exist yet, for writing."""

    def open(self, path: Path) -> OpenFile:
        """Open a file for reading."""

    def sync(self, file: OpenFile) -> None:
        """Return once what was written to *file* is kept."""

    def sync_file(self, path: Path) -> None:
        """The same for a file that somebody else wrote and closed."""

    def sync_folder(self, path: Path) -> None:
        """Return once the names in the folder are kept."""

    def make_folder(self, path: Path) -> None:
        """Make the folder if it is missing."""

    def replace(self, source: Path, target: Path) -> None:
        """Give *source* the name *target*, in place of what has it."""

    def link(self, source: Path, target: Path) -> None:
        """Give *source* a second name, that nothing has yet."""

    def unlink(self, path: Path) -> None:
        """Remove the file if it is there."""


class RealDisk:
    """The disk of the machine."""

    def create(self, path: Path, mode: int) -> OpenFile:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        return os.fdopen(descriptor, "wb", buffering=0)

    def open(self, path: Path) -> OpenFile:
        return path.open("rb", buffering=0)

    def sync(self, file: OpenFile) -> None:
        os.fsync(file)  # type: ignore[arg-type]  # it is one of ours

    def sync_file(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def sync_folder(self, path: Path) -> None:
        self.sync_file(path)

    def make_folder(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def replace(self, source: Path, target: Path) -> None:
        source.replace(target)

    def link(self, source: Path, target: Path) -> None:
        target.hardlink_to(source)

    def unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)


REAL_DISK: Final[Disk] = RealDisk()


class WholeFile:
    """A file that is being written; nobody sees it yet."""

    def __init__(self, draft: Path, file: OpenFile) -> None:
        self.draft = draft
        self.size = 0
        self._file = file

    def write(self, data: bytes, /) -> int:
        """Write all of *data*."""
        rest = memoryview(data)
        while rest:
            written = self._file.write(bytes(rest) if len(rest) < len(data) else data)
            if not written:
                raise OSError(errno.EIO, "the disk takes no more", str(self.draft))
            rest = rest[written:]
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back; for those who expect a file."""


@contextmanager
def whole_file(
    path: Path,
    *,
    mode: int = 0o600,
    disk: Disk = REAL_DISK,
    finish: bool = True,
    sync: bool = True,
) -> Iterator[WholeFile]:
    """
    Write the file at *path*; when the block ends well it is there, and the disk keeps it.

    Blocking. A block that raises leaves what was there before, and no trace.

    Args:
        finish: Whether to put it in place. If not, it is left synced at its ``draft``, for
            the caller to look at and then `put_in_place` or unlink.
        sync: Not for what is of no use after a power cut.

    Raises:
        OSError: The disk said no; *path* is as it was, or (when only the last sync failed)
            the new file.
    """
    draft = draft_of(path)
    file = disk.create(draft, mode)
    try:
        try:
            yield WholeFile(draft, file)
            if sync:
                disk.sync(file)
        finally:
            file.close()
        if finish and sync:
            put_in_place(draft, path, disk=disk)
        elif finish:
            disk.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            disk.unlink(draft)
        raise


def write_whole(
    path: Path, content: bytes, *, mode: int = 0o600, disk: Disk = REAL_DISK
) -> None:
    """
    Make *content* the file at *path*. Blocking.

    Raises:
        OSError: As for `whole_file`.
    """
    with whole_file(path, mode=mode, disk=disk) as file:
        file.write(content)


def draft_of(path: Path) -> Path:
    """Return a name beside *path* that nobody has, for what becomes the file at *path*."""
    # A name is 255 bytes at most, and that of the file may be as long.
    kept = os.fsencode(path.name)[:200].decode(errors="ignore")
    return path.with_name(f".{kept}.{secrets.token_hex(4)}{_DRAFT}")


def put_in_place(draft: Path, path: Path, *, disk: Disk = REAL_DISK) -> None:
    """
    Make *draft*, complete and synced, the file at *path*. Blocking.

    Raises:
        OSError: As for `whole_file`.
    """
    disk.replace(draft, path)
    disk.sync_folder(path.parent)


def remove_drafts(folder: Path, *, disk: Disk = REAL_DISK) -> None:
    """Remove what a crash left half written in *folder*, while nobody writes there."""
    for path in folder.glob(f".*{_DRAFT}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            disk.unlink(path)


@contextmanager
def scratch_folder(beside: Path, *, disk: Disk = REAL_DISK) -> Iterator[Path]:
    """Lend a folder on the disk of *beside*, in the same folder; it goes with the block."""
    folder = draft_of(beside)
    disk.make_folder(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def saying_what_the_disk_said() -> Iterator[None]:
    """
    Let out of the block only our word for what the system, or SQLite, says of the disk.

    Raises:
        StorageFailed: For an OSError or an error of SQLite's driver. A full disk is named as
            SQLite names it, so that it is recognised in one way.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise StorageFailed(getattr(error, "sqlite_errorname", "SQLITE_ERROR")) from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise StorageFailed("SQLITE_FULL" if full else f"OS_{error.errno}") from error
