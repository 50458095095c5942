"""Putting into service and stopping, for the operator."""

from __future__ import annotations

from typing import Any

import attrs

from pronote_protocol.records import structure
from pronote_server.hosting import bases
from pronote_server.rescue.commands.asked import OPERATOR, At, FindSchool
from pronote_server.rescue.door import Command

__all__ = ["commands"]


@attrs.frozen(kw_only=True)
class _Service(At):
    password: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class _Stop(At):
    delay_seconds: float = 0.0
    message: str | None = None


def commands(at: FindSchool) -> dict[str, Command]:
    """Return the commands on the schools *at* finds."""

    async def put_in_service(params: dict[str, Any]) -> Any:
        wish = structure(params, _Service)
        await bases.put_in_service(at(wish), wish.password, by=OPERATOR)
        return {"in_service": True}

    async def stop(params: dict[str, Any]) -> Any:
        wish = structure(params, _Stop)
        await bases.stop(
            at(wish), by=OPERATOR, delay_seconds=wish.delay_seconds, message=wish.message
        )
        return {"in_service": False}

    return {
        "put_in_service": put_in_service,
        "stop": stop,
    }
