"""Requests answered by their bytes: the same as if each had been decoded, in less time."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronote_protocol.codec import pack, unpack
from pronote_protocol.conversation import NEED_DATA, ServerConversation
from pronote_protocol.envelopes import Event, Request, to_wire
from pronote_protocol.errors import RemoteProtocolError
from pronote_protocol.framing import FrameDecoder, encode_frame
from pronote_protocol.known_answers import answer_known
from pronote_protocol.limits import WireLimits
from pronote_protocol.testing import entered

KNOWN: Final = ("seats.show", {"a": [1]})
RESULT: Final = {"rows": ["é"] * 20}
ENDS: Final = (0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1)


def knows(asked: bytes, who: object) -> bytes | None:
    # As a real memory looks it up: what it is asked has to be bytes, however they came.
    return {pack(KNOWN[0]) + pack(KNOWN[1]): pack(RESULT)}.get(asked)


def said(value: Any) -> bytes:
    return encode_frame(pack(value))


REQUESTS = st.builds(
    lambda ident, known: said([0, ident, *(KNOWN if known else ("other.call", {}))]),
    st.sampled_from(ENDS) | st.integers(0, 2**32 - 1),
    st.booleans(),
)
ODD = st.sampled_from(
    [
        said(to_wire(Event("ping", {}))),
        said(to_wire(Event("goodbye", {"code": "logout"}))),
        said([1, 1, None, "x"]),
        said([0, -1, *KNOWN]),
        said([0, 2**32, *KNOWN]),
        said([0, "1", *KNOWN]),
        said([0, 1, KNOWN[0]]),
        said([0, 1, *KNOWN, 1]),
        # The number 5 in three bytes: unusual, no mistake, and given back as it came.
        encode_frame(b"\x94\x00\xcd\x00\x05" + pack(KNOWN[0]) + pack(KNOWN[1])),
        said([0, 1, *KNOWN])[:4] + b"\x95" + said([0, 1, *KNOWN])[5:],
        encode_frame(b"\x94\x00"),
        encode_frame(b""),
        (1 << 30).to_bytes(4, "big") + b"\x94\x00\x01",
    ]
)


def outcome(chunks: list[bytes], *, quickly: bool, most: int = 32) -> tuple[list[Any], str]:
    """Return what a server says which knows one answer, decoded, and how it ended."""
    server: ServerConversation = entered().server
    out = b""
    for chunk in chunks:
        server.receive(chunk)
        try:
            while True:
                if quickly:
                    out += server.answer_known(knows, None, most)[1]
                message = server.next_event()
                if not isinstance(message, (Request, Event)):
                    break
                if isinstance(message, Request):
                    known = (message.method, message.params) == KNOWN
                    out += server.answer(message.id, RESULT if known else message.method)
        except RemoteProtocolError as exc:
            return decoded(out), str(exc)
    return decoded(out), "more" if server.mid_frame else "all"


def decoded(stream: bytes) -> list[Any]:
    frames, found = FrameDecoder(1 << 20), []
    frames.feed(stream + said(None))
    while (payload := frames.next_payload()) is not None:
        found.append(unpack(payload, WireLimits()))
    return found[:-1]


@given(
    frames=st.lists(REQUESTS | ODD, max_size=8),
    cuts=st.lists(st.integers(1, 60), min_size=1, max_size=8),
    most=st.integers(1, 3),
)
def test_it_is_the_same_conversation_however_the_stream_is_cut(
    frames: list[bytes], cuts: list[int], most: int
) -> None:
    stream, chunks, number = b"".join(frames), [], 0
    plainly = outcome([stream] if stream else [], quickly=False)
    assert outcome([stream] if stream else [], quickly=True, most=most) == plainly
    while stream:
        cut = cuts[number % len(cuts)]
        chunks.append(stream[:cut])
        stream, number = stream[cut:], number + 1
    assert outcome(chunks, quickly=True, most=most) == plainly


@pytest.mark.parametrize("ident", ENDS)
def test_every_id_is_given_back(ident: int) -> None:
    server = entered().server
    server.receive(said([0, ident, *KNOWN]))
    assert server.answer_known(knows, None, 1) == (1, said([1, ident, None, RESULT]), None)


def test_no_more_than_asked_are_answered_and_the_others_are_still_there() -> None:
    server = entered().server
    server.receive(said([0, 1, *KNOWN]) * 5)
    assert server.answer_known(knows, None, 3) == (3, said([1, 1, None, RESULT]) * 3, b"")
    assert server.mid_frame
    assert server.answer_known(knows, None, 3) == (2, said([1, 1, None, RESULT]) * 2, None)
    assert not server.mid_frame
    assert server.next_event() is NEED_DATA


def test_a_frame_that_is_not_whole_is_not_looked_at() -> None:
    frames = FrameDecoder(1_000)
    whole = said([0, 1, *KNOWN])
    for end in range(len(whole)):
        frames.feed(whole[end : end + 1])
        if end < len(whole) - 1:
            assert answer_known(frames, lambda *_: pytest.fail("asked"), None, 9)[0] == 0
    assert answer_known(frames, knows, None, 9)[0] == 1


def test_a_frame_over_the_limit_is_left_to_be_refused() -> None:
    frames = FrameDecoder(len(said([0, 1, *KNOWN])) - 5)
    frames.feed(said([0, 1, *KNOWN]))
    assert answer_known(frames, knows, None, 9) == (0, b"", b"")
