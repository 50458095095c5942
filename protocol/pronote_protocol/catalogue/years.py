"""Calls on the bases of previous years (fiche 5, *Gérer les années précédentes*)."""

from __future__ import annotations

import datetime
from typing import Any, Final

import attrs

from pronote_protocol.catalogue.call import ADMINISTRATION, Call
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import Right

_NAME: Final[Any] = (attrs.validators.min_len(1), attrs.validators.max_len(120))
_YEAR: Final[Any] = (attrs.validators.ge(2000), attrs.validators.le(2099))


@row
@attrs.frozen
class YearRow:
    """
    A previous year that can be consulted.

    Attributes:
        school_year: 2019 for 2019-2020.
        base: The name its base had.
        size: Of its file, in bytes.
        readers: How many sessions look at it now.
    """

    school_year: int
    base: str
    size: int
    last_entry_at: datetime.datetime | None
    readers: int


@attrs.frozen(kw_only=True)
class YearsShown:
    """At most five, the latest first."""

    years: tuple[YearRow, ...]


@attrs.frozen(kw_only=True)
class LoadYear:
    """``source``: the name of one of the other bases, or of a backup or archive."""

    source: str = attrs.field(validator=[*_NAME])


@attrs.frozen(kw_only=True)
class YearRef:
    school_year: int = attrs.field(validator=[*_YEAR])


LIST_YEARS: Final = Call(
    name="years.list",
    params=Nothing,
    result=YearsShown,
    right=Right.SEE_BASES,
    modes=ADMINISTRATION,
    summary="List the previous years that can be consulted (fiche 5).",
)
LOAD_YEAR: Final = Call(
    name="years.load",
    params=LoadYear,
    result=YearRow,
    right=Right.MANAGE_BASES,
    modes=ADMINISTRATION,
    summary="Load a base of one of the five previous years for consultation; what it is "
    "loaded from stays as it is.",
)
REMOVE_YEAR: Final = Call(
    name="years.remove",
    params=YearRef,
    result=Nothing,
    right=Right.MANAGE_BASES,
    modes=ADMINISTRATION,
    summary="Take a previous year away; who looks at it is told goodbye.",
)
