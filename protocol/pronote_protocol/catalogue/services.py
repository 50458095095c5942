"""Calls on services: who teaches what to whom, and how averages are made there."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0
from pronote_protocol.catalogue.call import ANY_MODE, Call, Page
from pronote_protocol.records import row
from pronote_protocol.words import EvaluatesIn, Mode, Right, RoundingDirection, SubServiceUse

MARKS_MODES: Final = frozenset({Mode.ADMINISTRATIVE, Mode.TEACHER})


@row
@attrs.frozen
class ServiceRow:
    """
    A service: a subject, a teacher (empty: nobody), and a class or a group.

    ``parent_id`` is the service whose average a sub-service counts in; an ``orphan`` has no
    lesson any more, but something was entered for it.
    """

    id: int
    subject: str
    teacher: str
    class_id: int | None
    group_id: int | None
    audience: str
    parent_id: int | None
    evaluates_in: EvaluatesIn
    coefficient: Decimal
    orphan: bool
    revision: int


@attrs.frozen(kw_only=True)
class ListServices:
    """
    A teacher lists his own services, others all; by subject, then class or group.

    Attributes:
        class_id: Only of this class, the groups of its pupils included.
        group_id: Only of this group.
    """

    class_id: int | None = None
    group_id: int | None = None
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@row
@attrs.frozen
class RoundingRow:
    """To a step of 0.01, 0.1, 0.5 or 1; the nearest, up or down."""

    step: Decimal
    direction: RoundingDirection


@row
@attrs.frozen
class PeriodCoefficientRow:
    """What a service counts for in one period, instead of its own coefficient."""

    period_id: int
    coefficient: Decimal


@attrs.frozen(kw_only=True)
class ServiceRef:
    id: int


@attrs.frozen(kw_only=True)
class ServiceShown:
    """
    A service with its options.

    Attributes:
        bring_to_20: Each mark counts as brought to 20; otherwise by its scale.
        above_average_only: Marks not above the middle of their scale are left out.
        highest_weight, lowest_weight: What the coefficients of a pupil's best and worst mark
            are multiplied by.
        rounding_pupil, rounding_class: How averages are shown.
        out_of: The scale of its averages, from 1 to 100.
        bonus_malus: Whether the points of ``bonus_malus.enter`` are added to averages.
        sub_services: What its average is made of when it has sub-services: their averages
            with their coefficients, or all their assessments under its own options.
        coefficients: Those of periods that have one of their own.
    """

    service: ServiceRow
    bring_to_20: bool
    above_average_only: bool
    highest_weight: Decimal
    lowest_weight: Decimal
    rounding_pupil: RoundingRow
    rounding_class: RoundingRow
    out_of: int
    bonus_malus: bool
    sub_services: SubServiceUse
    coefficients: tuple[PeriodCoefficientRow, ...]


@attrs.frozen(kw_only=True)
class ChangeService:
    """
    What is nil stays as it is; the rest is as in the answer of ``services.read``.

    Refused with ``conflict`` when it would move an average of a period whose marks are
    sealed: unseal it first.
    """

    id: int
    if_revision: int | None = None
    coefficient: Decimal | None = None
    evaluates_in: EvaluatesIn | None = None
    bring_to_20: bool | None = None
    above_average_only: bool | None = None
    highest_weight: Decimal | None = None
    lowest_weight: Decimal | None = None
    rounding_pupil: RoundingRow | None = None
    rounding_class: RoundingRow | None = None
    out_of: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional([attrs.validators.ge(1), attrs.validators.le(100)]),
    )
    bonus_malus: bool | None = None
    sub_services: SubServiceUse | None = None


@attrs.frozen(kw_only=True)
class SetCoefficient:
    """
    Say what a service counts for in one period.

    Attributes:
        coefficient: Nil takes it away: the service's own counts there again.
        if_revision: Of the service; nil does not ask.
    """

    id: int
    period_id: int
    coefficient: Decimal | None
    if_revision: int | None = None


LIST_SERVICES: Final = Call(
    name="services.list",
    params=ListServices,
    result=Page[ServiceRow],
    # Not that of marks: what is read of the notebook is read service by service.
    right=Right.READ_NOTEBOOK,
    modes=ANY_MODE,
    summary="List one's own services, or those of a class or a group.",
)
READ_SERVICE: Final = Call(
    name="services.read",
    params=ServiceRef,
    result=ServiceShown,
    right=Right.READ_MARKS,
    modes=MARKS_MODES,
    summary="Read a service and how its averages are made.",
)
CHANGE_SERVICE: Final = Call(
    name="services.change",
    params=ChangeService,
    result=ServiceShown,
    right=Right.ENTER_MARKS,
    modes=MARKS_MODES,
    writes=True,
    keyed=True,
    summary="Change how the averages of a service are made.",
)
SET_COEFFICIENT: Final = Call(
    name="services.set_coefficient",
    params=SetCoefficient,
    result=ServiceShown,
    right=Right.ENTER_MARKS,
    modes=MARKS_MODES,
    writes=True,
    keyed=True,
    summary="Say what a service counts for in one period.",
)
