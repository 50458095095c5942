"""A consistent copy of a database that others are using."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from pronote_server.storage.errors import saying_it_in_our_words

__all__ = ["copy_database", "put_back"]

# Pages a step; readers and the writer get their turn between two of them.
_STEP_PAGES = 256


def copy_database(source: Path, target: Path) -> None:
    """
    Make *target* a copy of what is committed in *source*, in one step: it is there whole or
    not at all. Blocking; call it in a thread.

    Raises:
        StorageFailed: The disk said no; nothing is left of the copy.
    """
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)
    try:
        with (
            saying_it_in_our_words(),
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
    Make *copy* the database at *target*, which nobody may have open; the copy is used up.

    The log of the old one goes first: it belongs to no other file.
    """
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
