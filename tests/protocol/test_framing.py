"""Frames survive any way the network cuts them, and hold nobody's memory hostage."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronote_protocol.errors import FrameTooLarge, RemoteProtocolError
from pronote_protocol.framing import FrameDecoder, encode_frame

PAYLOADS = st.lists(st.binary(min_size=1, max_size=40), max_size=8)


def payloads_of(chunks: list[bytes], *, max_frame: int = 1000) -> list[bytes]:
    decoder = FrameDecoder(max_frame)
    found: list[bytes] = []
    for chunk in chunks:
        decoder.feed(chunk)
        while (payload := decoder.next_payload()) is not None:
            found.append(payload)
    return found


def outcome_of(chunks: list[bytes], *, max_frame: int) -> tuple[list[bytes], str]:
    """Return the payloads and how it ended, for a stream that may be anything."""
    decoder = FrameDecoder(max_frame)
    found: list[bytes] = []
    try:
        for chunk in [*chunks, b""]:
            decoder.feed(chunk)
            while (payload := decoder.next_payload()) is not None:
                found.append(payload)
    except RemoteProtocolError as exc:
        return found, str(exc)
    return found, "finished" if decoder.finished else "unfinished"


@given(sent=PAYLOADS, cuts=st.lists(st.integers(min_value=1, max_value=13), min_size=1))
def test_cutting_never_changes_payloads(sent: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(encode_frame(payload) for payload in sent)
    chunks: list[bytes] = []
    position = turn = 0
    while position < len(stream):
        step = cuts[turn % len(cuts)]
        chunks.append(stream[position : position + step])
        position, turn = position + step, turn + 1

    assert payloads_of(chunks) == sent


@given(stream=st.binary(min_size=1, max_size=200))
def test_hostile_bytes_at_once_and_one_by_one_end_alike(stream: bytes) -> None:
    """Also when they are refused: with the same payloads before, and the same words."""
    one_by_one = [stream[index : index + 1] for index in range(len(stream))]

    assert outcome_of([stream], max_frame=50) == outcome_of(one_by_one, max_frame=50)


def test_too_long_an_announcement_is_refused_before_its_payload() -> None:
    decoder = FrameDecoder(max_frame=10)
    decoder.feed((11).to_bytes(4, "big"))

    with pytest.raises(FrameTooLarge, match=r"frame of 11 bytes, limit is 10"):
        decoder.next_payload()


def test_refusing_an_announcement_of_four_gigabytes_costs_nothing() -> None:
    decoder = FrameDecoder(max_frame=1 << 20)
    tracemalloc.start()
    try:
        decoder.feed(b"\xff" * 100)
        with pytest.raises(FrameTooLarge):
            decoder.next_payload()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 100_000


def test_a_payload_of_exactly_the_limit_passes() -> None:
    assert payloads_of([encode_frame(b"x" * 10)], max_frame=10) == [b"x" * 10]


def test_an_empty_frame_is_refused() -> None:
    decoder = FrameDecoder(max_frame=10)
    decoder.feed(encode_frame(b""))

    with pytest.raises(RemoteProtocolError, match="empty frame"):
        decoder.next_payload()


@pytest.mark.parametrize("kept", range(1, 8))
def test_a_stream_that_ends_inside_a_frame_is_refused(kept: int) -> None:
    decoder = FrameDecoder(max_frame=10)
    decoder.feed(encode_frame(b"abcd")[:kept])
    assert decoder.next_payload() is None

    decoder.feed(b"")

    with pytest.raises(RemoteProtocolError, match="ended inside a frame"):
        decoder.next_payload()


def test_a_stream_that_ends_between_frames_is_finished_once_all_is_read() -> None:
    decoder = FrameDecoder(max_frame=10)
    decoder.feed(encode_frame(b"a"))
    decoder.feed(b"")

    assert not decoder.finished
    assert decoder.next_payload() == b"a"
    assert decoder.next_payload() is None
    assert decoder.finished


def test_nothing_may_be_fed_after_the_end() -> None:
    decoder = FrameDecoder(max_frame=10)
    decoder.feed(b"")

    with pytest.raises(RuntimeError):
        decoder.feed(b"x")


def test_the_limit_may_change_between_two_frames() -> None:
    decoder = FrameDecoder(max_frame=4)
    decoder.feed(encode_frame(b"abcd") + encode_frame(b"abcdefgh"))
    assert decoder.next_payload() == b"abcd"

    decoder.max_frame = 8

    assert decoder.next_payload() == b"abcdefgh"


def test_only_the_unfinished_frame_stays_in_memory() -> None:
    decoder = FrameDecoder(max_frame=1000)
    decoder.feed(encode_frame(b"x" * 900) * 5 + encode_frame(b"y" * 900)[:10])
    while decoder.next_payload() is not None:
        pass

    assert decoder.buffered == 10
