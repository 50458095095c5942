"""
The base in service: creating it, putting it in service, stopping (fiches 4 and 9).

A base that was created or loaded serves nobody until it is put in service; the first time,
the password of the supervisor (SPR) is set.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

import attrs
import trio
from sqlalchemy import Connection

from pronote_protocol.errors import Conflict
from pronote_protocol.messages import BaseChanged
from pronote_protocol.words import Farewell
from pronote_server.domain.school_calendar import usual_periods, usual_year
from pronote_server.domain.school_data import SchoolData, TimeGrid
from pronote_server.hosting import connections, exclusive_use, passwords
from pronote_server.hosting.farewells import announcement
from pronote_server.hosting.school import OpenBase, School
from pronote_server.storage import base_file, base_periods
from pronote_server.storage.copying import forget_copies
from pronote_server.storage.database import open_database

__all__ = [
    "STANDARD_GRID",
    "change_base",
    "close_base",
    "create_base",
    "fill",
    "open_base",
    "put_in_service",
    "school_year_at",
    "stop",
]

T = TypeVar("T")

# What EDT proposes: hours of sixty minutes (one service hour each), Monday to Friday.
STANDARD_GRID: Final = TimeGrid(
    days=(0, 1, 2, 3, 4),
    slot_starts=tuple(60 * hour for hour in range(8, 18)),
    slot_minutes=60,
    labels=tuple(f"{hour}h00" for hour in range(8, 18)),
)


def school_year_at(now: datetime) -> int:
    """Return the school year *now* belongs to; the new one begins on 21 August (fiche 3)."""
    return now.year if (now.month, now.day) >= (8, 21) else now.year - 1


def base_path(school: School, name: str) -> Path:
    """Return where the base called *name* is kept."""
    return school.folder / "bases" / f"{name}.not"


async def create_base(school: School, name: str, school_year: int, grid: TimeGrid) -> None:
    """
    Create an empty base and load it; it is not in service (fiche 4).

    Raises:
        Conflict: A base of that name exists, or one is in service.
    """
    if school.in_service:
        raise Conflict("Arrêtez d'abord le serveur.", "Stop the server first.")
    path = base_path(school, name)
    if path.exists():
        raise Conflict("Une base de ce nom existe.", "A base of that name exists.")
    now = school.now()

    def create() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        base_file.create_base(
            path, name=name, rne=school.rne, school_year=school_year, grid=grid, now=now
        )

    if school.inline:
        create()
    else:
        await trio.to_thread.run_sync(create)
    await school.keep("base.loaded", path.name)
    await open_base(school, path)
    await school.journal.record("base.created", "serveur", base=name, year=school_year)


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

    if school.inline:
        inspect()
    else:
        await trio.to_thread.run_sync(inspect)
    await close_base(school)
    stack = AsyncExitStack()
    database = await stack.enter_async_context(open_database(path, inline=school.inline))
    try:
        header = await database.write(_up_to_date)
    except BaseException:
        with trio.move_on_after(5, shield=True):
            await stack.aclose()
        raise
    school.base = OpenBase(header, path, database)
    school.base_stack = stack


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


async def put_in_service(
    school: School, supervisor_password: str | None, *, by: str, address: str | None = None
) -> None:
    """
    Let clients enter the base that is loaded (fiche 4, *mettre en service*).

    Args:
        supervisor_password: Needed the first time, and refused afterwards.

    Raises:
        Conflict: No base is loaded, it is in service already, or the password is missing
            or not asked for.
        PasswordRefused: The password breaks rules; nothing is changed.
    """
    if school.base is None:
        raise Conflict("Aucune base n'est chargée.", "No base is loaded.")
    if school.in_service:
        raise Conflict("La base est déjà en service.", "The base is in service already.")
    supervisor = school.directory.supervisor
    assert supervisor is not None, "a school is created with its supervisor"
    if supervisor.credentials is None:
        if supervisor_password is None:
            raise Conflict(
                "Première mise en service : définissez le mot de passe du superviseur (SPR).",
                "First putting into service: set the supervisor's (SPR) password.",
            )
        await passwords.personalise(school, supervisor.id, supervisor_password, address)
    elif supervisor_password is not None:
        raise Conflict(
            "Le mot de passe du superviseur est déjà défini.",
            "The supervisor's password is set already.",
        )
    await school.keep("base.in_service", True)
    school.in_service = True
    await school.journal.record("base.put_in_service", by, address, base=_name(school))


async def stop(
    school: School,
    *,
    by: str,
    address: str | None = None,
    delay_seconds: float = 0.0,
    message: str | None = None,
) -> None:
    """
    Take the base out of service: its sessions are warned, then ended (*Arrêter le serveur*).

    Raises:
        Conflict: It is not in service.
    """
    if not school.in_service:
        raise Conflict("La base n'est pas en service.", "The base is not in service.")
    if delay_seconds > 0:
        exclusive_use.broadcast(
            school,
            announcement(Farewell.BASE_CLOSED, delay_seconds, message=message),
        )
        await trio.sleep(delay_seconds)
    school.in_service = False
    connections.end_all(school, Farewell.BASE_CLOSED, message=message)
    await school.keep("base.in_service", False)
    await school.journal.record("base.stopped", by, address, base=_name(school))


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


def _name(school: School) -> str | None:
    return school.base.header.name if school.base is not None else None
