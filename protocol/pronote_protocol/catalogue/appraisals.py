"""Calls on appraisals: what a report card says of a pupil beside the averages."""

from __future__ import annotations

from typing import Any, Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0, ONE_CLASS
from pronote_protocol.catalogue.call import Call
from pronote_protocol.catalogue.services import MARKS_MODES
from pronote_protocol.records import row
from pronote_protocol.words import Right

# Three lines of a report card are 250; the whole of a bulk entry is within one frame.
_TEXT: Final[Any] = attrs.validators.max_len(1000)


@row
@attrs.frozen
class AppraisalRow:
    """``text`` is empty when there is none."""

    pupil_id: int
    pupil: str
    text: str


@attrs.frozen(kw_only=True)
class ListAppraisals:
    """
    Of the pupils of a service; or, in mode Administratif only, the general ones of a class.

    Exactly one of ``service_id`` and ``class_id`` is given.
    """

    period_id: int
    service_id: int | None = None
    class_id: int | None = None
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class AppraisalsShown:
    """
    Attributes:
        revision: The base's, for ``if_revision`` when entering.
        rows: 200 at most, since they may be long; go on from ``offset`` and their number.
    """

    revision: int
    total: int
    offset: int
    rows: tuple[AppraisalRow, ...]


@row
@attrs.frozen
class AppraisalEntry:
    """An empty ``text`` erases; spaces around it are dropped."""

    pupil_id: int
    text: str = attrs.field(validator=_TEXT)


@attrs.frozen(kw_only=True)
class EnterAppraisals:
    """
    Appraisals of any number of pupils, all of them or, when one is refused, none.

    Attributes:
        service_id: Nil: the general ones, in mode Administratif only.
        if_revision: What the list said; refused with ``stale_revision`` when one of *these*
            changed since. Nil does not ask.
    """

    period_id: int
    service_id: int | None = None
    if_revision: int | None = None
    entries: tuple[AppraisalEntry, ...] = attrs.field(validator=[*ONE_CLASS])


@attrs.frozen(kw_only=True)
class AppraisalsEntered:
    """The revision of the base now, and how many were changed."""

    revision: int
    changed: int


LIST_APPRAISALS: Final = Call(
    name="appraisals.list",
    params=ListAppraisals,
    result=AppraisalsShown,
    right=Right.READ_MARKS,
    modes=MARKS_MODES,
    summary="List the appraisals of a service, or the general ones of a class.",
)
ENTER_APPRAISALS: Final = Call(
    name="appraisals.enter",
    params=EnterAppraisals,
    result=AppraisalsEntered,
    right=Right.ENTER_MARKS,
    modes=MARKS_MODES,
    writes=True,
    keyed=True,
    summary="Enter, change and erase appraisals.",
)
