"""
The client of a school, on Trio.

`open_client` gives one that is connected, logged in and seated; leaving its ``async with``
says goodbye. See ``client_sdk/README.md`` for what is promised about cancelling, cuts,
deadlines and suspensions.
"""

from __future__ import annotations

import random
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Self, TypeVar

import trio

from pronote_client import families
from pronote_client.background import background
from pronote_client.connection import Slot, answered_as, plain
from pronote_client.errors import CallTimedOut, RemoteProtocolError
from pronote_client.events import ClientEvent, Events
from pronote_client.families.family import FamilyOf
from pronote_client.instance import Instance
from pronote_client.login import Credentials, InThread, in_thread
from pronote_client.opening import Doorway
from pronote_client.patience import Patience
from pronote_client.repeating import may_repeat
from pronote_client.session import Session
from pronote_client.settings import ConnectionSettings
from pronote_client.transport import Connector, connect
from pronote_protocol import catalogue
from pronote_protocol.catalogue import Call
from pronote_protocol.messages import Enter, Entered, Goodbye, Welcome
from pronote_protocol.words import Access, Application, Farewell, Mode

__all__ = ["AdminClient", "Client", "EdtClient", "HostingClient", "open_client"]

P = TypeVar("P")
R = TypeVar("R")


class Client:
    """
    A session in a school; made by `open`, never directly.

    Any number of tasks may call at the same time: requests leave in the order of calling
    and are answered in that order.

    Attributes:
        bases, base_files, backups, works, years, recovery: For consoles and administrators;
            see `HostingClient`.
        session, exclusive, password, seats, connections, base, changes, suspensions,
        inactivity, journal, users, groups, profiles, resources, timetable, sanctions, roll,
        punishments, motives, latenesses, follow_ups, absences, periods, services, assessments,
        marks, averages, appraisals, homework, notebook, evaluations, levels, skills, documents,
        photos, information, discussions, presence, account, version: Families of calls.
        teachers, pupils, guardians, functions, staff, classes, school_groups, subjects, rooms,
        holidays: The resources of one kind each, listed, read, created, changed and deleted.
        guardian_links, group_members: Who is whose guardian; who is in which group.
        letters: Models of letters. past_results: What pupils had in earlier years.
        calendar, time_grid: The school's year and week.
        bonus_malus, half_day_options: Points given to pupils; how half-days are counted.
        door: How it came in, and comes back.
    """

    only_mode: ClassVar[Mode | None] = None
    default_application: ClassVar[Application] = Application.PRONOTE

    session = FamilyOf(lambda client: families.SessionCalls(client))
    exclusive = FamilyOf(lambda client: families.Exclusive(client))
    password = FamilyOf(lambda client: families.Password(client))
    seats = FamilyOf(lambda client: families.Seats(client))
    connections = FamilyOf(lambda client: families.Connections(client))
    base = FamilyOf(lambda client: families.Base(client))
    bases = FamilyOf(lambda client: families.Bases(client))
    base_files = FamilyOf(lambda client: families.BaseFiles(client))
    backups = FamilyOf(lambda client: families.Backups(client))
    works = FamilyOf(lambda client: families.Works(client))
    years = FamilyOf(lambda client: families.Years(client))
    recovery = FamilyOf(lambda client: families.Recovery(client))
    changes = FamilyOf(lambda client: families.Changes(client))
    suspensions = FamilyOf(lambda client: families.Suspensions(client))
    inactivity = FamilyOf(lambda client: families.Inactivity(client))
    journal = FamilyOf(lambda client: families.Journal(client))
    users = FamilyOf(lambda client: families.Users(client))
    groups = FamilyOf(lambda client: families.Groups(client))
    profiles = FamilyOf(lambda client: families.Profiles(client))
    resources = FamilyOf(lambda client: families.Resources(client))
    timetable = FamilyOf(lambda client: families.Timetable(client))
    photos = FamilyOf(lambda client: families.Photos(client))
    documents = FamilyOf(lambda client: families.Documents(client))
    skills = FamilyOf(lambda client: families.Skills(client))
    levels = FamilyOf(lambda client: families.Levels(client))
    evaluations = FamilyOf(lambda client: families.Evaluations(client))
    sanctions = FamilyOf(lambda client: families.Sanctions(client))
    roll = FamilyOf(lambda client: families.Roll(client))
    punishments = FamilyOf(lambda client: families.Punishments(client))
    motives = FamilyOf(lambda client: families.Motives(client))
    latenesses = FamilyOf(lambda client: families.Latenesses(client))
    follow_ups = FamilyOf(lambda client: families.FollowUps(client))
    account = FamilyOf(lambda client: families.Account(client))
    version = FamilyOf(lambda client: families.Version(client))
    absences = FamilyOf(lambda client: families.Absences(client))
    periods = FamilyOf(lambda client: families.Periods(client))
    services = FamilyOf(lambda client: families.Services(client))
    assessments = FamilyOf(lambda client: families.Assessments(client))
    marks = FamilyOf(lambda client: families.Marks(client))
    averages = FamilyOf(lambda client: families.Averages(client))
    appraisals = FamilyOf(lambda client: families.Appraisals(client))
    homework = FamilyOf(lambda client: families.Homework(client))
    notebook = FamilyOf(lambda client: families.Notebook(client))
    information = FamilyOf(lambda client: families.Information(client))
    discussions = FamilyOf(lambda client: families.Discussions(client))
    presence = FamilyOf(lambda client: families.Presence(client))
    teachers = FamilyOf(lambda client: families.Kind(client, catalogue.people.TEACHERS))
    pupils = FamilyOf(lambda client: families.Kind(client, catalogue.people.PUPILS))
    guardians = FamilyOf(lambda client: families.Kind(client, catalogue.people.GUARDIANS))
    guardian_links = FamilyOf(lambda client: families.GuardianLinks(client))
    functions = FamilyOf(lambda client: families.Kind(client, catalogue.people.FUNCTIONS))
    staff = FamilyOf(lambda client: families.Kind(client, catalogue.people.STAFF))
    classes = FamilyOf(lambda client: families.Kind(client, catalogue.structure.CLASSES))
    letters = FamilyOf(lambda client: families.Letters(client, catalogue.letters.LETTERS))
    past_results = FamilyOf(lambda client: families.PastResults(client))
    school_groups = FamilyOf(
        lambda client: families.Kind(client, catalogue.structure.SCHOOL_GROUPS)
    )
    group_members = FamilyOf(lambda client: families.GroupMembers(client))
    subjects = FamilyOf(lambda client: families.Kind(client, catalogue.structure.SUBJECTS))
    rooms = FamilyOf(lambda client: families.Kind(client, catalogue.structure.ROOMS))
    holidays = FamilyOf(lambda client: families.Kind(client, catalogue.calendar.HOLIDAYS))
    calendar = FamilyOf(lambda client: families.Calendar(client))
    time_grid = FamilyOf(lambda client: families.TimeGrid(client))
    bonus_malus = FamilyOf(lambda client: families.BonusMalus(client))
    half_day_options = FamilyOf(lambda client: families.HalfDays(client))

    def __init__(self, session: Session) -> None:
        self._session = session
        self.door = session.door

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: ConnectionSettings,
        *,
        login: str,
        password: str,
        new_password: str | None = None,
        mode: Mode | None = None,
        access: Access = Access.MODIFICATION,
        fall_back: bool = False,
        school_year: int | None = None,
        resumable: bool = False,
        application: Application | None = None,
        workstation: str | None = None,
        program: str = "pronote-client",
        patience: Patience | None = None,
        instance: Instance | None = None,
        connector: Connector = connect,
        draw: Callable[[], float] = random.random,
        run: InThread = in_thread,
    ) -> AsyncIterator[Self]:
        """
        Connect, log in, take a seat; leave at the end.

        Args:
            new_password: Personalises the password if the server demands it.
            fall_back: Accept consultation when no seat in modification is free; look at
                ``access`` to know.
            school_year: A previous year to look at, 2019 for 2019-2020, in mode Administratif;
                no seat is taken.
            resumable: Have the seat kept during a cut, and come back by itself.
            workstation: Column *Poste* of the table of connections; this machine's name.
            patience: Deadlines and bounds.
            instance: Which start of which program; the process's.
            connector, draw, run: For tests, see `Doorway`.

        One attempt is made: nothing that could cost a strike is tried again. Cancelled
        anywhere in here, the server is told goodbye within ``farewell_seconds`` and the
        seat, if there was one yet, is free.

        Raises:
            CannotConnect: No conversation came about.
            BadCredentials: One strike.
            PasswordMustChange: And no *new_password* was given.
            PasswordRefused: And it breaks the rules.
            SeatsExhausted, NotInService, ModeNotAllowed...: No seat for this user now.
            AddressSuspended: By the server; or here, at once, if this instance was told so
                before.
            SessionEnded: The server hung up meanwhile, saying why.
        """
        door = Doorway(
            settings=settings,
            instance=instance or Instance.of_process(),
            application=application or cls.default_application,
            program=program,
            patience=patience or Patience(),
            workstation=workstation or socket.gethostname(),
            connector=connector,
            draw=draw,
            run=run,
        )
        if cls.only_mode not in (None, mode or cls.only_mode):
            raise ValueError(f"{cls.__name__} works in mode {cls.only_mode} only")
        wish = Enter(
            mode=mode or cls.only_mode or Mode.ADMINISTRATIVE,
            access=access,
            resumable=resumable,
            fall_back=fall_back,
            school_year=school_year,
        )
        credentials = Credentials(login=login, password=password, new_password=new_password)
        async with background() as nursery:
            session = Session(door, nursery)
            try:
                await session.open(credentials, wish)
                yield cls(session)
            finally:
                await session.leave()

    @property
    def patience(self) -> Patience:
        """The deadlines and bounds of this client."""
        return self.door.patience

    @property
    def welcome(self) -> Welcome:
        """What the server said of itself, at the last connection."""
        return self._session.welcome

    @property
    def entered(self) -> Entered:
        """The session, with its present access and state."""
        return self._session.entered

    @property
    def access(self) -> Access:
        """Modification or consultation, now."""
        return self._session.entered.access

    @property
    def goodbye(self) -> Goodbye | None:
        """Why the session is over, once it is."""
        return self._session.goodbye

    @property
    def events_dropped(self) -> int:
        """How many events nobody read in time."""
        return self._session.events.dropped

    def events(self) -> Events:
        """
        Iterate over what the server tells: the async iterator ends after the goodbye.

        Events wait in one place for whoever iterates (two iterators share them). It is
        bounded by ``kept_events``: when it is full the oldest makes room and is counted in
        `events_dropped`. The goodbye is never dropped, and every iterator gets it. When
        the connection was lost without a goodbye, one with code ``lost`` is made up.
        """
        return Events(self._session.events)

    async def next_event(self) -> ClientEvent:
        """Return the next event; the goodbye again and again once the session is over."""
        return await self._session.events.next()

    async def wait_ended(self) -> Goodbye:
        """Wait for the end of the session and return why."""
        await self._session.ended.wait()
        assert self._session.goodbye is not None
        return self._session.goodbye

    async def leave(self) -> Goodbye:
        """Say goodbye now and return the server's; what the end of ``async with`` does."""
        return await self._session.leave()

    async def call(
        self,
        call: Call[P, R],
        params: P | None = None,
        *,
        seconds: float | None = None,
        key: str | None = None,
    ) -> R:
        """
        Make one call of the catalogue.

        Args:
            params: May be left out when the call has none.
            seconds: Deadline of the whole call, resumes included; ``call_seconds``.
            key: Of an entry, drawn when it is not given. To ask again in another session of
                the same user, after one that was lost, give the same: it is done once.

        After a cut, a call that only reads is asked again; so is any that had not left.

        Cancelled, the call is forgotten: its answer, if any, is dropped and no other call
        gets it. What it asked may have been done.

        Raises:
            Refused: The server said no; the session goes on.
            CallTimedOut: No answer in time; the session goes on.
            OutcomeUnknown: Cut between a change and its answer.
            SessionEnded: There is no session any more.
            RemoteProtocolError: The answer is not what the catalogue says; the session ends.
        """
        values = plain(call.params() if params is None else params)
        if call.keyed:
            values["key"] = secrets.token_hex(16) if key is None else key
        limit = self.patience.call_seconds if seconds is None else seconds
        slot = Slot()
        with trio.move_on_after(limit):
            result = await self._session.ask(call.name, values, slot, may_repeat(call))
            try:
                return answered_as(result, call.result)
            except RemoteProtocolError:
                await self._session.leave(Farewell.PROTOCOL_ERROR)
                raise
        raise CallTimedOut(call.name, limit, sent=slot.sent)

    def changed_access(self, now: Any) -> None:
        """Take note of an access that an answer granted."""
        self._session.changed_access(now)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.door.settings.where} {self.entered.session}>"


class AdminClient(Client):
    """
    A client that is always in mode Administratif.

    It adds nothing; its type says that the families of an administrator are meant to be
    used.
    """

    only_mode: ClassVar[Mode | None] = Mode.ADMINISTRATIVE


class HostingClient(Client):
    """
    The console of a hosted school, for the supervisor and superadministrators.

    It takes no seat, is let in while no base is in service and when the contract has
    expired, and outlives the base: of the families above it has those that need none.
    """

    only_mode: ClassVar[Mode | None] = Mode.HOSTING


class EdtClient(Client):
    """
    The client of application EDT, which alone may transfer a timetable.

    Attributes:
        transfer: The calls of a transfer.
    """

    only_mode: ClassVar[Mode | None] = Mode.ADMINISTRATIVE
    default_application = Application.EDT
    transfer = FamilyOf(lambda client: families.Transfer(client))


open_client = Client.open
