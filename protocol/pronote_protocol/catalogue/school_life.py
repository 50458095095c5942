"""What the families of school life have in common; it declares no call."""

from __future__ import annotations

import datetime
from typing import Any, Final

import attrs

from pronote_protocol.records import row
from pronote_protocol.words import EventOrder, Mode

__all__ = [
    "IDS",
    "LONG_TEXT",
    "OFFICE",
    "EventsWish",
    "Moment",
    "ThingRef",
]

OFFICE: Final = frozenset({Mode.ADMINISTRATIVE, Mode.SCHOOL_LIFE})
LONG_TEXT: Final[Any] = attrs.validators.max_len(4000)
# As many as a lesson or a class can have, and more.
IDS: Final[Any] = attrs.validators.max_len(200)


@row
@attrs.frozen
class Moment:
    """
    A minute of the school's own clock: its day, and ``minute`` from midnight (8:25 is 505).

    It has no time zone, as the timetable has none: an absence of 8:25 stays one of 8:25 when
    the clocks change.
    """

    day: datetime.date
    minute: int = attrs.field(validator=[attrs.validators.ge(0), attrs.validators.le(1439)])

    @classmethod
    def of(cls, at: datetime.datetime) -> Moment:
        """
        Return *at* as a moment.

        Raises:
            ValueError: It has a time zone, or seconds.
        """
        if at.tzinfo is not None or at.second or at.microsecond:
            raise ValueError(f"not a local time to the minute: {at}")
        return cls(at.date(), at.hour * 60 + at.minute)

    @property
    def at(self) -> datetime.datetime:
        """The same, as a datetime without a zone."""
        return datetime.datetime.combine(
            self.day, datetime.time(self.minute // 60, self.minute % 60)
        )


@attrs.frozen(kw_only=True)
class ThingRef:
    """
    Attributes:
        id: Of the thing.
        if_revision: The revision it was read at; what was changed since is refused
            (``stale_revision``, with what changed). Nil does not ask.
    """

    id: int
    if_revision: int | None = None


@attrs.frozen(kw_only=True)
class EventsWish:
    """
    Part of a list of what happened to pupils.

    Attributes:
        pupil_id, class_id: Only this pupil's; only those of who is in this class today.
        first, last: Only what touches these days of the school, both included.
    """

    pupil_id: int | None = None
    class_id: int | None = None
    first: datetime.date | None = None
    last: datetime.date | None = None
    order: EventOrder = EventOrder.NEWEST
    offset: int = attrs.field(
        default=0, validator=[attrs.validators.ge(0), attrs.validators.le(2**31)]
    )
    limit: int = attrs.field(
        default=100, validator=[attrs.validators.ge(1), attrs.validators.le(500)]
    )
