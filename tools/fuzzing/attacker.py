"""One connection that misbehaves as its script says, and looks at what comes back."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from typing import Any, Final

import attrs
import trio

from fuzzing.frames import Frame, Lane, Script
from loading.demo_server import DemoAccount
from pronote_client import ConnectionSettings, Mode
from pronote_protocol.codec import pack, unpack
from pronote_protocol.envelopes import Event, Message, Request, Response, from_wire, to_wire
from pronote_protocol.errors import ProtocolError
from pronote_protocol.framing import FrameDecoder, encode_frame
from pronote_protocol.limits import NEWEST_VERSION, OLDEST_VERSION, WireLimits
from pronote_protocol.messages import (
    Challenge,
    Enter,
    Goodbye,
    Hello,
    LoginAccepted,
    LoginFinish,
    LoginStart,
)
from pronote_protocol.records import structure, unstructure
from pronote_protocol.scram import PLAIN, ClientLogin
from pronote_protocol.testing import says
from pronote_protocol.words import Application, Farewell

__all__ = ["Attack", "Counts", "Finding"]

# A server that says nothing for so long has forgotten us: its own deadlines are shorter.
_PATIENCE_SECONDS: Final = 40.0
_FIRST_OWN_ID: Final = 2**31
_LIMITS: Final = WireLimits()


@attrs.frozen
class Finding:
    """Something the server must never do; the connection's number makes it again."""

    number: int
    what: str


@attrs.define
class Counts:
    """What was sent and heard, by all connections."""

    frames: Counter[str] = attrs.field(factory=Counter)
    lanes: Counter[str] = attrs.field(factory=Counter)
    refusals: Counter[str] = attrs.field(factory=Counter)
    goodbyes: Counter[str] = attrs.field(factory=Counter)
    events: Counter[str] = attrs.field(factory=Counter)
    connections: int = 0
    not_admitted: Counter[str] = attrs.field(factory=Counter)
    results: int = 0
    findings: list[Finding] = attrs.field(factory=list)


class _Gone(Exception):
    """The server closed."""


class _NotAdmitted(Exception):
    """No seat, or the account was changed by another connection: nothing to find here."""


@attrs.define(eq=False)
class Attack:
    """
    One run of one script.

    Only the way in is spoken with the protocol's own classes; everything after it is raw.
    """

    script: Script
    settings: ConnectionSettings
    players: Mapping[Mode, list[DemoAccount]]
    counts: Counts
    stream: trio.SocketStream = attrs.field(init=False)
    _heard: FrameDecoder = attrs.field(init=False)
    _expected: deque[int] = attrs.field(factory=deque, init=False)
    _own_id: int = attrs.field(default=_FIRST_OWN_ID, init=False)

    async def run(self) -> None:
        """Go through the script; note findings; never raises for what the server does."""
        self.counts.connections += 1
        self._heard = FrameDecoder(_LIMITS.from_server_bytes)
        try:
            self.stream = await trio.open_tcp_stream(self.settings.address, self.settings.port)
        except OSError as exc:
            self._find(f"nobody accepts: {exc}")
            return
        try:
            with trio.fail_after(_PATIENCE_SECONDS):
                await self._misbehave()
        except trio.TooSlowError:
            self._find(f"no answer and no end within {_PATIENCE_SECONDS:g} s")
        except _NotAdmitted as exc:
            self.counts.not_admitted[str(exc)] += 1
        except (_Gone, trio.BrokenResourceError):
            pass
        except ProtocolError as exc:
            self._find(f"the server said what no server may say: {exc}")
        finally:
            await trio.aclose_forcefully(self.stream)

    def _find(self, what: str) -> None:
        self.counts.findings.append(Finding(self.script.number, what))

    # ------------------------------------------------------------------- the way in

    async def _misbehave(self) -> None:
        await self._come_in()
        self.counts.lanes[self.script.lane.value] += 1
        for burst in self.script.bursts:
            if any(frame.hard for frame in burst):
                await self._last_shot(burst)
                return
            await self._shoot(burst)
        if not self.script.cut:
            await self.stream.send_all(says(Goodbye(code=Farewell.LOGOUT)))
            await self._hear_to_the_end()

    async def _come_in(self) -> None:
        script = self.script
        if script.lane is Lane.GREETING:
            return
        await self._ask(
            "hello",
            Hello(
                oldest=OLDEST_VERSION,
                newest=NEWEST_VERSION,
                application=Application.EDT if script.edt else Application.PRONOTE,
                client="fuzz",
                workstation=f"FUZZ-{script.number}",
                instance=f"{script.number:032x}",
            ),
        )
        if script.lane is Lane.ANONYMOUS:
            return
        account = self._account()
        login = ClientLogin(
            account.login, account.password, mechanisms=(PLAIN,), certificate_hash=None
        )
        start = LoginStart(mechanism=login.mechanism, client_first=login.first())
        challenge = structure(await self._ask("login.start", start), Challenge)
        if script.lane is Lane.CHALLENGED:
            return
        finish = LoginFinish(client_final=login.final(challenge.server_first))
        structure(await self._ask("login.finish", finish), LoginAccepted)
        if script.lane is Lane.ACTIVE:
            await self._ask("session.enter", Enter(mode=account.mode))

    def _account(self) -> DemoAccount:
        script = self.script
        if script.lane is Lane.AUTHENTICATED:
            # What it asks for may keep a seat: those of teachers are not counted.
            among = self.players[Mode.TEACHER]
        elif script.office:
            among = [
                each
                for each in self.players[Mode.ADMINISTRATIVE]
                if (each.login == "SPR") == script.supervisor
            ]
        else:
            among = [*self.players[Mode.TEACHER], *self.players[Mode.SCHOOL_LIFE]]
        return among[script.player % len(among)]

    async def _ask(self, method: str, record: Any) -> Any:
        ident = self._next_id()
        request = Request(ident, method, unstructure(record))
        self._expected.append(ident)
        await self.stream.send_all(encode_frame(pack(to_wire(request))))
        answer = await self._answer_to(ident)
        if answer.error is not None:
            raise _NotAdmitted(f"{method} of {self._account().login}: {answer.error.code}")
        return answer.result

    # ------------------------------------------------------------- the misbehaviour

    async def _shoot(self, burst: tuple[Frame, ...]) -> None:
        """Send soft frames at once, and wait until all of them are answered."""
        data = b"".join(frame.data for frame in burst)
        self._count(burst)
        self._expected += [frame.ident for frame in burst if frame.ident is not None]
        last = self._expected[-1] if self._expected else None
        if self.script.lane is Lane.ACTIVE:
            last = self._next_id()
            self._expected.append(last)
            data += encode_frame(pack([0, last, "session.show", {}]))
        await self.stream.send_all(data)
        if last is not None:
            await self._answer_to(last)

    async def _last_shot(self, burst: tuple[Frame, ...]) -> None:
        """Send what may end it, end our side, and hear the server out."""
        self._count(burst)
        self._expected.clear()
        try:
            await self.stream.send_all(b"".join(frame.data for frame in burst))
            await self.stream.send_eof()
        except trio.BrokenResourceError:
            pass  # it hung up at the header; what it said is still to be read
        await self._hear_to_the_end(any_order=True)

    def _count(self, burst: tuple[Frame, ...]) -> None:
        self.counts.frames.update(frame.kind for frame in burst)

    def _next_id(self) -> int:
        self._own_id += 1
        return self._own_id

    # ------------------------------------------------------------------- listening

    async def _answer_to(self, ident: int) -> Response:
        while True:
            message = await self._hear()
            if isinstance(message, Response):
                if not self._expected or self._expected.popleft() != message.id:
                    self._find(f"an answer to {message.id}, out of order")
                    raise _Gone
                if message.id == ident:
                    return message

    async def _hear_to_the_end(self, *, any_order: bool = False) -> None:
        try:
            while True:
                await self._hear()
        except _Gone:
            return

    async def _hear(self) -> Message:
        while (payload := self._heard.next_payload()) is None:
            data = await self.stream.receive_some()
            if not data:
                raise _Gone
            self._heard.feed(data)
        message = from_wire(unpack(payload, _LIMITS))
        if isinstance(message, Response) and message.error is not None:
            self.counts.refusals[message.error.code] += 1
            if message.error.code == "internal":
                self._find(f"an internal error, reference {message.error.reference}")
        elif isinstance(message, Response):
            self.counts.results += 1
        elif isinstance(message, Event):
            self.counts.events[message.name] += 1
            if message.name == "goodbye":
                self.counts.goodbyes[str(message.params.get("code"))] += 1
        return message
