"""
Calls on absences.

Moments are minutes of the school's own clock, see `Moment`; ends are exclusive: who is away
from 8:00 to 9:00 is back at 9:00. Absences of one pupil do not overlap.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Final

import attrs

from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.catalogue.school_life import (
    IDS,
    OFFICE,
    EventsWish,
    Moment,
    ThingRef,
)
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import Half, Right


@row
@attrs.frozen
class AbsenceRow:
    """
    An absence.

    Attributes:
        class_name: Of the pupil today; empty when he has none.
        ends_at: Nil while it is open: the pupil is not back yet.
        motive: Its name; empty without one.
        justified: Somebody answered for it.
        settled: Nothing is left to be done about it (*réglée*).
    """

    id: int
    pupil_id: int
    pupil: str
    class_name: str
    starts_at: Moment
    ends_at: Moment | None
    motive_id: int | None
    motive: str
    justified: bool
    settled: bool
    revision: int


@attrs.frozen(kw_only=True)
class ListAbsences(EventsWish):
    """
    Attributes:
        open: Only those without an end, or only those with one.
        settled: Only settled ones, or only those that are not.
    """

    open: bool | None = None
    settled: bool | None = None


@attrs.frozen(kw_only=True)
class EnterAbsence:
    """``settled`` nil does as the motive says. Without ``ends_at`` it is open."""

    pupil_id: int
    starts_at: Moment
    ends_at: Moment | None = None
    motive_id: int | None = None
    justified: bool = False
    settled: bool | None = None


@attrs.frozen(kw_only=True)
class ChangeAbsence(ThingRef):
    """Everything it shall be from now on; its pupil stays."""

    starts_at: Moment
    ends_at: Moment | None = None
    motive_id: int | None = None
    justified: bool = False
    settled: bool = False


@attrs.frozen(kw_only=True)
class SettleAbsences:
    """
    Settle several, or none of them.

    Attributes:
        settled: False opens the question again.
        motive_id, justified: Given to all of them, when not nil.
    """

    absences: tuple[ThingRef, ...] = attrs.field(validator=[attrs.validators.min_len(1), IDS])
    settled: bool = True
    motive_id: int | None = None
    justified: bool | None = None


@attrs.frozen(kw_only=True)
class CloseAbsence(ThingRef):
    """The pupil is back, since ``ends_at``."""

    ends_at: Moment


@attrs.frozen(kw_only=True)
class AbsencesShown:
    """In the order they were asked for."""

    rows: tuple[AbsenceRow, ...]


@attrs.frozen(kw_only=True)
class CountHalfDays:
    """The days to look at, both included; nil is the school's year."""

    pupil_id: int
    first: datetime.date | None = None
    last: datetime.date | None = None


@row
@attrs.frozen
class HalfDayRow:
    """A half-day of which something was missed, in minutes of lessons."""

    day: datetime.date
    half: Half
    missed_minutes: int
    lesson_minutes: int


@attrs.frozen(kw_only=True)
class HalfDaysShown:
    """
    Attributes:
        gross: Half-days of which anything was missed (*demi-journées brutes*).
        calculated: In proportion to their lessons (*calculées*), to the hundredth.
        missed_minutes: Of lessons.
        rows: Each of them, in order of time; a year has fewer than 750.
    """

    gross: int
    calculated: Decimal
    missed_minutes: int
    rows: tuple[HalfDayRow, ...]


LIST_ABSENCES: Final = Call(
    name="absences.list",
    params=ListAbsences,
    result=Page[AbsenceRow],
    right=Right.READ_SCHOOL_LIFE,
    modes=OFFICE,
    summary="List absences.",
)
READ_ABSENCE: Final = Call(
    name="absences.read",
    params=ThingRef,
    result=AbsenceRow,
    right=Right.READ_SCHOOL_LIFE,
    modes=OFFICE,
    summary="Read an absence.",
)
COUNT_HALF_DAYS: Final = Call(
    name="absences.read_half_days",
    params=CountHalfDays,
    result=HalfDaysShown,
    right=Right.READ_SCHOOL_LIFE,
    modes=OFFICE,
    summary="Count the half-days a pupil missed, gross and calculated.",
)
ENTER_ABSENCE: Final = Call(
    name="absences.enter",
    params=EnterAbsence,
    result=AbsenceRow,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Enter an absence, past, planned or open.",
)
CHANGE_ABSENCE: Final = Call(
    name="absences.change",
    params=ChangeAbsence,
    result=AbsenceRow,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Change an absence.",
)
SETTLE_ABSENCES: Final = Call(
    name="absences.settle",
    params=SettleAbsences,
    result=AbsencesShown,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Settle absences, all or none.",
)
CLOSE_ABSENCE: Final = Call(
    name="absences.close",
    params=CloseAbsence,
    result=AbsenceRow,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Close an open absence: the pupil is back.",
)
DELETE_ABSENCE: Final = Call(
    name="absences.delete",
    params=ThingRef,
    result=Nothing,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Delete an absence, with its documents.",
)
