"""
A school and a client in one process, for tests; public, like the rest.

`open_test_school` makes a school with a few known accounts; with ``inline=True`` its
databases use no threads, so that a mock clock may jump. `open_test_door` serves it without
a listening socket: each `WireClient` is one end of a socket pair, and says itself which
address it comes from.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs
import trio

from pronote_protocol.catalogue import Call
from pronote_protocol.conversation import CLOSED, NEED_DATA, ClientConversation
from pronote_protocol.envelopes import Event
from pronote_protocol.errors import Refused
from pronote_protocol.limits import NEWEST_VERSION, OLDEST_VERSION, WireLimits
from pronote_protocol.messages import (
    EVENTS,
    Challenge,
    Enter,
    Entered,
    Goodbye,
    Hello,
    LoginAccepted,
    LoginFinish,
    LoginStart,
    Resume,
    Welcome,
)
from pronote_protocol.records import structure, unstructure
from pronote_protocol.scram import ClientLogin, derive
from pronote_protocol.words import Access, Application, Mode
from pronote_server.clock import Clock
from pronote_server.config import Contract, Limits, Passwords, SchoolSettings, Suspension
from pronote_server.domain.accounts import Account, Credentials
from pronote_server.domain.school_data import (
    Class_,
    Group,
    Lesson,
    Pupil,
    Room,
    SchoolData,
    Staff,
    Subject,
    Teacher,
)
from pronote_server.hosting import bases
from pronote_server.hosting.opening import open_school
from pronote_server.hosting.school import School
from pronote_server.native.door import Door
from pronote_server.storage import accounts as kept

__all__ = [
    "PASSWORD",
    "TEST_RNE",
    "TestDoor",
    "WireClient",
    "open_test_door",
    "open_test_school",
    "sample_school",
]

TEST_RNE: Final = "0990001N"
# Of every account of a test school; meets the default rules.
PASSWORD: Final = "Correct-horse-7-battery"

C = TypeVar("C")
P = TypeVar("P")
R = TypeVar("R")


@asynccontextmanager
async def open_test_school(
    folder: Path,
    *,
    contract: Contract | None = None,
    suspension: Suspension | None = None,
    data: SchoolData | None = None,
    inline: bool = False,
    in_service: bool = True,
    clock: Clock | None = None,
    resume_seconds: float = 90.0,
) -> AsyncIterator[School]:
    """
    Open a school in *folder* with these accounts, whose password is `PASSWORD`.

    ``SPR``; ``admin`` (group Administration); ``sec1`` to ``sec8`` (group Secrétariat);
    ``guest`` (group Consultation); ``teacher`` (``teacher:T1``); ``teacher2``
    (``teacher:T2``); ``cpe`` (school life).
    """
    settings = SchoolSettings(
        rne=TEST_RNE,
        name="Collège d'essai",
        contract=contract or Contract(),
        passwords=Passwords(scram_iterations=4096),
    )
    async with open_school(
        settings,
        suspension or Suspension(),
        folder,
        clock or Clock(),
        resume_seconds=resume_seconds,
        inline=inline,
    ) as school:
        if school.directory.by_login("admin") is None:
            await _add_accounts(school)
        if data is not None:
            await bases.fill(school, data)
        if in_service and not school.in_service:
            await bases.put_in_service(school, None, by="test")
        yield school


async def _add_accounts(school: School) -> None:
    keys = derive(PASSWORD, 4096)
    credentials = Credentials(keys.salt, keys.stored_key, keys.server_key, keys.iterations)
    groups = {group.name: group.id for group in school.directory.groups}
    profiles = {profile.kind: profile.id for profile in school.directory.profiles}

    def account(login: str, **fields: Any) -> Account:
        return Account(
            id=0,
            login=login,
            name=login.upper(),
            credentials=credentials,
            created_at=school.now(),
            **fields,
        )

    drafts = [
        account("admin", group_id=groups["Administration"]),
        account("guest", group_id=groups["Consultation"]),
        *(account(f"sec{n}", group_id=groups["Secrétariat"]) for n in range(1, 9)),
        account("teacher", teacher_profile_id=profiles[Mode.TEACHER], person="teacher:T1"),
        account("teacher2", teacher_profile_id=profiles[Mode.TEACHER], person="teacher:T2"),
        account("cpe", staff_profile_id=profiles[Mode.SCHOOL_LIFE]),
    ]
    supervisor = school.directory.supervisor
    assert supervisor is not None
    ready = attrs.evolve(supervisor, credentials=credentials)

    def write(conn: Any) -> list[Account]:
        kept.update_account(conn, ready)
        return [ready, *(kept.insert_account(conn, draft) for draft in drafts)]

    for made in await school.records.write(write):
        school.directory.put(made)


def sample_school() -> SchoolData:
    """
    Return two classes that have no teacher and no pupil in common.

    T1 teaches MATH to 3A (P1, P2); T2 teaches ALL to 3B (P3, P4) and HG to the group GB of
    it (P4 alone). One lesson each: L1 on Monday at 8, L2 on Tuesday at 9, L3 on Friday at 14.
    """
    return SchoolData(
        name="Collège d'essai",
        rne=TEST_RNE,
        school_year=2020,
        grid=bases.STANDARD_GRID,
        teachers=(
            Teacher("T1", "DUPAS", "Nicole", "Mme"),
            Teacher("T2", "LEBRUN", "Karim", "M."),
        ),
        subjects=(
            Subject("MATH", "Mathématiques"),
            Subject("ALL", "Allemand"),
            Subject("HG", "Histoire-géographie"),
        ),
        classes=(Class_("3A", "3e A", "3e"), Class_("3B", "3e B", "3e")),
        groups=(Group("GB", "3e B groupe 1", ("3B",)),),
        rooms=(Room("101", "Salle 101", 30),),
        pupils=(
            Pupil("P1", "ALBERT", "Zoé", "3A", born=date(2006, 5, 1)),
            Pupil("P2", "BENOIT", "Émile", "3A"),
            Pupil("P3", "ZOLA", "Jeanne", "3B"),
            Pupil("P4", "YVON", "Marc", "3B", ("GB",)),
        ),
        staff=(Staff("S1", "VIGIE", "Paule", "CPE"),),
        lessons=(
            Lesson("L1", "MATH", ("T1",), ("3A",), (), ("101",), 0, 480, 60),
            Lesson("L2", "ALL", ("T2",), ("3B",), (), ("101",), 1, 540, 60),
            Lesson("L3", "HG", ("T2",), (), ("GB",), (), 4, 840, 60),
        ),
    )


@attrs.define(eq=False)
class TestDoor(Door):
    """A door that keeps its clients: one that is forgotten would be a client that hung up."""

    __test__ = False
    clients: list[WireClient] = attrs.field(factory=list, init=False)


@asynccontextmanager
async def open_test_door(
    *schools: School, limits: Limits | None = None
) -> AsyncIterator[TestDoor]:
    """
    Serve *schools* to `WireClient.connect` for as long as the block lasts.

    The door is stopped at the end, as a server is; a crash in it comes out of the block.
    """
    by_rne: Mapping[str, School] = {school.rne: school for school in schools}
    door = TestDoor(by_rne, limits or Limits(stop_grace_seconds=0.01))
    async with trio.open_nursery() as nursery:
        await nursery.start(door.serve, [])
        try:
            yield door
        finally:
            door.stop()
            door.stop()
            for client in door.clients:
                client.stream.socket.close()


class WireClient:
    """A client that says exactly what a test wants, one request at a time."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.wire = ClientConversation(WireLimits())
        self.events: list[Any] = []
        self.goodbye: Goodbye | None = None

    @classmethod
    def connect(cls, door: TestDoor, address: str = "192.0.2.1") -> WireClient:
        """Connect to *door* as if from *address*."""
        ours, theirs = socket.socketpair()
        door.meet(theirs, address)
        ours.setblocking(False)
        client = cls(trio.SocketStream(trio.socket.from_stdlib_socket(ours)))
        door.clients.append(client)
        return client

    async def ask(self, method: str, params: Any, result: type[C]) -> C:
        """
        Return the answer to one request.

        Raises:
            Refused: The server said no.
            EOFError: The server closed without answering.
        """
        _, data = self.wire.ask(method, unstructure(params))
        await self.stream.send_all(data)
        while True:
            message = await self._next()
            if isinstance(message, Event):
                continue
            if message.error is not None:
                raise message.error
            return structure(message.result, result)

    async def call(self, call: Call[P, R], params: P) -> R:
        """Return the answer to a call of the catalogue."""
        return await self.ask(call.name, params, call.result)

    async def hear(self) -> Any:
        """Return the next event; EOFError at the end of the stream."""
        while True:
            message = await self._next()
            if isinstance(message, Event):
                return self.events[-1]

    async def last_words(self) -> Goodbye | None:
        """Read to the end; return the goodbye, if there was one."""
        try:
            while True:
                await self._next()
        except (EOFError, trio.BrokenResourceError):
            return self.goodbye

    async def _next(self) -> Any:
        while (message := self.wire.next_event()) is NEED_DATA:
            self.wire.receive(await self.stream.receive_some())
        if message is CLOSED:
            raise EOFError
        if isinstance(message, Event):
            event = structure(message.params, EVENTS[message.name])
            self.events.append(event)
            if isinstance(event, Goodbye):
                self.goodbye = event
        return message

    async def greet(self, **fields: Any) -> Welcome:
        """Say hello."""
        hello = attrs.evolve(
            Hello(
                oldest=OLDEST_VERSION,
                newest=NEWEST_VERSION,
                application=Application.PRONOTE,
                client="test",
                workstation="PC-1",
                instance="0" * 32,
            ),
            **fields,
        )
        return await self.ask("hello", hello, Welcome)

    async def log_in(self, login: str, password: str = PASSWORD) -> LoginAccepted:
        """Prove a password, after the hello."""
        side = ClientLogin(
            login, password, mechanisms=("SCRAM-SHA-256",), certificate_hash=None
        )
        challenge = await self.ask(
            "login.start",
            LoginStart(mechanism=side.mechanism, client_first=side.first()),
            Challenge,
        )
        accepted = await self.ask(
            "login.finish",
            LoginFinish(client_final=side.final(challenge.server_first)),
            LoginAccepted,
        )
        side.check(accepted.server_final)
        return accepted

    async def enter(
        self,
        mode: Mode = Mode.ADMINISTRATIVE,
        access: Access = Access.MODIFICATION,
        **fields: Any,
    ) -> Entered:
        """Take a seat, after the login."""
        return await self.ask(
            "session.enter", Enter(mode=mode, access=access, **fields), Entered
        )

    async def resume(self, entered: Entered) -> Entered:
        """Take a session up again, after the hello."""
        assert entered.resume_token is not None
        return await self.ask(
            "session.resume",
            Resume(session=entered.session, token=entered.resume_token),
            Entered,
        )

    @classmethod
    async def inside(
        cls,
        door: TestDoor,
        login: str,
        mode: Mode = Mode.ADMINISTRATIVE,
        *,
        address: str = "192.0.2.1",
        access: Access = Access.MODIFICATION,
        hello: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> WireClient:
        """Return a client that has entered; closes it when it is refused."""
        client = cls.connect(door, address)
        try:
            await client.greet(**(hello or {}))
            await client.log_in(login)
            client.entered = await client.enter(mode, access, **fields)
        except (Refused, EOFError):
            await client.aclose()
            raise
        return client

    entered: Entered

    async def leave(self) -> Goodbye | None:
        """Say goodbye and return the server's."""
        from pronote_protocol.words import Farewell

        await self.stream.send_all(self.wire.tell(Goodbye(code=Farewell.LOGOUT)))
        last = await self.last_words()
        await self.aclose()
        return last

    async def aclose(self) -> None:
        """Cut the connection without a word."""
        await trio.aclose_forcefully(self.stream)
