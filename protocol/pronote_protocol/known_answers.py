"""
Requests answered by their bytes, before anybody decodes them.

What many ask again and again is asked in the same bytes, but for the id: comparing them with
what was decoded, and found good, before is enough to know the request and its answer. All
requests of one read are looked at in one loop, over the bytes as they came, without a call
for each step of the way: the header, the shape, the id. It cuts frames as `FrameDecoder`
does, and splits a request as `envelopes` would. Whatever is not plainly a whole request stays
where it is, for them to say what is wrong with it, or to wait for its end.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Final, TypeAlias, TypeVar

from pronote_protocol.framing import HEADER_BYTES, FrameDecoder

__all__ = ["NONE_ANSWERED", "Answered", "Who", "answer_known"]

Who = TypeVar("Who")

# What the frame of a request begins with: its length; an array of four, whose first is 0; the
# id, or what kind of number the id is.
_beginning: Final = Struct(">IHB").unpack_from
_BEGINS: Final = 7
_REQUEST: Final = 0x9400
# Below it, that byte is the id; else so many bytes follow.
_SMALL: Final = 0x80
_ID_BYTES: Final = {0xCC: 1, 0xCD: 2, 0xCE: 4}
# The least there is to a request: these three bytes, a method, params.
_LEAST: Final = 5


Answered: TypeAlias = tuple[int, bytes, bytes | None]
"""
How many requests were answered; their answers, in order; and what comes next: what it asks,
when its answer is not known, nothing when it is no request that is whole, None when all that
came was answered.
"""

NONE_ANSWERED: Final[Answered] = (0, b"", b"")


def answer_known(
    frames: FrameDecoder, known: Callable[[bytes, Who], bytes | None], who: Who, most: int
) -> Answered:
    """Answer what comes next in *frames*; see `ServerConversation.answer_known`."""
    data, at = frames.rest()
    whole, longest, requests = len(data), frames.max_frame, 0
    out: list[bytes] = []
    following: bytes | None = b""
    while requests < most and at + _BEGINS <= whole:
        size, what, ident = _beginning(data, at)
        end = at + HEADER_BYTES + size
        if what != _REQUEST or end > whole or not _LEAST <= size <= longest:
            break
        if type(data) is not bytes:  # it came in pieces
            data = bytes(data)
        after = at + _BEGINS
        if ident >= _SMALL:
            more = _ID_BYTES.get(ident)
            if more is None:
                break
            after += more
        asked = data[after:end]
        result = known(asked, who)
        if result is None:
            following = asked
            break
        # [1, id, nil, result], the id as it came.
        length = after - at - HEADER_BYTES + 1 + len(result)
        out += (
            length.to_bytes(HEADER_BYTES, "big"),
            b"\x94\x01",
            data[at + 6 : after],
            b"\xc0",
            result,
        )
        requests += 1
        at = end
    if not requests:
        return 0, b"", following
    frames.skip(at)
    return requests, b"".join(out), None if at == whole else following
