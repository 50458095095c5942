"""For references that do their work themselves: each turn asked for by a line, told by one."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable

import trio

from bench.references.starting import ready

__all__ = ["work_in_turns"]


async def work_in_turns(work: Callable[[float], Awaitable[int]]) -> None:
    """
    Serve turns on a port of the loopback until ended.

    Args:
        work: Works for so many seconds and returns how many units it did.
    """

    async def serve(stream: trio.SocketStream) -> None:
        async for line in stream:
            begun = time.perf_counter()
            units = await work(float(line))
            said = {"units": units, "wall": time.perf_counter() - begun}
            await stream.send_all(json.dumps(said).encode() + b"\n")

    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    ready(listener.socket.getsockname()[1])
    await trio.serve_listeners(serve, [listener])
