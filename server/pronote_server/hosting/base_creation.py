"""Creating an empty base (fiche 4, *Créer une base*)."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Final

from pronote_protocol.catalogue.bases import GridWish
from pronote_protocol.errors import BadRequest
from pronote_protocol.words import BaseOrigin
from pronote_server.domain.base_names import base_name
from pronote_server.domain.base_states import BaseCommand
from pronote_server.domain.school_data import TimeGrid
from pronote_server.domain.time_grids import regular_grid
from pronote_server.domain.versions import school_year_on
from pronote_server.hosting.base_places import base_path, check_free
from pronote_server.hosting.base_replacement import exchange_while_doing
from pronote_server.hosting.base_service import doing
from pronote_server.hosting.journal import SERVER
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import local
from pronote_server.storage import base_file
from pronote_server.storage.known_bases import KnownBase, note_base

__all__ = ["STANDARD_GRID", "create_base", "grid_of", "school_year_at"]

# What EDT proposes: hours of sixty minutes (one service hour each), Monday to Friday.
STANDARD_GRID: Final = TimeGrid(
    days=(0, 1, 2, 3, 4),
    slot_starts=tuple(60 * hour for hour in range(8, 18)),
    slot_minutes=60,
    labels=tuple(f"{hour}h00" for hour in range(8, 18)),
)
# Weeks are counted from 1 September of the year, and dates are written with four digits.
_YEARS: Final = range(2000, 2100)


def school_year_at(now: datetime) -> int:
    """Return the school year of *now* on the school's calendar; see `school_year_on`."""
    return school_year_on(local(now).date())


def grid_of(wish: GridWish) -> TimeGrid:
    """
    Raises:
        BadRequest: It is no frame of a week.
    """
    return regular_grid(
        first_day=wish.first_day,
        days=wish.days,
        sequences=wish.sequences,
        starts_at=wish.starts_at,
        sequence_minutes=wish.sequence_minutes,
        step_minutes=wish.step_minutes,
        breaks={each.after: each.minutes for each in wish.breaks},
        labels=wish.labels,
    )


async def create_base(
    school: School,
    name: str,
    school_year: int,
    grid: TimeGrid = STANDARD_GRID,
    *,
    by: str = SERVER,
    address: str | None = None,
) -> None:
    """
    Create an empty base and load it; it is not in service (fiche 4).

    The base that was loaded stays, among the other bases.

    Raises:
        BadRequest: The name or the year cannot be that of a base.
        Conflict: A base of that name exists, or the server is not stopped.
        StorageFailed: The disk said no; the base that was loaded still is.
    """
    name = base_name(name)
    if school_year not in _YEARS:
        raise BadRequest(problems=f"school_year: {school_year} is no school year")
    with doing(school, BaseCommand.CREATE):
        path = base_path(school, name)
        await check_free(school, name)
        now = school.now()

        def create() -> None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            base_file.create_base(
                path, name=name, rne=school.rne, school_year=school_year, grid=grid, now=now
            )

        await school.in_thread(create)
        try:
            await exchange_while_doing(school, None, path)
        except BaseException:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            raise
        known = KnownBase(file=path.name, origin=BaseOrigin.CREATED, added_at=now, added_by=by)
        await school.records.write(lambda conn: note_base(conn, known))
        await school.journal.record("base.created", by, address, base=name, year=school_year)
