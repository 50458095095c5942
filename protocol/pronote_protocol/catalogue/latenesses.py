"""Calls on latenesses; moments are of the school's own clock, see `Moment`."""

from __future__ import annotations

from typing import Final

import attrs

from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.catalogue.school_life import OFFICE, EventsWish, Moment, ThingRef
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import Right

_MINUTES: Final = [attrs.validators.ge(1), attrs.validators.le(1439)]


@row
@attrs.frozen
class LatenessRow:
    """
    A lateness.

    Attributes:
        at: When the pupil should have been there.
        minutes: By how many he was not.
        motive: Its name; empty without one.
    """

    id: int
    pupil_id: int
    pupil: str
    class_name: str
    at: Moment
    minutes: int
    motive_id: int | None
    motive: str
    justified: bool
    revision: int


@attrs.frozen(kw_only=True)
class ListLatenesses(EventsWish):
    """``justified``: only those somebody answered for, or only the others."""

    justified: bool | None = None


@attrs.frozen(kw_only=True)
class EnterLateness:
    """One for a pupil and a moment."""

    pupil_id: int
    at: Moment
    minutes: int = attrs.field(validator=_MINUTES)
    motive_id: int | None = None
    justified: bool = False


@attrs.frozen(kw_only=True)
class ChangeLateness(ThingRef):
    """Everything it shall be from now on; its pupil stays."""

    at: Moment
    minutes: int = attrs.field(validator=_MINUTES)
    motive_id: int | None = None
    justified: bool = False


LIST_LATENESSES: Final = Call(
    name="latenesses.list",
    params=ListLatenesses,
    result=Page[LatenessRow],
    right=Right.READ_SCHOOL_LIFE,
    modes=OFFICE,
    summary="List latenesses.",
)
READ_LATENESS: Final = Call(
    name="latenesses.read",
    params=ThingRef,
    result=LatenessRow,
    right=Right.READ_SCHOOL_LIFE,
    modes=OFFICE,
    summary="Read a lateness.",
)
ENTER_LATENESS: Final = Call(
    name="latenesses.enter",
    params=EnterLateness,
    result=LatenessRow,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Enter a lateness.",
)
CHANGE_LATENESS: Final = Call(
    name="latenesses.change",
    params=ChangeLateness,
    result=LatenessRow,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Change a lateness.",
)
DELETE_LATENESS: Final = Call(
    name="latenesses.delete",
    params=ThingRef,
    result=Nothing,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Delete a lateness.",
)
