"""
gRPC's unary calls over a raw socket: HTTP/2 frames made before, answers counted.

Headers are sent as literals that are never indexed, so that each call is the same bytes but
for its stream's number. The windows are opened once, wider than a connection's whole run.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Final

import msgpack

__all__ = ["Http2", "Streams"]

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY, _WINDOW = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
_WIDEST: Final = 2**31 - 1


def _frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return (
        len(body).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + body
    )


def _literal(name: bytes, value: bytes) -> bytes:
    return b"\x10" + bytes((len(name),)) + name + bytes((len(value),)) + value


class Streams:
    """
    The bursts of one connection, each on streams of its own.

    Args:
        message: Of every call.
    """

    def __init__(self, path: str, message: object, depth: int = 1) -> None:
        fields = {
            b":method": b"POST",
            b":scheme": b"http",
            b":path": path.encode(),
            b":authority": b"127.0.0.1",
            b"content-type": b"application/grpc",
            b"te": b"trailers",
        }
        self._headers = b"".join(_literal(*pair) for pair in fields.items())
        body = msgpack.packb(message)
        self._body = b"\0" + len(body).to_bytes(4, "big") + body
        self._depth = depth

    def __iter__(self) -> Iterator[bytes]:
        stream = 1
        while True:
            out = []
            for _ in range(self._depth):
                out += [
                    _frame(_HEADERS, _END_HEADERS, stream, self._headers),
                    _frame(_DATA, _END_STREAM, stream, self._body),
                ]
                stream += 2
            yield b"".join(out)


class Http2:
    """Counts answers: streams that ended with their trailers, after a message."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._rest = b""
        self.data_bytes = 0
        sock.sendall(
            _PREFACE
            # The initial window of each stream (setting 4), then the connection's.
            + _frame(_SETTINGS, 0, 0, b"\0\x04" + _WIDEST.to_bytes(4, "big"))
            + _frame(_WINDOW, 0, 0, (_WIDEST - 65_535).to_bytes(4, "big"))
        )

    def heard(self, data: bytes) -> int:
        data, at, answers = self._rest + data, 0, 0
        while len(data) - at >= 9:
            end = at + 9 + int.from_bytes(data[at : at + 3], "big")
            if end > len(data):
                break
            kind, flags = data[at + 3], data[at + 4]
            if kind == _HEADERS:
                answers += flags & _END_STREAM
            elif kind == _DATA:
                self.data_bytes += end - at - 9
            elif kind in (_SETTINGS, _PING) and not flags & _ACK:
                body = data[at + 9 : end] if kind == _PING else b""
                self._sock.send(_frame(kind, _ACK, 0, body))
            elif kind in (_RESET, _GOAWAY):
                raise ConnectionError(f"HTTP/2 frame {kind}: {data[at:end]!r}")
            at = end
        self._rest = data[at:]
        return answers
