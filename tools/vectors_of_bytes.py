"""The vectors below the conversation: frames, msgpack values, hostile ones, envelopes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

import msgpack

from pronote_protocol.codec import pack
from pronote_protocol.framing import encode_frame
from pronote_protocol.limits import WireLimits

LIMITS: Final = WireLimits()


def frames() -> list[dict[str, Any]]:
    """Return byte streams, and the payloads they hold or why they are refused."""
    small = 16

    def good(name: str, *payloads: bytes) -> dict[str, Any]:
        stream = b"".join(map(encode_frame, payloads))
        return {
            "name": name,
            "max_frame": small,
            "hex": stream.hex(),
            "payloads": [payload.hex() for payload in payloads],
            "error": None,
        }

    def bad(name: str, stream: bytes, error: str, *payloads: bytes) -> dict[str, Any]:
        return {
            **good(name, *payloads),
            "hex": (b"".join(map(encode_frame, payloads)) + stream).hex(),
            "error": error,
        }

    return [
        good("nothing"),
        good("one byte", b"\xc0"),
        good("three frames", b"a", b"bc", b"def"),
        good("exactly the limit", b"x" * small),
        bad("one byte over the limit", encode_frame(b"x" * (small + 1)), "too_large"),
        bad("four gigabytes announced", b"\xff\xff\xff\xff", "too_large"),
        bad("too large after a good one", b"\x00\x01\x00\x00", "too_large", b"good"),
        bad("empty frame", b"\x00\x00\x00\x00", "empty"),
        bad("ends inside a header", b"\x00\x00", "ends_inside", b"good"),
        bad("ends inside a payload", b"\x00\x00\x00\x04abc", "ends_inside"),
    ]


def values() -> list[dict[str, Any]]:
    """Return payloads and the value each holds."""
    samples: dict[str, Any] = {
        "nil": None,
        "false": False,
        "true": True,
        "zero": 0,
        "largest fixint": 127,
        "uint 8": 255,
        "uint 16": 65_535,
        "uint 32": 4_294_967_295,
        "largest signed": 2**63 - 1,
        "smallest fixint": -32,
        "int 8": -128,
        "int 16": -32_768,
        "int 32": -(2**31),
        "smallest": -(2**63),
        "number": 0.5,
        "negative number": -1.25e300,
        "empty text": "",
        "accents": "Élève à l'œuvre",
        "outside the basic plane": "\U0001f600",
        "text of 40 characters": "x" * 40,
        "no bytes": b"",
        "bytes": b"\x00\xff\x10",
        "empty array": [],
        "array of sixteen": list(range(16)),
        "empty map": {},
        "map": {"b": 1, "a": [None, {"deep": True}]},
    }
    made = [
        {"name": name, "hex": pack(value).hex(), "value": value, "canonical": True}
        for name, value in samples.items()
    ]
    # Allowed, though no shortest form: writers differ.
    longer = {
        "seven in nine bytes": (b"\xcf" + (7).to_bytes(8, "big"), 7),
        "float 32": (b"\xca" + struct.pack(">f", 0.5), 0.5),
        "short text with a long header": (b"\xdb\x00\x00\x00\x01a", "a"),
        "short array with a long header": (b"\xdd\x00\x00\x00\x01\xc0", [None]),
    }
    made += [
        {"name": name, "hex": data.hex(), "value": value, "canonical": False}
        for name, (data, value) in longer.items()
    ]
    deepest: Any = None
    for _ in range(LIMITS.depth):
        deepest = [deepest]
    made.append(
        {
            "name": "as deep as allowed",
            "hex": pack(deepest).hex(),
            "value": deepest,
            "canonical": True,
        }
    )
    return made


def hostile() -> list[dict[str, Any]]:
    """Return payloads that must be refused, the rule each breaks, and how often to repeat."""

    def vector(
        name: str, rule: str, head: bytes, repeat: bytes = b"", times: int = 0
    ) -> dict[str, Any]:
        return {
            "name": name,
            "rule": rule,
            "hex": head.hex(),
            "then_hex": repeat.hex(),
            "times": times,
        }

    too_deep = LIMITS.depth + 1
    return [
        vector("nothing", "one value", b""),
        vector("half a value", "one value", b"\x92\x01"),
        vector("two values", "one value", b"\x01\x01"),
        vector("reserved byte", "msgpack", b"\xc1"),
        vector("not UTF-8", "text is UTF-8", b"\xa1\xff"),
        vector("surrogate", "text is UTF-8", b"\xa3\xed\xa0\x80"),
        vector("fixext 1", "no extension", b"\xd4\x05x"),
        vector("ext 8", "no extension", b"\xc7\x01\x05x"),
        vector("timestamp", "no extension", msgpack.packb(msgpack.Timestamp(1))),
        vector("NaN", "finite numbers", b"\xcb\x7f\xf8" + b"\x00" * 6),
        vector("infinity", "finite numbers", b"\xca\x7f\x80\x00\x00"),
        vector("same key twice", "keys once", b"\x82\xa1a\x01\xa1a\x02"),
        vector("integer key", "keys are text", b"\x81\x01\x01"),
        vector("bytes key", "keys are text", b"\x81\xc4\x01a\x01"),
        vector("nil key", "keys are text", b"\x81\xc0\x01"),
        vector("too deep", "depth", b"", b"\x91", too_deep),
        vector("too deep and whole", "depth", b"\x91" * too_deep + b"\x90"),
        vector("far too deep", "depth", b"", b"\x91", 8_000),
        vector(
            "too many arrays",
            "containers",
            b"\xdd" + LIMITS.containers.to_bytes(4, "big"),
            b"\x90",
            LIMITS.containers,
        ),
        vector(
            "too many maps",
            "containers",
            b"\xdd" + LIMITS.containers.to_bytes(4, "big"),
            b"\x80",
            LIMITS.containers,
        ),
        vector(
            "too many values",
            "values",
            b"\xdd" + (LIMITS.values + 1).to_bytes(4, "big"),
            b"\xc0",
            LIMITS.values + 1,
        ),
        vector("announces more than it holds", "announced", b"", b"\xdc\x1f\x00", 2_700),
        vector("maps that announce more", "announced", b"", b"\xde\x0f\x00\xa0", 2_000),
    ]


def message_shapes() -> list[dict[str, Any]]:
    """Return payloads that are msgpack, and the message each is, or none."""
    params = {"kind": "teachers"}
    good: list[list[Any]] = [
        [0, 0, "resources.list", params],
        [0, 2**32 - 1, "session.show", {}],
        [1, 7, None, {}],
        [1, 7, None, None],
        [1, 7, {"code": "not_allowed", "fr": "Non.", "en": "No."}, None],
        [1, 7, {"code": "of_the_future", "fr": "?", "en": "?", "added": 1}, None],
        [2, "ping", {}],
        [2, "of.the.future", {"x": 1}],
    ]
    bad: list[Any] = [
        None,
        {},
        [],
        [0, 1, "m"],
        [0, 1, "m", {}, {}],
        [0, 1, "m", []],
        [0, 1, "", {}],
        [0, 1, "m" * 65, {}],
        [0, -1, "m", {}],
        [0, 2**32, "m", {}],
        [0, True, "m", {}],
        [False, 1, "m", {}],
        [1, 1, {}, None],
        [1, 1, {"code": "x", "fr": "", "en": ""}, {}],
        [1, 1, {"code": "x", "fr": "", "en": "", "retry_after": "soon"}, None],
        [2, "ping", []],
        [3, 1, "m", {}],
    ]
    kinds = ("request", "response", "event")
    return [
        {"hex": pack(value).hex(), "value": value, "kind": kinds[value[0]]} for value in good
    ] + [{"hex": pack(value).hex(), "value": value, "kind": None} for value in bad]


FILES: Final[dict[str, Callable[[], Any]]] = {
    "frames": frames,
    "values": values,
    "hostile": hostile,
    "messages": message_shapes,
}
