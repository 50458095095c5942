"""
Recovering the data of another base (fiche 7, *Récupérer les données d'une base PRONOTE*).

Marks become results of an earlier year; parameters, documents of pupils and models of letters
are added where this base has none of the kind. It is one entry, made in exclusive use: who
asked looks at it, and ends that by keeping or giving up what was recovered.

Rights of users are not in a base: see `users_files`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from sqlalchemy import Connection

from pronote_protocol.catalogue import recovery as calls
from pronote_protocol.errors import Conflict
from pronote_protocol.words import RecoveredPart
from pronote_server.domain.sessions import Session
from pronote_server.hosting import exclusive_work
from pronote_server.hosting.base_sources import SourceBase, copy_source, find_source
from pronote_server.hosting.entries import EVERYBODY, OFFICE, SCHOOL_LIFE, Entry, enter
from pronote_server.hosting.past_averages import past_averages
from pronote_server.hosting.school import School
from pronote_server.storage import base_recovery as kept
from pronote_server.storage.base_header import upgrade_base
from pronote_server.storage.base_past import replace_past_results
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.errors import saying_it_in_our_words
from pronote_server.storage.sqlite import writing_engine
from pronote_server.storage.whole_files import (
    REAL_DISK,
    saying_what_the_disk_said,
    scratch_folder,
)

__all__ = ["recover"]

_FAMILIES = {
    "motive": "motives",
    "staff_function": "functions",
    "skill": "skills",
    "half_day_options": "absences",
}


async def recover(
    school: School, session: Session, key: str | None, wish: calls.Recover
) -> calls.Recovered:
    """
    Raises:
        NotFound: There is no such source.
        Conflict: It is the base in service itself, or not of an earlier year though marks
            are wanted.
        ExclusiveUse: Somebody else has the base for himself.
        BaseFileRefused: The source is damaged, foreign, newer or hostile.
        StorageFailed: The disk said no. Whatever is raised, the base is unchanged.
    """
    base = school.base_in_service()
    path = await find_source(school, wish.source)
    if path == base.file:
        raise Conflict(
            "C'est la base en service elle-même.", "That is the base in service itself."
        )
    if not session.exclusive:
        await exclusive_work.begin(school, session)
    parts = frozenset(wish.parts or RecoveredPart)
    here = await base.database.read(kept.pupils_of)
    # From the file of a document to its row, or it would be collected.
    async with school.storing:
        reading = _Reading(
            path=path,
            scratch=school.folder / "recovery",
            rne=school.rne,
            key=school.backups.folder.key,
            parts=parts,
            year=base.header.school_year,
            here=here,
            store=DocumentFiles.beside(base.file),
        )
        await school.in_thread(reading.run)
        return await enter(
            school, session, calls.RECOVER, key, partial(_write, reading, wish.source)
        )


@attrs.define(eq=False, kw_only=True)
class _Reading:
    """What is read of the source in a thread, before the entry."""

    path: Path
    scratch: Path
    rne: str
    key: bytes | None
    parts: frozenset[RecoveredPart]
    year: int
    here: kept.Pupils
    store: DocumentFiles
    base: str = attrs.field(default="", init=False)
    school_year: int = attrs.field(default=0, init=False)
    pupils: int = attrs.field(default=0, init=False)
    same: Mapping[int, int] = attrs.field(factory=dict, init=False)
    results: list[dict[str, Any]] = attrs.field(factory=list, init=False)
    other: kept.OtherBase = attrs.field(factory=kept.OtherBase, init=False)
    stored: frozenset[str] = attrs.field(default=frozenset(), init=False)

    def run(self) -> None:
        with (
            saying_what_the_disk_said(),
            scratch_folder(self.scratch, disk=REAL_DISK) as scratch,
        ):
            source = copy_source(self.path, scratch, rne=self.rne, key=self.key, disk=REAL_DISK)
            self.base = source.header.name
            self.school_year = source.header.school_year
            if RecoveredPart.MARKS in self.parts and self.school_year >= self.year:
                raise Conflict(
                    "Les notes d'une base de {year}-{next} ne sont pas celles d'une année "
                    "précédente.",
                    "Marks of a base of {year}-{next} are none of an earlier year.",
                    year=self.school_year,
                    next=self.school_year + 1,
                )
            engine = writing_engine(source.file)
            try:
                with saying_it_in_our_words(), engine.connect() as conn:
                    with conn.begin():
                        upgrade_base(conn)
                    with conn.begin():
                        self._read(conn)
            finally:
                engine.dispose()
            self._store_documents(source)

    def _read(self, conn: Connection) -> None:
        there = kept.pupils_of(conn)
        self.pupils, self.same = len(there.ids), self.here.same_as(there)
        if RecoveredPart.MARKS in self.parts:
            self.results = past_averages(conn)
        if RecoveredPart.PARAMETERS in self.parts:
            self.other.parameters = kept.read_parameters(conn)
        if RecoveredPart.MODELS in self.parts:
            self.other.letters = kept.read_letters(conn)
        if RecoveredPart.DOCUMENTS in self.parts:
            self.other.photos, self.other.documents = kept.read_documents(conn)

    def _store_documents(self, source: SourceBase) -> None:
        wanted = {
            content.sha256
            for pupil_id, content in self.other.photos.items()
            if pupil_id in self.same
        } | {row["sha256"] for row in self.other.documents if row["owner_id"] in self.same}
        stored = set()
        for sha256 in sorted(wanted):
            content = source.document(sha256)
            if content is not None:
                self.store.store(content)
            if content is not None or self.store.path_of(sha256).exists():
                stored.add(sha256)
        self.stored = frozenset(stored)


def _write(reading: _Reading, source: str, entry: Entry) -> calls.Recovered:
    """Write what was read, as one entry."""
    conn, other, parts = entry.conn, reading.other, reading.parts
    report: list[tuple[RecoveredPart, kept.Taken]] = []
    if RecoveredPart.MARKS in parts:
        rows = [
            {**row, "pupil_id": reading.same[row["pupil_id"]]}
            for row in reading.results
            if row["pupil_id"] in reading.same
        ]
        replace_past_results(conn, reading.school_year, rows)
        found = len(reading.results)
        taken = kept.Taken(found=found, recovered=len(rows), unmatched=found - len(rows))
        after = {"school_year": reading.school_year, "results": len(rows)}
        entry.changed("past_results", "past_result", "*", None, after, EVERYBODY)
        report.append((RecoveredPart.MARKS, taken))
    if RecoveredPart.PARAMETERS in parts:
        taken, added = kept.add_parameters(conn, other.parameters, entry.revision)
        for table, rows in added.items():
            for row in rows:
                entry.changed(_FAMILIES[table], table, _named(row), None, row, SCHOOL_LIFE)
        report.append((RecoveredPart.PARAMETERS, taken))
    if RecoveredPart.DOCUMENTS in parts:
        taken = kept.add_pupils_documents(
            conn, other, reading.same, reading.stored, entry.revision
        )
        if taken.recovered:
            new: dict[str, Any] = {"from": source, "recovered": taken.recovered}
            entry.changed("photos", "photo", "*", None, new, EVERYBODY)
            entry.changed("documents", "document", "*", None, new, EVERYBODY)
        report.append((RecoveredPart.DOCUMENTS, taken))
    if RecoveredPart.MODELS in parts:
        taken, letters = kept.add_letters(conn, other.letters, entry.revision)
        for row in letters:
            entry.changed("letters", "letter", _named(row), None, row, OFFICE)
        report.append((RecoveredPart.MODELS, taken))
    return calls.Recovered(
        source=source,
        base=reading.base,
        school_year=reading.school_year,
        pupils=reading.pupils,
        matched=len(reading.same),
        parts=tuple(
            calls.PartShown(part=part, **attrs.asdict(taken)) for part, taken in report
        ),
    )


def _named(row: Mapping[str, Any]) -> str:
    """Return what a new row is told by: its id is not known of many at once."""
    return str(row.get("code") or row.get("name") or "1")
