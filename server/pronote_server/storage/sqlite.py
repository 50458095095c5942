"""
What is particular to SQLite: how its connections are opened, and its pragmas.

`postgresql` is its sibling.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, exc

from pronote_server.storage.statements import COMPILED, DRIVER

__all__ = [
    "SqliteFile",
    "checkpoint",
    "impatient_engine",
    "one_state",
    "read_ahead",
    "reading_engine",
    "transaction",
    "writing_engine",
]

# How long to wait for another process that holds the file (a backup tool, a curious `sqlite3`).
BUSY_SECONDS: Final = 5.0

# Far more than a school enters in a year; of what is larger, the beginning.
READ_AHEAD_BYTES: Final = 256 * 1024 * 1024


@attrs.frozen
class SqliteFile:
    """Where a file is, for `open_database`."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def writing_engine(self) -> Engine:
        return writing_engine(self.path)

    def reading_engine(self) -> Engine:
        return reading_engine(self.path)

    def impatient_engine(self) -> Engine:
        return impatient_engine(self.path)

    def read_ahead(self) -> None:
        read_ahead(self.path)

    def settle(self, connection: Connection) -> None:
        checkpoint(connection)


def writing_engine(path: Path) -> Engine:
    """
    Return the engine of the one writer.

    IMMEDIATE takes the write lock at BEGIN: a transaction that started by reading could
    otherwise be refused at its first write (SQLITE_BUSY, and no waiting helps).
    """
    return _engine(path, "BEGIN IMMEDIATE", "PRAGMA query_only = OFF")


def reading_engine(path: Path) -> Engine:
    """Return an engine whose transactions see one unchanging state and cannot write."""
    return _engine(path, "BEGIN", "PRAGMA query_only = ON")


def impatient_engine(path: Path) -> Engine:
    """As `reading_engine`; who holds the file is not waited for (SQLITE_BUSY at once)."""
    engine = reading_engine(path)

    @event.listens_for(engine, "connect")  # once it is open, for which it waits
    def wait_no_more(driver: sqlite3.Connection, _record: Any) -> None:
        driver.execute("PRAGMA busy_timeout = 0")

    return engine


def read_ahead(path: Path) -> None:
    """
    Have the system read the file into its memory, as far as it is not there already.

    Before any connection is open: to close a descriptor of the file gives up the locks of
    the whole process on it. Blocks, shortly.
    """
    if not hasattr(os, "posix_fadvise"):  # macOS: the first readings wait for the disk
        return
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return  # who opens it will say why
    try:
        os.posix_fadvise(descriptor, 0, READ_AHEAD_BYTES, os.POSIX_FADV_WILLNEED)
    except OSError:
        pass  # of a file system that takes no advice
    finally:
        os.close(descriptor)


def _engine(path: Path, begin: str, role: str) -> Engine:
    # isolation_level None is the driver's autocommit: it never begins on its own, the
    # listener below does. NullPool because whoever connects keeps the connection.
    engine = create_engine(
        URL.create(DRIVER, database=str(path)),
        connect_args={
            "check_same_thread": False,
            "isolation_level": None,
            "timeout": BUSY_SECONDS,
        },
        poolclass=NullPool,
        query_cache_size=0,  # instead of one of its own:
        execution_options={"compiled_cache": COMPILED},
    )

    @event.listens_for(engine, "connect")
    def prepare(driver: sqlite3.Connection, _record: Any) -> None:
        # FULL: the log is synced at every COMMIT, so that an acknowledged write survives a
        # power cut (NORMAL loses the last ones). foreign_keys is off unless asked for.
        driver.execute("PRAGMA journal_mode = WAL")
        driver.execute("PRAGMA synchronous = FULL")
        driver.execute("PRAGMA foreign_keys = ON")
        driver.execute(role)

    @event.listens_for(engine, "begin")
    def begin_ourselves(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        if not driver.in_transaction:  # `one_state` has begun it
            connection.exec_driver_sql(begin)

    return engine


@contextmanager
def one_state(connection: Connection) -> Iterator[None]:
    """
    Let the block read one state, and change nothing.

    On SQLite without the transaction of SQLAlchemy, which costs more than a short query.
    """
    driver: Any = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        with connection.begin():
            yield
        return
    _execute(driver, "BEGIN")
    try:
        yield
    finally:
        # What SQLAlchemy began, if it did, is this very transaction.
        if connection.in_transaction():
            connection.rollback()
        else:
            driver.rollback()


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """
    Commit what the block writes, or nothing when it raises.

    On SQLite without the transaction object of SQLAlchemy, as `one_state`.

    Raises:
        DBAPIError: BEGIN, COMMIT or ROLLBACK failed; nothing is kept.
    """
    driver: Any = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        with connection.begin():
            yield
        return
    _execute(driver, "BEGIN IMMEDIATE")
    try:
        yield
        # What SQLAlchemy began, if it did, is this very transaction.
        if connection.in_transaction():
            connection.commit()
        else:
            _execute(driver, "COMMIT")
    except BaseException:
        connection.rollback()  # what SQLAlchemy believes
        driver.rollback()  # what is; to whom a rollback of nothing is nothing
        raise


def _execute(driver: sqlite3.Connection, statement: str) -> None:
    try:
        driver.execute(statement)
    except sqlite3.Error as error:
        raise exc.DBAPIError.instance(statement, (), error, sqlite3.Error) from error


def checkpoint(connection: Connection) -> None:
    """Move the write-ahead log into the file, so that the file alone is the whole."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
