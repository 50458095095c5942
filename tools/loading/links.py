"""The streams of one person of a crowd: cut on demand, or read no faster than told."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Final

import trio

from pronote_client import ConnectionSettings, Patience
from pronote_client.transport import Connector, Transport, connect

__all__ = ["Links", "SlowStream"]

# A slow reader reads so many times a second.
_SIPS: Final = 10


class SlowStream(trio.abc.Stream):
    """
    Reads no more than *per_second* bytes a second from *stream*, once it is told to.

    What is not read stays in the buffers of the system, which fill; then the other end finds
    that nothing leaves any more.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self.per_second: float | None = None

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        if self.per_second is None:
            return await self._stream.receive_some(max_bytes)
        sip = max(1, int(self.per_second / _SIPS))
        chunk = await self._stream.receive_some(min(sip, max_bytes or sip))
        await trio.sleep(len(chunk) / self.per_second)
        return chunk

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()


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
        self._stream = SlowStream(made.stream)
        return Transport(self._stream, made.certificate_hash)

    def hold_back(self) -> None:
        """Read slowly from now on: whoever logs in does so at the usual speed."""
        if isinstance(self._stream, SlowStream):
            self._stream.per_second = self._reads

    def cut(self) -> None:
        """Cut the link without a word, in both directions, as a network does. Never waits."""
        stream = self._stream
        while isinstance(stream, SlowStream | trio.SSLStream):
            stream = (
                stream._stream if isinstance(stream, SlowStream) else stream.transport_stream
            )
        if isinstance(stream, trio.SocketStream):
            with suppress(OSError):  # cut already
                stream.socket.shutdown(socket.SHUT_RDWR)
        elif isinstance(stream, trio.StapledStream):
            for half in (stream.send_stream, stream.receive_stream):
                close = getattr(half, "close", None)  # streams in memory, of tests
                if close is not None:
                    close()
