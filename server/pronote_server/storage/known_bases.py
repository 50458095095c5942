"""What a school remembers of its bases besides what is in their files."""

from __future__ import annotations

from datetime import datetime

import attrs
from sqlalchemy import Connection, delete, insert, select, update

from pronote_protocol.words import BaseOrigin
from pronote_server.storage.school_schema import known_base

__all__ = [
    "KnownBase",
    "forget_base",
    "known_bases",
    "note_base",
    "note_service",
    "rename_known_base",
]


@attrs.frozen(kw_only=True)
class KnownBase:
    """
    Attributes:
        file: Its name, in the folder of the bases.
        served_at: When it was last put in service.
    """

    file: str
    origin: BaseOrigin
    added_at: datetime
    added_by: str
    served_at: datetime | None = None


def known_bases(conn: Connection) -> dict[str, KnownBase]:
    """Return what is known, by file."""
    return {
        row.file: KnownBase(
            file=row.file,
            origin=BaseOrigin(row.origin),
            added_at=row.added_at,
            added_by=row.added_by,
            served_at=row.served_at,
        )
        for row in conn.execute(select(known_base))
    }


def note_base(conn: Connection, known: KnownBase) -> None:
    """Take note of a base that came; what was known of that file is forgotten."""
    forget_base(conn, known.file)
    conn.execute(insert(known_base), attrs.asdict(known) | {"origin": known.origin.value})


def note_service(conn: Connection, file: str, at: datetime, by: str) -> None:
    """Take note that the base in *file* was put in service."""
    conn.execute(update(known_base).where(known_base.c.file == file).values(served_at=at))
    if file not in known_bases(conn):
        found = KnownBase(
            file=file, origin=BaseOrigin.FOUND, added_at=at, added_by=by, served_at=at
        )
        note_base(conn, found)


def rename_known_base(conn: Connection, file: str, new_file: str) -> None:
    """Take note that the base in *file* has another one."""
    conn.execute(update(known_base).where(known_base.c.file == file).values(file=new_file))


def forget_base(conn: Connection, file: str) -> None:
    """Forget what was known of *file*."""
    conn.execute(delete(known_base).where(known_base.c.file == file))
