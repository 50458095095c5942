"""
The bases of the five previous years, consulted in mode Administratif (fiche 5).

*Hébergement > Gérer les années précédentes*: one of the other bases, a backup or an archive
is copied to ``RNE/previous/YEAR.not`` with its documents, proven and brought up to date there;
what it was copied from stays what it was. Its sessions hold no seat, read only, and are told
no news.
"""

from __future__ import annotations

import copy
import shutil
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import attrs
import structlog
import trio

from pronote_protocol.errors import Conflict
from pronote_protocol.words import Farewell
from pronote_server.domain.sessions import Session
from pronote_server.hosting import connections
from pronote_server.hosting.base_opening import open_file
from pronote_server.hosting.base_sources import copy_source, find_source
from pronote_server.hosting.bases import school_year_at
from pronote_server.hosting.farewells import goodbye
from pronote_server.hosting.school import School
from pronote_server.storage.base_header import inspect_base
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.errors import StorageError
from pronote_server.storage.whole_files import (
    REAL_DISK,
    Disk,
    put_in_place,
    saying_what_the_disk_said,
    scratch_folder,
)

__all__ = [
    "KEPT_YEARS",
    "PreviousYear",
    "close_previous_years",
    "load_year",
    "open_previous_years",
    "previous_years",
    "remove_year",
    "seen_by",
]

log = structlog.get_logger()

# "les bases des 5 années précédentes"
KEPT_YEARS: Final = 5

_CLOSING_SECONDS: Final = 30.0
# Opening may bring an old base up to date.
_OPENING_SECONDS: Final = 120.0


@attrs.frozen(kw_only=True)
class PreviousYear:
    """
    A previous year that can be consulted.

    Attributes:
        school_year: 2019 for 2019-2020.
        base: The name its base had.
        readers: How many sessions look at it now.
    """

    school_year: int
    base: str
    size: int
    last_entry_at: datetime | None
    readers: int


def seen_by(school: School, session: Session) -> School:
    """
    Return the school as *session* sees it: with the base of the year it looks at.

    Made anew for each call, so that nothing of the school but its base is ever of another
    moment. Such a session has no right that changes anything of the school itself. Of a year
    that was taken away there is no base: whatever the session had asked is refused, until it
    hears its goodbye.
    """
    if session.year is None:
        return school
    view = copy.copy(school)
    opened = school.previous.opened.get(session.year)
    view.base = None if opened is None else opened[0]
    return view


async def previous_years(school: School) -> tuple[PreviousYear, ...]:
    """Return the years that are loaded, the latest first."""

    def sizes() -> dict[int, int]:
        return {year: base.file.stat().st_size for year, base in bases.items()}

    bases = {year: school.previous.base_of(year) for year in school.previous.years}
    size_of = await school.in_thread(sizes)
    return tuple(
        PreviousYear(
            school_year=year,
            base=base.header.name,
            size=size_of[year],
            last_entry_at=base.header.last_entry_at,
            readers=sum(session.year == year for session in school.sessions),
        )
        for year, base in bases.items()
    )


async def load_year(
    school: School, source: str | Path, *, by: str, address: str | None = None
) -> PreviousYear:
    """
    Load a base for consultation.

    Args:
        source: The name of one of the other bases, or of a backup or archive; from the
            operator also the path of such a file.

    Raises:
        NotFound: There is none of that name.
        Conflict: Its year is loaded already, is none of the five before that of the base
            that is loaded, or it is the base in service itself.
        BaseFileRefused: It is damaged, foreign, newer, hostile or another school's.
        StorageFailed: The disk said no. In all these cases nothing is changed.
    """
    async with school.previous.changing:
        path = await find_source(school, source)
        if school.base is not None and path == school.base.file:
            raise Conflict(
                "Cette base est celle qui est chargée.", "This base is the one that is loaded."
            )
        current = school_year_at(school.now())
        if school.base is not None:
            current = school.base.header.school_year
        loading = _Loading(
            path=path,
            rne=school.rne,
            folder=_folder(school),
            current=current,
            taken=frozenset(school.previous.years),
            key=school.backups.folder.key,
        )
        file = await school.in_thread(loading.run)
        # What was put in place is opened, whoever gave up waiting.
        try:
            with trio.fail_after(_OPENING_SECONDS, shield=True):
                opened = await open_file(
                    file, inline=school.inline, short_reads=school.short_reads
                )
        except BaseException:
            with trio.move_on_after(_CLOSING_SECONDS, shield=True):
                await school.in_thread(partial(_delete, file))
            raise
        school.previous.opened[loading.year] = opened
        await school.journal.record(
            "previous_year.loaded", by, address, year=loading.year, source=path.name
        )
    return next(
        each for each in await previous_years(school) if each.school_year == loading.year
    )


async def remove_year(
    school: School, year: int, *, by: str, address: str | None = None
) -> None:
    """
    Take a previous year away; who looks at it is told goodbye. What it came from stays.

    Raises:
        NotFound: It is not loaded.
        StorageFailed: The disk said no; it is there again at the next start.
    """
    async with school.previous.changing:
        file = school.previous.base_of(year).file
        _, stack = school.previous.opened.pop(year)
        for session in school.sessions:
            if session.year == year:
                connections.end(school, session, goodbye(Farewell.BASE_CLOSED, by=by), by=by)
        with trio.move_on_after(_CLOSING_SECONDS, shield=True):
            await stack.aclose()
        await school.in_thread(partial(_delete, file))
        await school.journal.record("previous_year.removed", by, address, year=year)


async def open_previous_years(school: School) -> None:
    """Open those that were loaded; one that cannot be opened is told in the log, and waits."""

    def files() -> list[Path]:
        folder = _folder(school)
        # What a crash left half done.
        for draft in folder.glob(".*"):
            shutil.rmtree(draft, ignore_errors=True)
        return sorted(folder.glob("[0-9][0-9][0-9][0-9].not"))

    for file in await school.in_thread(files):
        try:
            await school.in_thread(partial(inspect_base, file))
            school.previous.opened[int(file.stem)] = await open_file(
                file, inline=school.inline, short_reads=school.short_reads
            )
        except StorageError as error:
            log.warning(
                "previous_year.not_opened", rne=school.rne, file=file.name, error=str(error)
            )


async def close_previous_years(school: School) -> None:
    """Close them all."""
    while school.previous.opened:
        _, (_, stack) = school.previous.opened.popitem()
        await stack.aclose()


@attrs.define(eq=False, kw_only=True)
class _Loading:
    """What is done in a thread; *year* is known afterwards."""

    path: Path
    rne: str
    folder: Path
    current: int
    taken: frozenset[int]
    key: bytes | None
    disk: Disk = REAL_DISK
    year: int = attrs.field(default=0, init=False)

    def run(self) -> Path:
        """Return the file of the base, complete, proven and in its place."""
        disk = self.disk
        with saying_what_the_disk_said():
            disk.make_folder(self.folder)
            with scratch_folder(self.folder / "loading", disk=disk) as scratch:
                source = copy_source(self.path, scratch, rne=self.rne, key=self.key, disk=disk)
                target = self._target(source.header.school_year)
                store = DocumentFiles.beside(target, disk=disk)
                for sha256 in sorted(source.documents):
                    content = source.document(sha256)
                    if content is not None:  # or it was missing there too
                        store.store(content)
                put_in_place(source.file, target, disk=disk)
                return target

    def _target(self, year: int) -> Path:
        if not self.current - KEPT_YEARS <= year < self.current:
            raise Conflict(
                "L'année {year}-{next} n'est pas une des cinq qui précèdent {current}-{then}.",
                "{year}-{next} is none of the five years before {current}-{then}.",
                year=year,
                next=year + 1,
                current=self.current,
                then=self.current + 1,
            )
        if year in self.taken:
            raise Conflict(
                "L'année {year}-{next} est déjà chargée ; retirez-la d'abord.",
                "{year}-{next} is loaded already; remove it first.",
                year=year,
                next=year + 1,
            )
        self.year = year
        return self.folder / f"{year}.not"


def _folder(school: School) -> Path:
    return school.folder / "previous"


def _delete(file: Path) -> None:
    with saying_what_the_disk_said():
        for suffix in ("", "-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        shutil.rmtree(DocumentFiles.beside(file).folder, ignore_errors=True)
        REAL_DISK.sync_folder(file.parent)
