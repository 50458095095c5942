"""What the operator may ask at the rescue door; the use cases are those of every door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from pronote_protocol.errors import BadRequest, NotFound, UnknownSchool
from pronote_protocol.records import structure
from pronote_server.hosting import bases, connections, security, watching
from pronote_server.hosting.school import School
from pronote_server.rescue.door import Command

__all__ = ["OPERATOR", "rescue_commands"]

# Who did it, in the journal and in the goodbye of those concerned.
OPERATOR = "opérateur"


@attrs.frozen(kw_only=True)
class _At:
    rne: str | None = None


@attrs.frozen(kw_only=True)
class _Disconnect(_At):
    sessions: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    everyone: bool = False
    message: str | None = None
    delay_seconds: float = 0.0


@attrs.frozen(kw_only=True)
class _Lift(_At):
    address: str | None = None


@attrs.frozen(kw_only=True)
class _Service(_At):
    password: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class _Stop(_At):
    delay_seconds: float = 0.0
    message: str | None = None


def rescue_commands(
    schools: Mapping[str, School], statistics: Callable[[], dict[str, Any]]
) -> dict[str, Command]:
    """Return the commands on these schools; *statistics* snapshots the whole server."""

    def at(wish: _At) -> School:
        if wish.rne is None:
            return next(iter(schools.values()))
        school = schools.get(wish.rne.upper())
        if school is None:
            raise UnknownSchool(rne=wish.rne)
        return school

    async def list_connections(params: dict[str, Any]) -> Any:
        school = at(structure(params, _At))
        seats = attrs.asdict(watching.seats_shown(school))
        items = [_plain(row) for row in watching.connection_rows(school)]
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

    async def list_suspensions(params: dict[str, Any]) -> Any:
        school = at(structure(params, _At))
        return {"items": [_plain(row) for row in security.suspension_rows(school)]}

    async def lift(params: dict[str, Any]) -> Any:
        wish = structure(params, _Lift)
        try:
            lifted = await security.lift(at(wish), wish.address, OPERATOR, None)
        except ValueError:
            raise BadRequest(problems=f"{wish.address} is no address and no network") from None
        return {"addresses": lifted}

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

    async def journal(params: dict[str, Any]) -> Any:
        school = at(structure(params, _At))
        entries, _ = await school.journal.read(before=None, limit=200, kind=None, search=None)
        return {"items": [_plain(entry) for entry in entries]}

    async def show_statistics(params: dict[str, Any]) -> Any:
        return statistics()

    return {
        "connections": list_connections,
        "disconnect": disconnect,
        "suspensions": list_suspensions,
        "lift": lift,
        "put_in_service": put_in_service,
        "stop": stop,
        "journal": journal,
        "statistics": show_statistics,
    }


def _plain(record: Any) -> dict[str, Any]:
    """Return an attrs instance as named plain values, rows included."""
    return attrs.asdict(record, recurse=False, value_serializer=_plain_value)


def _plain_value(_: Any, __: Any, value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    return getattr(value, "value", value)
