"""Answers on backups and archives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from pronote_protocol.catalogue import backups as calls
from pronote_protocol.catalogue.sessions import CountersShown
from pronote_protocol.catalogue.works import WorkShown
from pronote_server.hosting import backup_work, backups
from pronote_server.hosting.long_work import in_refusals
from pronote_server.native.calls.visit import Visit, answers
from pronote_server.native.calls.works import shown
from pronote_server.storage.backup_folder import BackupFile
from pronote_server.storage.errors import BaseFileRefused
from pronote_server.storage.packages import PackageKind


async def list_backups(visit: Visit, wish: calls.ListBackups) -> calls.BackupsShown:
    found = await backups.list_backups(visit.school)
    files, undo = found.files, found.undo
    return calls.BackupsShown(
        total=len(files),
        offset=wish.offset,
        rows=tuple(row_of(each) for each in files[wish.offset : wish.offset + wish.limit]),
        backups=sum(each.kind is PackageKind.BACKUP for each in files),
        archives=sum(each.kind is PackageKind.ARCHIVE for each in files),
        failures=tuple(
            calls.BackupFailureRow(
                each.kind, each.at, each.refusal.code, each.refusal.fr, each.refusal.en
            )
            for each in found.failures
        ),
        undo=None if undo is None else _undo(undo),
    )


async def show(visit: Visit, ref: calls.BackupRef) -> calls.BackupShown:
    file = await backups.show_backup(visit.school, ref.name)
    return calls.BackupShown(
        backup=row_of(file),
        last_entry_at=file.last_entry_at,
        counters=_counters(file.counters),
        missing_documents=file.counters.get("missing_documents", 0),
    )


async def preview(visit: Visit, ref: calls.BackupRef) -> calls.OpeningPreview:
    try:
        found = await backups.preview_opening(visit.school, ref.name)
    except BaseFileRefused as refused:
        raise in_refusals(refused) from refused
    return calls.OpeningPreview(
        backup=row_of(found.file),
        loaded=found.loaded,
        same_base=found.same_base,
        entries=found.entries,
        first_at=found.first_at,
        last_at=found.last_at,
        counters=_counters(found.file.counters),
        now=_counters(found.now),
        must_confirm=found.loses,
    )


def make(visit: Visit, wish: calls.MakeBackup) -> WorkShown:
    session = visit.session
    return shown(
        backup_work.begin_making(
            visit.school, archive=wish.archive, by=session.name, address=session.address
        )
    )


def prove(visit: Visit, ref: calls.BackupRef) -> WorkShown:
    session = visit.session
    return shown(
        backup_work.begin_proof(
            visit.school, ref.name, by=session.name, address=session.address
        )
    )


def open_backup(visit: Visit, wish: calls.OpenBackup) -> WorkShown:
    session = visit.session
    return shown(
        backup_work.begin_opening(
            visit.school,
            wish.name,
            confirm=wish.confirm,
            by=session.name,
            address=session.address,
        )
    )


def undo(visit: Visit, wish: calls.UndoOpening) -> WorkShown:
    session = visit.session
    return shown(
        backup_work.begin_undoing(
            visit.school, confirm=wish.confirm, by=session.name, address=session.address
        )
    )


def _counters(counted: Mapping[str, int]) -> CountersShown | None:
    names = [field.name for field in attrs.fields(CountersShown)]
    if not set(names) <= set(counted):
        return None
    return CountersShown(**{name: counted[name] for name in names})


def _undo(undo: backups.Undo) -> calls.UndoShown:
    return calls.UndoShown(safety=undo.safety, opened=undo.opened, at=undo.at)


def row_of(file: BackupFile) -> calls.BackupRow:
    return calls.BackupRow(
        file.name,
        file.kind.value,
        file.made_at,
        file.size,
        file.base,
        file.school_year,
        file.proven_at,
        file.problem,
    )


ANSWERS: Final = (
    answers(calls.LIST_BACKUPS, list_backups),
    answers(calls.SHOW_BACKUP, show),
    answers(calls.PREVIEW_OPENING, preview),
    answers(calls.MAKE_BACKUP, make),
    answers(calls.PROVE_BACKUP, prove),
    answers(calls.OPEN_BACKUP, open_backup),
    answers(calls.UNDO_OPENING, undo),
)
