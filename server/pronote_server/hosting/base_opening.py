"""
Opening a base and closing it: the file, the threads that touch it, and nothing of its life.

Whoever wants another base loaded goes through `base_replacement`, which has a way back.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import attrs
import trio
from sqlalchemy import Connection

from pronote_server.domain.school_calendar import usual_periods, usual_year
from pronote_server.hosting.school import OpenBase, School
from pronote_server.storage import base_file, base_periods
from pronote_server.storage.copying import forget_copies
from pronote_server.storage.database import open_database

__all__ = ["close_base", "open_base", "open_file", "read_header_again"]


async def open_base(school: School, path: Path) -> None:
    """
    Load the base at *path* instead of the one that is loaded.

    Raises:
        BaseFileRefused: It is no base of ours, damaged or newer; nothing is changed.
    """

    def inspect() -> None:
        base_file.inspect_base(path)
        if school.exclusive.holder is None:
            # Of an exclusive use that a crash ended: what was entered under it is saved.
            forget_copies(path)

    await school.in_thread(inspect)
    await close_base(school)
    school.base, school.base_stack = await open_file(
        path, inline=school.inline, short_reads=school.short_reads
    )


async def open_file(
    path: Path, *, inline: bool, short_reads: bool
) -> tuple[OpenBase, AsyncExitStack]:
    """
    Open the base at *path*, which was looked at before, and bring it up to date.

    Returns:
        It, and what closes it.

    Raises:
        BaseFileRefused, StorageFailed: It is closed again.
    """
    stack = AsyncExitStack()
    database = await stack.enter_async_context(
        open_database(path, inline=inline, short_reads=short_reads)
    )
    try:
        header = await database.write(_up_to_date)
    except BaseException:
        with trio.move_on_after(5, shield=True):
            await stack.aclose()
        raise
    return OpenBase(header, path, database), stack


def _up_to_date(conn: Connection) -> base_file.BaseHeader:
    base_file.upgrade_base(conn)
    header = base_file.read_header(conn)
    # Every base passes here, also one that an older version made: none is without periods.
    if not base_periods.periods(conn):
        year = header.school_year
        base_periods.insert_periods(conn, usual_periods(year, *usual_year(year)))
    return header


async def close_base(school: School) -> None:
    """Close the base that is loaded, if any; what was acknowledged is on disk."""
    school.base = None
    stack, school.base_stack = school.base_stack, AsyncExitStack()
    await stack.aclose()


async def read_header_again(school: School) -> None:
    """Take note of a header that was changed beside the entries."""
    base = school.base
    if base is None:
        return
    header = await base.database.read(base_file.read_header)
    if school.base is base:
        school.base = attrs.evolve(base, header=header)
