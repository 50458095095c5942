"""
The conversation, without I/O.

Everything that decides *whether a message may come now* is in the two tables below, which
both ends share; ``tools/generate`` draws them into ``protocol/README.md``. Nothing here
awaits, reads a clock or knows about sockets.

Until a session is entered, one request at a time: its answer must come before the next.
Afterwards a client may send many; they are answered in order.

A goodbye crosses what the other end was still saying. A server that said it passes over
what still comes; a client that said it still hears its answers, until the server's own
goodbye, after which nothing may come.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from pronote_protocol.codec import pack, unpack
from pronote_protocol.envelopes import (
    Event,
    Message,
    Request,
    Response,
    from_wire,
    result_to_bytes,
    to_wire,
)
from pronote_protocol.errors import (
    LocalProtocolError,
    MessageTooLarge,
    Refused,
    RemoteProtocolError,
)
from pronote_protocol.framing import FrameDecoder, encode_frame
from pronote_protocol.known_answers import NONE_ANSWERED, Answered, Who, answer_known
from pronote_protocol.limits import WireLimits
from pronote_protocol.messages import EVENT_NAMES, EVENTS
from pronote_protocol.records import unstructure
from pronote_protocol.stages import (
    CROSSING,
    FROM_CLIENT,
    FROM_SERVER,
    Saying,
    Stage,
    Table,
    saying_of,
)

__all__ = [
    "NEED_DATA",
    "ClientConversation",
    "Closed",
    "NeedData",
    "ServerConversation",
    "encode_event",
]


class Closed(enum.Enum):
    """Type of the one value :data:`CLOSED`: the peer closed its side between two frames."""

    CLOSED = enum.auto()


class NeedData(enum.Enum):
    """Type of the one value :data:`NEED_DATA`: what came was read; feed more."""

    NEED_DATA = enum.auto()


CLOSED: Final = Closed.CLOSED
NEED_DATA: Final = NeedData.NEED_DATA


def encode_event(event: Any) -> bytes:
    """
    Return the frame of *event*, an instance of a class of `EVENTS`; for many receivers.

    No conversation looks at it: send it only to those whose stage is ``ACTIVE``.
    """
    return encode_frame(pack(to_wire(Event(EVENT_NAMES[type(event)], unstructure(event)))))


class _Conversation:
    """What both ends share: frames in, the table, frames out."""

    _hears: Table
    _says: Table
    _deaf_when_closing = False

    def __init__(self, limits: WireLimits, max_frame: int) -> None:
        self.stage = Stage.GREETING
        self.limits = limits
        self._frames = FrameDecoder(max_frame)
        # Ids of the requests that wait for their answer, oldest first.
        self._asked: deque[int] = deque()
        self._broken: RemoteProtocolError | None = None

    def receive(self, data: bytes | bytearray) -> None:
        """Take what the transport returned; ``b""`` means end of stream."""
        self._frames.feed(data)

    @property
    def mid_frame(self) -> bool:
        """Whether part of a frame has come and the rest has not."""
        return self._frames.buffered > 0

    @property
    def unanswered(self) -> int:
        """How many requests wait for their answer."""
        return len(self._asked)

    def _next(self) -> Message | Closed | NeedData:
        if self._broken is not None:
            # What follows a broken frame is not to be trusted, though it may look right.
            raise self._broken
        try:
            return self._hear()
        except RemoteProtocolError as exc:
            self._broken = exc
            raise

    def _hear(self) -> Message | Closed | NeedData:
        while (payload := self._frames.next_payload()) is not None:
            message = from_wire(unpack(payload, self.limits))
            saying = saying_of(message)
            after = self._hears.get((self.stage, saying))
            if after is None:
                if self._deaf_when_closing and self.stage is Stage.CLOSING:
                    continue
                raise RemoteProtocolError(f"{saying.value} in stage {self.stage.value}")
            if self._passes_over(message):
                continue
            self.stage = after
            return message
        if self._frames.finished:
            self.stage = Stage.CLOSED
            return CLOSED
        return NEED_DATA

    def _passes_over(self, message: Message) -> bool:
        """Check and note *message*, which may come now; whether the caller need not know."""
        return False

    def _say(self, message: Message, *, most: int) -> bytes:
        try:
            stage = self._says[self.stage, saying_of(message)]
        except KeyError:
            raise LocalProtocolError(
                f"{saying_of(message).value} in stage {self.stage.value}"
            ) from None
        payload = pack(to_wire(message))
        if len(payload) > most:
            raise MessageTooLarge(len(payload), most)
        self.stage = stage  # only once nothing can fail any more
        return encode_frame(payload)


class ServerConversation(_Conversation):
    """
    The server's end of one connection, bytes in and bytes out.

    Drive it like this::

        wire.receive(data)
        while (message := wire.next_event()) is not NEED_DATA:
            ... wire.answer(message.id, result) ...
    """

    _hears = FROM_CLIENT
    _says = FROM_SERVER
    _deaf_when_closing = True

    def __init__(self, limits: WireLimits) -> None:
        super().__init__(limits, limits.before_login_bytes)

    def next_event(self) -> Request | Event | Closed | NeedData:
        """
        Return the next thing the client said.

        Raises:
            RemoteProtocolError: No correct client would have sent this, or not now. The
                conversation is over, and says so each time: say goodbye and close. Any
                other exception is a bug in this package.
        """
        message = self._next()
        # The table of clients holds no response; this tells the type checker so.
        if isinstance(message, Response):
            raise RemoteProtocolError("a client answers nothing")
        return message

    def answer_known(
        self, known: Callable[[bytes, Who], bytes | None], who: Who, most: int
    ) -> Answered:
        """
        Answer the requests that come next, as long as their answers are *known* already.

        Args:
            known: Given the bytes of what is asked (method and params) and *who* asks,
                returns those of the result, or None. It must answer no bytes but those it
                has seen go through `next_event`: they are not decoded here.
            most: How many are answered at most.

        Returns:
            What was answered: nothing when no request may be answered now. What was not
            comes next from `next_event`, which says what is wrong with it, if anything is.
        """
        if self.stage is not Stage.ACTIVE or self._asked or self._broken is not None:
            return NONE_ANSWERED
        return answer_known(self._frames, known, who, most)

    def answer(self, ident: int, result: Any) -> bytes:
        """
        Return the frame that answers request *ident* with plain values.

        Raises:
            LocalProtocolError: No answer may be said now, or another request is older.
            MessageTooLarge: The result should have been paged; the request still waits.
        """
        data = self._reply(Response(ident, None, result))
        if self.stage is Stage.ACTIVE:
            self._frames.max_frame = self.limits.from_client_bytes
        return data

    def answer_packed(self, ident: int, result: bytes) -> bytes:
        """
        Return the frame that answers request *ident* with a result that is encoded already.

        Raises: As `answer`.
        """
        after = self._says.get((self.stage, Saying.RESULT))
        if after is None:
            raise LocalProtocolError(f"a result in stage {self.stage.value}")
        self._check_oldest(ident)
        payload = result_to_bytes(pack(ident), result)
        if len(payload) > self.limits.from_server_bytes:
            raise MessageTooLarge(len(payload), self.limits.from_server_bytes)
        self.stage = after
        self._asked.popleft()
        return encode_frame(payload)

    def refuse(self, ident: int, refusal: Refused) -> bytes:
        """
        Return the frame that refuses request *ident*.

        Raises:
            LocalProtocolError: No answer may be said now, or another request is older.
        """
        return self._reply(Response(ident, refusal, None))

    def tell(self, event: Any) -> bytes:
        """Return the frame of *event*, an instance of a class of `EVENTS`."""
        message = Event(EVENT_NAMES[type(event)], unstructure(event))
        return self._say(message, most=self.limits.from_server_bytes)

    def _check_oldest(self, ident: int) -> None:
        if not self._asked or self._asked[0] != ident:
            oldest = self._asked[0] if self._asked else "none"
            raise LocalProtocolError(
                f"an answer to request {ident}, the oldest waiting is {oldest}"
            )

    def _reply(self, response: Response) -> bytes:
        self._check_oldest(response.id)
        data = self._say(response, most=self.limits.from_server_bytes)
        self._asked.popleft()
        return data

    def _passes_over(self, message: Message) -> bool:
        if isinstance(message, Request):
            self._asked.append(message.id)
        return False


class ClientConversation(_Conversation):
    """
    The client's end of one connection; answers come back in the order of requests.

    Attributes:
        limits: Replace them after the welcome: what is said keeps to them from then on.
    """

    _hears = FROM_SERVER
    _says = FROM_CLIENT

    def __init__(self, limits: WireLimits) -> None:
        super().__init__(limits, limits.from_server_bytes)
        self._next_id = 0

    def ask(self, method: str, params: dict[str, Any]) -> tuple[int, bytes]:
        """
        Return the id and the frame of a request.

        Raises:
            LocalProtocolError: This request may not be made now.
            MessageTooLarge: The server would refuse the frame.
        """
        ident = self._next_id
        limits = self.limits
        most = (
            limits.from_client_bytes
            if self.stage is Stage.ACTIVE
            else limits.before_login_bytes
        )
        data = self._say(Request(ident, method, params), most=most)
        self._next_id = (ident + 1) % 2**32
        self._asked.append(ident)
        return ident, data

    def tell(self, event: Any) -> bytes:
        """Return the frame of a ping, a pong or a goodbye."""
        message = Event(EVENT_NAMES[type(event)], unstructure(event))
        data = self._say(message, most=self.limits.before_login_bytes)
        if self.stage is Stage.CLOSING:
            self._hears = CROSSING
        return data

    def next_event(self) -> Response | Event | Closed | NeedData:
        """
        Return the next thing the server said.

        Raises:
            RemoteProtocolError: No correct server would have sent this, or not now. The
                conversation is over, and says so each time.
        """
        message = self._next()
        if isinstance(message, Request):
            raise RemoteProtocolError("a server asks nothing")
        return message

    def _passes_over(self, message: Message) -> bool:
        if isinstance(message, Response):
            if not self._asked or self._asked[0] != message.id:
                raise RemoteProtocolError(f"an answer to request {message.id}, not asked")
            self._asked.popleft()
        elif isinstance(message, Event) and message.name == "goodbye":
            self._hears = FROM_SERVER
        # A newer server may tell more; nothing of this version depends on it.
        return isinstance(message, Event) and message.name not in EVENTS
