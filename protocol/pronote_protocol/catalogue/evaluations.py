"""Calls on evaluations of skills, and the levels pupils reached."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any, Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0, TITLE
from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.catalogue.services import MARKS_MODES
from pronote_protocol.catalogue.skills import SkillRow
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import Level, PositioningMode, Right

# What fits in a frame: a class of 30 and 30 skills.
_CELLS: Final[Any] = (attrs.validators.min_len(1), attrs.validators.max_len(900))
_SKILLS: Final[Any] = (attrs.validators.min_len(1), attrs.validators.max_len(30))


@row
@attrs.frozen
class EvaluationRow:
    """
    An evaluation of some skills.

    Pupils and guardians see the levels from ``published_on`` on; nil: not yet decided.
    ``revision`` grows with its levels, too.
    """

    id: int
    service_id: int
    period_id: int
    date: datetime.date
    title: str
    coefficient: Decimal
    skill_ids: tuple[int, ...]
    published_on: datetime.date | None
    revision: int


@attrs.frozen(kw_only=True)
class ListEvaluations:
    """``period_id`` nil: of the whole year; they come by date."""

    service_id: int
    period_id: int | None = None
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class EvaluationRef:
    id: int


@attrs.frozen(kw_only=True)
class EvaluationShown:
    """``skills`` by domain, then code: the order of the levels of a pupil."""

    evaluation: EvaluationRow
    skills: tuple[SkillRow, ...]


@attrs.frozen(kw_only=True)
class CreateEvaluation:
    """The ``date`` is within the period; ``skill_ids``: at most 30."""

    service_id: int
    period_id: int
    date: datetime.date
    skill_ids: tuple[int, ...] = attrs.field(validator=[*_SKILLS])
    title: str = attrs.field(default="", validator=TITLE)
    coefficient: Decimal = Decimal(1)
    published_on: datetime.date | None = None


@attrs.frozen(kw_only=True)
class ChangeEvaluation:
    """
    What is nil stays as it is.

    Attributes:
        if_revision: The revision that was read; nil does not ask.
        skill_ids: All of them; refused with ``conflict`` when one that goes has levels.
        unpublish: Take ``published_on`` away.
    """

    id: int
    if_revision: int | None = None
    period_id: int | None = None
    date: datetime.date | None = None
    skill_ids: tuple[int, ...] | None = attrs.field(
        default=None, validator=attrs.validators.optional([*_SKILLS])
    )
    title: str | None = attrs.field(default=None, validator=attrs.validators.optional(TITLE))
    coefficient: Decimal | None = None
    published_on: datetime.date | None = None
    unpublish: bool = False


@attrs.frozen(kw_only=True)
class DeleteEvaluation:
    """``with_levels``: one that has levels goes only when this says so."""

    id: int
    if_revision: int | None = None
    with_levels: bool = False


@row
@attrs.frozen
class LevelsRow:
    """One pupil; ``levels`` follow the order of the skills, nil where nothing stands."""

    pupil_id: int
    pupil: str
    levels: tuple[Level | None, ...]


@attrs.frozen(kw_only=True)
class ReadLevels:
    evaluation_id: int
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=500, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class LevelsShown:
    """The pupils of the service, by name, and the levels each of them reached."""

    evaluation: EvaluationRow
    skills: tuple[SkillRow, ...]
    total: int
    offset: int
    rows: tuple[LevelsRow, ...]


@row
@attrs.frozen
class LevelEntry:
    """What goes into one cell; nil empties it."""

    pupil_id: int
    skill_id: int
    level: Level | None


@attrs.frozen(kw_only=True)
class EnterLevels:
    """
    Levels of a whole class, all of them or, when one is refused, none.

    Attributes:
        if_revision: The revision of the evaluation that was read; refused with
            ``stale_revision``, and what changed, when one of these cells changed since. Other
            cells do not matter. Nil does not ask.
    """

    evaluation_id: int
    if_revision: int | None = None
    entries: tuple[LevelEntry, ...] = attrs.field(validator=[*_CELLS])


@attrs.frozen(kw_only=True)
class LevelsEntered:
    """The revision of the evaluation now, and how many cells hold something new."""

    revision: int
    changed: int


@row
@attrs.frozen
class PositionRow:
    """
    Where a pupil stands in one domain.

    ``results`` counts the levels that say something; ``points`` is their mean, 10 to 50, to
    the hundredth, and ``position`` goes from 1 to 4, the best: nil when there are none.
    """

    domain: str
    results: int
    points: Decimal | None
    position: int | None


@attrs.frozen(kw_only=True)
class ReadPositions:
    """
    Attributes:
        service_id: Only the evaluations of this service; nil: of all that may be seen.
        period_id: Nil: of the whole year.
        mode: Which results count.
    """

    pupil_id: int
    service_id: int | None = None
    period_id: int | None = None
    mode: PositioningMode = PositioningMode.ALL


@attrs.frozen(kw_only=True)
class PositionsShown:
    """By domain; ``overall`` is over all of them."""

    rows: tuple[PositionRow, ...]
    overall: PositionRow


LIST_EVALUATIONS: Final = Call(
    name="evaluations.list",
    params=ListEvaluations,
    result=Page[EvaluationRow],
    right=Right.READ_MARKS,
    modes=MARKS_MODES,
    summary="List the evaluations of a service.",
)
READ_EVALUATION: Final = Call(
    name="evaluations.read",
    params=EvaluationRef,
    result=EvaluationShown,
    right=Right.READ_MARKS,
    modes=MARKS_MODES,
    summary="Read one evaluation and what it is about.",
)
CREATE_EVALUATION: Final = Call(
    name="evaluations.create",
    params=CreateEvaluation,
    result=EvaluationShown,
    right=Right.ENTER_MARKS,
    modes=MARKS_MODES,
    writes=True,
    keyed=True,
    summary="Create an evaluation, without levels.",
)
CHANGE_EVALUATION: Final = Call(
    name="evaluations.change",
    params=ChangeEvaluation,
    result=EvaluationShown,
    right=Right.ENTER_MARKS,
    modes=MARKS_MODES,
    writes=True,
    keyed=True,
    summary="Change an evaluation.",
)
DELETE_EVALUATION: Final = Call(
    name="evaluations.delete",
    params=DeleteEvaluation,
    result=Nothing,
    right=Right.ENTER_MARKS,
    modes=MARKS_MODES,
    writes=True,
    keyed=True,
    summary="Delete an evaluation, and its levels if so asked.",
)
READ_LEVELS: Final = Call(
    name="levels.read",
    params=ReadLevels,
    result=LevelsShown,
    right=Right.READ_MARKS,
    modes=MARKS_MODES,
    summary="Read the levels pupils reached in one evaluation.",
)
ENTER_LEVELS: Final = Call(
    name="levels.enter",
    params=EnterLevels,
    result=LevelsEntered,
    right=Right.ENTER_MARKS,
    modes=MARKS_MODES,
    writes=True,
    keyed=True,
    summary="Enter, change and erase levels of one evaluation.",
)
READ_POSITIONS: Final = Call(
    name="positions.read",
    params=ReadPositions,
    result=PositionsShown,
    right=Right.READ_MARKS,
    modes=MARKS_MODES,
    summary="Position a pupil, 1 to 4, in each domain of skills.",
)
