"""Which timetable files these are: by what is in them, never by their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from pronote_server.timetable_files.document import Element, parse_document
from pronote_server.timetable_files.fet import FET_ROOT, SOLUTION_ROOT, read_fet_documents
from pronote_server.timetable_files.reading import ReadTimetable, Remark, refuse, shown
from pronote_server.timetable_files.sts import DOWN_ROOT, UP_ROOT, read_sts_documents

__all__ = ["read_any"]

_KNOWN: Final = (FET_ROOT, SOLUTION_ROOT, DOWN_ROOT, UP_ROOT)


def read_any(files: Sequence[tuple[str, bytes]], *, school_year: int) -> ReadTimetable:
    """
    Read the one or two *files* of a timetable, in any order, compressed by gzip or not.

    Args:
        files: Name and content of each; the name only serves to say where a problem is.
        school_year: The year the base is for: FET files do not say theirs, and STS-WEB
            files of another year get a warning.

    Raises:
        TransferRefused: They are not a FET school, a FET school with its timetable, or an
            STS-WEB pair; or one of them cannot be used.
    """
    if not 1 <= len(files) <= 2:
        refuse(
            f"{len(files)} fichiers reçus : il en faut un ou deux",
            f"{len(files)} files received: one or two are needed",
        )
    documents: dict[str, Element] = {}
    for name, content in files:
        document = parse_document(content, name)
        if document.tag not in _KNOWN:
            document.refuse(
                "ce fichier ne vient ni de FET ni de STS-WEB",
                "this file comes neither from FET nor from STS-WEB",
            )
        if document.tag in documents:
            document.refuse(
                f"deux fichiers <{document.tag}> : il manque l'autre de la paire",
                f"two <{document.tag}> files: the other one of the pair is missing",
            )
        documents[document.tag] = document
    match documents:
        case {"fet": fet, **rest} if rest.keys() <= {SOLUTION_ROOT}:
            return read_fet_documents(fet, rest.get(SOLUTION_ROOT), school_year=school_year)
        case {"STS_EDT": down, "EDT_STS": up}:
            return _of_its_year(read_sts_documents(down, up), school_year)
    found = " + ".join(f"<{shown(tag)}>" for tag in documents)
    refuse(
        f"il faut <fet> avec ou sans <{SOLUTION_ROOT}>, ou <{DOWN_ROOT}> et <{UP_ROOT}> ; "
        f"reçu : {found}",
        f"needed: <fet> with or without <{SOLUTION_ROOT}>, or <{DOWN_ROOT}> and "
        f"<{UP_ROOT}>; received: {found}",
    )


def _of_its_year(read: ReadTimetable, school_year: int) -> ReadTimetable:
    """Add a warning when the files are of another year than the base: it may be on purpose."""
    theirs = read.data.school_year
    if theirs == school_year:
        return read
    remark = Remark(
        f"les fichiers sont de l'année {theirs}-{theirs + 1}, "
        f"la base de {school_year}-{school_year + 1}",
        f"the files are of school year {theirs}-{theirs + 1}, "
        f"the base of {school_year}-{school_year + 1}",
    )
    return attrs.evolve(read, warnings=(remark, *read.warnings))
