"""
The roll call of a lesson (*feuille d'appel*), by its teachers or by school life.

It makes absences as long as the lesson and latenesses at its beginning, and remembers that it
was taken, also when everybody is there. Taken again, it takes back what it made and nobody
has touched since; what school life entered or changed it leaves alone.
"""

from __future__ import annotations

import datetime
from typing import Final

import attrs

from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.catalogue.school_life import IDS, Moment
from pronote_protocol.records import row
from pronote_protocol.words import Right


@row
@attrs.frozen
class RollCallRow:
    """
    A lesson of a day, and whether its roll was taken.

    ``start_minute`` counts from midnight, on the school's clock.
    """

    lesson_id: int
    start_minute: int
    duration_minutes: int
    subject: str
    teachers: str
    audience: str
    rooms: str
    taken_by: str
    taken_at: datetime.datetime | None


@attrs.frozen(kw_only=True)
class ListRollCalls:
    """
    The lessons of a day, by hour: a teacher's own, or the whole school's.

    Attributes:
        taken: Only those whose roll was taken, or only those where it is missing.
    """

    day: datetime.date
    taken: bool | None = None
    offset: int = attrs.field(
        default=0, validator=[attrs.validators.ge(0), attrs.validators.le(2**31)]
    )
    limit: int = attrs.field(
        default=100, validator=[attrs.validators.ge(1), attrs.validators.le(500)]
    )


@attrs.frozen(kw_only=True)
class ReadRoll:
    lesson_id: int
    day: datetime.date


@row
@attrs.frozen
class RollRow:
    """
    What is known of a pupil of the lesson.

    Attributes:
        absent: For some of the lesson at least, whoever entered it.
        late_minutes: Of a lateness within the lesson; 0 without one.
        absent_before: From a lesson or another time earlier that day, or still open.
        unsettled: How many absences before that day wait to be settled.
        excluded: A sanction keeps him away that day.
    """

    pupil_id: int
    pupil: str
    class_name: str
    absent: bool
    late_minutes: int
    absent_before: bool
    unsettled: int
    excluded: bool


@attrs.frozen(kw_only=True)
class RollShown:
    """
    Attributes:
        taken_by: Who took it last, by name; empty when nobody did.
        rows: Every pupil, by name.
    """

    lesson_id: int
    subject: str
    audience: str
    starts_at: Moment
    ends_at: Moment
    taken_by: str
    taken_at: datetime.datetime | None
    rows: tuple[RollRow, ...]


@row
@attrs.frozen
class LatePupil:
    """``minutes``: from the beginning of the lesson, within it."""

    pupil_id: int
    minutes: int = attrs.field(validator=[attrs.validators.ge(1), attrs.validators.le(1439)])


@attrs.frozen(kw_only=True)
class TakeRoll:
    """Who is absent and who was late; all the others are there."""

    lesson_id: int
    day: datetime.date
    absent: tuple[int, ...] = attrs.field(default=(), validator=IDS)
    late: tuple[LatePupil, ...] = attrs.field(default=(), validator=IDS)


@attrs.frozen(kw_only=True)
class RollTaken:
    """
    Attributes:
        absences, latenesses: How many there are now that this roll made.
        known_absent: Pupils it says are there although somebody else entered them as absent
            for some of the lesson; that stays until school life decides.
    """

    absences: int
    latenesses: int
    known_absent: tuple[int, ...]


LIST_ROLL_CALLS: Final = Call(
    name="roll.list",
    params=ListRollCalls,
    result=Page[RollCallRow],
    right=Right.TAKE_ROLL,
    summary="List the lessons of a day and whether their roll was taken.",
)
READ_ROLL: Final = Call(
    name="roll.read",
    params=ReadRoll,
    result=RollShown,
    right=Right.TAKE_ROLL,
    summary="Read the pupils of a lesson and what is known of each.",
)
TAKE_ROLL: Final = Call(
    name="roll.take",
    params=TakeRoll,
    result=RollTaken,
    right=Right.TAKE_ROLL,
    writes=True,
    keyed=True,
    summary="Take the roll of a lesson, in place of what was taken before.",
)
