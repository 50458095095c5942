"""Calls on the periods of the school year and their sealing (*clôture*)."""

from __future__ import annotations

import datetime
from typing import Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, CODE, FROM_0, NAME, SEVERAL
from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import Mode, PeriodKind, Right, SealedMatter

_ADMINISTRATIVE: Final = frozenset({Mode.ADMINISTRATIVE})


@row
@attrs.frozen
class PeriodRow:
    """A period, both days included; ``revision`` is 0 until somebody changes it."""

    id: int
    code: str
    name: str
    kind: PeriodKind
    starts_on: datetime.date
    ends_on: datetime.date
    revision: int


@attrs.frozen(kw_only=True)
class ListPeriods:
    """``kind`` nil: of every kind; they come by kind and by day."""

    kind: PeriodKind | None = None
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class CreatePeriod:
    """Periods of one kind do not overlap, and stay within the school year."""

    code: str = attrs.field(validator=[*CODE])
    name: str = attrs.field(validator=[*NAME])
    kind: PeriodKind
    starts_on: datetime.date
    ends_on: datetime.date


@attrs.frozen(kw_only=True)
class ChangePeriod:
    """
    What is nil stays as it is.

    Attributes:
        if_revision: The revision that was read; the change is refused with
            ``stale_revision`` when there is a newer one. Nil does not ask.
    """

    id: int
    if_revision: int | None = None
    code: str | None = attrs.field(default=None, validator=attrs.validators.optional([*CODE]))
    name: str | None = attrs.field(default=None, validator=attrs.validators.optional([*NAME]))
    starts_on: datetime.date | None = None
    ends_on: datetime.date | None = None


@attrs.frozen(kw_only=True)
class DeletePeriod:
    """Refused with ``conflict`` once something was entered in it."""

    id: int
    if_revision: int | None = None


@attrs.frozen(kw_only=True)
class PeriodKept:
    """The period as it is now, and its revision."""

    id: int
    revision: int


@row
@attrs.frozen
class SealingRow:
    """From ``sealed_at`` on nothing is entered; an instant to come is a planned sealing."""

    class_id: int
    class_name: str
    period_id: int
    what: SealedMatter
    sealed_at: datetime.datetime


@attrs.frozen(kw_only=True)
class ListSealings:
    class_id: int | None = None
    period_id: int | None = None
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class SealPeriod:
    """
    Seal matters of classes, or set another instant where they are sealed.

    Attributes:
        at: Nil is now. School life is sealed at the end of the period by itself; a later
            instant here keeps it open.
    """

    period_id: int
    class_ids: tuple[int, ...] = attrs.field(validator=[*SEVERAL])
    what: tuple[SealedMatter, ...] = attrs.field(validator=[*SEVERAL])
    at: datetime.datetime | None = None


@attrs.frozen(kw_only=True)
class UnsealPeriod:
    """What is not sealed stays so; school life goes back to the end of the period."""

    period_id: int
    class_ids: tuple[int, ...] = attrs.field(validator=[*SEVERAL])
    what: tuple[SealedMatter, ...] = attrs.field(validator=[*SEVERAL])


@attrs.frozen(kw_only=True)
class SealingsChanged:
    """How many pairs of a class and a matter were changed."""

    changed: int


LIST_PERIODS: Final = Call(
    name="periods.list",
    params=ListPeriods,
    result=Page[PeriodRow],
    right=Right.OWN,
    summary="List the periods of the school year.",
)
CREATE_PERIOD: Final = Call(
    name="periods.create",
    params=CreatePeriod,
    result=PeriodKept,
    right=Right.SCHOOL_SETTINGS,
    modes=_ADMINISTRATIVE,
    writes=True,
    keyed=True,
    summary="Add a period to the school year.",
)
CHANGE_PERIOD: Final = Call(
    name="periods.change",
    params=ChangePeriod,
    result=PeriodKept,
    right=Right.SCHOOL_SETTINGS,
    modes=_ADMINISTRATIVE,
    writes=True,
    keyed=True,
    summary="Rename a period or move its days.",
)
DELETE_PERIOD: Final = Call(
    name="periods.delete",
    params=DeletePeriod,
    result=Nothing,
    right=Right.SCHOOL_SETTINGS,
    modes=_ADMINISTRATIVE,
    writes=True,
    keyed=True,
    summary="Delete a period in which nothing was entered.",
)
LIST_SEALINGS: Final = Call(
    name="periods.list_sealings",
    params=ListSealings,
    result=Page[SealingRow],
    right=Right.OWN,
    summary="List what is sealed, or will be, by class, period and matter.",
)
SEAL_PERIOD: Final = Call(
    name="periods.seal",
    params=SealPeriod,
    result=SealingsChanged,
    right=Right.SEAL_PERIODS,
    modes=_ADMINISTRATIVE,
    writes=True,
    keyed=True,
    summary="Close a period of some classes to entries, now or later.",
)
UNSEAL_PERIOD: Final = Call(
    name="periods.unseal",
    params=UnsealPeriod,
    result=SealingsChanged,
    right=Right.SEAL_PERIODS,
    modes=_ADMINISTRATIVE,
    writes=True,
    keyed=True,
    summary="Open a sealed period of some classes again.",
)
