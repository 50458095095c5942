"""Figure 11: what an idle session weighs, beside a raw Trio connection."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Final

from bench.driving.sessions import Address, account_of, answer_on, come_in, request
from bench.measuring.memory import own_bytes
from bench.measuring.ours import Ours
from bench.measuring.processes import our_server, reference
from bench.measuring.rows import Compared, Row
from bench.plan import Bench
from pronote_protocol.words import Mode

__all__ = ["allow_descriptors", "comers", "idle", "weigh"]

# What this process needs besides.
_DESCRIPTORS: Final = 256
# A server that has just greeted somebody may not have put everything away.
_SETTLE_SECONDS: Final = 0.3
_PING: Final = b"\0\0\0\1\xc0"


async def idle(bench: Bench) -> list[Row]:
    """Figure 11, plain and through TLS."""
    return [await _idle(bench, plain=plain) for plain in (True, False)]


async def _idle(bench: Bench, *, plain: bool) -> Row:
    count = bench.plan.idle
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(our_server(bench, plain=plain))
        mine = weigh(server.pid, comers(server), count, bench.plan.idle_steps)
        files = None if plain else str(server.certificate)
        other = await stack.enter_async_context(
            reference(bench, "trio_idle", {"certificate": files, "key": files})
        )
        address = Address("127.0.0.1", other.port, Address.of(server).tls)
        theirs = weigh(other.pid, lambda: _greeted(address), count, bench.plan.idle_steps)
    how = "plain" if plain else "TLS"
    return Row(
        number=11,
        name=f"idle-{how.lower()}",
        what=f"memory of an idle session, {count} of them, {how}",
        reference="raw Trio " + ("SocketStream" if plain else "SSLStream"),
        unit="KiB",
        ours=mine,
        theirs=theirs,
        compared=Compared.DIFFERENCE,
        reach=16.0 if plain else 8.0,
        aim=4.0 if plain else 0.0,
        note=f"proportional set size; each value is of {count // bench.plan.idle_steps}",
    )


def weigh(pid: int, come: Callable[[], socket.socket], count: int, steps: int) -> list[float]:
    """
    Let *count* connections come in equal *steps*; return the KiB of one, step by step.

    Everybody is still there at the end: the last answer on each is asked for.
    """
    allow_descriptors(count)
    weights, held = list[float](), list[socket.socket]()
    come().close()  # what the first one brings along is not his
    try:
        for _ in range(steps):
            before, step = own_bytes(pid), count // steps
            held += [come() for _ in range(step)]
            time.sleep(_SETTLE_SECONDS)
            weights.append((own_bytes(pid) - before) / step / 1024)
        for sock in held:
            sock.settimeout(0.0)
            _still_there(sock)
    finally:
        for sock in held:
            sock.close()
    return weights


def _still_there(sock: socket.socket) -> None:
    try:
        said = sock.recv(1)
    except (BlockingIOError, OSError):
        return
    if not said:
        raise ConnectionError("an idle connection was closed")


def comers(server: Ours) -> Callable[[], socket.socket]:
    """Return what makes one session of school life that has made a call."""
    account, address = account_of(server, Mode.SCHOOL_LIFE), Address.of(server)

    def come() -> socket.socket:
        sock = come_in(address, account)
        sock.sendall(request(5, "session.show"))
        shown: dict[str, Any] = answer_on(sock)
        assert shown
        return sock

    return come


def _greeted(address: Address) -> socket.socket:
    sock = address.connect()
    sock.sendall(_PING)
    assert sock.recv(len(_PING)) == _PING
    return sock


def allow_descriptors(count: int) -> None:
    """Let this process hold *count* connections, if the system does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
