"""Opening a hosted school: its own records first, then the base that was loaded."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import attrs
import structlog
import trio
from sqlalchemy import Connection

from pronote_protocol.words import Mode, Rank, Space
from pronote_server.clock import Clock
from pronote_server.config import SchoolSettings, Suspension
from pronote_server.domain.accounts import Account, Directory, Group, Profile
from pronote_server.domain.hosting_account import Identity, new_identity
from pronote_server.domain.latches import Latch
from pronote_server.domain.references import random_references
from pronote_server.domain.suspensions import SuspensionBook, SuspensionRecord
from pronote_server.hosting import bases
from pronote_server.hosting.account import CHANGES, IDENTITY
from pronote_server.hosting.account_terms import account_of, agreed, fitting
from pronote_server.hosting.backup_failures import read_failures
from pronote_server.hosting.backup_place import Failure
from pronote_server.hosting.base_replacement import open_loaded
from pronote_server.hosting.journal import SERVER, Journal
from pronote_server.hosting.previous_years import close_previous_years, open_previous_years
from pronote_server.hosting.school import School
from pronote_server.hosting.version_change import open_version
from pronote_server.storage import accounts as kept
from pronote_server.storage.database import open_database
from pronote_server.storage.school_records import prepare_school_records
from pronote_server.storage.settings import get_setting, put_setting
from pronote_server.storage.suspensions import load_latches, load_suspensions
from pronote_server.storage.whole_files import remove_drafts, saying_what_the_disk_said

__all__ = ["open_school"]

log = structlog.get_logger()

SUPERVISOR_LOGIN = "SPR"
_FIRST_BASE = "Base"
_DEFAULT_OPEN = (Mode.TEACHER, Mode.SCHOOL_LIFE)


@attrs.frozen
class _Records:
    """What is read at once from ``school.sqlite``."""

    accounts: list[Account]
    groups: list[Group]
    profiles: list[Profile]
    suspensions: list[SuspensionRecord]
    latches: list[Latch]
    decoy_secret: str
    identity: Identity
    identity_is_new: bool
    account_changes: dict[str, str]
    loaded: str | None
    in_service: bool
    open_modes: list[str]
    spaces: list[str]
    backup_failures: dict[str, Failure]
    created: bool


@asynccontextmanager
async def open_school(
    settings: SchoolSettings,
    suspension: Suspension,
    folder: Path,
    clock: Clock,
    *,
    resume_seconds: float = 90.0,
    inline: bool = False,
    short_reads: bool = True,
) -> AsyncIterator[School]:
    """
    Open the school kept in *folder* (created when missing) for as long as the block lasts.

    A school that is created has its supervisor, who has no password yet, and an empty base,
    which is not in service. A school that was in service is in service again.

    Args:
        inline: Databases without threads, for tests under a mock clock.
        short_reads: See `storage.short_reads`.

    Raises:
        StorageFailed, BaseFileRefused: The records or the base cannot be opened.
    """
    await trio.Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    async with open_database(folder / "school.sqlite", inline=inline) as records:
        now = clock.now()

        def prepare(conn: Connection) -> _Records:
            created = prepare_school_records(conn)
            if created:
                supervisor = Account(
                    id=0,
                    login=SUPERVISOR_LOGIN,
                    name="Superviseur (SPR)",
                    rank=Rank.SUPERVISOR,
                    created_at=now,
                )
                kept.insert_account(conn, supervisor)
                put_setting(conn, "decoy.secret", secrets.token_hex(32))
            identity = get_setting(conn, IDENTITY)
            made = new_identity(secrets) if identity is None else Identity(**identity)
            if identity is None:
                put_setting(conn, IDENTITY, attrs.asdict(made))
            return _Records(
                accounts=kept.load_accounts(conn),
                groups=kept.load_groups(conn),
                profiles=kept.load_profiles(conn),
                suspensions=load_suspensions(conn),
                latches=load_latches(conn),
                decoy_secret=get_setting(conn, "decoy.secret"),
                identity=made,
                identity_is_new=identity is None,
                account_changes=get_setting(conn, CHANGES, {}),
                loaded=get_setting(conn, "base.loaded"),
                in_service=get_setting(conn, "base.in_service", False),
                open_modes=get_setting(
                    conn, "modes.open", [mode.value for mode in _DEFAULT_OPEN]
                ),
                spaces=get_setting(conn, "spaces.published", []),
                backup_failures=read_failures(conn),
                created=created,
            )

        read = await records.write(prepare)
        suspensions = SuspensionBook(
            suspension.policy(), new_reference=random_references(secrets)
        )
        suspensions.restore(read.suspensions, clock.timestamp(), read.latches)
        changes = fitting(settings, read.account_changes)
        terms = agreed(settings, changes)
        school = School(
            rne=settings.rne,
            name=settings.name,
            folder=folder,
            settings=settings,
            contract=terms.contract,
            account=account_of(terms, read.identity),
            account_changes=changes,
            identity_is_new=read.identity_is_new,
            rules=settings.passwords.rules(),
            scram_iterations=settings.passwords.scram_iterations,
            resume_seconds=resume_seconds,
            clock=clock,
            records=records,
            journal=Journal(records, clock),
            directory=Directory(read.accounts, read.groups, read.profiles),
            suspensions=suspensions,
            decoy_secret=bytes.fromhex(read.decoy_secret),
            open_modes=frozenset(Mode(value) for value in read.open_modes),
            published_spaces=frozenset(Space(value) for value in read.spaces),
            inline=inline,
            short_reads=short_reads,
        )
        school.backups.failures = read.backup_failures
        if read.created:
            await school.journal.record("school.created", SERVER, rne=school.rne)
        await school.in_thread(partial(_clear_away, folder))
        try:
            if read.loaded is not None:
                await open_loaded(school, folder / "bases" / read.loaded)
                school.in_service = read.in_service
            else:
                await bases.create_base(
                    school, _FIRST_BASE, bases.school_year_at(now), bases.STANDARD_GRID
                )
            await open_version(school)
            await open_previous_years(school)
            await school.journal.record("server.started", SERVER)
            yield school
            await school.journal.record("server.stopped", SERVER)
        finally:
            await close_previous_years(school)
            await bases.close_base(school)


def _clear_away(folder: Path) -> None:
    """Remove what a crash left half written: nobody writes there yet."""
    with saying_what_the_disk_said():
        for each in (folder, folder / "bases"):
            remove_drafts(each)
