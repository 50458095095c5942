"""Calls on what pupils had in earlier years (*suivi pluriannuel*, fiche 7)."""

from __future__ import annotations

import decimal
from typing import Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0
from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.records import row
from pronote_protocol.words import Mode, Right


@row
@attrs.frozen
class PastResultRow:
    """
    An average of an earlier year.

    Attributes:
        school_year: 2019 for 2019-2020.
        class_name: The class the pupil was in then.
        period: Its name then; they come in their order.
        average, class_average: Out of ``out_of``.
    """

    school_year: int
    class_name: str
    period: str
    subject: str
    teacher: str
    out_of: int
    average: decimal.Decimal
    class_average: decimal.Decimal | None


@attrs.frozen(kw_only=True)
class ListPastResults:
    """Of one pupil: by year, the latest first, then subject, then period."""

    pupil_id: int
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


LIST_PAST_RESULTS: Final = Call(
    name="past_results.list",
    params=ListPastResults,
    result=Page[PastResultRow],
    right=Right.READ_MARKS,
    modes=frozenset({Mode.ADMINISTRATIVE, Mode.TEACHER}),
    summary="List a pupil's averages of earlier years, as far as they were recovered; a "
    "teacher, of his pupils.",
)
