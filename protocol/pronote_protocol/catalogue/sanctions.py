"""Calls on sanctions, those of the Code de l'éducation."""

from __future__ import annotations

import datetime
from typing import Final

import attrs

from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.catalogue.school_life import OFFICE, EventsWish, ThingRef
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import Right, SanctionKind


@row
@attrs.frozen
class SanctionRow:
    """
    A sanction.

    Attributes:
        decided_by: Name of who entered it.
        starts_on, ends_on: Both days included; a permanent exclusion has no end, a warning
            and a reprimand have no days.
    """

    id: int
    pupil_id: int
    pupil: str
    class_name: str
    kind: SanctionKind
    decided_on: datetime.date
    decided_by: str
    starts_on: datetime.date | None
    ends_on: datetime.date | None
    motive_id: int | None
    motive: str
    revision: int


@attrs.frozen(kw_only=True)
class ListSanctions(EventsWish):
    """By the day they were decided."""

    kind: SanctionKind | None = None


@attrs.frozen(kw_only=True)
class DecideSanction:
    """An exclusion lasts at most eight days."""

    pupil_id: int
    kind: SanctionKind
    decided_on: datetime.date
    starts_on: datetime.date | None = None
    ends_on: datetime.date | None = None
    motive_id: int | None = None


@attrs.frozen(kw_only=True)
class ChangeSanction(ThingRef):
    """Everything it shall be from now on; its pupil stays."""

    kind: SanctionKind
    decided_on: datetime.date
    starts_on: datetime.date | None = None
    ends_on: datetime.date | None = None
    motive_id: int | None = None


LIST_SANCTIONS: Final = Call(
    name="sanctions.list",
    params=ListSanctions,
    result=Page[SanctionRow],
    right=Right.READ_SCHOOL_LIFE,
    modes=OFFICE,
    summary="List sanctions.",
)
READ_SANCTION: Final = Call(
    name="sanctions.read",
    params=ThingRef,
    result=SanctionRow,
    right=Right.READ_SCHOOL_LIFE,
    modes=OFFICE,
    summary="Read a sanction.",
)
DECIDE_SANCTION: Final = Call(
    name="sanctions.decide",
    params=DecideSanction,
    result=SanctionRow,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Enter a sanction that was decided.",
)
CHANGE_SANCTION: Final = Call(
    name="sanctions.change",
    params=ChangeSanction,
    result=SanctionRow,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Change a sanction.",
)
DELETE_SANCTION: Final = Call(
    name="sanctions.delete",
    params=ThingRef,
    result=Nothing,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Delete a sanction, with its documents.",
)
