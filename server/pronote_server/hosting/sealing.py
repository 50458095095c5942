"""Whether a period is closed to entries: sealed, for a class and a matter (*clôture*)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from pronote_protocol.errors import NotFound
from pronote_protocol.words import SealedMatter
from pronote_server.domain.school_calendar import Sealings
from pronote_server.hosting.school_time import SCHOOL_ZONE
from pronote_server.storage.base_periods import (
    PeriodLine,
    classes_named,
    period_of,
    sealings,
)
from pronote_server.storage.remembered import remembered

__all__ = ["check_open", "the_period"]


def the_period(conn: Connection, period_id: int) -> PeriodLine:
    """
    Raises:
        NotFound: There is none with that id.
    """
    found = period_of(conn, period_id)
    if found is None:
        raise NotFound(what=f"period {period_id}")
    return found


def check_open(
    conn: Connection,
    class_ids: Iterable[int],
    period: PeriodLine,
    matter: SealedMatter,
    now: datetime,
) -> None:
    """
    Refuse an entry about pupils of these classes in a period that is sealed for one of them.

    Raises:
        Conflict: It is.
    """
    codes, sealed = _sealings_in(conn, frozenset(class_ids), period.id)
    sealed.check_open(codes, period.period, matter, now)


@remembered
def _sealings_in(
    conn: Connection, class_ids: frozenset[int], period_id: int
) -> tuple[tuple[str, ...], Sealings]:
    """Return the codes of these classes, and what is sealed for them in that period."""
    codes = classes_named(conn, class_ids)
    code = the_period(conn, period_id).code
    instants = {
        (line.class_code, code, line.what): line.sealed_at
        for line in sealings(conn, class_ids=codes, period_id=period_id)
    }
    return tuple(sorted(codes.values())), Sealings(instants, SCHOOL_ZONE)
