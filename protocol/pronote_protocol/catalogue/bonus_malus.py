"""Calls on the points a pupil is given, or loses, for a service in a period."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0, ONE_CLASS
from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.catalogue.services import MARKS_MODES
from pronote_protocol.records import row
from pronote_protocol.words import Right


@row
@attrs.frozen
class BonusRow:
    """A pupil of the service; ``points`` nil: none. ``revision`` 0: nobody ever gave any."""

    pupil_id: int
    pupil: str
    points: Decimal | None
    revision: int


@attrs.frozen(kw_only=True)
class ListBonus:
    """Every pupil of the service, by name."""

    service_id: int
    period_id: int
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=500, validator=[*A_PAGE])


@row
@attrs.frozen
class BonusEntry:
    """
    Points added to the pupil's average, or taken from it when negative; nil or 0: none.

    ``if_revision``: the revision of the row that was read; nil does not ask.
    """

    pupil_id: int
    points: Decimal | None
    if_revision: int | None = None


@attrs.frozen(kw_only=True)
class EnterBonus:
    """
    Points of any number of pupils, all of them or, when one is refused, none.

    They count once the service takes them into account (``bonus_malus`` of
    ``services.change``), and make no average by themselves. They are within the service's
    ``out_of``, either way.
    """

    service_id: int
    period_id: int
    entries: tuple[BonusEntry, ...] = attrs.field(validator=[*ONE_CLASS])


@attrs.frozen(kw_only=True)
class BonusEntered:
    """The revision of the base now, and how many pupils have other points."""

    revision: int
    changed: int


LIST_BONUS: Final = Call(
    name="bonus_malus.list",
    params=ListBonus,
    result=Page[BonusRow],
    right=Right.READ_MARKS,
    modes=MARKS_MODES,
    summary="List the points given to the pupils of a service in a period.",
)
ENTER_BONUS: Final = Call(
    name="bonus_malus.enter",
    params=EnterBonus,
    result=BonusEntered,
    right=Right.ENTER_MARKS,
    modes=MARKS_MODES,
    writes=True,
    keyed=True,
    summary="Give points to pupils of a service in a period, or take them away.",
)
