"""
Large files the school sends (fiche 8): a base, its annexes, its users.

They come in pieces, into a file on the disk; what was cut goes on. When all of it is there,
finishing it is work that is followed: a base lands among the other bases, an annex completes
the base that is loaded, users are recovered.
"""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any, Final

from pronote_protocol.errors import NotFound
from pronote_protocol.words import BaseOrigin, UploadPurpose
from pronote_server.domain.base_states import BaseCommand, begin
from pronote_server.hosting import annexes, next_year, users_files
from pronote_server.hosting.asker import Asker
from pronote_server.hosting.backup_place import Teller
from pronote_server.hosting.base_creation import school_year_at
from pronote_server.hosting.base_places import bases_folder, free_path
from pronote_server.hosting.long_work import Report, Work
from pronote_server.hosting.school import School
from pronote_server.storage.errors import BaseFileRefused
from pronote_server.storage.known_bases import KnownBase, note_base
from pronote_server.storage.packages import (
    BASE_MEMBER,
    PackageKind,
    PackageRefused,
    Proof,
    prove_unpacked,
    unpack_package,
)
from pronote_server.storage.whole_files import (
    draft_of,
    put_in_place,
    saying_what_the_disk_said,
)

__all__ = ["begin_finishing", "begin_taking_in", "load_base", "take_in"]

# A base may be of the year to come, and of any before.
_YEARS_AHEAD: Final = 1


def begin_finishing(school: School, ident: str, asker: Asker) -> Work:
    """
    Begin to take in what was sent; see `take_in` for the report.

    Raises:
        NotFound: There is no such upload.
        Conflict: It is not whole, or too much waits already.
    """

    async def run(report: Report) -> dict[str, Any]:
        upload, path = await school.in_thread(
            partial(school.sent.whole, ident, Teller(report, school.inline).progress("prove"))
        )
        try:
            done = await take_in(school, path, upload.purpose, asker, report=report)
        except BaseFileRefused:
            await school.in_thread(partial(school.sent.forget, ident))
            raise
        # Whatever else it is, it can be finished later without being sent again.
        await school.in_thread(partial(school.sent.forget, ident))
        return done

    return school.backups.work.begin("upload", asker.name, run)


def begin_taking_in(school: School, path: Path, purpose: UploadPurpose, asker: Asker) -> Work:
    """
    Begin to take in a file that lies on this machine; it stays where it is.

    Raises:
        Conflict: Too much waits already.
    """

    async def run(report: Report) -> dict[str, Any]:
        if not await school.in_thread(path.is_file):
            raise NotFound("Il n'y a pas de fichier {what}.", "No file {what}.", what=str(path))
        return await take_in(school, path, purpose, asker, report=report)

    return school.backups.work.begin(purpose.value, asker.name, run)


async def take_in(
    school: School,
    path: Path,
    purpose: UploadPurpose,
    asker: Asker,
    *,
    report: Report | None = None,
) -> dict[str, Any]:
    """
    Take in a file that is whole, for what it was sent.

    Returns:
        Of a base: ``base`` (as the list calls it), ``school_year``, ``counters``. Of an annex,
        of users and of a prepared year: see `annexes.complete`, `users_files.recover` and
        `next_year.keep_prepared`.

    Raises:
        BaseFileRefused: It is damaged, foreign, newer, hostile, or of another kind; nothing
            was changed.
        Conflict, StorageFailed: Not now; likewise.
    """
    if purpose is UploadPurpose.BASE:
        return await load_base(
            school, path, by=asker.name, address=asker.address, report=report
        )
    if purpose is UploadPurpose.ANNEX:
        return await annexes.complete(school, path, asker, report=report)
    if purpose is UploadPurpose.NEXT_YEAR:
        return await next_year.keep_prepared(
            school, path, by=asker.name, address=asker.address, report=report
        )
    return await users_files.recover(school, path, asker)


async def load_base(
    school: School,
    path: Path,
    *,
    by: str,
    address: str | None = None,
    report: Report | None = None,
) -> dict[str, Any]:
    """
    Have the base in a ``.HNOT`` among the other bases; it is to be opened (fiche 8).

    Raises:
        BaseFileRefused, StorageFailed: As for `take_in`.
    """
    begin(school.base_state, BaseCommand.OTHERS)
    newest = school_year_at(school.now()) + _YEARS_AHEAD
    file, proof = await school.in_thread(
        partial(_land, path, school, newest, Teller(report, school.inline))
    )
    assert proof.header is not None, "a base was expected"
    known = KnownBase(
        file=file.name, origin=BaseOrigin.UPLOADED, added_at=school.now(), added_by=by
    )
    await school.records.write(lambda conn: note_base(conn, known))
    await school.journal.record(
        "base.uploaded", by, address, base=proof.header.name, file=file.name
    )
    return {
        "base": file.stem,
        "name": proof.header.name,
        "school_year": proof.header.school_year,
        "counters": dict(proof.manifest.counters),
    }


def _land(path: Path, school: School, newest: int, teller: Teller) -> tuple[Path, Proof]:
    """Prove the base in the package at *path*, and give it a name of its own. Blocks."""
    folder, disk = bases_folder(school), school.backups.folder.disk
    scratch = draft_of(folder / "sent")
    try:
        with saying_what_the_disk_said():
            disk.make_folder(scratch)
        members = scratch / "members"
        manifest = unpack_package(
            path,
            members,
            expect={PackageKind.HOSTING_BASE},
            disk=disk,
            progress=teller.progress("unpack"),
        )
        proof = prove_unpacked(manifest, members)
        header = proof.header
        assert header is not None, "such a package has a base"
        if manifest.rne not in (None, school.rne) or header.rne not in (None, school.rne):
            raise PackageRefused(
                f"Cette base est celle d'un autre établissement ({header.rne}).",
                f"This base is another school's ({header.rne}).",
            )
        if header.school_year > newest:
            raise PackageRefused(
                f"Cette base est de l'année {header.school_year}-{header.school_year + 1}, qui "
                "n'est pas encore ouverte.",
                f"This base is of the year {header.school_year}-{header.school_year + 1}, "
                "which is not open yet.",
            )
        with saying_what_the_disk_said():
            target = free_path(folder, header.name)
            put_in_place(members / BASE_MEMBER, target, disk=disk)
        return target, proof
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
