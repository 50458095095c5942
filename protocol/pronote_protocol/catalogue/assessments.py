"""Calls on assessments (*devoirs*)."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0, TITLE
from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.catalogue.services import MARKS_MODES
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import Right


@row
@attrs.frozen
class AssessmentRow:
    """
    An assessment.

    ``optional``: counts only where it raises the average. ``bonus``: only the points above
    the middle count, and weigh nothing. ``bring_to_20``: when false, the service decides.
    Pupils and guardians see the marks from ``published_on`` on. ``revision`` grows with its
    marks, too.
    """

    id: int
    service_id: int
    period_id: int
    date: datetime.date
    title: str
    scale: Decimal
    coefficient: Decimal
    optional: bool
    bonus: bool
    bring_to_20: bool
    published_on: datetime.date | None
    revision: int


@attrs.frozen(kw_only=True)
class ListAssessments:
    """``period_id`` nil: of the whole year; they come by date."""

    service_id: int
    period_id: int | None = None
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class AssessmentRef:
    id: int


@attrs.frozen(kw_only=True)
class AssessmentShown:
    assessment: AssessmentRow


@attrs.frozen(kw_only=True)
class CreateAssessment:
    """The ``date`` is within the period; a ``scale`` goes from 1 to 999."""

    service_id: int
    period_id: int
    date: datetime.date
    title: str = attrs.field(default="", validator=TITLE)
    scale: Decimal = Decimal(20)
    coefficient: Decimal = Decimal(1)
    optional: bool = False
    bonus: bool = False
    bring_to_20: bool = False
    published_on: datetime.date | None = None


@attrs.frozen(kw_only=True)
class ChangeAssessment:
    """
    What is nil stays as it is.

    Attributes:
        if_revision: The revision that was read; nil does not ask.
        scale: Refused with ``conflict`` when a mark is above it.
        unpublish: Take ``published_on`` away.
    """

    id: int
    if_revision: int | None = None
    period_id: int | None = None
    date: datetime.date | None = None
    title: str | None = attrs.field(default=None, validator=attrs.validators.optional(TITLE))
    scale: Decimal | None = None
    coefficient: Decimal | None = None
    optional: bool | None = None
    bonus: bool | None = None
    bring_to_20: bool | None = None
    published_on: datetime.date | None = None
    unpublish: bool = False


@attrs.frozen(kw_only=True)
class DeleteAssessment:
    """``with_marks``: one that has marks goes only when this says so."""

    id: int
    if_revision: int | None = None
    with_marks: bool = False


LIST_ASSESSMENTS: Final = Call(
    name="assessments.list",
    params=ListAssessments,
    result=Page[AssessmentRow],
    right=Right.READ_MARKS,
    modes=MARKS_MODES,
    summary="List the assessments of a service.",
)
READ_ASSESSMENT: Final = Call(
    name="assessments.read",
    params=AssessmentRef,
    result=AssessmentShown,
    right=Right.READ_MARKS,
    modes=MARKS_MODES,
    summary="Read one assessment.",
)
CREATE_ASSESSMENT: Final = Call(
    name="assessments.create",
    params=CreateAssessment,
    result=AssessmentShown,
    right=Right.ENTER_MARKS,
    modes=MARKS_MODES,
    writes=True,
    keyed=True,
    summary="Create an assessment, without marks.",
)
CHANGE_ASSESSMENT: Final = Call(
    name="assessments.change",
    params=ChangeAssessment,
    result=AssessmentShown,
    right=Right.ENTER_MARKS,
    modes=MARKS_MODES,
    writes=True,
    keyed=True,
    summary="Change an assessment.",
)
DELETE_ASSESSMENT: Final = Call(
    name="assessments.delete",
    params=DeleteAssessment,
    result=Nothing,
    right=Right.ENTER_MARKS,
    modes=MARKS_MODES,
    writes=True,
    keyed=True,
    summary="Delete an assessment, and its marks if so asked.",
)
