"""Connected users, for the operator."""

from __future__ import annotations

from typing import Any

import attrs

from pronote_protocol.errors import NotFound
from pronote_protocol.records import structure
from pronote_server.hosting import connections, watching
from pronote_server.rescue.commands.asked import OPERATOR, At, FindSchool, plain
from pronote_server.rescue.door import Command

__all__ = ["commands"]


@attrs.frozen(kw_only=True)
class _Disconnect(At):
    sessions: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    everyone: bool = False
    message: str | None = None
    delay_seconds: float = 0.0


def commands(at: FindSchool) -> dict[str, Command]:
    """Return the commands on the schools *at* finds."""

    async def list_connections(params: dict[str, Any]) -> Any:
        school = at(structure(params, At))
        seats = attrs.asdict(watching.seats_shown(school))
        items = [plain(row) for row in watching.connection_rows(school)]
        return {"items": items, "seats": seats}

    async def disconnect(params: dict[str, Any]) -> Any:
        wish = structure(params, _Disconnect)
        school = at(wish)
        named = list(wish.sessions)
        for login in wish.users:
            theirs = [s.id for s in school.sessions if s.login.lower() == login.lower()]
            if not theirs:
                raise NotFound(what=f"user {login}")
            named += theirs
        gone = await connections.disconnect(
            school,
            tuple(named),
            everyone=wish.everyone,
            asker=None,
            by=OPERATOR,
            address=None,
            message=wish.message,
            delay_seconds=wish.delay_seconds,
        )
        return {"sessions": gone}

    return {
        "connections": list_connections,
        "disconnect": disconnect,
    }
