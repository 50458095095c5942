"""A Trio stream that has echoed once and waits; with a certificate, an `SSLStream`."""

from __future__ import annotations

import resource
import ssl

import trio

from bench.references.starting import ready, told

__all__: list[str] = []


async def echo(stream: trio.abc.Stream) -> None:
    try:
        while data := await stream.receive_some(65536):
            await stream.send_all(data)
    except trio.BrokenResourceError:
        pass


async def main() -> None:
    spec = told()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1", backlog=1024)
    ready(listener.socket.getsockname()[1])
    if spec["certificate"] is None:
        await trio.serve_listeners(echo, [listener])
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(spec["certificate"], spec["key"])
    context.num_tickets = 0
    await trio.serve_listeners(echo, [trio.SSLListener(listener, context)])


if __name__ == "__main__":
    trio.run(main)
