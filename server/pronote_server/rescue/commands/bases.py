"""The bases of a school, for the operator."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import attrs

from pronote_protocol.catalogue.bases import GridWish
from pronote_protocol.records import structure, unstructure
from pronote_protocol.words import UploadPurpose
from pronote_server.hosting import (
    annexes,
    base_service,
    bases,
    hosting_files,
    other_bases,
    sent_files,
    users_files,
)
from pronote_server.hosting.asker import Asker
from pronote_server.hosting.school import School
from pronote_server.rescue.commands.asked import OPERATOR, At, FindSchool, plain
from pronote_server.rescue.door import Command

__all__ = ["commands"]


@attrs.frozen(kw_only=True)
class _Service(At):
    password: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class _Stop(At):
    delay_seconds: float = 0.0
    message: str | None = None


@attrs.frozen(kw_only=True)
class _Create(At):
    name: str
    school_year: int | None = None
    grid: GridWish = attrs.field(factory=GridWish)


@attrs.frozen(kw_only=True)
class _Named(At):
    name: str


@attrs.frozen(kw_only=True)
class _Rename(At):
    name: str
    new_name: str


@attrs.frozen(kw_only=True)
class _File(At):
    """``file`` is absolute: the server reads it."""

    file: str


@attrs.frozen(kw_only=True)
class _To(At):
    """``to`` is a folder, absolute: the server writes there; by default in its exports."""

    to: str | None = None


@attrs.frozen(kw_only=True)
class _Some(At):
    limit: int = 100


# The operator may do what the supervisor may.
_ASKER: Final = Asker(OPERATOR, None, may_name_superadministrators=True)


def commands(at: FindSchool) -> dict[str, Command]:
    """Return the commands on the schools *at* finds."""

    async def show(params: dict[str, Any]) -> Any:
        header = await other_bases.show_header(at(structure(params, At)))
        return unstructure(header)

    async def list_bases(params: dict[str, Any]) -> Any:
        rows = await other_bases.list_bases(at(structure(params, At)))
        return {"items": [plain(row) for row in rows]}

    async def put_in_service(params: dict[str, Any]) -> Any:
        wish = structure(params, _Service)
        school = at(wish)
        await base_service.put_in_service(school, wish.password, by=OPERATOR)
        return _done(school, in_service=True)

    async def stop(params: dict[str, Any]) -> Any:
        wish = structure(params, _Stop)
        school = at(wish)
        await base_service.stop(
            school, by=OPERATOR, delay_seconds=wish.delay_seconds, message=wish.message
        )
        return _done(school, in_service=False)

    async def create(params: dict[str, Any]) -> Any:
        wish = structure(params, _Create)
        school = at(wish)
        year = wish.school_year
        await bases.create_base(
            school,
            wish.name,
            bases.school_year_at(school.now()) if year is None else year,
            bases.grid_of(wish.grid),
            by=OPERATOR,
        )
        return _done(school)

    async def open_other(params: dict[str, Any]) -> Any:
        wish = structure(params, _Named)
        school = at(wish)
        await other_bases.open_other(school, wish.name, by=OPERATOR)
        return _done(school)

    async def delete(params: dict[str, Any]) -> Any:
        wish = structure(params, _Named)
        await other_bases.delete_base(at(wish), wish.name, by=OPERATOR)
        return {"deleted": wish.name}

    async def rename(params: dict[str, Any]) -> Any:
        wish = structure(params, _Rename)
        await other_bases.rename_base(at(wish), wish.name, wish.new_name, by=OPERATOR)
        return {"renamed": wish.name, "name": wish.new_name}

    def taking_in(purpose: UploadPurpose) -> Command:
        async def take_in(params: dict[str, Any]) -> Any:
            wish = structure(params, _File)
            return sent_files.begin_taking_in(at(wish), Path(wish.file), purpose, _ASKER)

        return take_in

    async def export(params: dict[str, Any]) -> Any:
        wish = structure(params, _To)
        to = None if wish.to is None else Path(wish.to)
        return hosting_files.begin_generating(at(wish), to=to, by=OPERATOR)

    async def missing(params: dict[str, Any]) -> Any:
        wish = structure(params, _Some)
        page = await annexes.list_missing(at(wish), 0, wish.limit)
        return {"items": [plain(row) for row in page.rows], "total": page.total}

    async def users_export(params: dict[str, Any]) -> Any:
        wish = structure(params, _To)
        to = None if wish.to is None else Path(wish.to)
        return await users_files.generate_users_file(at(wish), to=to, by=OPERATOR)

    return {
        "bases.load": taking_in(UploadPurpose.BASE),
        "bases.complete": taking_in(UploadPurpose.ANNEX),
        "bases.users_import": taking_in(UploadPurpose.USERS),
        "bases.users_export": users_export,
        "bases.export": export,
        "bases.missing": missing,
        "bases.show": show,
        "bases.list": list_bases,
        "bases.create": create,
        "bases.open": open_other,
        "bases.delete": delete,
        "bases.rename": rename,
        "put_in_service": put_in_service,
        "stop": stop,
    }


def _done(school: School, **more: Any) -> dict[str, Any]:
    base = school.base
    return {
        "state": school.base_state.value,
        "base": None if base is None else base.header.name,
        **more,
    }
