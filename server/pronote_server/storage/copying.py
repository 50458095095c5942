"""A consistent copy of a database that others are using."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pronote_server.storage.errors import StorageFailed

__all__ = ["copy_beside", "copy_database", "forget_copies", "put_back"]

# Pages a step; readers and the writer get their turn between two of them.
_STEP_PAGES = 256


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


def copy_database(source: Path, target: Path) -> None:
    """
    Make *target* a copy of what is committed in *source*, in one step: it is there whole or
    not at all. Blocking; call it in a thread.

    Raises:
        StorageFailed: The disk said no; nothing is left of the copy.
    """
    draft = _draft_of(target)
    draft.unlink(missing_ok=True)
    try:
        with _failing_in_our_words():
            with (
                closing(sqlite3.connect(source)) as reading,
                closing(sqlite3.connect(draft)) as writing,
            ):
                reading.backup(writing, pages=_STEP_PAGES)
            _sync(draft)
            draft.replace(target)
            _sync(target.parent)
    finally:
        draft.unlink(missing_ok=True)


def put_back(copy: Path, target: Path) -> None:
    """
    Make *copy* the database at *target*; nobody may have either open. The copy is used up.

    The log of the old one goes first: it belongs to no other file. Blocking.

    Raises:
        StorageFailed: The disk said no; *target* is the old one or the copy, and whole.
    """
    with _failing_in_our_words():
        for suffix in ("-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        copy.replace(target)
        _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _failing_in_our_words() -> Iterator[None]:
    """Say that the disk said no, whether SQLite or the system was told so."""
    try:
        yield
    except sqlite3.Error as error:
        raise StorageFailed(getattr(error, "sqlite_errorname", "SQLITE_ERROR")) from error
    except OSError as error:
        raise StorageFailed(f"OS_{error.errno}") from error
