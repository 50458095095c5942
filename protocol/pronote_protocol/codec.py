"""
msgpack, contained: bytes <-> plain values, and no surprise in between.

What comes out of `unpack` is made of None, bool, int, finite float, str, bytes, list and
dict with str keys, no key twice, nested at most ``depth`` deep. Nothing else ever passes.
"""

from __future__ import annotations

import math
from typing import Any

import msgpack

from pronote_protocol.errors import RemoteProtocolError
from pronote_protocol.limits import WireLimits

__all__ = ["pack", "unpack"]

_SCALARS = frozenset({type(None), bool, int, str, bytes})


def pack(value: Any) -> bytes:
    """Return *value* as msgpack, unframed."""
    packed: bytes = msgpack.packb(value)
    return packed


def unpack(payload: bytes, limits: WireLimits) -> Any:
    """
    Return the one value in *payload*.

    Raises:
        RemoteProtocolError: It is not msgpack, or breaks a rule of `WireLimits`. Any
            other exception is a bug of this module.
    """
    room = limits.containers

    def take_list(values: list[Any]) -> list[Any]:
        nonlocal room
        room -= 1
        if room < 0:
            raise ValueError(f"more than {limits.containers} arrays and maps")
        return values

    def take_map(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
        nonlocal room
        room -= 1
        if room < 0:
            raise ValueError(f"more than {limits.containers} arrays and maps")
        unique = dict(pairs)
        if len(unique) != len(pairs):
            raise ValueError("a key stands twice in a map")
        return unique

    try:
        # One call, one unpacker: an Unpacker that met an error may not be used again.
        value = msgpack.unpackb(
            payload,
            raw=False,
            strict_map_key=True,
            list_hook=take_list,
            object_pairs_hook=take_map,
            ext_hook=_refuse_extension,
        )
        _check(value, limits.depth)
    # msgpack raises ValueErrors of many kinds, and others on hostile input.
    except Exception as exc:
        raise RemoteProtocolError(f"undecodable frame: {exc}") from exc
    return value


def _refuse_extension(code: int, data: bytes) -> Any:
    raise ValueError(f"extension type {code}")


def _check(value: Any, depth: int) -> None:
    """Walk *value* level by level, so that depth costs no recursion."""
    level = [value]
    while level:
        below: list[Any] = []
        for item in level:
            kind = type(item)
            if kind in _SCALARS:
                continue
            if kind is list:
                below.extend(item)
            elif kind is dict:
                if not all(type(key) is str for key in item):
                    raise ValueError("a key is not a string")
                below.extend(item.values())
            elif kind is float:
                if not math.isfinite(item):
                    raise ValueError("a number is not finite")
            else:
                raise ValueError(f"a value of type {kind.__name__}")
        if below:
            depth -= 1
            if depth < 0:
                raise ValueError("nested too deeply")
        level = below
