"""What the operator may ask at the rescue door; the use cases are those of every door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pronote_server.clock import Clock
from pronote_server.hosting.school import School
from pronote_server.rescue.commands import (
    account,
    backups,
    bases,
    connections,
    security,
    version,
    years,
)
from pronote_server.rescue.commands import clock as clock_commands
from pronote_server.rescue.commands.asked import OPERATOR, school_finder
from pronote_server.rescue.door import Command

__all__ = ["OPERATOR", "rescue_commands"]


def rescue_commands(
    schools: Mapping[str, School],
    statistics: Callable[[], dict[str, Any]],
    clock: Clock,
    *,
    test_api: bool = False,
) -> dict[str, Command]:
    """
    Return the commands on these schools.

    Args:
        statistics: Snapshots the whole server.
        clock: The one of all the schools.
        test_api: Whether it may be moved.
    """

    async def show_statistics(params: dict[str, Any]) -> Any:
        return statistics()

    at = school_finder(schools)
    return {
        **connections.commands(at),
        **security.commands(at),
        **bases.commands(at),
        **backups.commands(at),
        **years.commands(at),
        **account.commands(at),
        **version.commands(at),
        **clock_commands.commands(clock, schools, test_api=test_api),
        "statistics": show_statistics,
    }
