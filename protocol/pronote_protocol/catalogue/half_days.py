"""Calls on how the school counts half-days of absence."""

from __future__ import annotations

from typing import Final

import attrs

from pronote_protocol.catalogue.call import Call
from pronote_protocol.catalogue.school_life import OFFICE
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Mode, Right


@attrs.frozen(kw_only=True)
class HalfDayOptions:
    """
    How half-days are counted.

    Attributes:
        midday_minute: The midday reference, in minutes since midnight: what is missed before
            is of the morning.
        skip_without_lessons: Half-days in which the pupil has no lesson do not count.
        revision: Last changed at; 0: never, these are the usual ones.
    """

    midday_minute: int
    skip_without_lessons: bool
    revision: int


@attrs.frozen(kw_only=True)
class ChangeHalfDayOptions:
    """Everything they shall be from now on; what was missed is counted anew."""

    midday_minute: int = attrs.field(
        validator=[attrs.validators.ge(1), attrs.validators.le(1439)]
    )
    skip_without_lessons: bool
    if_revision: int | None = None


READ_HALF_DAY_OPTIONS: Final = Call(
    name="half_day_options.read",
    params=Nothing,
    result=HalfDayOptions,
    right=Right.READ_SCHOOL_LIFE,
    modes=OFFICE,
    summary="Read how half-days of absence are counted.",
)
CHANGE_HALF_DAY_OPTIONS: Final = Call(
    name="half_day_options.change",
    params=ChangeHalfDayOptions,
    result=HalfDayOptions,
    right=Right.SCHOOL_SETTINGS,
    modes=frozenset({Mode.ADMINISTRATIVE}),
    writes=True,
    keyed=True,
    summary="Change how half-days of absence are counted.",
)
