"""What the operator may ask at the rescue door; the use cases are those of every door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pronote_server.hosting.school import School
from pronote_server.rescue.commands import bases, connections, security
from pronote_server.rescue.commands.asked import OPERATOR, school_finder
from pronote_server.rescue.door import Command

__all__ = ["OPERATOR", "rescue_commands"]


def rescue_commands(
    schools: Mapping[str, School], statistics: Callable[[], dict[str, Any]]
) -> dict[str, Command]:
    """Return the commands on these schools; *statistics* snapshots the whole server."""

    async def show_statistics(params: dict[str, Any]) -> Any:
        return statistics()

    at = school_finder(schools)
    return {
        **connections.commands(at),
        **security.commands(at),
        **bases.commands(at),
        "statistics": show_statistics,
    }
