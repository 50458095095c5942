"""Backups and archives, for the operator."""

from __future__ import annotations

from typing import Any

import attrs

from pronote_protocol.records import structure
from pronote_server.hosting import backup_work, backups
from pronote_server.hosting.long_work import plain_report
from pronote_server.rescue.commands.asked import OPERATOR, At, FindSchool
from pronote_server.rescue.door import Command
from pronote_server.storage.backup_folder import BackupFile

__all__ = ["commands"]


@attrs.frozen(kw_only=True)
class _Named(At):
    name: str


@attrs.frozen(kw_only=True)
class _Make(At):
    archive: bool = False


@attrs.frozen(kw_only=True)
class _Open(At):
    name: str
    confirm: bool = False


@attrs.frozen(kw_only=True)
class _Undo(At):
    confirm: bool = False


def commands(at: FindSchool) -> dict[str, Command]:
    """Return the commands on the schools *at* finds."""

    async def list_backups(params: dict[str, Any]) -> Any:
        found = await backups.list_backups(at(structure(params, At)))
        return {
            "items": [_row(each) for each in found.files],
            "failures": [
                {
                    **plain_report({"kind": each.kind, "at": each.at}),
                    "code": each.refusal.code,
                    "message": each.refusal.fr,
                }
                for each in found.failures
            ],
            "undo": None if found.undo is None else plain_report(found.undo),
        }

    async def show(params: dict[str, Any]) -> Any:
        wish = structure(params, _Named)
        file = await backups.show_backup(at(wish), wish.name)
        return {**_row(file), "counters": dict(file.counters)}

    async def preview(params: dict[str, Any]) -> Any:
        wish = structure(params, _Named)
        found = await backups.preview_opening(at(wish), wish.name)
        said = plain_report(
            attrs.asdict(found, recurse=False, filter=lambda field, _: field.name != "file")
        )
        return {
            **_row(found.file),
            **said,
            "counters": dict(found.file.counters),
            "must_confirm": found.loses,
        }

    async def make(params: dict[str, Any]) -> Any:
        wish = structure(params, _Make)
        return backup_work.begin_making(at(wish), archive=wish.archive, by=OPERATOR)

    async def open_backup(params: dict[str, Any]) -> Any:
        wish = structure(params, _Open)
        return backup_work.begin_opening(at(wish), wish.name, confirm=wish.confirm, by=OPERATOR)

    async def undo(params: dict[str, Any]) -> Any:
        wish = structure(params, _Undo)
        return backup_work.begin_undoing(at(wish), confirm=wish.confirm, by=OPERATOR)

    async def prove(params: dict[str, Any]) -> Any:
        wish = structure(params, _Named)
        return backup_work.begin_proof(at(wish), wish.name, by=OPERATOR)

    return {
        "backups.list": list_backups,
        "backups.show": show,
        "backups.preview": preview,
        "backups.make": make,
        "backups.open": open_backup,
        "backups.undo": undo,
        "backups.prove": prove,
    }


def _row(file: BackupFile) -> dict[str, Any]:
    return plain_report(
        {
            "name": file.name,
            "kind": file.kind,
            "made_at": file.made_at,
            "size": file.size,
            "base": file.base,
            "school_year": file.school_year,
            "last_entry_at": file.last_entry_at,
            "proven_at": file.proven_at,
            "problem": file.problem,
        }
    )
