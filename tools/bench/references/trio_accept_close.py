"""`trio.serve_listeners` with a handler that closes: what refusing costs with a task each."""

from __future__ import annotations

import trio

from bench.references.starting import ready, told

__all__: list[str] = []


async def close(stream: trio.SocketStream) -> None:
    await stream.aclose()


async def main() -> None:
    told()
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1", backlog=1024)
    ready(listener.socket.getsockname()[1])
    await trio.serve_listeners(close, [listener])


if __name__ == "__main__":
    trio.run(main)
