"""
Preparing the next year (fiche 7, *Préparer l'année suivante*): the file its base recovers from.

``NAME_PreparerLAnneeSuivante.zip`` lies among the generated files. It is the base with its
documents, as it is at one moment; clients work on.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import trio

from pronote_protocol.errors import BadRequest
from pronote_server.domain.base_names import base_name
from pronote_server.domain.base_states import BaseCommand, begin
from pronote_server.hosting.backup_place import Teller
from pronote_server.hosting.hosting_files import exports_folder
from pronote_server.hosting.long_work import Report, Work
from pronote_server.hosting.school import School
from pronote_server.storage.base_proof import survey_base
from pronote_server.storage.copying import copy_pages
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.packages import (
    BASE_MEMBER,
    Manifest,
    Member,
    PackageKind,
    PackageRefused,
    document_member,
    prove_package,
    write_package,
)
from pronote_server.storage.whole_files import (
    REAL_DISK,
    draft_of,
    saying_what_the_disk_said,
    whole_file,
)

__all__ = ["begin_preparing", "keep_prepared", "prepare_next_year"]

_CLEANING_SECONDS: Final = 30.0
_PIECE: Final = 1024 * 1024


def begin_preparing(school: School, *, by: str, address: str | None = None) -> Work:
    """
    Begin `prepare_next_year`.

    Raises:
        Conflict: Too much waits already.
    """

    async def run(report: Report) -> dict[str, Any]:
        return await prepare_next_year(school, by=by, address=address, report=report)

    return school.backups.work.begin("year.prepare", by, run)


async def prepare_next_year(
    school: School, *, by: str, address: str | None = None, report: Report | None = None
) -> dict[str, Any]:
    """
    Make the file, instead of one of that name.

    Returns:
        ``folder``, ``name``, ``base``, ``school_year``, ``size`` and ``missing_documents``.

    Raises:
        Conflict: No base is loaded, or something is being done to it.
        StorageFailed: The disk said no; the file is there whole or not at all.
    """
    begin(school.base_state, BaseCommand.EXPORT)
    now, teller = school.now(), Teller(report, school.inline)
    scratch = draft_of(school.folder / "next-year")
    try:
        # Only while it is copied; packing it may take its time.
        async with school.copying:
            begin(school.base_state, BaseCommand.EXPORT)
            assert school.base is not None, "or its state would be another"
            file = school.base.file
            await school.in_thread(partial(_copy, file, scratch, teller))
        packing = partial(_pack, scratch / BASE_MEMBER, file, school, now, teller)
        made = await school.in_thread(packing)
    finally:
        with trio.move_on_after(_CLEANING_SECONDS, shield=True):
            await school.in_thread(partial(shutil.rmtree, scratch, ignore_errors=True))
    await school.journal.record("year.prepared", by, address, name=made["name"])
    return made


async def keep_prepared(
    school: School,
    path: Path,
    *,
    by: str,
    address: str | None = None,
    report: Report | None = None,
) -> dict[str, Any]:
    """
    Keep a file that was prepared elsewhere among the generated files (fiche 7), proven.

    Returns:
        ``name``, ``base``, ``school_year`` and ``size``.

    Raises:
        PackageRefused: It is no such file, damaged, newer, hostile or another school's.
        StorageFailed: The disk said no. In all these cases nothing is changed.
    """
    teller = Teller(report, school.inline)
    kept = await school.in_thread(partial(_keep, path, school, teller))
    await school.journal.record("year.received", by, address, name=kept["name"])
    return kept


def _keep(path: Path, school: School, teller: Teller) -> dict[str, Any]:
    proof = prove_package(path, progress=teller.progress("prove"))
    manifest = proof.manifest
    if manifest.kind is not PackageKind.NEXT_YEAR:
        raise PackageRefused(
            "Ce fichier n'a pas été préparé pour l'année suivante.",
            "This file was not prepared for the next year.",
        )
    if manifest.rne not in (None, school.rne):
        raise PackageRefused(
            "Ce fichier est celui d'un autre établissement.", "This file is another school's."
        )
    folder = exports_folder(school)
    try:
        stem = base_name(manifest.base)
    except BadRequest:
        stem = "Base"
    target = folder / f"{stem}{PackageKind.NEXT_YEAR.extension}"
    with saying_what_the_disk_said():
        REAL_DISK.make_folder(folder)
        with path.open("rb") as source, whole_file(target) as writing:
            while piece := source.read(_PIECE):
                writing.write(piece)
        size = target.stat().st_size
    return {
        "name": target.name,
        "base": manifest.base,
        "school_year": manifest.school_year,
        "size": size,
    }


def _copy(base: Path, scratch: Path, teller: Teller) -> None:
    with saying_what_the_disk_said():
        scratch.mkdir(mode=0o700, parents=True)
        copy_pages(base, scratch / BASE_MEMBER, progress=teller.progress("copy"))


def _pack(
    copy: Path, base: Path, school: School, now: datetime, teller: Teller
) -> dict[str, Any]:
    found = survey_base(copy)
    header, store = found.header, DocumentFiles.beside(base)
    there = [each for each in sorted(found.documents) if store.path_of(each).exists()]
    missing = len(found.documents) - len(there)
    folder = exports_folder(school)
    path = folder / f"{base.stem}{PackageKind.NEXT_YEAR.extension}"
    with saying_what_the_disk_said():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_package(
            path,
            Manifest(
                kind=PackageKind.NEXT_YEAR,
                rne=school.rne,
                base=header.name,
                school_year=header.school_year,
                base_format=header.format_version,
                revision=header.revision,
                made_at=now,
                created_at=header.created_at,
                last_entry_at=header.last_entry_at,
                counters=attrs.asdict(found.counters) | {"missing_documents": missing},
            ),
            [
                Member(BASE_MEMBER, copy),
                *(
                    Member(document_member(each), store.path_of(each), compress=False)
                    for each in there
                ),
            ],
            progress=teller.progress("pack"),
            check=prove_package,
        )
        size = path.stat().st_size
    return {
        "folder": str(folder),
        "name": path.name,
        "base": header.name,
        "school_year": header.school_year,
        "size": size,
        "missing_documents": missing,
    }
