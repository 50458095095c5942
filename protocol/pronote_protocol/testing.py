"""
Helpers for testing code that speaks this protocol; public, like the rest.

The two halves of every protocol test: `says` makes the bytes a peer would send,
`events_of` returns what a conversation makes of them. `Rehearsal` plays both ends of one
connection, and `entered` gives one whose session has begun.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import attrs

from pronote_protocol.codec import pack, unpack
from pronote_protocol.conversation import (
    CLOSED,
    NEED_DATA,
    ClientConversation,
    Closed,
    NeedData,
    ServerConversation,
)
from pronote_protocol.envelopes import Event, Message, Request, Response, from_wire, to_wire
from pronote_protocol.errors import Refused, RemoteProtocolError
from pronote_protocol.framing import FrameDecoder, encode_frame
from pronote_protocol.limits import NEWEST_VERSION, OLDEST_VERSION, WireLimits
from pronote_protocol.messages import (
    EVENT_NAMES,
    Challenge,
    Enter,
    Entered,
    Hello,
    Limits,
    LoginAccepted,
    LoginFinish,
    LoginStart,
    Nothing,
    PasswordRulesShown,
    Welcome,
)
from pronote_protocol.records import structure, unstructure
from pronote_protocol.scram import PLAIN, ClientLogin, Keys, ServerLogin, derive
from pronote_protocol.stages import Stage
from pronote_protocol.words import Access, Application, Mode, Right, SessionState

__all__ = [
    "LOGIN",
    "PASSWORD",
    "Line",
    "Rehearsal",
    "entered",
    "events_of",
    "messages_of",
    "request",
    "sample_entered",
    "sample_hello",
    "sample_keys",
    "sample_welcome",
    "says",
]

LOGIN: Final = "dupas"
PASSWORD: Final = "Craie-blanche-7"
_SALT: Final = bytes(range(32))
_ITERATIONS: Final = 4096

Heard: TypeAlias = Message | Closed | NeedData


def request(method: str, params: Any = None, ident: int = 0) -> Request:
    """Return the request of *method*; *params* is a record, or None for `Nothing`."""
    return Request(ident, method, unstructure(Nothing() if params is None else params))


def says(*messages: Any) -> bytes:
    """
    Return the bytes of *messages*, whether or not it is their turn.

    Each is a `Request`, a `Response`, an `Event`, or a record of `EVENTS` such as `Goodbye`.
    """
    return b"".join(encode_frame(pack(to_wire(_message(message)))) for message in messages)


def _message(message: Any) -> Message:
    if isinstance(message, (Request, Response, Event)):
        return message
    return Event(EVENT_NAMES[type(message)], unstructure(message))


def events_of(wire: ClientConversation | ServerConversation, data: bytes) -> list[Heard]:
    """Feed *data* to *wire* and return everything it makes of it, up to `CLOSED`."""
    wire.receive(data)
    heard: list[Heard] = []
    while (event := wire.next_event()) is not NEED_DATA:
        heard.append(event)
        if event is CLOSED:
            break
    return heard


def messages_of(data: bytes, limits: WireLimits | None = None) -> list[Message]:
    """Return the messages in *data*, of whichever end and stage; for reading a recording."""
    limits = limits or WireLimits()
    frames = FrameDecoder(limits.from_server_bytes)
    frames.feed(data)
    messages: list[Message] = []
    while (payload := frames.next_payload()) is not None:
        messages.append(from_wire(unpack(payload, limits)))
    if frames.buffered:
        raise RemoteProtocolError("half a frame at the end")
    return messages


def sample_hello(**changes: Any) -> Hello:
    """Return the hello of an ordinary workstation."""
    values: dict[str, Any] = {
        "oldest": OLDEST_VERSION,
        "newest": NEWEST_VERSION,
        "application": Application.PRONOTE,
        "client": "rehearsal 1.0",
        "workstation": "SALLE-PROFS-1",
        "instance": "0123456789abcdef" * 2,
    }
    return Hello(**{**values, **changes})


def sample_welcome(**changes: Any) -> Welcome:
    """Return the welcome of a school in service, over plain TCP."""
    limits = WireLimits()
    values: dict[str, Any] = {
        "version": NEWEST_VERSION,
        "server": "rehearsal 1.0",
        "rne": "0330001X",
        "school": "Lycée de démonstration",
        "mechanisms": (PLAIN,),
        "modes": tuple(Mode),
        "in_service": True,
        "weak_passwords": True,
        "limits": Limits(
            before_login_bytes=limits.before_login_bytes,
            from_client_bytes=limits.from_client_bytes,
            from_server_bytes=limits.from_server_bytes,
            page_rows=limits.page_rows,
            chunk_bytes=limits.chunk_bytes,
            login_seconds=20.0,
            heartbeat_seconds=30.0,
            silence_seconds=90.0,
            resume_seconds=90.0,
        ),
    }
    return Welcome(**{**values, **changes})


def sample_entered(**changes: Any) -> Entered:
    """Return what a teacher who entered is told."""
    values: dict[str, Any] = {
        "session": "s-1",
        "mode": Mode.TEACHER,
        "access": Access.MODIFICATION,
        "state": SessionState.MODIFICATION,
        "name": "DUPAS Nicole",
        "base": "2020-2021",
        "school_year": 2020,
        "revision": 1,
        "rights": (Right.OWN,),
    }
    return Entered(**{**values, **changes})


def sample_keys(login: str = LOGIN) -> Keys:
    """Return the keys of `PASSWORD`, the same for every login; with few iterations."""
    return derive(PASSWORD, _ITERATIONS, _SALT)


@attrs.frozen
class Line:
    """One message of a rehearsal, its bytes, and the stage of both ends after it."""

    who: Literal["client", "server"]
    message: Message
    data: bytes = attrs.field(repr=False)
    stage: Stage


class Rehearsal:
    """
    Both ends of one connection, without a network: what one says the other hears at once.

    Attributes:
        lines: Everything that was said, in order.
    """

    def __init__(self, limits: WireLimits | None = None) -> None:
        limits = limits or WireLimits()
        self.client = ClientConversation(limits)
        self.server = ServerConversation(limits)
        self.lines: list[Line] = []
        self._waiting: list[int] = []

    def ask(self, method: str, params: Any = None) -> Request:
        """Let the client ask, with a record; return what the server hears."""
        ident, data = self.client.ask(method, request(method, params).params)
        self._waiting.append(ident)
        heard = self._heard_by_server(data)
        assert isinstance(heard, Request)
        return heard

    def answer(self, result: Any = None) -> Response:
        """Let the server answer the oldest request, with a record."""
        plain = unstructure(Nothing() if result is None else result)
        return self._reply(self.server.answer(self._waiting[0], plain))

    def refuse(self, refusal: Refused) -> Response:
        """Let the server refuse the oldest request."""
        return self._reply(self.server.refuse(self._waiting[0], refusal))

    def tell_server(self, event: Any) -> Heard:
        """Let the client tell *event*, a record; return what the server hears."""
        return self._heard_by_server(self.client.tell(event))

    def tell_client(self, event: Any) -> Heard:
        """Let the server tell *event*, a record; return what the client hears."""
        return self._heard_by_client(self.server.tell(event))

    def _reply(self, data: bytes) -> Response:
        self._waiting.pop(0)
        heard = self._heard_by_client(data)
        assert isinstance(heard, Response)
        return heard

    def _heard_by_server(self, data: bytes) -> Heard:
        (heard,) = events_of(self.server, data)
        return self._note("client", heard, data)

    def _heard_by_client(self, data: bytes) -> Heard:
        (heard,) = events_of(self.client, data)
        return self._note("server", heard, data)

    def _note(self, who: Literal["client", "server"], heard: Heard, data: bytes) -> Heard:
        assert not isinstance(heard, (Closed, NeedData))
        assert self.client.stage is self.server.stage
        self.lines.append(Line(who, heard, data, self.server.stage))
        return heard


def entered(
    *,
    limits: WireLimits | None = None,
    password: str = PASSWORD,
    must_change: bool = False,
) -> Rehearsal:
    """
    Return a rehearsal after hello, SCRAM login and entering, byte for byte reproducible.

    Raises:
        BadCredentials: *password* is not `PASSWORD`.
    """
    play = Rehearsal(limits)
    play.ask("hello", sample_hello())
    welcome = structure(play.answer(sample_welcome()).result, Welcome)

    client = ClientLogin(
        LOGIN,
        password,
        mechanisms=welcome.mechanisms,
        certificate_hash=None,
        nonce="clientnonce0123456789abcdef",
    )
    start = LoginStart(mechanism=client.mechanism, client_first=client.first())
    heard = structure(play.ask("login.start", start).params, LoginStart)
    server = ServerLogin(
        heard.mechanism, None, sample_keys, nonce="servernonce0123456789abcdef"
    )
    said = play.answer(Challenge(server_first=server.challenge(heard.client_first)))
    challenge = structure(said.result, Challenge)
    finish = LoginFinish(client_final=client.final(challenge.server_first))
    proof = structure(play.ask("login.finish", finish).params, LoginFinish)
    accepted = LoginAccepted(
        server_final=server.verify(proof.client_final),
        name="DUPAS Nicole",
        must_change=must_change,
        modes=(Mode.TEACHER,),
        rules=PasswordRulesShown(
            min_length=12,
            max_length=64,
            need_lower=True,
            need_upper=True,
            need_digit=True,
            need_special=True,
        ),
    )
    client.check(structure(play.answer(accepted).result, LoginAccepted).server_final)
    if not must_change:
        play.ask("session.enter", Enter(mode=Mode.TEACHER))
        play.answer(sample_entered())
    return play
