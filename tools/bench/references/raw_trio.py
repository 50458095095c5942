"""
A raw Trio stream that answers with bytes made before.

It does not parse: a request is so many bytes. What it shows is what Trio's own streams cost
for the same traffic; every server on them costs that and its own work.
"""

from __future__ import annotations

from functools import partial

import trio

from bench.references.starting import ready, told

__all__: list[str] = []


async def answer(size: int, reply: bytes, stream: trio.SocketStream) -> None:
    rest = 0
    try:
        while data := await stream.receive_some(65536):
            requests, rest = divmod(rest + len(data), size)
            if requests:
                await stream.send_all(reply * requests)
    except trio.BrokenResourceError:
        pass


async def main() -> None:
    spec = told()
    handler = partial(answer, spec["request_bytes"], bytes.fromhex(spec["reply"]))
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1", backlog=1024)
    ready(listener.socket.getsockname()[1])
    await trio.serve_listeners(handler, [listener])


if __name__ == "__main__":
    trio.run(main)
