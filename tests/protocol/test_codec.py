"""Any bytes give a plain value or a typed error, at a bounded cost."""

from __future__ import annotations

import contextlib
import math
import struct
import tracemalloc
from typing import Any

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pronote_protocol.codec import pack, unpack
from pronote_protocol.errors import LocalProtocolError, RemoteProtocolError
from pronote_protocol.limits import WireLimits

LIMITS = WireLimits()
MEBIBYTE = 1024 * 1024

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.binary(max_size=20)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=20,
)


def array32(count: int) -> bytes:
    return b"\xdd" + count.to_bytes(4, "big")


def nested(depth: int) -> bytes:
    """Return *depth* arrays inside each other."""
    return b"\x91" * (depth - 1) + b"\x90"


def peak_of(payload: bytes) -> tuple[int, bool]:
    """
    Return the most memory that decoding took, and whether it was accepted.

    The least of three times: what another thread of the test run takes meanwhile is counted
    too, and comes by chance.
    """
    return min(_peak_once(payload) for _ in range(3))


def _peak_once(payload: bytes) -> tuple[int, bool]:
    tracemalloc.start()
    try:
        unpack(payload, LIMITS)
        accepted = True
    except RemoteProtocolError:
        accepted = False
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak, accepted


def is_plain(value: Any) -> bool:
    if type(value) is list:
        return all(map(is_plain, value))
    if type(value) is dict:
        return all(type(key) is str for key in value) and all(map(is_plain, value.values()))
    if type(value) is float:
        return math.isfinite(value)
    return type(value) in (type(None), bool, int, str, bytes)


@given(VALUES)
def test_values_come_out_as_they_went_in(value: Any) -> None:
    assert unpack(pack(value), LIMITS) == value


@given(st.binary(max_size=200))
@example(b"\xc1")
@example(b"\x91" * 1025)
@example(b"\xd6\xff\x00\x00\x00\x00")
@example(b"\xc7\x05\xff\x00\x00\x00\x00\x00")
@example(b"\xdd\xff\xff\xff\xff")
@example(b"\x81\xc4\x01a\xc0")
def test_any_bytes_give_a_plain_value_or_a_protocol_error(payload: bytes) -> None:
    try:
        value = unpack(payload, LIMITS)
    except RemoteProtocolError:
        return
    assert is_plain(value)


@given(VALUES, st.data())
def test_a_damaged_frame_gives_a_plain_value_or_a_protocol_error(
    value: Any, data: st.DataObject
) -> None:
    """Damage near real msgpack reaches deeper than random bytes do."""
    payload = bytearray(pack(value))
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(RemoteProtocolError):
        assert is_plain(unpack(bytes(payload), LIMITS))


@given(VALUES)
def test_long_headers_alone_make_no_value_unacceptable(value: Any) -> None:
    """The second look at the headers, taken for suspicious frames only, is no stricter."""
    suspicious = [b"\xdd\xdf" * 3_000, value, ["x"] * 3_000]

    assert unpack(pack(suspicious), LIMITS) == suspicious


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        pytest.param(b"", "incomplete", id="nothing"),
        pytest.param(b"\x92\x01", "incomplete", id="half a value"),
        pytest.param(b"\x01\x01", "extra data", id="two values"),
        pytest.param(b"\xc1", "", id="the byte that is never used"),
        pytest.param(b"\xa1\xff", "utf-8", id="text that is not UTF-8"),
        pytest.param(b"\xd4\x05x", "extension type 5", id="extension"),
        pytest.param(msgpack.packb(msgpack.Timestamp(1)), "Timestamp", id="timestamp"),
        pytest.param(b"\xcb" + struct.pack(">d", math.nan), "not finite", id="NaN"),
        pytest.param(b"\xca" + struct.pack(">f", math.inf), "not finite", id="infinity"),
        pytest.param(b"\xcb" + struct.pack(">d", -math.inf), "not finite", id="-infinity"),
        pytest.param(b"\x82\xa1a\x01\xa1a\x02", "stands twice", id="duplicate key"),
        pytest.param(b"\x81\x01\x01", "map key", id="integer key"),
        pytest.param(b"\x81\xc0\x01", "map key", id="nil key"),
        pytest.param(b"\x81\xc4\x01a\x01", "not a string", id="bytes key"),
        pytest.param(b"\x81\x90\x01", "", id="array key"),
        pytest.param(nested(18), "nested too deeply", id="nested 18 deep"),
        pytest.param(nested(5_000), "", id="nested 5000 deep"),
        pytest.param(array32(20_001) + b"\x90" * 20_001, "20000 arrays", id="containers"),
        pytest.param(array32(32_769) + b"\xc0" * 32_769, "32769", id="one long array"),
        pytest.param(
            b"\x93" + (b"\xdc\x40\x00" + b"\xc0" * 16_384) * 3, "32768 values", id="values"
        ),
        pytest.param(
            b"\x93" + b"\xdd\x00\x00\x7f\xff" * 3 + b"\xc0" * 200_000,
            "announces more than 32768 values",
            id="values announced",
        ),
        pytest.param(b"\xdc\x1f\x00" * 2_700, "more than it holds", id="promises"),
        pytest.param(b"\xdf\x00\x00\x0f\x00\xa0" * 1_300, "more than it holds", id="maps"),
    ],
)
def test_hostile_frames_are_refused(payload: bytes, why: str) -> None:
    with pytest.raises(RemoteProtocolError, match=f"undecodable frame: .*{why}"):
        unpack(payload, LIMITS)


def test_the_deepest_and_the_fullest_frames_are_accepted() -> None:
    """A limit that refuses its own value would be another limit than the documented one."""
    deepest: Any = None
    for _ in range(LIMITS.depth):
        deepest = [deepest]

    assert unpack(pack(deepest), LIMITS) == deepest
    # The array itself counts too.
    full: list[Any] = [[] for _ in range(LIMITS.containers - 1)]
    assert unpack(pack(full), LIMITS) == full
    assert unpack(pack([None] * LIMITS.values), LIMITS) == [None] * LIMITS.values


def many(item: bytes, size: int, most: int) -> bytes:
    """Return an array of *item*, of at most *size* bytes and *most* items."""
    count = min((size - 5) // len(item), most)
    return array32(count) + item * count


def worst(size: int) -> dict[str, bytes]:
    """Return accepted frames of at most *size* bytes, that cost as much as they can."""
    astral = ("\U0001f600" + "a" * 26).encode()
    pairs = min((size - 5) // 8, LIMITS.values // 2)
    keys = (b"\xa6" + f"{index:06}".encode() for index in range(pairs))
    return {
        "empty arrays": many(b"\x90", size, LIMITS.containers - 1),
        "empty maps": many(b"\x80", size, LIMITS.containers - 1),
        "arrays of one": many(b"\x91\xc0", size, LIMITS.values // 2),
        "maps of one": many(b"\x81\xa1a\xc0", size, LIMITS.values // 3),
        "nil": many(b"\xc0", size, LIMITS.values),
        "large integers": many(b"\xcf" + b"\xff" * 8, size, LIMITS.values),
        "floats": many(b"\xcb\x40" + b"\x01" * 7, size, LIMITS.values),
        "short text": many(b"\xa2\xc3\xa9", size, LIMITS.values),
        "wide text": many(b"\xbe" + astral, size, LIMITS.values),
        "one wide text": b"\xdb"
        + (size - 5).to_bytes(4, "big")
        + b"a" * (size - 9)
        + astral[:4],
        "one map": b"\xdf" + pairs.to_bytes(4, "big") + b"".join(key + b"\xc0" for key in keys),
    }


def promises(size: int) -> dict[str, bytes]:
    """Return refused frames of *size* bytes, that announce far more than they hold."""
    longest = min(size, LIMITS.values) - 1
    array16, map16 = (
        first + min(longest, 0xFFFF).to_bytes(2, "big") for first in (b"\xdc", b"\xde")
    )
    return {
        "arrays": array16 * (size // 3),
        "maps": (map16 + b"\xa0") * (size // 4),
        "arrays, then nil": array16 * 9 + b"\xc0" * (size - 27),
        "arrays that begin as they should": (b"\xdc\x10\x00" + b"\xc0" * 64) * (size // 67),
    }


SIZES = [LIMITS.before_login_bytes, LIMITS.from_client_bytes, LIMITS.from_server_bytes]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", sorted(worst(1024)))
def test_no_accepted_frame_costs_more_than_eight_mebibytes(kind: str, size: int) -> None:
    peak, accepted = peak_of(worst(size)[kind])

    assert accepted
    assert peak < 8 * MEBIBYTE


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", sorted(promises(1024)))
def test_refusing_a_frame_costs_no_more_than_accepting_one(kind: str, size: int) -> None:
    """msgpack allocates what a header announces; a thousand headers fit into 3 KiB."""
    peak, accepted = peak_of(promises(size)[kind])

    assert not accepted
    assert peak < 8 * MEBIBYTE


@pytest.mark.parametrize("kind", sorted(worst(1024)))
def test_a_frame_of_a_client_costs_less_than_its_documented_share(kind: str) -> None:
    peak, _ = peak_of(worst(LIMITS.from_client_bytes)[kind])

    assert peak < 2 * MEBIBYTE


def test_decoding_stops_at_the_container_that_is_too_many() -> None:
    """What bounds the time of a hostile frame is a count, and the rest is not decoded."""
    limits = WireLimits(containers=10)
    # The text after the eleventh array is not UTF-8; nobody gets to see that.
    payload = b"\x9f" + b"\x90" * 11 + b"\xa1\xff" * 4

    with pytest.raises(RemoteProtocolError, match="more than 10 arrays and maps"):
        unpack(payload, limits)


@pytest.mark.parametrize("value", [2**64, object(), {"a": {1, 2}}, "\ud800"])
def test_what_cannot_travel_is_our_own_mistake(value: Any) -> None:
    with pytest.raises(LocalProtocolError):
        pack(value)


def test_the_reason_never_repeats_the_frame() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        unpack(b"\x81" + b"\xd9\xf0" + b"k" * 240 + b"\xd4\x05x", LIMITS)

    assert len(str(caught.value)) < 250
