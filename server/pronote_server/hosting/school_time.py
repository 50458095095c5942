"""
The school's own clock: the hour that hangs on its wall.

Schools of metropolitan France only, for now: a base does not say where its school stands.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["SCHOOL_ZONE", "beginning_of", "local"]

SCHOOL_ZONE: Final = ZoneInfo("Europe/Paris")


def local(instant: datetime) -> datetime:
    """Return *instant* on the school's clock, to the minute, without its zone."""
    return instant.astimezone(SCHOOL_ZONE).replace(tzinfo=None, second=0, microsecond=0)


def beginning_of(day: date) -> datetime:
    """Return midnight of *day* on the school's clock."""
    return datetime.combine(day, time(), SCHOOL_ZONE)
