"""Suspended addresses and the journal, for the operator."""

from __future__ import annotations

from typing import Any

import attrs

from pronote_protocol.errors import BadRequest
from pronote_protocol.records import structure
from pronote_server.hosting import security
from pronote_server.rescue.commands.asked import OPERATOR, At, FindSchool, plain
from pronote_server.rescue.door import Command

__all__ = ["commands"]


@attrs.frozen(kw_only=True)
class _Lift(At):
    address: str | None = None


def commands(at: FindSchool) -> dict[str, Command]:
    """Return the commands on the schools *at* finds."""

    async def list_suspensions(params: dict[str, Any]) -> Any:
        school = at(structure(params, At))
        return {"items": [plain(row) for row in security.suspension_rows(school)]}

    async def lift(params: dict[str, Any]) -> Any:
        wish = structure(params, _Lift)
        try:
            lifted = await security.lift(at(wish), wish.address, OPERATOR, None)
        except ValueError:
            raise BadRequest(problems=f"{wish.address} is no address and no network") from None
        return {"addresses": lifted}

    async def journal(params: dict[str, Any]) -> Any:
        school = at(structure(params, At))
        entries, _ = await school.journal.read(before=None, limit=200, kind=None, search=None)
        return {"items": [plain(entry) for entry in entries]}

    return {
        "suspensions": list_suspensions,
        "lift": lift,
        "journal": journal,
    }
