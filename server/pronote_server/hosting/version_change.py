"""
Going over to another version (fiche 3): all of it, or everything as it was.

Sessions are warned and ended, an archive is made, the base that comes next is made ready beside
the one that is loaded, put in its place, and the change is written down in one transaction
with what base is loaded and in service. What fails before that is undone: the old base is
in service again. A server that is killed on the way finds at its next start that the change
was begun, goes back to the old base, and tries again.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import structlog
import trio
from sqlalchemy import Connection

from pronote_protocol.errors import Conflict
from pronote_protocol.words import BaseOrigin, Mode, VersionBase, VersionEdition
from pronote_server.domain.base_states import BaseCommand, begin
from pronote_server.domain.versions import (
    Change,
    Failure,
    Plan,
    VersionState,
    base_after,
    school_year_on,
    state_from_plain,
    state_to_plain,
)
from pronote_server.hosting import backup_making
from pronote_server.hosting.asker import Asker, entry
from pronote_server.hosting.base_creation import STANDARD_GRID
from pronote_server.hosting.base_places import bases_folder, free_path
from pronote_server.hosting.base_replacement import exchange_while_doing
from pronote_server.hosting.base_service import doing, stop
from pronote_server.hosting.journal import SERVER
from pronote_server.hosting.long_work import in_refusals
from pronote_server.hosting.school import School
from pronote_server.hosting.school_time import local
from pronote_server.hosting.version_plans import VERSION_STATE, base_year
from pronote_server.storage import base_file
from pronote_server.storage.copying import copy_database
from pronote_server.storage.errors import StorageError
from pronote_server.storage.journal import append_journal
from pronote_server.storage.known_bases import KnownBase, note_base, note_service
from pronote_server.storage.packages import PackageKind
from pronote_server.storage.settings import get_setting, put_setting
from pronote_server.storage.sqlite import checkpoint, writing_engine

__all__ = [
    "change_version",
    "open_version",
]

log = structlog.get_logger()

# Begun and not over: what to go back to.
_BEGUN: Final = "version.begun"
# From the announcement to the goodbye, when somebody is connected.
WARNING_SECONDS: Final = 60.0
_WRITING_SECONDS: Final = 30.0


async def open_version(school: School) -> None:
    """
    Read what is installed; undo a change that the end of the server interrupted.

    Called once, when the base is open and before anybody is let in.
    """

    def read(conn: Connection) -> tuple[Any, Any]:
        return get_setting(conn, VERSION_STATE), get_setting(conn, _BEGUN)

    said, begun = await school.records.read(read)
    if said is None:
        # The version of a school that is new, or was there before versions were counted.
        year = school_year_on(local(school.now()).date())
        school.version = VersionState(year=year)
        await school.keep(VERSION_STATE, state_to_plain(school.version))
    else:
        school.version = state_from_plain(said)
    if begun is not None:
        await _go_back_at_start(school, begun)


async def change_version(school: School, change: Change) -> None:
    """
    Make *change* now. What fails is undone, told in the journal and in the account, and tried
    again on the next morning.

    Raises:
        Conflict: Something else is being done to the base: come again; nothing was begun.
    """
    first = BaseCommand.STOP if school.in_service else BaseCommand.CHANGE_VERSION
    begin(school.base_state, first)
    attempt = _Attempt(school, change, school.in_service)
    await attempt.note_begun()
    try:
        if attempt.was_in_service:
            message = f"Passage à PRONOTE {change.year} : la base revient bientôt."
            # Consoles stay connected, and know.
            leaving = any(each.mode is not Mode.HOSTING for each in school.sessions)
            delay = WARNING_SECONDS if leaving else 0.0
            await stop(school, by=SERVER, delay_seconds=delay, message=message)
        # No checkpoint in between: nobody else can have begun.
        with doing(school, BaseCommand.CHANGE_VERSION):
            try:
                await attempt.run()
            except Exception as error:
                await attempt.undo(error)
    except Conflict:
        await school.keep(_BEGUN, None)
        raise


@attrs.define(eq=False)
class _Attempt:
    """One change under way; the base is ours alone."""

    school: School
    change: Change
    was_in_service: bool
    old: Path | None = None
    created: Path | None = None

    async def note_begun(self) -> None:
        """Write down what to go back to, before anybody is sent away."""
        old = None if self.school.base is None else self.school.base.file
        begun = {
            "old": None if old is None else old.name,
            "new": None if self.created is None else self.created.name,
            "in_service": self.was_in_service,
            "year": self.change.year,
        }
        await self.school.keep(_BEGUN, begun)

    async def run(self) -> None:
        school = self.school
        self.old = None if school.base is None else school.base.file
        if self.old is not None:
            # "Une archive a été générée automatiquement pour cette année scolaire" (fiche 7).
            await backup_making.make(school, PackageKind.ARCHIVE)
        if base_after(self.change, base_year(school)) is VersionBase.NEW:
            await self._exchange_for_new()
        else:
            await self._exchange_for_migrated()
        with trio.fail_after(_WRITING_SECONDS, shield=True):
            await self._write_down()

    async def undo(self, error: Exception) -> None:
        """Have the old base loaded, and in service if it was; tell why."""
        school = self.school
        log.error("version.failed", school=school.rne, year=self.change.year, exc_info=error)
        reason = in_refusals(error).fr
        with trio.move_on_after(_WRITING_SECONDS * 5, shield=True):
            with suppress(Exception):
                await self._open_old()
            now = school.now()
            failure = Failure(
                at=now,
                year=self.change.year,
                edition=self.change.edition,
                reason=reason,
                again_on=local(now).date() + timedelta(days=1),
            )
            after = attrs.evolve(school.version, failure=failure)
            # What the disk says no to is at least so as long as the server runs.
            school.version = after
            back = school.base is not None and self.was_in_service
            school.in_service = back
            details = {"year": self.change.year, "reason": failure.reason}
            line = entry(school, "version.failed", Asker(SERVER, None), dict(details))

            def write(conn: Connection) -> None:
                put_setting(conn, VERSION_STATE, state_to_plain(after))
                put_setting(conn, _BEGUN, None)
                put_setting(conn, "base.in_service", back)
                append_journal(conn, line)

            try:
                await school.records.write(write)
            except StorageError as failed:
                log.error("version.failure_not_kept", school=school.rne, why=str(failed))

    async def _exchange_for_new(self) -> None:
        school, year = self.school, self.change.year
        now, folder = school.now(), bases_folder(school)

        name = "Base" if self.old is None else f"Base {year}-{year + 1}"
        path = await school.in_thread(partial(free_path, folder, name))

        def create() -> None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            base_file.create_base(
                path,
                name=path.stem,
                rne=school.rne,
                school_year=year,
                grid=STANDARD_GRID,
                now=now,
            )

        self.created = path
        # A server that is killed from here on removes it at its next start.
        await self.note_begun()
        await school.in_thread(create)
        await exchange_while_doing(school, None, path)

    async def _exchange_for_migrated(self) -> None:
        """Migrate a copy, look at it, and put it in the place of the base."""
        school = self.school
        assert self.old is not None, "there is a base to keep"
        old = self.old
        copy = old.with_name(f".{old.name}.version")

        def migrate() -> None:
            copy_database(old, copy)
            with writing_engine(copy).connect() as conn:
                with conn.begin():
                    base_file.upgrade_base(conn)
                checkpoint(conn)
            base_file.inspect_base(copy, thorough=True)

        try:
            await school.in_thread(migrate)
            await exchange_while_doing(school, copy, old)
        finally:
            for suffix in ("", "-wal", "-shm"):
                with suppress(OSError):
                    copy.with_name(copy.name + suffix).unlink(missing_ok=True)

    async def _write_down(self) -> None:
        """The one step after which the change is made."""
        school, change = self.school, self.change
        base = school.base
        assert base is not None, "it was exchanged"
        now = school.now()
        # What was planned for the year that is installed now has no more meaning.
        keeps = change.edition is VersionEdition.PRE
        plans: dict[VersionEdition, Plan] = {
            edition: plan
            for edition, plan in school.version.plans.items()
            if keeps and edition is VersionEdition.OFFICIAL
        }
        after = VersionState(
            year=change.year, edition=change.edition, installed_at=now, plans=plans
        )
        details: dict[str, object] = {
            "year": change.year,
            "edition": change.edition.value,
            "base": base.header.name,
            "school_year": base.header.school_year,
            "automatic": change.base is None,
        }
        line = entry(school, "version.changed", Asker(SERVER, None), details)
        new = None
        if self.created is not None:
            new = KnownBase(
                file=self.created.name, origin=BaseOrigin.CREATED, added_at=now, added_by=SERVER
            )

        def write(conn: Connection) -> None:
            put_setting(conn, VERSION_STATE, state_to_plain(after))
            put_setting(conn, _BEGUN, None)
            put_setting(conn, "base.in_service", self.was_in_service)
            if new is not None:
                note_base(conn, new)
            if self.was_in_service:
                note_service(conn, base.file.name, now, SERVER)
            append_journal(conn, line)

        await school.records.write(write)
        school.version = after
        school.in_service = self.was_in_service

    async def _open_old(self) -> None:
        school = self.school
        if self.created is None:
            return
        if school.base is None or school.base.file == self.created:
            if self.old is None:
                return
            await exchange_while_doing(school, None, self.old)
        await school.in_thread(partial(self.created.unlink, missing_ok=True))


async def _go_back_at_start(school: School, begun: dict[str, Any]) -> None:
    """Open the base that was in service when a change was begun that never ended."""
    log.warning("version.interrupted", school=school.rne, year=begun["year"])
    loaded = None if school.base is None else school.base.file
    old = None if begun["old"] is None else bases_folder(school) / begun["old"]
    if old is not None and loaded != old and await school.in_thread(old.exists):
        with doing(school, BaseCommand.CHANGE_VERSION):
            await exchange_while_doing(school, None, old)
    new = None if begun["new"] is None else bases_folder(school) / begun["new"]
    opened = None if school.base is None else school.base.file
    if new is not None and opened is not None and opened == old:
        await school.in_thread(partial(new.unlink, missing_ok=True))
    line = entry(school, "version.interrupted", Asker(SERVER, None), {"year": begun["year"]})

    def write(conn: Connection) -> None:
        put_setting(conn, _BEGUN, None)
        put_setting(conn, "base.in_service", begun["in_service"])
        append_journal(conn, line)

    await school.records.write(write)
    school.in_service = begun["in_service"] and school.base is not None
