"""
PROXY protocol v2: who the client behind a balancer is.

Believed from listed peers only; anybody else could choose the address that is suspended.
"""

from __future__ import annotations

import socket

import trio
from proxyprotocol import ProxyProtocolIncompleteError, ProxyProtocolSyntaxError
from proxyprotocol.v2 import ProxyProtocolV2

from pronote_server.native.transport import Broken

__all__ = ["read_proxy_header"]

# The fixed part is 16 bytes; addresses and the extensions in use stay far below this.
_LONGEST = 536


async def read_proxy_header(sock: socket.socket) -> str | None:
    """
    Read the header from the non-blocking *sock*, and not one byte more.

    Returns:
        The client's address; None for the balancer's own health check (LOCAL).

    Raises:
        Broken: There is no such header; the connection must be closed.
    """
    header = b""
    parser = ProxyProtocolV2()
    while True:
        try:
            result = parser.unpack(header)
        except ProxyProtocolIncompleteError as incomplete:
            wanted = incomplete.want_read.want_bytes or 1
            if len(header) + wanted > _LONGEST:
                raise Broken("PROXY header too long") from None
            header += await _receive(sock, wanted)
        except ProxyProtocolSyntaxError as exc:
            raise Broken(f"no PROXY v2 header: {exc}") from None
        else:
            source = result.source
            return str(source[0]) if isinstance(source, tuple) else None


async def _receive(sock: socket.socket, most: int) -> bytes:
    while True:
        try:
            data = sock.recv(most)
        except BlockingIOError:
            await trio.lowlevel.wait_readable(sock)
        except OSError as exc:
            raise Broken(str(exc)) from None
        else:
            if not data:
                raise Broken("closed inside the PROXY header")
            return data
