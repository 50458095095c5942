"""Calls on motives: why somebody was absent, late, punished, sanctioned or followed up."""

from __future__ import annotations

from typing import Any, Final

import attrs

from pronote_protocol.catalogue.call import Call
from pronote_protocol.catalogue.school_life import OFFICE, ThingRef
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import MotiveKind, Right

_NAME: Final[list[Any]] = [attrs.validators.min_len(1), attrs.validators.max_len(100)]


@row
@attrs.frozen
class MotiveRow:
    """
    A motive of one kind.

    Attributes:
        admissible: A reason the school accepts.
        settled: What has it is settled (*réglé administrativement*) unless said otherwise.
        out_of_school: The pupil was elsewhere for the school: an outing, an internship.
        health: It concerns the health service.
        report_card: Counted on the report card.
        published: Pupils and guardians see it.
        usable_by_guardians: Guardians may give it themselves.
        revision: Last written at; 0 when it came with the base.
    """

    id: int
    kind: MotiveKind
    name: str
    admissible: bool
    settled: bool
    out_of_school: bool
    health: bool
    report_card: bool
    published: bool
    usable_by_guardians: bool
    revision: int


@attrs.frozen(kw_only=True)
class ListMotives:
    """Those of one kind, or all of them; by kind, then name."""

    kind: MotiveKind | None = None


@attrs.frozen(kw_only=True)
class MotivesShown:
    """At most 500: nobody chooses among more."""

    rows: tuple[MotiveRow, ...]


@attrs.frozen(kw_only=True)
class CreateMotive:
    """See the row for the flags; a name is unique within its kind."""

    kind: MotiveKind
    name: str = attrs.field(validator=_NAME)
    admissible: bool = False
    settled: bool = False
    out_of_school: bool = False
    health: bool = False
    report_card: bool = False
    published: bool = False
    usable_by_guardians: bool = False


@attrs.frozen(kw_only=True)
class ChangeMotive(ThingRef):
    """Everything it shall be from now on; its kind stays."""

    name: str = attrs.field(validator=_NAME)
    admissible: bool = False
    settled: bool = False
    out_of_school: bool = False
    health: bool = False
    report_card: bool = False
    published: bool = False
    usable_by_guardians: bool = False


LIST_MOTIVES: Final = Call(
    name="motives.list",
    params=ListMotives,
    result=MotivesShown,
    right=Right.GIVE_PUNISHMENTS,
    summary="List the motives that can be given.",
)
CREATE_MOTIVE: Final = Call(
    name="motives.create",
    params=CreateMotive,
    result=MotiveRow,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Create a motive.",
)
CHANGE_MOTIVE: Final = Call(
    name="motives.change",
    params=ChangeMotive,
    result=MotiveRow,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Change a motive; what has it already keeps its own flags.",
)
DELETE_MOTIVE: Final = Call(
    name="motives.delete",
    params=ThingRef,
    result=Nothing,
    right=Right.ENTER_SCHOOL_LIFE,
    modes=OFFICE,
    writes=True,
    keyed=True,
    summary="Delete a motive nothing has.",
)
