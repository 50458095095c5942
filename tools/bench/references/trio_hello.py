"""
`trio.serve_listeners`: take a connection, read what it says, send a welcome, close.

The welcome is the bytes of the server's own; nothing is parsed, nobody logs in.
"""

from __future__ import annotations

from functools import partial

import trio

from bench.references.starting import ready, told

__all__: list[str] = []


async def greet(welcome: bytes, stream: trio.SocketStream) -> None:
    async with stream:
        try:
            if await stream.receive_some(65536):
                await stream.send_all(welcome)
                # Until the client has gone: closing first would only hide its last packet.
                while await stream.receive_some(65536):
                    pass
        except trio.BrokenResourceError:
            pass


async def main() -> None:
    handler = partial(greet, bytes.fromhex(told()["welcome"]))
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1", backlog=1024)
    ready(listener.socket.getsockname()[1])
    await trio.serve_listeners(handler, [listener])


if __name__ == "__main__":
    trio.run(main)
