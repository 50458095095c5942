"""
uvloop writing the same bytes to everybody who is connected, when one of them says so.

Who says ``t`` is told too, last: its answer. With a certificate it speaks TLS.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from bench.references.starting import needs, ready, told

__all__: list[str] = []


class Told(asyncio.Protocol):
    """One connection."""

    def __init__(self, everybody: dict[Told, None], frame: bytes) -> None:
        self._everybody, self._frame = everybody, frame
        # asyncio.Transport in all but its class, which is uvloop's.
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if data == b"r":  # receives, and is told that it will
            self._everybody[self] = None
            self.transport.write(self._frame)
            return
        frame = self._frame
        for each in self._everybody:
            each.transport.write(frame)
        self.transport.write(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        self._everybody.pop(self, None)


async def main() -> None:
    spec = told()
    everybody: dict[Told, None] = {}
    frame = bytes.fromhex(spec["frame"])
    context = None
    if spec["certificate"] is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(spec["certificate"], spec["key"])
        context.num_tickets = 0
    server = await asyncio.get_running_loop().create_server(
        lambda: Told(everybody, frame), "127.0.0.1", 0, backlog=1024, ssl=context
    )
    ready(server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    needs("uvloop").run(main())
