"""A consistent copy of a database that others are using."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from pronote_server.storage.whole_files import (
    REAL_DISK,
    Disk,
    put_in_place,
    saying_what_the_disk_said,
)

__all__ = ["copy_beside", "copy_database", "copy_pages", "forget_copies", "put_back"]

# Pages a step; a copy that is not wanted any more ends between two of them.
_STEP_PAGES: Final = 256


def copy_beside(path: Path) -> Path:
    """Return where the copy of the database at *path* is kept while it may be needed."""
    return path.with_name(f".{path.name}.before")


def forget_copies(path: Path) -> None:
    """Remove the copy of the database at *path*, and what a crash left of one."""
    copy = copy_beside(path)
    for leftover in (copy, _draft_of(copy)):
        for suffix in ("", "-wal", "-shm", "-journal"):
            leftover.with_name(leftover.name + suffix).unlink(missing_ok=True)


def _draft_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.new")


def copy_database(source: Path, target: Path, *, disk: Disk = REAL_DISK) -> None:
    """
    Make *target* a copy of what is committed in *source*, in one step: it is there whole or
    not at all. Blocking; call it in a thread.

    Raises:
        StorageFailed: The disk said no; nothing is left of the copy.
    """
    draft = _draft_of(target)
    with saying_what_the_disk_said():
        disk.unlink(draft)
        try:
            copy_pages(source, draft, disk=disk)
            put_in_place(draft, target, disk=disk)
        except BaseException:
            with suppress(OSError):
                disk.unlink(draft)
            raise


def copy_pages(
    source: Path,
    target: Path,
    *,
    disk: Disk = REAL_DISK,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """
    Write what is committed in *source* to *target*, which nobody looks at yet, and sync it.

    It is the state of one moment: writers go on, and the copy does not begin again for them.

    Args:
        progress: Told how many pages are done, and of how many; may raise, to give up.

    Raises:
        sqlite3.Error, OSError: The disk said no; what is at *target* is of no use.
    """

    def step(_status: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    with (
        closing(sqlite3.connect(source, isolation_level=None)) as reading,
        closing(sqlite3.connect(target, isolation_level=None)) as writing,
    ):
        # Whoever wrote between two steps would make the copy begin again from the first
        # page; within a transaction the source is what it was at its beginning.
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        # Nobody reads a copy that is not whole: it needs no way back.
        writing.execute("PRAGMA journal_mode = OFF")
        writing.execute("PRAGMA synchronous = OFF")
        reading.backup(writing, pages=_STEP_PAGES, progress=step)
        reading.execute("ROLLBACK")
    disk.sync_file(target)


def put_back(copy: Path, target: Path, *, disk: Disk = REAL_DISK) -> None:
    """
    Make *copy* the database at *target*; nobody may have either open. The copy is used up.

    The log of the old one goes first, and for good: it belongs to no other file, and SQLite
    would read it into the new one. Blocking.

    Raises:
        StorageFailed: The disk said no; *target* is the old one or the copy, and whole.
    """
    with saying_what_the_disk_said():
        for suffix in ("-wal", "-shm"):
            disk.unlink(target.with_name(target.name + suffix))
        disk.sync_folder(target.parent)
        put_in_place(copy, target, disk=disk)
