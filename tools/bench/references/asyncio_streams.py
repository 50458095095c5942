"""asyncio's streams and msgpack: read exactly a frame, answer it; how most would write it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import msgpack

from bench.references.starting import ready, told

__all__: list[str] = []


async def answer(
    result: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        while True:
            size = int.from_bytes(await reader.readexactly(4), "big")
            _, ident, _, params = msgpack.unpackb(await reader.readexactly(size))
            assert params["limit"]
            body = msgpack.packb([1, ident, None, result])
            writer.write(len(body).to_bytes(4, "big") + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    handler = partial(answer, told()["result"])
    server = await asyncio.start_server(handler, "127.0.0.1", 0, backlog=1024)
    ready(server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
