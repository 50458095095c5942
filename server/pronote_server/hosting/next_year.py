"""
Preparing the next year (fiche 7, *Préparer l'année suivante*): the file its base recovers from.

``NAME_PreparerLAnneeSuivante.zip`` lies among the generated files. It is the base with its
documents, as it is at one moment; clients work on.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs

from pronote_server.hosting.backup_place import Teller
from pronote_server.hosting.base_copying import CopiedBase, copy_of_loaded
from pronote_server.hosting.hosting_files import exports_folder, file_stem
from pronote_server.hosting.long_work import Report, Work
from pronote_server.hosting.school import School
from pronote_server.storage.base_proof import survey_base
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
    saying_what_the_disk_said,
    whole_file,
)

__all__ = ["begin_preparing", "keep_prepared", "prepare_next_year"]

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
        Conflict, BaseUnavailable: No base is loaded, or something is being done to it.
        StorageFailed: The disk said no; the file is there whole or not at all.
    """
    now, teller = school.now(), Teller(report, school.inline)
    async with copy_of_loaded(school, school.folder / "next-year", teller) as copied:
        made = await school.in_thread(partial(_pack, copied, school, now, teller))
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
    disk, target = school.backups.folder.disk, _place(school, manifest.base)
    with saying_what_the_disk_said():
        disk.make_folder(target.parent)
        with path.open("rb") as source, whole_file(target, disk=disk) as writing:
            while piece := source.read(_PIECE):
                writing.write(piece)
        size = target.stat().st_size
    return {
        "name": target.name,
        "base": manifest.base,
        "school_year": manifest.school_year,
        "size": size,
    }


def _pack(copied: CopiedBase, school: School, now: datetime, teller: Teller) -> dict[str, Any]:
    disk = school.backups.folder.disk
    found = survey_base(copied.copy)
    header, store = found.header, DocumentFiles.beside(copied.file)
    there = [each for each in sorted(found.documents) if store.path_of(each).exists()]
    missing = len(found.documents) - len(there)
    counters = attrs.asdict(found.counters) | {"missing_documents": missing}
    path = _place(school, header.name)
    with saying_what_the_disk_said():
        disk.make_folder(path.parent)
        write_package(
            path,
            Manifest.of_base(
                PackageKind.NEXT_YEAR, header, rne=school.rne, made_at=now, counters=counters
            ),
            [
                Member(BASE_MEMBER, copied.copy),
                *(
                    Member(document_member(each), store.path_of(each), compress=False)
                    for each in there
                ),
            ],
            disk=disk,
            progress=teller.progress("pack"),
            check=prove_package,
        )
        size = path.stat().st_size
    return {
        "folder": str(path.parent),
        "name": path.name,
        "base": header.name,
        "school_year": header.school_year,
        "size": size,
        "missing_documents": missing,
    }


def _place(school: School, base: str) -> Path:
    return exports_folder(school) / f"{file_stem(base)}{PackageKind.NEXT_YEAR.extension}"
