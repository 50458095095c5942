"""The school's year as a base holds it: its days, its periods, what is sealed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select

from pronote_protocol.words import PeriodKind, SealedMatter
from pronote_server.domain.school_calendar import Holiday, Period, SchoolCalendar
from pronote_server.domain.school_data import WEEKS_IN_SCHOOL_YEAR, first_monday
from pronote_server.storage import base_schema as schema

__all__ = ["period_kinds", "read_calendar", "sealing_instants"]

_YEAR: Final = timedelta(weeks=WEEKS_IN_SCHOOL_YEAR, days=-1)


def read_calendar(conn: Connection) -> SchoolCalendar:
    """
    Return the calendar of the base.

    The year is that of its continuous period; without one, all the weeks a timetable knows.
    """
    year: int = conn.execute(select(schema.header.c.school_year)).scalar_one()
    days = conn.execute(select(schema.grid_day.c.day).order_by(schema.grid_day.c.day))
    holidays = conn.execute(select(schema.holiday).order_by(schema.holiday.c.starts_on))
    rows = conn.execute(select(schema.period).order_by(schema.period.c.starts_on))
    periods = tuple(
        Period(row.code, row.name, PeriodKind(row.kind), row.starts_on, row.ends_on)
        for row in rows
    )
    whole = [period for period in periods if period.kind is PeriodKind.CONTINUOUS]
    starts_on = whole[0].starts_on if whole else first_monday(year)
    return SchoolCalendar(
        school_year=year,
        starts_on=starts_on,
        ends_on=whole[-1].ends_on if whole else starts_on + _YEAR,
        days=tuple(days.scalars()),
        holidays=tuple(Holiday(row.name, row.starts_on, row.ends_on) for row in holidays),
        periods=periods,
    )


def period_kinds(conn: Connection, class_codes: Iterable[str]) -> Mapping[str, PeriodKind]:
    """Return into what these classes divide their year, by code."""
    class_ = schema.school_class.c
    rows = conn.execute(
        select(class_.code, class_.period_kind).where(class_.code.in_(list(class_codes)))
    )
    return {row.code: PeriodKind(row.period_kind) for row in rows}


def sealing_instants(
    conn: Connection, matter: SealedMatter, class_codes: Iterable[str], day: date
) -> Mapping[tuple[str, str, SealedMatter], datetime]:
    """
    Return what was set for these classes and the periods of that day, as `Sealings` wants it.
    """
    sealing, period, class_ = schema.sealing, schema.period, schema.school_class
    rows = conn.execute(
        select(class_.c.code, period.c.code.label("period"), sealing.c.sealed_at)
        .select_from(sealing.join(period).join(class_))
        .where(
            sealing.c.what == matter.value,
            class_.c.code.in_(list(class_codes)),
            period.c.starts_on <= day,
            period.c.ends_on >= day,
        )
    )
    return {(row.code, row.period, matter): row.sealed_at for row in rows}
