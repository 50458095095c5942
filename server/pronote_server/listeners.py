"""Listening sockets on port 49300, and what to do when it is taken."""

from __future__ import annotations

import errno
import socket
from typing import Any

import structlog
import trio

__all__ = ["PortTaken", "open_listeners"]

log = structlog.get_logger()

# 49300 lies in the range from which Linux draws the ports of outgoing connections: it may
# be in use for a moment by a program that never asked for it.
_TRIES = 20
_SECONDS_BETWEEN = 0.25


class PortTaken(Exception):
    """The address cannot be listened on; the sentence says what to do."""


async def open_listeners(host: str, port: int, backlog: int) -> list[socket.socket]:
    """
    Return non-blocking sockets that listen on every address of *host*.

    Args:
        port: 0 takes a free one, the same for every address.

    Raises:
        PortTaken: The port stays taken, or the address is not this machine's.
    """
    try:
        found = await trio.socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as exc:
        raise PortTaken(f"listen.host: {host} is no address of this machine ({exc})") from None
    for attempt in range(_TRIES):
        try:
            return _listen([*found], port, backlog)
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE:
                raise PortTaken(f"cannot listen on {host} port {port}: {exc}") from None
            if attempt == 0:
                log.warning("port.taken", host=host, port=port)
            await trio.sleep(_SECONDS_BETWEEN)
    raise PortTaken(
        f"port {port} of {host} is taken by another program. Stop it, or choose another port "
        f"with --port (0 takes a free one). If no server is there, an outgoing connection "
        f"holds it: keep it free with `sysctl net.ipv4.ip_local_reserved_ports={port}`."
    )


def _listen(
    found: list[tuple[Any, Any, int, str, tuple[Any, ...]]],
    port: int,
    backlog: int,
) -> list[socket.socket]:
    listeners: list[socket.socket] = []
    try:
        for family, kind, proto, _, address in dict.fromkeys(found):
            sock = socket.socket(family, kind, proto)
            listeners.append(sock)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setblocking(False)
            sock.bind((address[0], port, *address[2:]))
            sock.listen(backlog)
            port = sock.getsockname()[1]
    except OSError:
        for sock in listeners:
            sock.close()
        raise
    return listeners
