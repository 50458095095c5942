"""Length-prefixed frames: bytes in, payloads out, nothing kept beyond the limit."""

from __future__ import annotations

from pronote_protocol.errors import FrameTooLarge, RemoteProtocolError

__all__ = ["FrameDecoder", "encode_frame"]

HEADER_BYTES = 4


def encode_frame(payload: bytes) -> bytes:
    """Return *payload* preceded by its length, big-endian, on four bytes."""
    return len(payload).to_bytes(HEADER_BYTES, "big") + payload


class FrameDecoder:
    """
    Reassemble frames from arbitrarily cut chunks.

    Feed it whatever the transport returned; iterate to get complete payloads. How the
    stream was cut never changes the result, which is the property its tests check.

    Args:
        max_frame: Longest payload accepted, in bytes; may be changed between two frames. A
            longer *announcement* is refused before a single payload byte is buffered.
    """

    __slots__ = ("_buffer", "_eof", "_start", "max_frame")

    def __init__(self, max_frame: int) -> None:
        self.max_frame = max_frame
        # The chunk that came as long as there is only one, which is nearly always: it is
        # not copied before its frames are cut out of it.
        self._buffer: bytes | bytearray = b""
        self._start = 0
        self._eof = False

    def feed(self, data: bytes | bytearray) -> None:
        """Add *data*; an empty chunk means the peer closed its sending side."""
        if not data:
            self._eof = True
        elif self._eof:
            raise RuntimeError("data after end of stream")
        elif not self._buffer:
            self._buffer = bytes(data)
        else:
            if type(self._buffer) is bytes:
                self._buffer = bytearray(self._buffer)
            self._buffer += data

    def next_payload(self) -> bytes | None:
        """
        Return the next complete payload, or None when more bytes are needed.

        Raises:
            FrameTooLarge: The peer announced a payload over the limit.
            RemoteProtocolError: The payload is empty, or the stream ended in the middle
                of a frame.
        """
        buffer, start = self._buffer, self._start
        body = start + HEADER_BYTES
        if len(buffer) >= body:
            size = int.from_bytes(buffer[start:body], "big")
            if size > self.max_frame:
                raise FrameTooLarge(size, self.max_frame)
            if size == 0:
                raise RemoteProtocolError("empty frame")
            end = body + size
            if len(buffer) >= end:
                payload = bytes(buffer[body:end])
                if end == len(buffer):
                    self._buffer = b""
                    self._start = 0
                else:
                    self._start = end
                return payload
        if start:
            # Once per read, not once per frame: many small frames cost one move.
            self._buffer = buffer = bytearray(memoryview(buffer)[start:])
            self._start = 0
        if self._eof and buffer:
            raise RemoteProtocolError("stream ended inside a frame")
        return None

    def rest(self) -> tuple[bytes | bytearray, int]:
        """
        Return what came, and where in it the next frame begins.

        For who knows what to do with whole frames at once; what he read he must `skip`.
        """
        return self._buffer, self._start

    def skip(self, position: int) -> None:
        """Go on at *position* of what `rest` gave, where a frame ends."""
        if position == len(self._buffer):
            self._buffer = b""
            self._start = 0
        else:
            self._start = position

    @property
    def buffered(self) -> int:
        """How many bytes wait for the rest of their frame."""
        return len(self._buffer) - self._start

    @property
    def finished(self) -> bool:
        """Whether the peer closed and every byte was consumed."""
        return self._eof and not self.buffered
