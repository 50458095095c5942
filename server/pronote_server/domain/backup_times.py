"""
When backups and archives are due, by the clock on the school's wall (fiche 9).

Backups every two hours: the guide shows them at five to, of even hours. Archives every night
at sixteen past two. That hour does not exist on the night summer time begins, and comes twice
on the night it ends: the archive is made once all the same, an hour later on the clock in the
first case, the first time round in the second. A backup keeps its two hours; when five to three
comes twice, so does the backup, if something was entered in between.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

__all__ = ["Due", "last_due", "next_due"]

_BACKUP_MINUTE: Final = 55
_BACKUP_HOURS: Final = range(0, 24, 2)
_ARCHIVE_AT: Final = time(2, 16)


class Due(enum.Enum):
    """What is due; at one instant, in this order."""

    BACKUP = "backup"
    ARCHIVE = "archive"


def next_due(after: datetime, zone: tzinfo) -> tuple[datetime, Due]:
    """Return the first instant behind *after*, in UTC, at which something is due."""
    today = after.astimezone(zone).date()
    days = (today + timedelta(days=n) for n in range(-1, 3))
    return min(
        (
            (instant, due)
            for day in days
            for instant, due in _due_on(day, zone)
            if instant > after
        ),
        key=lambda each: (each[0], each[1] is Due.ARCHIVE),
    )


def last_due(until: datetime, due: Due, zone: tzinfo) -> datetime:
    """Return the last instant, in UTC, at which *due* was, *until* included."""
    today = until.astimezone(zone).date()
    days = (today + timedelta(days=n) for n in range(-2, 2))
    return max(
        instant
        for day in days
        for instant, what in _due_on(day, zone)
        if what is due and instant <= until
    )


def _due_on(day: date, zone: tzinfo) -> Iterator[tuple[datetime, Due]]:
    yield _instant(day, _ARCHIVE_AT, zone), Due.ARCHIVE
    for hour in _BACKUP_HOURS:
        at = time(hour, _BACKUP_MINUTE)
        first = _instant(day, at, zone)
        yield first, Due.BACKUP
        again = _instant(day, at, zone, fold=1)
        if again > first:
            yield again, Due.BACKUP


def _instant(day: date, at: time, zone: tzinfo, fold: int = 0) -> datetime:
    # What does not exist is, by the clock of before, an instant later on (PEP 495).
    return datetime.combine(day, at.replace(fold=fold), zone).astimezone(UTC)
