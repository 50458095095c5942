"""School time, for the operator of a server that was started for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from pronote_protocol.records import structure
from pronote_server.clock import Clock
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import SCHOOL_ZONE
from pronote_server.hosting.time_travel import Travel, read_duration, read_instant
from pronote_server.rescue.commands.asked import OPERATOR
from pronote_server.rescue.door import Command

__all__ = ["commands"]


@attrs.frozen(kw_only=True)
class _Nothing:
    pass


@attrs.frozen(kw_only=True)
class _Advance:
    duration: str


@attrs.frozen(kw_only=True)
class _Until:
    date: str
    back: bool = False


def commands(
    clock: Clock, schools: Mapping[str, School], *, test_api: bool
) -> dict[str, Command]:
    """Return the commands on the one clock of *schools*."""
    travel = Travel(clock, schools.values(), test_api)

    def shown() -> dict[str, Any]:
        seen = clock.statistics()
        following = seen.next_instant
        return {
            "now": seen.now.astimezone(SCHOOL_ZONE).isoformat(timespec="seconds"),
            "frozen": seen.frozen,
            "travelled_seconds": round(seen.travelled.total_seconds()),
            "next_instant": (
                None
                if following is None
                else following.astimezone(SCHOOL_ZONE).isoformat(timespec="seconds")
            ),
            "test_api": test_api,
            "under_way": [
                {
                    "rne": school.rne,
                    "schedule": schedule,
                    "due": instant.astimezone(SCHOOL_ZONE).isoformat(timespec="seconds"),
                }
                for school, schedule, instant in travel.under_way()
            ],
        }

    async def show(params: dict[str, Any]) -> Any:
        structure(params, _Nothing)
        return shown()

    async def advance(params: dict[str, Any]) -> Any:
        wish = structure(params, _Advance)
        await travel.advance(read_duration(wish.duration), by=OPERATOR)
        return shown()

    async def until(params: dict[str, Any]) -> Any:
        wish = structure(params, _Until)
        await travel.until(read_instant(wish.date), back=wish.back, by=OPERATOR)
        return shown()

    async def freeze(params: dict[str, Any]) -> Any:
        structure(params, _Nothing)
        await travel.freeze(by=OPERATOR)
        return shown()

    async def resume(params: dict[str, Any]) -> Any:
        structure(params, _Nothing)
        await travel.resume(by=OPERATOR)
        return shown()

    return {
        "clock.show": show,
        "clock.advance": advance,
        "clock.until": until,
        "clock.freeze": freeze,
        "clock.resume": resume,
    }
