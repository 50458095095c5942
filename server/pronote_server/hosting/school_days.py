"""The days and hours of a school, as clients read them."""

from __future__ import annotations

from sqlalchemy import Connection

from pronote_protocol.catalogue import calendar as calls
from pronote_server.domain.school_data import first_monday
from pronote_server.hosting.school import School
from pronote_server.storage import base_calendar, base_header

__all__ = ["read_calendar", "read_time_grid"]


async def read_calendar(school: School) -> calls.CalendarShown:
    """Return from when to when the year goes."""

    def read(conn: Connection) -> calls.CalendarShown:
        found = base_calendar.read_calendar(conn)
        return calls.CalendarShown(
            school_year=found.school_year,
            starts_on=found.starts_on,
            ends_on=found.ends_on,
            first_monday=first_monday(found.school_year),
            days=found.days,
        )

    return await school.base_in_service().database.read(read)


async def read_time_grid(school: School) -> calls.TimeGridShown:
    """Return the frame of the week."""

    def read(conn: Connection) -> calls.TimeGridShown:
        grid = base_header.read_grid(conn)
        return calls.TimeGridShown(
            days=grid.days,
            slot_minutes=grid.slot_minutes,
            slots=tuple(
                calls.SlotRow(start, label)
                for start, label in zip(grid.slot_starts, grid.labels, strict=True)
            ),
        )

    return await school.base_in_service().database.read(read)
