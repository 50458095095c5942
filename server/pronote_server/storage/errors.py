"""
What can go wrong below the use cases.

* :exc:`StorageError`
    * :exc:`StorageFailed`      disk full, input/output error, damaged or locked file
    * :exc:`ConstraintBroken`   the row contradicts the schema; nothing was written
    * :exc:`DatabaseBroken`     the writer thread is gone; open the database again
    * :exc:`DatabaseClosed`     the database was left; a bug of the caller, or a late task
    * :exc:`BaseFileRefused`    this file is no base we can serve
    * :exc:`NewerThanThisProgram`  the file was written by a later version

A mistake in a statement (no such table) is none of them: it is a bug and keeps its name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import exc

from pronote_protocol.errors import PronoteError

__all__ = [
    "BaseFileRefused",
    "ConstraintBroken",
    "DatabaseBroken",
    "DatabaseClosed",
    "NewerThanThisProgram",
    "StorageError",
    "StorageFailed",
    "in_our_words",
    "saying_it_in_our_words",
]


class StorageError(PronoteError):
    """Base class of what the storage raises on purpose."""


class StorageFailed(StorageError):
    """
    The disk or the file said no; the write was not acknowledged and is rolled back.

    Args:
        code: The driver's name for it, for the log: ``SQLITE_FULL``, ``SQLITE_IOERR_WRITE``...
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def disk_full(self) -> bool:
        return self.code.startswith("SQLITE_FULL")

    @property
    def damaged(self) -> bool:
        """Whether it is the file that is wrong, not the disk below it."""
        return self.code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


class ConstraintBroken(StorageError):
    """The schema refuses this row: a duplicate, a missing parent, a value out of range."""


class DatabaseBroken(StorageError):
    """The writer thread died; what was waiting may or may not be on disk."""


class DatabaseClosed(StorageError):
    """Asked of a database that has been left."""


class BaseFileRefused(StorageError):
    """This file cannot be served; the two sentences say why, without its contents."""

    def __init__(self, fr: str, en: str) -> None:
        super().__init__(en)
        self.fr = fr
        self.en = en


class NewerThanThisProgram(StorageError):
    """The file has a revision this program does not know; a later version wrote it."""


# Primary codes of https://sqlite.org/rescode.html that tell about the disk or the file, not
# about the statement. An extended code (SQLITE_IOERR_WRITE) starts with its primary.
_FAILURES: Final = (
    "SQLITE_BUSY",
    "SQLITE_CANTOPEN",
    "SQLITE_CORRUPT",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_LOCKED",
    "SQLITE_NOMEM",
    "SQLITE_NOTADB",
    "SQLITE_PERM",
    "SQLITE_READONLY",
)


def in_our_words(error: Exception) -> Exception:
    """Return the storage's word for a driver's *error*, or *error* itself when it is a bug."""
    if isinstance(error, exc.IntegrityError):
        named: StorageError = ConstraintBroken(str(error.orig))
    elif isinstance(error, exc.DBAPIError) and isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorname", "")
        if not code.startswith(_FAILURES):
            return error
        named = StorageFailed(code)
    elif isinstance(error, exc.OperationalError):
        # psycopg says which in five characters, and nothing when the server is not there.
        named = StorageFailed(f"POSTGRESQL_{getattr(error.orig, 'sqlstate', None) or 'LOST'}")
    else:
        return error
    named.__cause__ = error
    return named


@contextmanager
def saying_it_in_our_words() -> Iterator[None]:
    """Let only our errors, and bugs, out of the block."""
    try:
        yield
    except Exception as error:
        named = in_our_words(error)
        if named is error:
            raise
        raise named from error
