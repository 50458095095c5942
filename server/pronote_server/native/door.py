"""
Door 1: accepting clients on TCP 49300, and stopping in order.

The accept loop is our own: it takes all who wait at once, and refuses a suspended address
before there is a task or a stream for it. Under load Trio's own loop admits one client a
turn of the scheduler, which leaves a school waiting outside while others work.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import attrs
import structlog
import trio

from pronote_protocol.conversation import encode_event
from pronote_protocol.limits import WireLimits
from pronote_protocol.words import Farewell
from pronote_server.config import Limits
from pronote_server.domain.suspensions import prefix_of
from pronote_server.hosting import base_service, connections, exclusive_use, security
from pronote_server.hosting.farewells import announcement, goodbye
from pronote_server.hosting.school import School
from pronote_server.native.connection import Connection
from pronote_server.native.proxy_header import read_proxy_header
from pronote_server.native.readiness import Readiness
from pronote_server.native.told import Told
from pronote_server.native.transport import Broken, TlsTransport, Transport

__all__ = ["Door", "DoorStatistics", "Tls"]

log = structlog.get_logger()

# How many clients one turn of the loop takes in; the rest waits for the next turn.
_ACCEPTS_A_TURN = 64
# Newcomers beyond the bound that are still told why, instead of finding a closed door.
_TOLD_BUSY = 128
_NO_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@attrs.frozen
class Tls:
    """What the door shows: a context, and the hash of its certificate for channel binding."""

    context: ssl.SSLContext
    certificate_hash: bytes


@attrs.frozen
class DoorStatistics:
    """A snapshot; counts since the start but for the first two."""

    connections: int
    unauthenticated: int
    accepted: int
    refused_suspended: int
    refused_full: int
    out_of_descriptors: int


@attrs.define(eq=False)
class Door:
    """
    The native door of every school of this server.

    Args:
        schools: By RNE; the first one is the default.
        proxies: Who must speak PROXY v2, and is believed.

    Attributes:
        stopped: Set once nobody is accepted any more.
    """

    schools: Mapping[str, School]
    limits: Limits
    tls: Tls | None = None
    proxies: Sequence[Network] = ()
    wire_limits: WireLimits = attrs.field(factory=WireLimits)
    _connections: set[Connection] = attrs.field(factory=set, init=False)
    _nobodies: Counter[str] = attrs.field(factory=Counter, init=False)
    _counts: Counter[str] = attrs.field(factory=Counter, init=False)
    _told: Told = attrs.field(factory=Told, init=False)
    stopped: trio.Event = attrs.field(factory=trio.Event, init=False)
    _stopping: trio.Event = attrs.field(factory=trio.Event, init=False)
    _hurry: trio.Event = attrs.field(factory=trio.Event, init=False)
    _peers: trio.Nursery | None = attrs.field(default=None, init=False)
    _readiness: Readiness = attrs.field(factory=Readiness, init=False)

    # --------------------------------------------------------------- the reception

    def school_for(self, rne: str | None, server_name: str | None) -> School | None:
        """Return the school of the hello, of the TLS server name, or the default."""
        if rne is not None:
            return self.schools.get(rne.upper())
        named = (server_name or "").partition(".")[0].upper()
        return self.schools.get(named) or next(iter(self.schools.values()), None)

    @property
    def is_full(self) -> bool:
        """Whether newcomers are told to come back later."""
        return len(self._connections) > self.limits.max_connections

    # ----------------------------------------------------------------- life and end

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    async def serve(
        self,
        listeners: Sequence[socket.socket],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """
        Serve on non-blocking listening sockets until `stop` and the last goodbye.

        Closes the listeners as soon as it stops. Cancelled, it closes everything at once.
        """
        try:
            async with trio.open_nursery() as hearing:
                hearing.start_soon(self._readiness.run)
                await self._serve(listeners, task_status)
                hearing.cancel_scope.cancel(reason="everybody has left")
        finally:
            self._readiness.close()

    async def _serve(
        self, listeners: Sequence[socket.socket], task_status: trio.TaskStatus[None]
    ) -> None:
        # Two nurseries: the inner one dies first, so that no connection is accepted while
        # the outer one is waiting for the last peers.
        async with trio.open_nursery() as peers:
            self._peers = peers
            try:
                async with trio.open_nursery() as accepting:
                    for listener in listeners:
                        accepting.start_soon(self._accept, listener)
                    accepting.start_soon(self._sweep)
                    task_status.started()
                    await self._stopping.wait()
                    for school in self.schools.values():
                        school.stopping = True
                    accepting.cancel_scope.cancel(reason="server stopping")
            finally:
                for listener in listeners:
                    listener.close()
                self.stopped.set()
            await self._say_farewell(peers)

    def stop(self) -> None:
        """Stop accepting, announce it, and see everybody out. A second call hurries."""
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()

    async def _say_farewell(self, peers: trio.Nursery) -> None:
        grace = self.limits.stop_grace_seconds
        for school in self.schools.values():
            exclusive_use.broadcast(school, announcement(Farewell.SERVER_STOPPING, grace))
        with trio.move_on_after(grace):
            while any(len(school.sessions) for school in self.schools.values()):
                with trio.move_on_after(0.1):
                    await self._hurry.wait()
                if self._hurry.is_set():
                    break
        for school in self.schools.values():
            connections.end_all(school, Farewell.SERVER_STOPPING)
        last_words = encode_event(goodbye(Farewell.SERVER_STOPPING))
        for connection in list(self._connections):
            connection.hang_up(last_words, Farewell.SERVER_STOPPING.value)
        # Each goodbye is bounded; this bounds what is not a goodbye.
        peers.cancel_scope.deadline = trio.current_time() + self.limits.farewell_seconds + 1

    # -------------------------------------------------------------------- accepting

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            await trio.lowlevel.wait_readable(listener)
            for _ in range(_ACCEPTS_A_TURN):
                try:
                    # What `accept` begins with: whoever is refused costs no socket object.
                    descriptor, peer = listener._accept()  # type: ignore[attr-defined]
                except BlockingIOError:
                    break
                except OSError as exc:
                    if exc.errno not in _NO_DESCRIPTORS:
                        continue  # the client had gone already
                    # Waiting clients keep the listener readable: do not spin on it.
                    self._counts["out_of_descriptors"] += 1
                    log.warning("door.out_of_descriptors", error=str(exc))
                    await trio.sleep(0.1)
                    break
                address = str(peer[0])
                if self._comes_in(address):
                    family, kind, protocol = listener.family, listener.type, listener.proto
                    sock = socket.socket(family, kind, protocol, fileno=descriptor)
                    self._welcome(sock, address)
                else:
                    os.close(descriptor)

    def meet(self, sock: socket.socket, address: str) -> None:
        """Decide on a newcomer, synchronously; `sock` is closed or has a task after it."""
        if self._comes_in(address):
            self._welcome(sock, address)
        else:
            sock.close()

    def _comes_in(self, address: str) -> bool:
        """Count a newcomer and say whether anything is said to him."""
        self._counts["accepted"] += 1
        return self._is_proxy(address) or self._admits(address)

    def _is_proxy(self, address: str) -> bool:
        return bool(self.proxies) and any(_within(address, each) for each in self.proxies)

    def _welcome(self, sock: socket.socket, address: str) -> None:
        sock.setblocking(False)
        with contextlib.suppress(OSError):  # gone already, or not TCP: found out later
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        assert self._peers is not None
        if self._is_proxy(address):
            self._peers.start_soon(self._serve_behind_proxy, sock)
        else:
            self._peers.start_soon(self._serve_one, sock, address)

    def _admits(self, address: str) -> bool:
        """
        Count a connection from *address* and say whether it may come in.

        Who may is a nobody from now on, and not from when its task runs: a burst is
        accepted in one turn.
        """
        for school in self.schools.values():
            now = school.clock.timestamp()
            suspension = school.suspensions.connection(address, now)
            if suspension is not None:
                security.suspended_meanwhile(school, address, suspension)
        if self._is_suspended(address) and not self._told.may_tell(
            prefix_of(address), trio.current_time()
        ):
            self._counts["refused_suspended"] += 1
            return False
        limits = self.limits
        if (
            len(self._connections) >= limits.max_connections + _TOLD_BUSY
            or self._nobodies.total() >= limits.max_unauthenticated
            or self._nobodies[prefix_of(address)] >= limits.max_unauthenticated_per_address
        ):
            self._counts["refused_full"] += 1
            return False
        self._nobodies[prefix_of(address)] += 1
        return True

    def _is_suspended(self, address: str) -> bool:
        """Whether every school here would refuse *address*."""
        return all(
            school.suspensions.verdict(address, school.clock.timestamp()) is not None
            for school in self.schools.values()
        )

    # ------------------------------------------------------------------ connections

    async def _serve_behind_proxy(self, sock: socket.socket) -> None:
        address: str | None = None
        try:
            with trio.move_on_after(self.limits.hello_seconds):
                address = await read_proxy_header(sock)
        except Broken as exc:
            log.info("door.bad_proxy_header", error=str(exc))
        except Exception:
            log.exception("door.proxy_crashed")
        if address is None or not self._admits(address):
            trio.lowlevel.notify_closing(sock)
            sock.close()
            return
        await self._serve_one(sock, address)

    async def _serve_one(self, sock: socket.socket, address: str) -> None:
        """
        Run one connection, counted as a nobody; its bugs stay its own.

        ``except*``, not ``except``: when a crash and a cancellation meet, Trio raises a
        BaseExceptionGroup that ``except Exception`` lets through.
        """
        prefix = prefix_of(address)
        try:
            transport = self._transport(sock)
        except (OSError, ValueError) as exc:
            # The client reset the connection before there was anything to wrap in TLS.
            log.debug("peer.broken", peer=address, error=str(exc))
            self._forget_nobody(prefix)
            sock.close()
            return
        connection = Connection(self, transport, address, self._readiness, self._start_flushing)
        self._connections.add(connection)
        entered = False

        def known() -> None:
            nonlocal entered
            if not entered:
                entered = True
                self._forget_nobody(prefix)

        connection.on_entered = known
        try:
            # No checkpoint between add() and this test, so that stop() either saw the
            # connection in the set or is seen here.
            if self._stopping.is_set():
                connection.hang_up(
                    encode_event(goodbye(Farewell.SERVER_STOPPING)),
                    Farewell.SERVER_STOPPING.value,
                )
            await connection.run()
        except* Exception as group:
            log.error("peer.crashed", peer=address, exc_info=group)
        finally:
            known()
            self._connections.discard(connection)

    def _forget_nobody(self, prefix: str) -> None:
        self._nobodies[prefix] -= 1
        if self._nobodies[prefix] <= 0:
            del self._nobodies[prefix]

    def _transport(self, sock: socket.socket) -> Transport:
        if self.tls is None:
            return Transport(sock)
        return TlsTransport(sock, self.tls.context, self.tls.certificate_hash)

    def _start_flushing(self, flush: Callable[[], object]) -> None:
        assert self._peers is not None
        self._peers.start_soon(flush)  # type: ignore[arg-type]

    async def _sweep(self) -> None:
        """Once a second, whatever has to happen because of time; one task for everybody."""
        while True:
            await trio.sleep(1.0)
            now = trio.current_time()
            for school in self.schools.values():
                connections.sweep(school, now)
                security.sweep(school)
                if base_service.stop_is_due(school, now):
                    self._start_flushing(partial(base_service.finish_stop, school))
            for connection in list(self._connections):
                connection.sweep(now)
            self._told.sweep(now)

    def statistics(self) -> DoorStatistics:
        """Return the counters of this moment."""
        return DoorStatistics(
            connections=len(self._connections),
            unauthenticated=self._nobodies.total(),
            accepted=self._counts["accepted"],
            refused_suspended=self._counts["refused_suspended"],
            refused_full=self._counts["refused_full"],
            out_of_descriptors=self._counts["out_of_descriptors"],
        )


def _within(address: str, network: Network) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip) in network
