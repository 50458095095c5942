"""Calls on the school's days: its holidays, its year, and the frame of its weeks."""

from __future__ import annotations

import datetime
from typing import Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0
from pronote_protocol.catalogue.call import ANY_MODE, Call
from pronote_protocol.catalogue.resource_calls import REQUIRED, resource_calls
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import Right


@row
@attrs.frozen
class HolidayRow:
    """Days without school, both included."""

    id: int
    name: str
    starts_on: datetime.date
    ends_on: datetime.date
    revision: int


@attrs.frozen(kw_only=True)
class ListHolidays:
    """By day; ``first``, ``last``: only what touches these days, both included."""

    first: datetime.date | None = None
    last: datetime.date | None = None
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True, slots=False)
class Holiday:
    """
    Days without school, both included, within the school year; a bank holiday has one.

    Holidays do not overlap. What was entered for their days stays.
    """

    name: str = attrs.field(validator=[*REQUIRED])
    starts_on: datetime.date
    ends_on: datetime.date


@attrs.frozen(kw_only=True)
class CreateHoliday(Holiday):
    """Days on which there will be no school."""


@attrs.frozen(kw_only=True)
class ChangeHoliday(Holiday, ThingRef):
    """Everything it shall be from now on."""


HOLIDAYS: Final = resource_calls(
    "holidays",
    one="a holiday",
    several="the holidays of the school year",
    row=HolidayRow,
    wish=ListHolidays,
    new=CreateHoliday,
    changed=ChangeHoliday,
    unless="",
    reading=Right.OWN,
    reading_modes=ANY_MODE,
    managing=Right.SCHOOL_SETTINGS,
)


@attrs.frozen(kw_only=True)
class CalendarShown:
    """
    The school year.

    Attributes:
        school_year: The year it begins in: 2020 for 2020-2021.
        starts_on, ends_on: Its first and its last day of school.
        first_monday: Of its week 0.
        days: Days of the week with school, 0 for Monday.
    """

    school_year: int
    starts_on: datetime.date
    ends_on: datetime.date
    first_monday: datetime.date
    days: tuple[int, ...]


@row
@attrs.frozen
class SlotRow:
    """``start_minute`` counts from midnight."""

    start_minute: int
    label: str


@attrs.frozen(kw_only=True)
class TimeGridShown:
    """
    The frame of the week (*grille horaire*). A transfer of a timetable brings it.

    Attributes:
        days: 0 is Monday.
        slot_minutes: How long each slot lasts.
    """

    days: tuple[int, ...]
    slot_minutes: int
    slots: tuple[SlotRow, ...]


READ_CALENDAR: Final = Call(
    name="calendar.read",
    params=Nothing,
    result=CalendarShown,
    right=Right.OWN,
    summary="Read from when to when the school year goes, and on which days there is school.",
)
READ_TIME_GRID: Final = Call(
    name="time_grid.read",
    params=Nothing,
    result=TimeGridShown,
    right=Right.OWN,
    summary="Read the frame of the week: its days and hours.",
)
