"""
When each message may come: the stages of a conversation and what leads from one to the next.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pronote_protocol.envelopes import Message, Request, Response

__all__ = ["CROSSING", "FROM_CLIENT", "FROM_SERVER", "Saying", "Stage", "Table", "saying_of"]


class Stage(enum.Enum):
    """Where a conversation stands; the same word on both sides."""

    GREETING = "greeting"
    GREETED = "greeted"
    ANONYMOUS = "anonymous"
    CHALLENGING = "challenging"
    CHALLENGED = "challenged"
    PROVING = "proving"
    AUTHENTICATED = "authenticated"
    PERSONALISING = "personalising"
    ENTERING = "entering"
    RESUMING = "resuming"
    ACTIVE = "active"
    CLOSING = "closing"
    CLOSED = "closed"

    __hash__ = object.__hash__  # looked up twice a message; see `words.Mode`


class Saying(enum.Enum):
    """What a message is, as far as the order of messages is concerned."""

    HELLO = "hello"
    LOGIN_START = "login.start"
    LOGIN_FINISH = "login.finish"
    PERSONALISE = "password.personalise"
    ENTER = "session.enter"
    RESUME = "session.resume"
    CALL = "any other request"
    RESULT = "result"
    REFUSAL = "error"
    ENDING_REFUSAL = "error that ends"
    GOODBYE = "goodbye"
    HEARTBEAT = "ping or pong"
    EVENT = "any other event"

    __hash__ = object.__hash__


Table = Mapping[tuple[Stage, Saying], Stage]

# (stage, saying) -> next stage. A missing pair is a protocol error; there is no other
# place where that is decided.
FROM_CLIENT: Final[Table] = MappingProxyType(
    {
        (Stage.GREETING, Saying.HELLO): Stage.GREETED,
        (Stage.ANONYMOUS, Saying.LOGIN_START): Stage.CHALLENGING,
        (Stage.ANONYMOUS, Saying.RESUME): Stage.RESUMING,
        (Stage.CHALLENGED, Saying.LOGIN_FINISH): Stage.PROVING,
        (Stage.AUTHENTICATED, Saying.PERSONALISE): Stage.PERSONALISING,
        (Stage.AUTHENTICATED, Saying.ENTER): Stage.ENTERING,
        (Stage.ACTIVE, Saying.CALL): Stage.ACTIVE,
        (Stage.ACTIVE, Saying.HEARTBEAT): Stage.ACTIVE,
        # A client may leave at any time, even while something of it is being answered.
        **{
            (stage, Saying.GOODBYE): Stage.CLOSING
            for stage in Stage
            if stage not in (Stage.CLOSING, Stage.CLOSED)
        },
    }
)
_WAITING: Final = {
    # stage while a request waits: (after its result, after its refusal)
    Stage.GREETED: (Stage.ANONYMOUS, Stage.GREETING),
    Stage.CHALLENGING: (Stage.CHALLENGED, Stage.ANONYMOUS),
    Stage.PROVING: (Stage.AUTHENTICATED, Stage.ANONYMOUS),
    Stage.PERSONALISING: (Stage.AUTHENTICATED, Stage.AUTHENTICATED),
    Stage.ENTERING: (Stage.ACTIVE, Stage.AUTHENTICATED),
    Stage.RESUMING: (Stage.ACTIVE, Stage.ANONYMOUS),
}
FROM_SERVER: Final[Table] = MappingProxyType(
    {
        **{(stage, Saying.RESULT): after for stage, (after, _) in _WAITING.items()},
        **{(stage, Saying.REFUSAL): after for stage, (_, after) in _WAITING.items()},
        **{(stage, Saying.ENDING_REFUSAL): Stage.CLOSING for stage in _WAITING},
        (Stage.ACTIVE, Saying.RESULT): Stage.ACTIVE,
        (Stage.ACTIVE, Saying.REFUSAL): Stage.ACTIVE,
        (Stage.ACTIVE, Saying.ENDING_REFUSAL): Stage.CLOSING,
        (Stage.ACTIVE, Saying.EVENT): Stage.ACTIVE,
        (Stage.ACTIVE, Saying.HEARTBEAT): Stage.ACTIVE,
        # A server may hang up whenever it must: suspension, forced disconnection, stop.
        **{
            (stage, Saying.GOODBYE): Stage.CLOSING
            for stage in Stage
            if stage is not Stage.CLOSED
        },
    }
)

# What the server had said before it heard our goodbye is still on its way to us.
CROSSING: Final[Table] = MappingProxyType(
    {
        **FROM_SERVER,
        **{
            (Stage.CLOSING, saying): Stage.CLOSING
            for saying in (
                Saying.RESULT,
                Saying.REFUSAL,
                Saying.ENDING_REFUSAL,
                Saying.HEARTBEAT,
                Saying.EVENT,
            )
        },
    }
)

_ESTABLISHING: Final = {
    saying.value: saying
    for saying in (
        Saying.HELLO,
        Saying.LOGIN_START,
        Saying.LOGIN_FINISH,
        Saying.PERSONALISE,
        Saying.ENTER,
        Saying.RESUME,
    )
}
_EVENT_SAYINGS: Final = {
    "goodbye": Saying.GOODBYE,
    "ping": Saying.HEARTBEAT,
    "pong": Saying.HEARTBEAT,
}


def saying_of(message: Message) -> Saying:
    if isinstance(message, Request):
        return _ESTABLISHING.get(message.method, Saying.CALL)
    if isinstance(message, Response):
        if message.error is None:
            return Saying.RESULT
        return Saying.ENDING_REFUSAL if message.error.ends else Saying.REFUSAL
    return _EVENT_SAYINGS.get(message.name, Saying.EVENT)
