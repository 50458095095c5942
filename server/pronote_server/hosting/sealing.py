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
    codes = classes_named(conn, class_ids)
    instants = {
        (line.class_code, period.code, line.what): line.sealed_at
        for line in sealings(conn, class_ids=codes, period_id=period.id)
    }
    Sealings(instants, SCHOOL_ZONE).check_open(
        sorted(codes.values()), period.period, matter, now
    )
