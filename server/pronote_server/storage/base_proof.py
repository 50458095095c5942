"""
Whether a file that comes from elsewhere is a base, the whole of it and nothing else.

Such a file is hostile until it is proven: an SQLite file can bring views and triggers that act
when somebody reads, and pages that lead in circles. Nothing is written to it and nothing in it
believed: its schema is compared with the one this program makes, and every page, reference and
value checked, before anybody reads a row.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import attrs
from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, select, union

from pronote_server.storage.base_content import Counters, counters
from pronote_server.storage.base_header import (
    APPLICATION_ID,
    FORMAT_VERSION,
    BaseHeader,
    read_header,
    upgrade_base,
)
from pronote_server.storage.base_schema import document, photo
from pronote_server.storage.errors import BaseFileRefused, StorageFailed, in_our_words
from pronote_server.storage.migrations import BASE_FAMILY
from pronote_server.storage.statements import COMPILED, DRIVER

__all__ = ["BaseProof", "prove_base", "survey_base"]

_HEADER_BYTES: Final = 100
_MAGIC: Final = b"SQLite format 3\0"
# Of the database's own steps, between two looks at what it has used up.
_STEPS: Final = 100_000
# A page of an honest base costs a few thousand steps; circles never end.
_STEPS_IN_ALL: Final = 200_000_000
_STEPS_A_PAGE: Final = 100_000
# Longest text or blob; a document is not in the base.
_LONGEST_VALUE: Final = 32 * 1024 * 1024

# What a column declared so may hold, besides nothing.
_VALUES: Final[Mapping[str, str]] = {
    "INTEGER": "typeof(\"{column}\") = 'integer'",
    "BIGINT": "typeof(\"{column}\") = 'integer'",
    "BOOLEAN": '"{column}" IN (0, 1)',
    "VARCHAR": "typeof(\"{column}\") = 'text'",
    "TEXT": "typeof(\"{column}\") = 'text'",
    "BLOB": "typeof(\"{column}\") = 'blob'",
    "JSON": 'json_valid("{column}")',
    "DATE": '"{column}" IS date("{column}")',
    "DATETIME": 'typeof("{column}") = \'text\' AND datetime("{column}") IS NOT NULL',
}
_TABLE: Final = re.compile(r"(CREATE TABLE \S+) \((.*)\)([^)]*)")
_CLAUSES: Final = re.compile(r",? (?=CONSTRAINT )|, (?=\w+ [A-Z]+)")

_FOREIGN: Final = (
    "Ce fichier n'est pas une base PRONOTE de ce programme.",
    "This file is not a PRONOTE base of this program.",
)
_NEWER: Final = (
    "Cette base provient d'une version plus récente du programme.",
    "This base comes from a later version of the program.",
)
_DAMAGED: Final = ("Cette base est endommagée.", "This base is damaged.")
_OTHER_SCHEMA: Final = (
    "Cette base contient autre chose que ce que ce programme y met.",
    "This base holds something this program does not put there.",
)


@attrs.frozen(kw_only=True)
class BaseProof:
    """
    What was found in a base that is proven.

    Attributes:
        documents: SHA-256 of every document and photo it refers to.
    """

    header: BaseHeader
    counters: Counters
    documents: frozenset[str]


def prove_base(path: Path) -> BaseProof:
    """
    Check the base at *path*, which nobody has open; it is not written to. Blocking.

    Raises:
        BaseFileRefused: It is foreign, newer, hostile or damaged.
        StorageFailed: The disk said no.
    """
    return _looked_at(path, thorough=True)


def survey_base(path: Path) -> BaseProof:
    """
    Return what is in a base of ours that is about to be packed, and proven then.

    Raises:
        BaseFileRefused, StorageFailed: As for `prove_base`.
    """
    return _looked_at(path, thorough=False)


def _looked_at(path: Path, *, thorough: bool) -> BaseProof:
    version = _version(path)
    try:
        with closing(_open(path)) as driver:
            if thorough:
                _compare_schema(driver, version)
                if driver.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
                    raise BaseFileRefused(*_DAMAGED)
                if driver.execute("PRAGMA foreign_key_check").fetchone() is not None:
                    raise BaseFileRefused(*_DAMAGED)
                _check_values(driver)
            return _read(driver, version)
    except sqlite3.Error as error:
        failed = in_our_words(error)
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_NOMEM")):
            raise StorageFailed(name) from failed
        raise BaseFileRefused(*_DAMAGED) from error
    except (ValueError, TypeError, OverflowError) as error:  # a value that is none
        raise BaseFileRefused(*_DAMAGED) from error


def _version(path: Path) -> int:
    try:
        with path.open("rb") as file:
            start = file.read(_HEADER_BYTES)
            size = file.seek(0, 2)
    except OSError as error:
        raise StorageFailed(f"OS_{error.errno}") from error
    if len(start) < _HEADER_BYTES or not start.startswith(_MAGIC):
        raise BaseFileRefused(*_FOREIGN)
    if int.from_bytes(start[68:72], "big") != APPLICATION_ID:
        raise BaseFileRefused(*_FOREIGN)
    version = int.from_bytes(start[60:64], "big")
    if version > FORMAT_VERSION:
        raise BaseFileRefused(*_NEWER)
    page = int.from_bytes(start[16:18], "big")
    page = 65_536 if page == 1 else page
    if version < 1 or page < 512 or size % page:
        raise BaseFileRefused(*_DAMAGED)
    return version


def _open(path: Path) -> sqlite3.Connection:
    # Not mode=ro, nor immutable: SQLite does not look at CHECK constraints then (3.40).
    driver = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    steps = _STEPS_IN_ALL + _STEPS_A_PAGE * (path.stat().st_size // 512)
    left = [steps // _STEPS]

    def used_up() -> bool:
        left[0] -= 1
        return left[0] < 0

    driver.set_progress_handler(used_up, _STEPS)
    driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    for pragma in (
        "locking_mode = EXCLUSIVE",
        "trusted_schema = OFF",
        "cell_size_check = ON",
        "query_only = ON",
    ):
        driver.execute(f"PRAGMA {pragma}")
    return driver


def _compare_schema(driver: sqlite3.Connection, version: int) -> None:
    found = driver.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchmany(
        10_000
    )
    if _described(found) != _expected_schema(version):
        raise BaseFileRefused(*_OTHER_SCHEMA)


def _check_values(driver: sqlite3.Connection) -> None:
    """SQLite takes a word for a number; nobody who reads a base expects that."""
    tables = driver.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        columns = driver.execute(f'PRAGMA table_info("{table}")').fetchall()
        wrong = [
            f'"{name}" IS NOT NULL AND NOT ({rule.format(column=name)})'
            for _, name, kind, *_ in columns
            if (rule := _VALUES.get(kind.partition("(")[0])) is not None
        ]
        if not wrong:
            continue
        found = driver.execute(f'SELECT 1 FROM "{table}" WHERE {" OR ".join(wrong)} LIMIT 1')
        if found.fetchone() is not None:
            raise BaseFileRefused(*_DAMAGED)


_MAKING: Final = threading.Lock()


# An object of the schema, and its clauses.
_Described = frozenset[tuple[str, str, str, frozenset[str]]]


def _described(rows: Iterable[Any]) -> _Described:
    """
    Return everything `sqlite_master` says, but for the order of clauses.

    A file that went through revisions has some of its constraints in another place.
    """
    found = set()
    for kind, name, table, sql in rows:
        text = " ".join((sql or "").split())
        clauses = {text}
        if kind == "table" and (parts := _TABLE.fullmatch(text)):
            head, body, tail = parts.groups()
            clauses = {head, f") {tail}", *map(str.strip, _CLAUSES.split(body))}
        found.add((kind, name, table, frozenset(clauses)))
    return frozenset(found)


def _expected_schema(version: int) -> _Described:
    with _MAKING:
        return _made_schema(version)


@lru_cache
def _made_schema(version: int) -> _Described:
    """Return what `sqlite_master` says in a base of that format."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.connect() as conn:
        with conn.begin():
            if version == FORMAT_VERSION:
                BASE_FAMILY.create(conn)
            else:
                BASE_FAMILY.upgrade(conn, f"{version:04}")
        rows = conn.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master")
        return _described(rows)


def _read(driver: sqlite3.Connection, version: int) -> BaseProof:
    if version == FORMAT_VERSION:
        return _found(driver)
    # What an older base holds is read once it is one of today: in memory, for it stays as
    # it is.
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as today:
        driver.backup(today)
        with _as_ours(today).connect() as conn, conn.begin():
            upgrade_base(conn)
        proof = _found(today)
    return attrs.evolve(proof, header=attrs.evolve(proof.header, format_version=version))


def _found(driver: sqlite3.Connection) -> BaseProof:
    each = union(select(document.c.sha256), select(photo.c.sha256))
    with _as_ours(driver).connect() as conn:
        return BaseProof(
            header=read_header(conn),
            counters=counters(conn),
            documents=frozenset(conn.execute(each).scalars()),
        )


def _as_ours(driver: sqlite3.Connection) -> Engine:
    engine = create_engine(
        f"{DRIVER}://",
        creator=lambda: driver,
        poolclass=StaticPool,
        query_cache_size=0,
        execution_options={"compiled_cache": COMPILED},
    )

    @event.listens_for(engine, "begin")
    def begin_ourselves(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine
