"""
A hosted school: everything that hangs off one RNE, and nothing shared with another.

The books (accounts, seats, sessions, suspensions, exclusive use) live in memory and are
changed only from the Trio thread, each in one synchronous step. What must survive is
written to ``school.sqlite`` first and put into the books after the commit; the base in
service is a file of its own, so that restoring one never restores a password.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs
import trio
from sqlalchemy import Connection

from pronote_protocol.catalogue.documents import LARGEST_DOCUMENT
from pronote_protocol.catalogue.transfer import BeginTransfer
from pronote_protocol.errors import (
    BaseUnavailable,
    ContractExpired,
    NotFound,
    NotInContract,
    NotInService,
)
from pronote_protocol.messages import Goodbye
from pronote_protocol.words import Access, Application, Mode, Space
from pronote_server.clock import Clock
from pronote_server.config_school import Contract, SchoolSettings
from pronote_server.domain.accounts import Directory
from pronote_server.domain.base_states import BaseState
from pronote_server.domain.exclusive import ExclusiveUse
from pronote_server.domain.hosting_account import HostingAccount
from pronote_server.domain.passwords import PasswordRules
from pronote_server.domain.seats import SeatPool
from pronote_server.domain.sessions import SessionBook
from pronote_server.domain.suspensions import SuspensionBook
from pronote_server.domain.versions import VersionState
from pronote_server.hosting.agenda import Agenda
from pronote_server.hosting.backup_place import BackupPlace
from pronote_server.hosting.hot_answers import HotAnswers
from pronote_server.hosting.journal import Journal
from pronote_server.hosting.news import News
from pronote_server.hosting.school_time import local
from pronote_server.hosting.uploads import UploadBounds, Uploads
from pronote_server.storage.base_file import BaseHeader
from pronote_server.storage.database import Database
from pronote_server.storage.settings import put_setting
from pronote_server.storage.upload_files import UploadFolder

__all__ = ["OpenBase", "PlannedStop", "School", "new_token"]

T = TypeVar("T")


# The largest timetable at hand is 6 MiB; two files of 12 MiB leave room.
_TIMETABLES: Final = UploadBounds(most_files=2, most_bytes=24 * 1024 * 1024, most_uploads=2)
# They wait in memory: 80 MiB at the very most.
_DOCUMENTS: Final = UploadBounds(most_bytes=LARGEST_DOCUMENT, most_uploads=8)


_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@attrs.frozen
class OpenBase:
    """
    The base that is loaded, and the threads that touch its file.

    Attributes:
        hot: What of it is kept as it travels.
    """

    header: BaseHeader
    file: Path
    database: Database
    hot: HotAnswers = attrs.field(
        default=attrs.Factory(lambda base: HotAnswers(base.database.freshness), takes_self=True)
    )

    @property
    def shown_name(self) -> str:
        """As the table of connections writes it (fiche 11)."""
        return f"{self.header.name} .not"


@attrs.define(eq=False)
class PreviousBases:
    """
    The bases of earlier years that are open for consultation (fiche 5), by school year.

    Attributes:
        changing: Held while one is loaded or taken away.
    """

    opened: dict[int, tuple[OpenBase, AsyncExitStack]] = attrs.field(factory=dict, init=False)
    changing: trio.Lock = attrs.field(factory=trio.Lock, init=False)

    @property
    def years(self) -> tuple[int, ...]:
        """The latest first."""
        return tuple(sorted(self.opened, reverse=True))

    def base_of(self, year: int) -> OpenBase:
        """
        Raises:
            NotFound: That year is not loaded.
        """
        found = self.opened.get(year)
        if found is None:
            raise NotFound(
                "L'année {what} n'est pas chargée pour la consultation.",
                "The year {what} is not loaded for consultation.",
                what=f"{year}-{year + 1}",
            )
        return found[0]


@attrs.frozen
class PlannedStop:
    """A stop that was announced; ``at`` is transport time."""

    at: float
    by: str
    address: str | None
    message: str | None


@attrs.define(eq=False, kw_only=True)
class School:
    """
    One hosted school.

    Attributes:
        in_service: Whether clients may enter the base that is loaded.
        base_activity: What is being done to the base as a whole; None: nothing is.
        supervisor_set: Whether the first putting into service has happened.
        settings: As ``server.toml`` says; `account_changes` is what was changed since.
        contract, account: What counts, of both.
        identity_is_new: Whether this opening gave the school its identity, which is then
            shown to the operator, once.
        outbox_changed: Set when a message was put into the outbox.
        version: What is installed and planned; `version_changed` is set with the plans.
        agenda: What its schedules do next.
        open_modes: Modes the transfer of the timetable opened (fiche 6), besides
            Administratif, which is always open.
        departures: Sessions told that they must leave: transport time and goodbye.
        inline: Databases without threads of their own; for tests.
        short_reads: What is short is read of the base in the loop; `storage.short_reads`.
        directory_lock: One change of accounts, groups or profiles at a time; see
            `asker.changing_directory`.
        answers_forgotten_at: When the old answers to entries were last looked for.
        planned: Set when something was entered that is to be told later; `housekeeping`
            looks again, and puts another one in its place.
        deriving: Keeps the derivation of passwords to one thread.
        uploads, document_uploads: What clients are sending: timetables, and documents.
        sent: Large files that are being sent, on the disk.
        storing: Held from the file of a document to its row in the base.
        copying: Held while the file of the base is copied or put back.
        backups: The folder of its backups, and what is being made of them.
        previous: The bases of earlier years that can be consulted.
    """

    rne: str
    name: str
    folder: Path
    settings: SchoolSettings
    contract: Contract
    account: HostingAccount
    rules: PasswordRules
    scram_iterations: int
    resume_seconds: float
    clock: Clock
    records: Database
    journal: Journal
    directory: Directory
    suspensions: SuspensionBook
    decoy_secret: bytes = attrs.field(repr=False)
    open_modes: frozenset[Mode]
    published_spaces: frozenset[Space] = frozenset()
    account_changes: dict[str, str] = attrs.field(factory=dict)
    identity_is_new: bool = False
    inline: bool = False
    short_reads: bool = True
    in_service: bool = False
    base_activity: BaseState | None = attrs.field(default=None, init=False)
    planned_stop: PlannedStop | None = attrs.field(default=None, init=False)
    stopping: bool = False
    base: OpenBase | None = None
    answers_forgotten_at: datetime = attrs.field(default=_NEVER, init=False)
    planned: trio.Event = attrs.field(factory=trio.Event, init=False)
    suspensions_changed: bool = False
    suspensions_asked: int = attrs.field(default=0, init=False)
    suspensions_saved: int = attrs.field(default=0, init=False)
    suspensions_saving: trio.Lock = attrs.field(factory=trio.Lock, init=False)
    seats: SeatPool = attrs.field(init=False)
    backups: BackupPlace = attrs.field(init=False)
    previous: PreviousBases = attrs.field(factory=PreviousBases, init=False)
    sessions: SessionBook = attrs.field(factory=SessionBook, init=False)
    exclusive: ExclusiveUse = attrs.field(factory=ExclusiveUse, init=False)
    directory_lock: trio.Lock = attrs.field(factory=trio.Lock, init=False)
    uploads: Uploads[BeginTransfer] = attrs.field(
        factory=lambda: Uploads(_TIMETABLES), init=False
    )
    document_uploads: Uploads[None] = attrs.field(
        factory=lambda: Uploads(_DOCUMENTS), init=False
    )
    sent: UploadFolder = attrs.field(init=False)
    storing: trio.Lock = attrs.field(factory=trio.Lock, init=False)
    outbox_changed: trio.Event = attrs.field(factory=trio.Event, init=False)
    version: VersionState = attrs.field(init=False)
    version_changed: trio.Event = attrs.field(factory=trio.Event, init=False)
    agenda: Agenda = attrs.field(factory=Agenda, init=False)
    news: News = attrs.field(
        default=attrs.Factory(lambda school: News(school.sessions), takes_self=True), init=False
    )
    departures: dict[str, tuple[float, Goodbye]] = attrs.field(factory=dict, init=False)
    deriving: trio.CapacityLimiter = attrs.field(
        factory=lambda: trio.CapacityLimiter(1), init=False
    )
    copying: trio.Lock = attrs.field(factory=trio.Lock, init=False)
    base_stack: AsyncExitStack = attrs.field(factory=AsyncExitStack, init=False)

    def __attrs_post_init__(self) -> None:
        self.seats = SeatPool(self.contract.seat_plan())
        self.sent = UploadFolder(self.folder / "uploads")
        self.backups = BackupPlace.of(self.folder)

    @property
    def weak_passwords(self) -> bool:
        """Whether passwords are derived with so few iterations that clients are told."""
        return self.scram_iterations < 100_000

    @property
    def base_state(self) -> BaseState:
        """Where the base is in its life; see `domain.base_states`."""
        if self.base_activity is not None:
            return self.base_activity
        if self.in_service:
            return BaseState.IN_SERVICE
        return BaseState.NONE if self.base is None else BaseState.LOADED

    def base_in_service(self) -> OpenBase:
        """
        Return the base clients work on.

        Raises:
            NotInService: There is none.
            BaseUnavailable: It is being put back as it was; come again.
        """
        if not self.in_service:
            raise NotInService()
        if self.base is None:
            raise BaseUnavailable(retry_after=1.0)
        return self.base

    @property
    def contract_expired(self) -> bool:
        """Whether the last day of the contract has passed on the school's calendar."""
        expires = self.contract.expires
        return expires is not None and local(self.clock.now()).date() > expires

    def check_contract(self) -> None:
        """
        Raises:
            ContractExpired: Nobody new is let in (fiche 3).
        """
        expires = self.contract.expires
        if expires is not None and self.contract_expired:
            raise ContractExpired(expires=expires.isoformat())

    def check_options(self, application: Application, access: Access) -> None:
        """
        Raises:
            NotInContract: That program, or what it wants, was not bought (fiche 3).
        """
        if application is Application.EDT and not self.contract.edt:
            raise NotInContract(option="Connexion EDT")
        if application is Application.PRONOTE_NET and not self.contract.pronote_net:
            raise NotInContract(option="PRONOTE.net")
        if access is Access.CONSULTATION and not self.may_consult(application):
            sold = "EDT" if application is Application.EDT else "PRONOTE"
            raise NotInContract(option=f"Consultation {sold}")

    def may_consult(self, application: Application) -> bool:
        """Return whether consultation was bought for that program; EDT has its own."""
        contract = self.contract
        edt = application is Application.EDT
        return contract.consultation_edt if edt else contract.consultation

    async def keep(self, key: str, value: Any) -> None:
        """Write a setting of the school and return once it is on disk."""

        def write(conn: Connection) -> None:
            put_setting(conn, key, value)

        await self.records.write(write)

    async def in_thread(self, function: Callable[[], T]) -> T:
        """
        Run what blocks on the disk apart from the loop; it is waited for, also if cancelled.

        Right here when the databases have no threads either.
        """
        if self.inline:
            await trio.lowlevel.cancel_shielded_checkpoint()
            return function()
        return await trio.to_thread.run_sync(function)

    def now(self) -> datetime:
        return self.clock.now()

    def statistics(self) -> dict[str, Any]:
        """Return a snapshot for the logs, the console and the tests."""
        return {
            "rne": self.rne,
            "in_service": self.in_service,
            "sessions": attrs.asdict(self.sessions.statistics()),
            "seats": self.seats.statistics(),
            "suspensions": self.suspensions.statistics(),
            "records": attrs.asdict(self.records.statistics()),
        }


def new_token() -> str:
    """Return 128 random bits, for a token that must not be guessed."""
    return secrets.token_hex(16)
