"""
The three shapes of a message: those of MessagePack-RPC; `conversation` says when each may come.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import attrs

from pronote_protocol.errors import Refused, RemoteProtocolError, refusal_from_wire
from pronote_protocol.records import structure, unstructure

__all__ = [
    "Event",
    "Message",
    "Request",
    "Response",
    "from_wire",
    "refusal_to_wire",
    "result_to_bytes",
    "to_wire",
]


@attrs.frozen
class Request:
    """A client asks: ``[0, id, method, params]``; every id is answered exactly once."""

    id: int
    method: str
    params: dict[str, Any] = attrs.field(repr=False)


@attrs.frozen
class Response:
    """The server answers: ``[1, id, error, result]``; one of the two is nil."""

    id: int
    error: Refused | None
    result: Any = attrs.field(repr=False)


@attrs.frozen
class Event:
    """Either end tells something nobody answers: ``[2, event, params]``."""

    name: str
    params: dict[str, Any] = attrs.field(repr=False)


Message: TypeAlias = Request | Response | Event


# 2**32 requests at 1 000 a second is seven weeks of one connection.
_MAX_ID = 2**32 - 1


def refusal_to_wire(refusal: Refused) -> dict[str, Any]:
    """Return the error of a response; absent fields and empty details are left out."""
    error: dict[str, Any] = {"code": refusal.code, "fr": refusal.fr, "en": refusal.en}
    if refusal.retry_after is not None:
        error["retry_after"] = refusal.retry_after
    if refusal.reference is not None:
        error["reference"] = refusal.reference
    if refusal.details:
        error["details"] = unstructure(dict(refusal.details))
    return error


def to_wire(message: Message) -> list[Any]:
    """Return the array that says *message*."""
    match message:
        case Request():
            return [0, message.id, message.method, message.params]
        case Response():
            if message.error is None:
                return [1, message.id, None, message.result]
            return [1, message.id, refusal_to_wire(message.error), None]
        case Event():
            return [2, message.name, message.params]


def from_wire(value: Any) -> Message:
    """
    Return the message in *value*, as `codec.unpack` gave it.

    Raises:
        RemoteProtocolError: It is none of the three shapes.
    """
    # A pattern 0 also matches False, and 1 also True and 1.0.
    if type(value) is list and value and type(value[0]) is int:
        match value:
            case [0, ident, str(method), dict(params)] if _is_id(ident) and _is_name(method):
                return Request(ident, method, params)
            case [1, ident, None, result] if _is_id(ident):
                return Response(ident, None, result)
            case [1, ident, dict(error), None] if _is_id(ident):
                return Response(ident, _refusal(error), None)
            case [2, str(name), dict(params)] if _is_name(name):
                return Event(name, params)
    raise RemoteProtocolError("a frame that is no request, response or event")


def result_to_bytes(ident: bytes, result: bytes) -> bytes:
    """Return the payload ``[1, id, nil, result]`` of an id and a result that are encoded."""
    return b"\x94\x01" + ident + b"\xc0" + result


def _is_id(ident: Any) -> bool:
    return type(ident) is int and 0 <= ident <= _MAX_ID


def _is_name(name: str) -> bool:
    return 0 < len(name) <= 64


@attrs.frozen(kw_only=True)
class _Error:
    code: str
    fr: str
    en: str
    retry_after: float | None = None
    reference: str | None = None
    details: dict[str, Any] = attrs.field(factory=dict)


def _refusal(error: dict[str, Any]) -> Refused:
    try:
        known = structure(error, _Error, tolerant=True)
    except Refused as exc:
        raise RemoteProtocolError(f"an error without its fields: {exc}") from None
    return refusal_from_wire(**attrs.asdict(known, recurse=False))
