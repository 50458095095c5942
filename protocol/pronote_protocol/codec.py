"""
msgpack, contained: bytes <-> plain values, and no surprise in between.

What comes out of `unpack` is made of None, bool, int, finite float, str, bytes, list and
dict with str keys, no key twice, nested at most ``depth`` deep. Nothing else ever passes.
"""

from __future__ import annotations

import math
from typing import Any, Final

import msgpack

from pronote_protocol.errors import LocalProtocolError, RemoteProtocolError
from pronote_protocol.limits import WireLimits

__all__ = ["pack", "unpack"]

_SCALARS = frozenset({type(None), bool, int, str, bytes})

# The headers that announce more than fifteen elements: array 16 and 32, map 16 and 32.
_LONG_HEADERS: Final = (b"\xdc", b"\xdd", b"\xde", b"\xdf")
# What headers may make msgpack allocate before `_check_announced` looks at them: 512 KiB.
_FREE_ELEMENTS: Final = 65_536


def pack(value: Any) -> bytes:
    """
    Return *value* as msgpack, unframed.

    Raises:
        LocalProtocolError: It holds something that does not travel.
    """
    try:
        packed: bytes = msgpack.packb(value)
    except (TypeError, ValueError, OverflowError) as exc:
        raise LocalProtocolError(f"this does not travel: {exc}") from exc
    return packed


def unpack(payload: bytes, limits: WireLimits) -> Any:
    """
    Return the one value in *payload*.

    Raises:
        RemoteProtocolError: It is not msgpack, or breaks a rule of `WireLimits`. Any
            other exception is a bug of this module.
    """
    containers, values = limits.containers, limits.values

    def count(elements: int) -> None:
        nonlocal containers, values
        containers -= 1
        values -= elements
        if containers < 0:
            raise ValueError(f"more than {limits.containers} arrays and maps")
        if values < 0:
            raise ValueError(f"more than {limits.values} values")

    def take_list(items: list[Any]) -> list[Any]:
        count(len(items))
        return items

    def take_map(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
        count(2 * len(pairs))
        unique = dict(pairs)
        if len(unique) != len(pairs):
            raise ValueError("a key stands twice in a map")
        return unique

    longest = min(len(payload), limits.values)
    try:
        if longest * sum(map(payload.count, _LONG_HEADERS)) > _FREE_ELEMENTS:
            _check_announced(payload, limits.values)
        # One call, one unpacker: an Unpacker that met an error may not be used again.
        value = msgpack.unpackb(
            payload,
            raw=False,
            strict_map_key=True,
            max_array_len=longest,
            max_map_len=longest,
            list_hook=take_list,
            object_pairs_hook=take_map,
            ext_hook=_refuse_extension,
        )
        _check(value, limits.depth)
    # msgpack raises ValueErrors of many kinds, and others on hostile input.
    except Exception as exc:
        why = str(exc)[:200] or type(exc).__name__
        raise RemoteProtocolError(f"undecodable frame: {why}") from exc
    return value


def _refuse_extension(code: int, data: bytes) -> Any:
    raise ValueError(f"extension type {code}")


def _sizes() -> tuple[list[int], dict[int, tuple[int, int, int]]]:
    """
    Return what follows each first byte of a value.

    The list has the bytes to skip; the dict, for the headers that hold a length, the
    bytes of that length, the bytes to skip besides, and the values each unit announces.
    """
    skip = [0] * 256
    for first in range(0xA0, 0xC0):
        skip[first] = first - 0xA0
    for first, size in (
        *((0xCA, 4), (0xCB, 8), (0xCC, 1), (0xCD, 2), (0xCE, 4), (0xCF, 8)),
        *((0xD0, 1), (0xD1, 2), (0xD2, 4), (0xD3, 8)),
        *((0xD4, 2), (0xD5, 3), (0xD6, 5), (0xD7, 9), (0xD8, 17)),
    ):
        skip[first] = size
    lengths = {0xC4: (1, 0, 0), 0xC5: (2, 0, 0), 0xC6: (4, 0, 0)}
    lengths |= {0xC7: (1, 1, 0), 0xC8: (2, 1, 0), 0xC9: (4, 1, 0)}
    lengths |= {0xD9: (1, 0, 0), 0xDA: (2, 0, 0), 0xDB: (4, 0, 0)}
    lengths |= {0xDC: (2, 0, 1), 0xDD: (4, 0, 1), 0xDE: (2, 0, 2), 0xDF: (4, 0, 2)}
    return skip, lengths


_SKIP, _LENGTHS = _sizes()


def _check_announced(payload: bytes, values: int) -> None:
    """
    Make sure that *payload* is long enough for all it announces.

    msgpack allocates a list as soon as its header is read. A header is three bytes, and a
    thousand of them may stand inside each other: 8 KiB would cost 62 MiB before the end
    of the frame shows that nothing comes.
    """
    end = len(payload)
    position, owed, left = 0, 1, values + 1
    while owed:
        if owed > end - position:
            raise ValueError("it announces more than it holds")
        if owed > left:
            raise ValueError(f"it announces more than {values} values")
        left -= 1
        first = payload[position]
        position += 1
        owed -= 1
        if first < 0x80 or first >= 0xE0:
            continue
        if first < 0x90:
            owed += 2 * (first & 15)
        elif first < 0xA0:
            owed += first & 15
        elif sizes := _LENGTHS.get(first):
            width, besides, announces = sizes
            length = int.from_bytes(payload[position : position + width], "big")
            position += width
            if announces:
                owed += announces * length
            else:
                position += length + besides
        else:
            position += _SKIP[first]


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
