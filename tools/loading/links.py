"""The streams of one person of a crowd: cut on demand, or read no faster than told."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any, Final

import trio

from pronote_client import ConnectionSettings, Patience
from pronote_client.transport import Connector, Transport, connect

__all__ = ["Links", "SlowStream"]

# A slow reader reads so many times a second.
_SIPS: Final = 10
_SLOW_BUFFER_BYTES: Final = 8 * 1024


class SlowStream(trio.abc.Stream):
    """
    Reads no more than *per_second* bytes a second from *stream*, once it is told to.

    What is not read stays in the buffers of the system, which fill; then the other end finds
    that nothing leaves any more.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.beneath = stream
        self.per_second: float | None = None

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        per_second = self.per_second
        if per_second is None:
            return await self.beneath.receive_some(max_bytes)
        sip = max(1, int(per_second / _SIPS))
        chunk = await self.beneath.receive_some(min(sip, max_bytes or sip))
        await trio.sleep(len(chunk) / per_second)
        return chunk

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.beneath.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.beneath.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self.beneath.aclose()


class Links:
    """
    Makes the connections of one person, and knows the one there is.

    Args:
        reads: Bytes a second, from `hold_back` on; None = as they come.
    """

    def __init__(self, connector: Connector = connect, reads: float | None = None) -> None:
        self._connector = connector
        self._reads = reads
        self._stream: trio.abc.Stream | None = None

    async def connect(self, settings: ConnectionSettings, patience: Patience) -> Transport:
        """Connect; a `Connector`."""
        made = await self._connector(settings, patience)
        self._stream = made.stream
        if self._reads is None:
            return made
        wire = _wire_of(made.stream)
        if isinstance(wire, trio.SocketStream):
            # Or our system would take in megabytes that nobody reads.
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SLOW_BUFFER_BYTES)
        self._stream = SlowStream(made.stream)
        return Transport(self._stream, made.certificate_hash)

    def hold_back(self, slowly: bool = True) -> None:
        """Read slowly from now on, or not; whoever logs in does so at the usual speed."""
        if isinstance(self._stream, SlowStream):
            self._stream.per_second = self._reads if slowly else None

    def cut(self) -> None:
        """Cut the link without a word, in both directions, as a network does. Never waits."""
        wire = None if self._stream is None else _wire_of(self._stream)
        if isinstance(wire, trio.SocketStream):
            with suppress(OSError):  # cut already
                wire.socket.shutdown(socket.SHUT_RDWR)
        elif isinstance(wire, trio.StapledStream):
            for half in (wire.send_stream, wire.receive_stream):
                close = getattr(half, "close", None)  # streams in memory, of tests
                if close is not None:
                    close()


def _wire_of(stream: Any) -> Any:
    """Return what is under the slow reading and the encryption."""
    if isinstance(stream, SlowStream):
        return _wire_of(stream.beneath)
    return _wire_of(stream.transport_stream) if isinstance(stream, trio.SSLStream) else stream
