"""Calls on marks."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from pronote_protocol.catalogue.assessments import AssessmentRow
from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0, ONE_CLASS
from pronote_protocol.catalogue.call import Call
from pronote_protocol.catalogue.services import MARKS_MODES
from pronote_protocol.records import row
from pronote_protocol.words import Annotation, Right


@row
@attrs.frozen
class StatisticsRow:
    """Of ``count`` numbers, those that exist; all nil when there is none."""

    count: int
    average: Decimal | None
    minimum: Decimal | None
    maximum: Decimal | None
    median: Decimal | None


@row
@attrs.frozen
class MarkRow:
    """The cell of one pupil: points, or an annotation, or neither (empty)."""

    pupil_id: int
    pupil: str
    value: Decimal | None
    annotation: Annotation | None


@attrs.frozen(kw_only=True)
class ReadMarks:
    assessment_id: int
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=500, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class MarksShown:
    """
    The column of an assessment: the pupils of its service, by name.

    Attributes:
        statistics: Of all its marks, on its own scale; annotations that count are 0.
    """

    assessment: AssessmentRow
    statistics: StatisticsRow
    total: int
    offset: int
    rows: tuple[MarkRow, ...]


@attrs.frozen(kw_only=True)
class ReadGrid:
    service_id: int
    period_id: int
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=500, validator=[*A_PAGE])


@row
@attrs.frozen
class GridRow:
    """One pupil; ``values`` and ``annotations`` follow the order of the assessments."""

    pupil_id: int
    pupil: str
    values: tuple[Decimal | None, ...]
    annotations: tuple[Annotation | None, ...]
    average: Decimal | None


@attrs.frozen(kw_only=True)
class GridShown:
    """
    All marks of a service in a period.

    Attributes:
        rows: May be fewer than asked for, where there are many assessments; go on from
            ``offset`` and their number.
        statistics: Of the averages of all pupils.
    """

    assessments: tuple[AssessmentRow, ...]
    statistics: StatisticsRow
    total: int
    offset: int
    rows: tuple[GridRow, ...]


@row
@attrs.frozen
class MarkEntry:
    """What goes into one cell: points, or an annotation; with neither it is emptied."""

    pupil_id: int
    value: Decimal | None = None
    annotation: Annotation | None = None


@attrs.frozen(kw_only=True)
class EnterMarks:
    """
    Marks of any number of pupils, all of them or, when one is refused, none.

    Attributes:
        if_revision: The ``revision`` of the assessment that was read; refused with
            ``stale_revision``, and what changed, when it or a mark of it changed since.
            Nil does not ask.
    """

    assessment_id: int
    if_revision: int | None = None
    entries: tuple[MarkEntry, ...] = attrs.field(validator=[*ONE_CLASS])


@attrs.frozen(kw_only=True)
class MarksEntered:
    """The revision of the assessment now, and how many cells hold something new."""

    revision: int
    changed: int


READ_MARKS: Final = Call(
    name="marks.read",
    params=ReadMarks,
    result=MarksShown,
    right=Right.READ_MARKS,
    modes=MARKS_MODES,
    summary="Read the marks of one assessment.",
)
READ_GRID: Final = Call(
    name="marks.read_grid",
    params=ReadGrid,
    result=GridShown,
    right=Right.READ_MARKS,
    modes=MARKS_MODES,
    summary="Read all marks of a service in a period, with the averages.",
)
ENTER_MARKS: Final = Call(
    name="marks.enter",
    params=EnterMarks,
    result=MarksEntered,
    right=Right.ENTER_MARKS,
    modes=MARKS_MODES,
    writes=True,
    keyed=True,
    summary="Enter, change and erase marks of one assessment.",
)
