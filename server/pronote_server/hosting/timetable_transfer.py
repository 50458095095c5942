"""
The transfer of a timetable from EDT (fiche 6, *Transfert assisté*).

The commit reads the files in a thread, and replaces the resources and the timetable of the
base in one transaction, under exclusive use. Whatever is wrong with them, the base stays as
it was.
"""

from __future__ import annotations

from typing import Final

import trio
from sqlalchemy import Connection

from pronote_protocol.catalogue.call import ADMINISTRATION
from pronote_protocol.catalogue.transfer import BeginTransfer, TransferDone
from pronote_protocol.errors import NotAllowed
from pronote_protocol.words import Application, Mode, Space
from pronote_server.domain.school_data import SchoolData
from pronote_server.domain.sessions import Session
from pronote_server.hosting import bases, exclusive_use, people
from pronote_server.hosting.asker import Asker
from pronote_server.hosting.school import School
from pronote_server.hosting.uploads import Upload, refused
from pronote_server.storage import base_file
from pronote_server.timetable_files import ReadTimetable, read_any

__all__ = ["begin", "commit"]

# The tables of `Replaced.removed`, as a person reads them.
_ENTRIES_FR: Final = {
    "service": "services",
    "sealing": "clôtures",
    "assessment": "devoirs",
    "mark": "notes",
    "appraisal": "appréciations",
    "evaluation": "évaluations",
    "evaluation_level": "niveaux de compétences",
    "notebook_entry": "entrées du cahier de textes",
    "homework": "travaux à faire",
    "absence": "absences",
    "lateness": "retards",
    "roll_call": "feuilles d'appel",
    "punishment": "punitions",
    "sanction": "sanctions",
    "follow_up": "suivis",
    "document": "documents joints",
    "photo": "photos",
    "guardian": "responsables",
}

# Writing a school takes well under a second; this bounds a disk that hangs.
_WRITE_SECONDS: Final = 60.0


def begin(school: School, session: Session, wish: BeginTransfer) -> str:
    """
    Return the name of a new transfer.

    Raises:
        NotAllowed: The client is not EDT.
        TransferRefused, Conflict: See `Uploads.begin`.
    """
    if session.application is not Application.EDT:
        raise NotAllowed(
            "Le transfert se fait depuis un client EDT.",
            "A transfer is made from an EDT client.",
        )
    return school.uploads.begin(
        session, wish, [file.size for file in wish.files], trio.current_time()
    )


async def commit(school: School, session: Session, name: str) -> TransferDone:
    """
    Read the files and replace what the base holds.

    Once the files are understood the writing is not cancelled any more, so that a client
    that leaves meanwhile finds either the old school or the whole new one.

    Raises:
        TransferRefused: Something is missing or wrong; the base is as it was.
        ExclusiveUse: Somebody else has the base for himself.
    """
    upload = school.uploads.get(session, name)
    number = upload.incomplete()
    if number is not None:
        missing = upload.wish.files[number]
        raise refused(
            f"il manque une partie du fichier {missing.name}",
            f"part of the file {missing.name} is missing",
        )
    school.uploads.forget(session, name)
    held_before = session.exclusive
    if not held_before:
        exclusive_use.begin_exclusive(school, session)
    try:
        read = await trio.to_thread.run_sync(
            _read, upload, school.base_in_service().header.school_year
        )
        return await _replace(school, session, upload.wish, read)
    finally:
        if not held_before and session.exclusive:
            exclusive_use.end_exclusive(school, session)


def _read(upload: Upload[BeginTransfer], school_year: int) -> ReadTimetable:
    files = [
        (announced.name, bytes(file))
        for announced, file in zip(upload.wish.files, upload.received, strict=True)
    ]
    return read_any(files, school_year=school_year)


async def _replace(
    school: School, session: Session, wish: BeginTransfer, read: ReadTimetable
) -> TransferDone:
    data, warnings = read.data, [remark.fr for remark in read.warnings]
    if data.rne is not None and data.rne != school.rne:
        warnings.append(f"le fichier est celui de l'établissement {data.rne}")
    now = school.now()

    def write(conn: Connection) -> base_file.Replaced:
        return base_file.replace_school_data(conn, data, now)

    with trio.fail_after(_WRITE_SECONDS, shield=True):
        replaced = await bases.change_base(school, ("resources", "timetable"), write)
        created = await _open_modes(school, session, wish, data)
        await school.journal.record(
            "timetable.transferred",
            session.name,
            session.address,
            format=read.summary.source,
            lessons=len(data.lessons),
            accounts_created=created,
            removed=dict(replaced.removed),
            orphan_services=replaced.orphan_services,
        )
    return TransferDone(
        format=read.summary.source,
        teachers=len(data.teachers),
        subjects=len(data.subjects),
        classes=len(data.classes),
        groups=len(data.groups),
        pupils=len(data.pupils),
        rooms=len(data.rooms),
        staff=len(data.staff),
        lessons=len(data.lessons),
        placed_lessons=read.summary.placed_lessons,
        accounts_created=created,
        warnings=tuple([*_losses(replaced), *warnings][:100]),
        revision=school.base_in_service().header.revision,
    )


def _losses(replaced: base_file.Replaced) -> list[str]:
    """Say what went with the pupils, classes and subjects that are not in the files."""
    told = []
    removed = ", ".join(
        f"{count} {_ENTRIES_FR.get(table, table)}" for table, count in replaced.removed.items()
    )
    if removed:
        told.append(
            "saisies supprimées avec les élèves, classes, groupes ou matières absents du "
            f"fichier : {removed}"
        )
    if replaced.orphan_services:
        told.append(
            f"{replaced.orphan_services} services n'ont plus de cours et sont gardés pour "
            "ce qui y est saisi"
        )
    return told


async def _open_modes(
    school: School, session: Session, wish: BeginTransfer, data: SchoolData
) -> int:
    """Open the modes and Spaces chosen in the assistant; return how many accounts are new."""
    modes = frozenset(wish.modes) - ADMINISTRATION
    await school.keep("modes.open", sorted(mode.value for mode in modes))
    await school.keep("spaces.published", sorted({space.value for space in wish.spaces}))
    school.open_modes = modes
    school.published_spaces = frozenset[Space](wish.spaces)
    asker = Asker(session.name, session.address)
    created = 0
    for mode, chosen in (
        (Mode.TEACHER, people.teachers_of(data)),
        (Mode.SCHOOL_LIFE, people.staff_of(data)),
    ):
        if mode in modes:
            created += await people.open_accounts(school, asker, chosen, mode)
    return created
