"""Calls on recovering the data of another base (fiche 7), and on preparing the next year."""

from __future__ import annotations

from typing import Final

import attrs

from pronote_protocol.catalogue.call import ADMINISTRATION, Call
from pronote_protocol.catalogue.works import WorkShown
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Mode, RecoveredPart, Right


@attrs.frozen(kw_only=True)
class Recover:
    """
    Attributes:
        source: One of the other bases, a backup or archive, or a generated file, by its name;
            or a previous year that is loaded, such as ``2019``.
        parts: What is taken; all of it when none is named.
    """

    source: str = attrs.field(
        validator=[attrs.validators.min_len(1), attrs.validators.max_len(120)]
    )
    parts: tuple[RecoveredPart, ...] = attrs.field(
        default=(), validator=attrs.validators.max_len(16)
    )


@attrs.frozen(kw_only=True)
class PartShown:
    """
    What became of one part.

    Attributes:
        found: How many things of it the source has.
        recovered: How many are new here.
        known: How many were here already, and stay as they are here.
        unmatched: How many are of pupils this base does not have.
        missing: How many the source speaks of but has lost.
    """

    part: RecoveredPart
    found: int
    recovered: int
    known: int
    unmatched: int
    missing: int


@attrs.frozen(kw_only=True)
class Recovered:
    """
    The report.

    Attributes:
        school_year: Of the source.
        pupils: How many pupils the source has; ``matched``: how many of them are here too, by
            code, or by name and day of birth.
    """

    source: str
    base: str
    school_year: int
    pupils: int
    matched: int
    parts: tuple[PartShown, ...]


RECOVER: Final = Call(
    name="recovery.recover",
    params=Recover,
    result=Recovered,
    right=Right.MANAGE_BASES,
    modes=frozenset({Mode.ADMINISTRATIVE}),
    writes=True,
    keyed=True,
    summary="Recover data of another base: it is done in exclusive use, which is begun if "
    "need be and is to be ended by who asked, keeping or giving up what was recovered.",
)
PREPARE_NEXT_YEAR: Final = Call(
    name="recovery.prepare",
    params=Nothing,
    result=WorkShown,
    right=Right.MANAGE_BASES,
    modes=ADMINISTRATION,
    summary="Begin to make the file from which next year's base recovers this one's data "
    "(*Préparer l'année suivante*); see ``works.show``, whose report names it.",
)
