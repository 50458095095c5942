"""Calls on follow-ups (*suivis*): what was said and done for a pupil."""

from __future__ import annotations

import datetime
from typing import Final

import attrs

from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.catalogue.school_life import LONG_TEXT, OFFICE, EventsWish, ThingRef
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import FollowUpKind, Right


@row
@attrs.frozen
class FollowUpRow:
    """
    A follow-up.

    Attributes:
        text: Its beginning in a list, at most 200 characters; all of it when it is read.
        by: Name of who entered it.
    """

    id: int
    pupil_id: int
    pupil: str
    class_name: str
    day: datetime.date
    kind: FollowUpKind
    text: str
    by: str
    motive_id: int | None
    motive: str
    revision: int


@attrs.frozen(kw_only=True)
class ListFollowUps(EventsWish):
    kind: FollowUpKind | None = None


@attrs.frozen(kw_only=True)
class EnterFollowUp:
    pupil_id: int
    day: datetime.date
    kind: FollowUpKind
    text: str = attrs.field(default="", validator=LONG_TEXT)
    motive_id: int | None = None


@attrs.frozen(kw_only=True)
class ChangeFollowUp(ThingRef):
    """Everything it shall be from now on; its pupil stays."""

    day: datetime.date
    kind: FollowUpKind
    text: str = attrs.field(default="", validator=LONG_TEXT)
    motive_id: int | None = None


LIST_FOLLOW_UPS: Final = Call(
    name="follow_ups.list",
    params=ListFollowUps,
    result=Page[FollowUpRow],
    right=Right.READ_SCHOOL_LIFE,
    modes=OFFICE,
    summary="List follow-ups.",
)
READ_FOLLOW_UP: Final = Call(
    name="follow_ups.read",
    params=ThingRef,
    result=FollowUpRow,
    right=Right.READ_SCHOOL_LIFE,
    modes=OFFICE,
    summary="Read a follow-up.",
)
ENTER_FOLLOW_UP: Final = Call(
    name="follow_ups.enter",
    params=EnterFollowUp,
    result=FollowUpRow,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Enter a follow-up.",
)
CHANGE_FOLLOW_UP: Final = Call(
    name="follow_ups.change",
    params=ChangeFollowUp,
    result=FollowUpRow,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Change a follow-up.",
)
DELETE_FOLLOW_UP: Final = Call(
    name="follow_ups.delete",
    params=ThingRef,
    result=Nothing,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Delete a follow-up, with its documents.",
)
