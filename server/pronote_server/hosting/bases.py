"""
The base of a school: the way in to its opening, its service and its creation.

See `base_replacement` for putting another one in its place, `other_bases` for those that are
not loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import attrs
from sqlalchemy import Connection

from pronote_protocol.errors import Conflict
from pronote_protocol.messages import BaseChanged
from pronote_server.domain.school_data import SchoolData
from pronote_server.hosting import exclusive_use
from pronote_server.hosting.base_creation import (
    STANDARD_GRID,
    create_base,
    grid_of,
    school_year_at,
)
from pronote_server.hosting.base_opening import close_base, open_base, read_header_again
from pronote_server.hosting.base_places import base_path
from pronote_server.hosting.base_service import put_in_service, stop
from pronote_server.hosting.school import School
from pronote_server.storage import base_file

__all__ = [
    "STANDARD_GRID",
    "base_path",
    "change_base",
    "close_base",
    "create_base",
    "fill",
    "grid_of",
    "open_base",
    "put_in_service",
    "read_header_again",
    "school_year_at",
    "stop",
]

T = TypeVar("T")


async def change_base(
    school: School, what: tuple[str, ...], command: Callable[[Connection], T]
) -> T:
    """
    Write the base in service, and tell every session its new revision.

    Raises:
        NotInService: There is none.
    """
    base = school.base_in_service()

    def write(conn: Connection) -> tuple[T, base_file.BaseHeader]:
        return command(conn), base_file.read_header(conn)

    result, header = await base.database.write(write)
    if school.base is not None and school.base.database is base.database:
        school.base = attrs.evolve(school.base, header=header)
        exclusive_use.broadcast(school, BaseChanged(revision=header.revision, what=what))
    return result


async def fill(school: School, data: SchoolData) -> None:
    """Replace everything in the base that is loaded, in service or not."""
    base = school.base
    if base is None:
        raise Conflict("Aucune base n'est chargée.", "No base is loaded.")
    now = school.now()

    def write(conn: Connection) -> base_file.BaseHeader:
        base_file.replace_school_data(conn, data, now)
        return base_file.read_header(conn)

    school.base = attrs.evolve(base, header=await base.database.write(write))
