"""
A base as a file: making one, and telling whether a file is one.

A base is one SQLite file (``.not``) with our application id. Nothing but this module looks
at the file itself.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import attrs
from sqlalchemy import Connection, Row, exc, insert, select

from pronote_server.domain.school_data import TimeGrid
from pronote_server.storage.base_schema import grid, grid_day, grid_slot, header
from pronote_server.storage.errors import (
    BaseFileRefused,
    NewerThanThisProgram,
    StorageError,
    StorageFailed,
    in_our_words,
    saying_it_in_our_words,
)
from pronote_server.storage.migrations import BASE_FAMILY
from pronote_server.storage.sqlite import checkpoint, writing_engine
from pronote_server.storage.whole_files import (
    REAL_DISK,
    Disk,
    draft_of,
    put_in_place,
    saying_what_the_disk_said,
)

__all__ = [
    "APPLICATION_ID",
    "FORMAT_VERSION",
    "BaseHeader",
    "create_base",
    "fill_base",
    "inspect_base",
    "put_grid",
    "read_grid",
    "read_header",
    "upgrade_base",
]

# "Not1"; `file` and SQLite show it, so that nobody takes a base for another database.
APPLICATION_ID: Final = 0x4E6F7431

# Grows with the revisions of the family "base"; an older file is upgraded, a newer refused.
FORMAT_VERSION: Final = 6

_SQLITE_HEADER: Final = struct.Struct(">16s44x I 4x I 28x")


@attrs.frozen(kw_only=True)
class BaseHeader:
    """
    What a base says of itself.

    Attributes:
        name: As the lists of bases show it, without ``.not``.
        school_year: 2020 for 2020-2021; the weeks of the timetable count from there.
        last_entry_at: When something was last entered; None in a base still empty.
        revision: Grows with every change of the contents.
    """

    name: str
    rne: str | None
    school_year: int
    format_version: int
    created_at: datetime
    last_entry_at: datetime | None
    revision: int


def create_base(
    path: Path,
    *,
    name: str,
    rne: str | None,
    school_year: int,
    grid: TimeGrid,
    now: datetime,
    disk: Disk = REAL_DISK,
) -> None:
    """
    Make an empty base at *path*: the whole of it, on disk, or nothing. Blocks.

    Raises:
        FileExistsError: Something is there already; it is not touched.
        StorageFailed: The disk said no.
    """
    if path.exists():
        raise FileExistsError(path)
    draft = draft_of(path)
    try:
        with saying_it_in_our_words(), writing_engine(draft).connect() as conn:
            with conn.begin():
                fill_base(conn, name=name, rne=rne, school_year=school_year, grid=grid, now=now)
            checkpoint(conn)
        with saying_what_the_disk_said():
            disk.sync_file(draft)
            put_in_place(draft, path, disk=disk)
    finally:
        _remove(draft)


def fill_base(
    conn: Connection,
    *,
    name: str,
    rne: str | None,
    school_year: int,
    grid: TimeGrid,
    now: datetime,
) -> None:
    """Make an empty base of an empty database."""
    BASE_FAMILY.create(conn)
    _mark(conn)
    conn.execute(
        insert(header),
        {
            "id": 1,
            "kind": "base",
            "name": name,
            "rne": rne,
            "school_year": school_year,
            "created_at": now,
            "last_entry_at": None,
            "revision": 0,
        },
    )
    put_grid(conn, grid)


def upgrade_base(conn: Connection) -> None:
    """
    Bring a base of an older format up to date; nothing to do for one of today.

    Raises:
        BaseFileRefused: It is of a later version, or no base.
    """
    application_id, version = _marks(conn)
    _check_marks(application_id, version)
    try:
        BASE_FAMILY.upgrade(conn)
    except NewerThanThisProgram:
        raise _newer() from None
    if version != FORMAT_VERSION:
        _mark(conn)


def read_header(conn: Connection) -> BaseHeader:
    """
    Return the header of the base.

    Raises:
        BaseFileRefused: It is no base, of a later version, or damaged.
    """
    try:
        application_id, version = _marks(conn)
        _check_marks(application_id, version)
        rows = conn.execute(select(header)).all()
        return _header(rows, version)
    except exc.DatabaseError as error:
        raise _refusal(error) from error
    except (ValueError, TypeError) as error:  # an instant that is none
        raise _damaged() from error


def inspect_base(path: Path, *, thorough: bool = False) -> BaseHeader:
    """
    Return the header of the base at *path*, without having opened it as a database of ours.

    Look before `open_database`, which would turn a foreign SQLite file into one with a log.
    Blocks.

    Args:
        thorough: Read every page and check every reference; for backups.

    Raises:
        BaseFileRefused: It is missing, no base, of a later version, or damaged.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_SQLITE_HEADER.size)
    except FileNotFoundError:
        raise BaseFileRefused("Ce fichier n'existe pas.", "This file does not exist.") from None
    if len(start) < _SQLITE_HEADER.size:
        raise _foreign()
    magic, _, application_id = _SQLITE_HEADER.unpack(start)
    if magic != b"SQLite format 3\0" or application_id != APPLICATION_ID:
        raise _foreign()
    try:
        with writing_engine(path).connect() as conn, conn.begin():
            found = read_header(conn)
            if thorough and not _is_sound(conn):
                raise _damaged()
            return found
    except exc.DatabaseError as error:
        raise _refusal(error) from error


def put_grid(conn: Connection, frame: TimeGrid) -> None:
    """Replace the frame of the week (*grille horaire*)."""
    for table in (grid, grid_day, grid_slot):
        conn.execute(table.delete())
    conn.execute(
        insert(grid),
        {
            "id": 1,
            "slot_minutes": frame.slot_minutes,
            "first_day": frame.first_day,
            "step_minutes": frame.step_minutes,
        },
    )
    if frame.days:
        conn.execute(insert(grid_day), [{"day": day} for day in frame.days])
    slots = [
        {"start_minute": start, "label": label}
        for start, label in zip(frame.slot_starts, frame.labels, strict=True)
    ]
    if slots:
        conn.execute(insert(grid_slot), slots)


def read_grid(conn: Connection) -> TimeGrid:
    """Return the frame of the week."""
    slots = conn.execute(select(grid_slot).order_by(grid_slot.c.start_minute)).all()
    days = conn.execute(select(grid_day.c.day).order_by(grid_day.c.day)).scalars()
    frame = conn.execute(select(grid)).one()
    return TimeGrid(
        days=tuple(days),
        slot_starts=tuple(slot.start_minute for slot in slots),
        slot_minutes=frame.slot_minutes,
        labels=tuple(slot.label for slot in slots),
        first_day=frame.first_day,
        step_minutes=frame.step_minutes,
    )


def _mark(conn: Connection) -> None:
    if not _is_file(conn):
        return
    conn.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    conn.exec_driver_sql(f"PRAGMA user_version = {FORMAT_VERSION}")


def _is_file(conn: Connection) -> bool:
    return conn.dialect.name == "sqlite"


def _marks(conn: Connection) -> tuple[int, int]:
    if not _is_file(conn):
        # No file, so nothing to take for another's; its format is its revision.
        return APPLICATION_ID, int(BASE_FAMILY.version(conn) or 0)
    return (
        conn.exec_driver_sql("PRAGMA application_id").scalar_one(),
        conn.exec_driver_sql("PRAGMA user_version").scalar_one(),
    )


def _check_marks(application_id: int, version: int) -> None:
    if application_id != APPLICATION_ID:
        raise _foreign()
    if version > FORMAT_VERSION:
        raise _newer()
    if version < 1:
        raise _damaged()


def _header(rows: Sequence[Row[Any]], version: int) -> BaseHeader:
    if len(rows) != 1 or rows[0].kind != "base":
        raise _damaged()
    row = rows[0]
    return BaseHeader(
        name=row.name,
        rne=row.rne,
        school_year=row.school_year,
        format_version=version,
        created_at=row.created_at,
        last_entry_at=row.last_entry_at,
        revision=row.revision,
    )


def _is_sound(conn: Connection) -> bool:
    pages = conn.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    dangling = conn.exec_driver_sql("PRAGMA foreign_key_check").first()
    return pages == "ok" and dangling is None


def _remove(draft: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        draft.with_name(draft.name + suffix).unlink(missing_ok=True)


def _foreign() -> BaseFileRefused:
    return BaseFileRefused(
        "Ce fichier n'est pas une base PRONOTE de ce programme.",
        "This file is not a PRONOTE base of this program.",
    )


def _newer() -> BaseFileRefused:
    return BaseFileRefused(
        "Cette base provient d'une version plus récente du programme.",
        "This base comes from a later version of the program.",
    )


def _refusal(error: exc.DatabaseError) -> StorageError:
    """A table that is missing is damage, and so is a page; a disk that fails is not."""
    named = in_our_words(error)
    if isinstance(named, StorageFailed) and not named.damaged:
        return named
    return _damaged()


def _damaged() -> BaseFileRefused:
    return BaseFileRefused("Cette base est endommagée.", "This base is damaged.")
