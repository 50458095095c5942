"""
Our own server, but that `trio.serve_listeners` accepts: one client a turn of the scheduler.

Only the accept loop differs. What a stream of Trio's has accepted is handed over as the
plain socket the door expects.
"""

from __future__ import annotations

import os
import socket

import trio

from bench.references.starting import told
from pronote_server.cli import main
from pronote_server.native.door import Door

__all__: list[str] = []


async def accept(door: Door, listener: socket.socket) -> None:
    async def hand_over(stream: trio.SocketStream) -> None:
        address = stream.socket.getpeername()[0]
        sock = socket.socket(fileno=os.dup(stream.socket.fileno()))
        stream.socket.close()
        door.meet(sock, address)

    # The door closes its listener itself.
    own = trio.socket.from_stdlib_socket(socket.socket(fileno=os.dup(listener.fileno())))
    await trio.serve_listeners(hand_over, [trio.SocketListener(own)])


if __name__ == "__main__":
    spec = told()
    os.environ.update(spec["environment"])
    kept = [] if spec["data"] is None else ["--data", spec["data"]]
    assert hasattr(Door, "_accept"), "the door has another accept loop now"
    Door._accept = accept  # type: ignore[assignment,method-assign]
    main(["demo", "--json", "--plain", "--host", "127.0.0.1", "--port", "0", *kept])
