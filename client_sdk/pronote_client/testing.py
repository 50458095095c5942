"""
A server that says what a test wants, without a network; public, like the rest.

::

    async with scripted_server() as server:
        server.answers["seats.show"] = SeatsShown(...)
        async with open_client(**server.way_in()) as client:
            await client.seats.show()

It is a real end of the real conversation, over memory streams, and has no rules of its
own: it knows accounts and sessions, and answers calls with what it was given. Nothing of
it waits, so that it works under `trio.testing.MockClock`.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import attrs
import trio
import trio.testing

from pronote_client.background import background
from pronote_client.errors import CannotConnect
from pronote_client.instance import Instance
from pronote_client.patience import Patience
from pronote_client.settings import ConnectionSettings
from pronote_client.transport import Transport
from pronote_protocol.catalogue import CATALOGUE
from pronote_protocol.conversation import Closed, NeedData, ServerConversation
from pronote_protocol.envelopes import Event, Request
from pronote_protocol.errors import (
    BadCredentials,
    Refused,
    RemoteProtocolError,
    ResumeRefused,
    UnknownMethod,
)
from pronote_protocol.limits import WireLimits
from pronote_protocol.messages import (
    Challenge,
    Enter,
    Entered,
    Goodbye,
    Hello,
    Limits,
    LoginAccepted,
    LoginFinish,
    LoginStart,
    Nothing,
    PasswordRulesShown,
    Personalise,
    Ping,
    Pong,
    Resume,
    Welcome,
)
from pronote_protocol.records import structure, unstructure
from pronote_protocol.scram import PLAIN, Keys, ServerLogin, decoy_keys, derive
from pronote_protocol.stages import Stage
from pronote_protocol.words import Access, Farewell, Mode, Right, SessionState

__all__ = ["LIMITS", "RULES", "ScriptedPeer", "ScriptedServer", "inline", "scripted_server"]

_ITERATIONS: Final = 4096

LIMITS: Final = Limits(
    before_login_bytes=8 * 1024,
    from_client_bytes=32 * 1024,
    from_server_bytes=1024 * 1024,
    page_rows=500,
    chunk_bytes=24 * 1024,
    login_seconds=30,
    heartbeat_seconds=30,
    silence_seconds=90,
    resume_seconds=90,
)
RULES: Final = PasswordRulesShown(
    min_length=12,
    max_length=64,
    need_lower=True,
    need_upper=True,
    need_digit=True,
    need_special=True,
)


async def inline(work: Callable[[], Any]) -> Any:
    """Derive the password in the loop: a mock clock does not wait for threads."""
    await trio.lowlevel.checkpoint()
    return work()


@attrs.define(eq=False)
class ScriptedSession:
    """A session of the scripted server; it holds its seat as long as it is in ``seated``."""

    name: str
    mode: Mode
    access: Access
    token: str | None


class ScriptedServer:
    """
    Attributes:
        answers: What each call gets: a record, a `Refused`, or a function of the params
            record that returns (or awaits) one or raises the other.
        refusals: The same for ``hello``, ``login.start``... : what to refuse, by method.
        accounts: Passwords by login.
        must_change: Logins that have to personalise.
        heard: Every request, in order.
        peers: Connections that are open.
        seated: Sessions that hold a seat, by name.
        goodbyes: What clients said last.
        reachable: Whether connecting works.
        budget: How many more bytes are sent before the connection is cut; None = all.
    """

    def __init__(self, nursery: trio.Nursery, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self.answers: dict[str, Any] = {}
        self.refusals: dict[str, Refused] = {}
        self.accounts = {"SPR": "secret"}
        self.must_change: set[str] = set()
        self.heard: list[Request] = []
        self.hellos: list[Hello] = []
        self.peers: list[ScriptedPeer] = []
        self.seated: dict[str, ScriptedSession] = {}
        self.goodbyes: list[Goodbye] = []
        self.reachable = True
        self.budget: int | None = None
        self.connections = 0
        self._nursery = nursery
        self._keys: dict[tuple[str, str], Keys] = {}

    def way_in(self, **options: Any) -> dict[str, Any]:
        """Return arguments of `open_client` that lead here."""
        return {
            "settings": ConnectionSettings(address="127.0.0.1", tls=False),
            "login": "SPR",
            "password": "secret",
            "instance": Instance(),
            "connector": self.connect,
            "run": inline,
            "workstation": "POSTE-1",
            **options,
        }

    async def connect(self, settings: ConnectionSettings, patience: Patience) -> Transport:
        """Connect; a `Connector`."""
        await trio.lowlevel.checkpoint()
        if not self.reachable:
            raise CannotConnect(settings.where, "injoignable", "unreachable")
        theirs, ours = trio.testing.memory_stream_pair()
        self.serve(ours)
        return Transport(theirs)

    def serve(
        self, stream: trio.abc.Stream, certificate_hash: bytes | None = None
    ) -> ScriptedPeer:
        """Serve one client on *stream*."""
        self.connections += 1
        peer = ScriptedPeer(self, stream, certificate_hash)
        self.peers.append(peer)
        self._nursery.start_soon(peer.run)
        return peer

    @property
    def peer(self) -> ScriptedPeer:
        """The only connection."""
        (peer,) = self.peers
        return peer

    def methods(self) -> list[str]:
        """Return the names of the requests heard so far."""
        return [request.method for request in self.heard]

    def keys_of(self, login: str) -> Keys:
        """Return what this server keeps of the password of *login*."""
        password = self.accounts.get(login)
        if password is None:
            return decoy_keys(login, b"scripted", _ITERATIONS)
        if (login, password) not in self._keys:
            self._keys[login, password] = derive(password, _ITERATIONS)
        return self._keys[login, password]


class ScriptedPeer:
    """One connection of the scripted server; one task reads, whoever wants writes."""

    def __init__(
        self, server: ScriptedServer, stream: trio.abc.Stream, certificate_hash: bytes | None
    ) -> None:
        self.stream = stream
        self.session: ScriptedSession | None = None
        self.deaf = False
        self._server = server
        self._hash = certificate_hash
        self._wire = ServerConversation(WireLimits())
        self._login: ServerLogin | None = None
        self._writing = trio.Lock()
        self._scope = trio.CancelScope()

    async def say(self, *events: Any) -> None:
        """Tell *events*."""
        await self._send(b"".join(self._wire.tell(event) for event in events))

    async def hang_up(self, goodbye: Goodbye) -> None:
        """Say *goodbye*, free the seat, close."""
        self._free()
        await self.say(goodbye)
        await self.cut()

    async def cut(self) -> None:
        """Close without a word, whatever was being answered."""
        self._scope.cancel()
        await self.stream.aclose()

    async def run(self) -> None:
        """Serve until the client leaves or the stream is closed."""
        try:
            with self._scope:
                while True:
                    if self.deaf:
                        await trio.sleep_forever()
                    self._wire.receive(await self.stream.receive_some())
                    if not await self._take_all():
                        break
        except (trio.BrokenResourceError, trio.ClosedResourceError, RemoteProtocolError):
            pass
        finally:
            self._server.peers.remove(self)
            if self.session is not None and self.session.token is None:
                self._free()
            await trio.aclose_forcefully(self.stream)

    async def _take_all(self) -> bool:
        while True:
            message = self._wire.next_event()
            if isinstance(message, NeedData):
                return True
            if isinstance(message, Closed):
                return False
            if isinstance(message, Request):
                self._server.heard.append(message)
                await self._answer(message)
            elif not await self._take_event(message):
                return False

    async def _take_event(self, message: Event) -> bool:
        if message.name == "goodbye":
            self._server.goodbyes.append(structure(message.params, Goodbye))
            self._free()
            await self.say(Goodbye(code=Farewell.LOGOUT, fr="Au revoir.", en="Bye."))
            return False
        if message.name == "ping" and self._wire.stage is Stage.ACTIVE:
            structure(message.params, Ping)
            await self.say(Pong())
        return True

    def _free(self) -> None:
        if self.session is not None:
            self._server.seated.pop(self.session.name, None)

    async def _answer(self, request: Request) -> None:
        try:
            if refusal := self._server.refusals.get(request.method):
                raise refusal
            result = self._establish(request)
            if result is None:
                result = await self._call(request)
        except Refused as refusal:
            await self._send(self._wire.refuse(request.id, refusal))
            if refusal.ends:
                await self.say(Goodbye(code=Farewell.SERVER_STOPPING, fr=refusal.fr))
                await self.stream.aclose()
        else:
            await self._send(self._wire.answer(request.id, unstructure(result)))

    def _establish(self, request: Request) -> Any:
        server = self._server
        match request.method:
            case "hello":
                server.hellos.append(structure(request.params, Hello))
                return self._welcome()
            case "login.start":
                start = structure(request.params, LoginStart)
                self._login = ServerLogin(start.mechanism, self._hash, server.keys_of)
                return Challenge(server_first=self._login.challenge(start.client_first))
            case "login.finish":
                return self._prove(structure(request.params, LoginFinish))
            case "password.personalise":
                assert self._login is not None
                personal = structure(request.params, Personalise)
                server.accounts[self._login.login] = personal.new_password
                server.must_change.discard(self._login.login)
                return Nothing()
            case "session.enter":
                return self._enter(structure(request.params, Enter))
            case "session.resume":
                return self._resume(structure(request.params, Resume))
        return None

    def _welcome(self) -> Welcome:
        return Welcome(
            version=1,
            server="scripted",
            rne="0330001X",
            school="Lycée écrit",
            mechanisms=(f"{PLAIN}-PLUS", PLAIN) if self._hash else (PLAIN,),
            modes=tuple(Mode),
            in_service=True,
            weak_passwords=True,
            limits=self._server.limits,
        )

    def _prove(self, finish: LoginFinish) -> LoginAccepted:
        assert self._login is not None
        server_final = self._login.verify(finish.client_final)
        if self._login.login not in self._server.accounts:
            raise BadCredentials
        return LoginAccepted(
            server_final=server_final,
            name=self._login.login,
            must_change=self._login.login in self._server.must_change,
            modes=tuple(Mode),
            rules=RULES,
        )

    def _enter(self, wish: Enter) -> Entered:
        name = f"s-{len(self._server.methods())}"
        token = "token-0" if wish.resumable else None
        self.session = ScriptedSession(name, wish.mode, wish.access, token)
        self._server.seated[name] = self.session
        return self._entered()

    def _resume(self, request: Resume) -> Entered:
        session = self._server.seated.get(request.session)
        if session is None or session.token != request.token:
            raise ResumeRefused
        session.token = f"token-{int(request.token.partition('-')[2]) + 1}"
        self.session = session
        return self._entered()

    def _entered(self) -> Entered:
        assert self.session is not None
        return Entered(
            session=self.session.name,
            mode=self.session.mode,
            access=self.session.access,
            state=SessionState.MODIFICATION,
            name="SUPERVISEUR",
            base="Base écrite",
            school_year=2020,
            revision=1,
            rights=tuple(Right),
            resume_token=self.session.token,
        )

    async def _call(self, request: Request) -> Any:
        call = CATALOGUE.get(request.method)
        if call is None or request.method not in self._server.answers:
            raise UnknownMethod(method=request.method)
        answer = self._server.answers[request.method]
        if callable(answer):
            answer = answer(structure(request.params, call.params))
            if inspect.isawaitable(answer):
                answer = await answer
        if isinstance(answer, Refused):
            raise answer
        return answer

    async def _send(self, data: bytes) -> None:
        async with self._writing:
            budget = self._server.budget
            if budget is None:
                await self.stream.send_all(data)
                return
            self._server.budget = max(0, budget - len(data))
            if data[:budget]:
                await self.stream.send_all(data[:budget])
            if budget < len(data):
                self._server.budget = None
                await self.stream.aclose()


@asynccontextmanager
async def scripted_server(limits: Limits = LIMITS) -> AsyncIterator[ScriptedServer]:
    """Run a `ScriptedServer`; at the end it vanishes."""
    async with background() as nursery:
        try:
            yield ScriptedServer(nursery, limits)
        finally:
            nursery.cancel_scope.cancel()
