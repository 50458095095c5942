"""
Frames no friend would send, and the scripts of the connections that send them.

A **soft** frame is a request or an event in form: whatever it asks, one that is inside gets
an answer, so that many can be sent at once. A **hard** one may end the conversation or leave
it waiting for more; it is the last of its connection.
"""

from __future__ import annotations

import enum
import functools
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final

import attrs
import msgpack

from fuzzing.grammar import METHODS, mangled, valid_params
from pronote_protocol.catalogue import CATALOGUE
from pronote_protocol.framing import encode_frame
from pronote_protocol.limits import WireLimits
from pronote_protocol.messages import EVENTS
from pronote_protocol.words import Mode

__all__ = ["Frame", "Lane", "Script", "script"]

VECTORS: Final = Path(__file__).resolve().parents[2] / "protocol" / "vectors"
LIMITS: Final = WireLimits()
_IDS: Final = 2**31


class Lane(enum.Enum):
    """How far a connection goes before it misbehaves."""

    GREETING = "greeting"
    ANONYMOUS = "anonymous"
    CHALLENGED = "challenged"
    AUTHENTICATED = "authenticated"
    ACTIVE = "active"


@attrs.frozen
class Frame:
    """
    Attributes:
        kind: How it was made, for the counts.
        ident: Of a soft request: what its answer must carry.
    """

    kind: str
    data: bytes = attrs.field(repr=False)
    hard: bool
    ident: int | None = None


@attrs.frozen
class Script:
    """
    What one connection does; it follows from the seed of the run and the number alone.

    Attributes:
        player: Which of the accounts of its kind, modulo how many there are.
        bursts: Frames sent at once, then waited for. A hard one is alone and last.
        cut: Whether it ends without a goodbye.
    """

    number: int
    lane: Lane
    office: bool
    supervisor: bool
    edt: bool
    player: int
    bursts: tuple[tuple[Frame, ...], ...]
    cut: bool


def script(seed: int, number: int) -> Script:
    """Return the script of connection *number* of the run of *seed*."""
    draw = Random(f"fuzz {seed} {number}")
    lane = draw.choices(list(Lane), (4, 3, 1, 1, 9))[0]
    supervisor = draw.random() < 0.15
    office = supervisor or draw.random() < 0.3
    idents = itertools.count()
    if lane is Lane.ACTIVE:
        sizes = [draw.choice((1, 1, 2, 4, 16)) for _ in range(draw.randrange(1, 4))]
    else:
        # One request at a time until a session is entered: more would be hard.
        sizes = [1] * draw.randrange(4)
    bursts = [
        tuple(_soft(next(idents), draw, lane, office=office) for _ in range(size))
        for size in sizes
    ]
    if draw.random() < 0.9:
        bursts.append((_hard(draw, lane),))
    return Script(
        number=number,
        lane=lane,
        office=office,
        supervisor=supervisor,
        edt=supervisor and draw.random() < 0.5,
        player=draw.randrange(1000),
        bursts=tuple(bursts),
        cut=draw.random() < 0.5,
    )


# What a client may ask in each lane; anything else is hard.
_TURN: Final = {
    Lane.GREETING: ("hello",),
    Lane.ANONYMOUS: ("login.start", "session.resume"),
    Lane.CHALLENGED: ("login.finish",),
    Lane.AUTHENTICATED: ("password.personalise", "session.enter"),
    Lane.ACTIVE: tuple(CATALOGUE),
}
_OUTSIDE_THE_OFFICE: Final = tuple(
    name for name, call in CATALOGUE.items() if call.modes != {Mode.ADMINISTRATIVE}
)


def _soft(ident: int, draw: Random, lane: Lane, *, office: bool) -> Frame:
    if lane is Lane.ACTIVE and draw.random() < 0.05:
        return Frame("event", _framed([2, draw.choice(("ping", "pong")), {}]), hard=False)
    method = draw.choice(_TURN[lane])
    if lane is Lane.ACTIVE and not office and draw.random() < 0.8:
        method = draw.choice(_OUTSIDE_THE_OFFICE)
    kind, params = "grammar.params", mangled(valid_params(method, draw), draw)
    if lane is Lane.ACTIVE:
        match draw.randrange(10):
            case 0:
                kind, method = "grammar.method", draw.choice((method.upper(), "a.b", "x" * 64))
            case 1 | 2 | 3 | 4:
                kind, params = "grammar.valid", valid_params(method, draw)
    if method.startswith("users."):
        params = _about_nobody(params)
    if not isinstance(params, dict):
        params = {"params": params}
    payload = msgpack.packb([0, ident, method, params])
    hard = len(payload) > _most(lane)
    return Frame(kind, encode_frame(payload), hard=hard, ident=None if hard else ident)


def _about_nobody(value: Any) -> Any:
    """Return *value* with other ids: who takes the run's own accounts away tests no more."""
    if isinstance(value, dict):
        return {
            key: 1_000_000 + item
            if key == "id" and type(item) is int and 0 < item < 10_000
            else _about_nobody(item)
            for key, item in value.items()
        }
    return value


def _most(lane: Lane) -> int:
    return LIMITS.from_client_bytes if lane is Lane.ACTIVE else LIMITS.before_login_bytes


def _framed(value: Any) -> bytes:
    return encode_frame(msgpack.packb(value))


def _hard(draw: Random, lane: Lane) -> Frame:
    kind, make = draw.choice(_HARD)
    return Frame(kind, make(draw, lane), hard=True)


def _request(draw: Random, lane: Lane) -> bytes:
    """Return the payload of something right to start from."""
    if draw.random() < 0.1:
        return _of_vectors(draw, lane)
    method = draw.choice(_TURN[lane])
    payload: bytes = msgpack.packb(
        [0, draw.randrange(2**32), method, valid_params(method, draw)]
    )
    return payload


def _of_vectors(draw: Random, lane: Lane) -> bytes:
    """Return a payload of the vectors, but not one that changes the password of the run."""
    while b"password.personalise" in (payload := draw.choice(_payloads())):
        if lane is not Lane.AUTHENTICATED:
            break
    return payload


# How to spoil bytes


def _flip(draw: Random, lane: Lane) -> bytes:
    payload = bytearray(_request(draw, lane))
    for _ in range(draw.choice((1, 1, 2, 8))):
        payload[draw.randrange(len(payload))] ^= 1 << draw.randrange(8)
    return encode_frame(bytes(payload))


def _insert(draw: Random, lane: Lane) -> bytes:
    payload = _request(draw, lane)
    where = draw.randrange(len(payload) + 1)
    piece = draw.choice(
        (draw.randbytes(draw.randrange(1, 9)), b"\xdf\xff\xff\xff\xff", b"\xc1")
    )
    return encode_frame(payload[:where] + piece + payload[where:])


def _delete(draw: Random, lane: Lane) -> bytes:
    payload = _request(draw, lane)
    where = draw.randrange(len(payload))
    return encode_frame(payload[:where] + payload[where + draw.randrange(1, 9) :] or b"\xc0")


def _splice(draw: Random, lane: Lane) -> bytes:
    first, second = _request(draw, lane), _of_vectors(draw, lane)
    return encode_frame(
        first[: draw.randrange(len(first))] + second[draw.randrange(len(second)) :]
    )


def _wrong_length(draw: Random, lane: Lane) -> bytes:
    payload = _request(draw, lane)
    length = draw.choice((0, 1, len(payload) - 1, len(payload) + 1, 2**31, 2**32 - 1))
    return length.to_bytes(4, "big") + payload


def _truncated(draw: Random, lane: Lane) -> bytes:
    frame = encode_frame(_request(draw, lane))
    return frame[: draw.randrange(len(frame))]


def _oversized(draw: Random, lane: Lane) -> bytes:
    most = _most(lane)
    over = draw.choice((most, most + 1, 2 * most, 200_000))
    return encode_frame(msgpack.packb([0, 1, "session.show", {"x": b"y" * over}]))


def _random(draw: Random, lane: Lane) -> bytes:
    data = draw.randbytes(draw.choice((1, 4, 5, 40, 4000)))
    return data if draw.random() < 0.5 else encode_frame(data)


def _heavy(draw: Random, lane: Lane) -> bytes:
    """Return the dearest frame that still fits: what decoding costs is bounded by us."""
    room = _most(lane) - 60
    method = draw.choice(_TURN[lane])
    inside: bytes = draw.choice(
        (
            b"\xdc" + min(room, 32_000).to_bytes(2, "big") + b"\xc0" * min(room, 32_000),
            b"\xdc" + min(room, 20_100).to_bytes(2, "big") + b"\x90" * min(room, 20_100),
            b"\xdc" + min(room, 19_000).to_bytes(2, "big") + b"\x80" * min(room, 19_000),
            b"\x91" * draw.choice((12, 13, 14, 15, 16, 17, 1000)) + b"\xc0",
            b"\xdc\xff\xff" * (room // 3),
            b"\xde\x0f\x00\xa0" * (room // 4),
            msgpack.packb({f"{n:x}": 0 for n in range(room // 8)}),
            msgpack.packb("\ufdfa" * (room // 3)),
            msgpack.packb(b"\0" * room),
            msgpack.packb(["" for _ in range(min(room, 30_000))]),
        )
    )
    head: bytes = msgpack.packb(method)
    return encode_frame(b"\x94\x00\x07" + head + b"\x81\xa1k" + inside)


def _envelope(draw: Random, lane: Lane) -> bytes:
    method = draw.choice(_TURN[lane])
    whole: list[Any] = [0, 5, method, valid_params(method, draw)]
    match draw.randrange(8):
        case 0:
            whole[0] = draw.choice((1, 2, 3, -1, True, 0.0, "0", None))
        case 1:
            whole[1] = draw.choice((-1, 2**32, 1.0, "1", None, True))
        case 2:
            whole[2] = draw.choice(("", "x" * 65, 5, None, b"hello"))
        case 3:
            whole[3] = draw.choice((None, [], 5, "x", b""))
        case 4:
            whole.append(draw.choice((None, {}, 1)))
        case 5:
            whole.pop()
        case 6:
            return _framed([1, 5, None, {}])
        case _:
            return _framed(draw.choice(([], {}, None, 0, "x", [0], [[]], {"0": 1})))
    return _framed(whole)


def _event(draw: Random, lane: Lane) -> bytes:
    name = draw.choice((*EVENTS, "x", ""))
    params = draw.choice(({}, {"code": "logout"}, {"code": 5}, {"x": [1]}, {"code": "lost"}))
    return _framed([2, name, params])


def _out_of_turn(draw: Random, lane: Lane) -> bytes:
    method = draw.choice(list(METHODS))
    return b"".join(
        _framed([0, ident, method, valid_params(method, draw)])
        for ident in range(draw.choice((1, 2, 5)))
    )


def _vector(draw: Random, lane: Lane) -> bytes:
    if draw.random() < 0.2:
        return draw.choice(_streams())
    return encode_frame(_of_vectors(draw, lane))


_HARD: Final[tuple[tuple[str, Callable[[Random, Lane], bytes]], ...]] = (
    ("bytes.flip", _flip),
    ("bytes.flip", _flip),
    ("bytes.insert", _insert),
    ("bytes.delete", _delete),
    ("bytes.splice", _splice),
    ("bytes.random", _random),
    ("length.wrong", _wrong_length),
    ("length.truncated", _truncated),
    ("length.oversized", _oversized),
    ("heavy", _heavy),
    ("grammar.envelope", _envelope),
    ("grammar.event", _event),
    ("grammar.turn", _out_of_turn),
    ("vector", _vector),
    ("vector", _vector),
)


@functools.cache
def _payloads() -> tuple[bytes, ...]:
    """Return every payload of the vectors, hostile ones included."""
    found = [each["hex"] for name in ("messages", "records") for each in _read(name)]
    found += [each["hex"] + each["then_hex"] * each["times"] for each in _read("hostile")]
    found += [
        line["hex"][8:]  # without the length
        for each in _read("conversations")
        for line in each["lines"]
        if line["who"] == "client"
    ]
    return tuple(bytes.fromhex(text) for text in found if text)


@functools.cache
def _streams() -> tuple[bytes, ...]:
    """Return the byte streams of the vectors, frames whole and broken."""
    return tuple(data for each in _read("frames") if (data := bytes.fromhex(each["hex"])))


def _read(name: str) -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    return vectors
