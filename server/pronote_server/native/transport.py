"""
One connected socket, tried before it is waited for.

Trio's own streams cost more than the rest of a call; this is the same idea with nothing
around it: a plain non-blocking socket (or a TLS one), and Trio only for the waiting. It is
the one module of the server that knows how bytes move, so that it can be replaced.

A transport has one reader (the connection's task). Anybody may `send_now`, synchronously,
through the connection's `Outbox`, which keeps the order.
"""

from __future__ import annotations

import contextlib
import socket
import ssl

import trio

__all__ = ["Broken", "TlsTransport", "Transport"]

# One read may bring the largest frame of a client and the beginning of the next.
_READ_BYTES = 64 * 1024


class Broken(Exception):
    """The connection is gone; what was sent may or may not have arrived."""


class Transport:
    """
    A plain TCP connection; closes *sock*, which must be non-blocking.

    Attributes:
        descriptor: Of the socket, for who waits for many.
    """

    __slots__ = ("_sock", "certificate_hash", "descriptor", "server_name")

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.descriptor = sock.fileno()
        self.certificate_hash: bytes | None = None
        self.server_name: str | None = None

    @property
    def holds_more(self) -> bool:
        """Whether more was received than the last read gave, so that the socket is silent."""
        return False

    @property
    def quiet(self) -> bool:
        """Whether a client that says nothing more sends no byte either: TLS has its own end."""
        return True

    async def start(self) -> None:
        """
        Make the transport ready; a checkpoint only where there is something to negotiate.

        Raises:
            Broken: The client went, or spoke another protocol.
        """

    async def receive(self) -> bytes:
        """
        Return some bytes, or ``b""`` at the end. Always a checkpoint; cancellation never
        loses a byte.

        Raises:
            Broken: The connection was reset.
        """
        waited = False
        while True:
            try:
                data = self._sock.recv(_READ_BYTES)
            except BlockingIOError:
                await trio.lowlevel.wait_readable(self._sock)
                waited = True
            except OSError as exc:
                raise Broken(str(exc)) from None
            else:
                if not waited:
                    await trio.lowlevel.cancel_shielded_checkpoint()
                return data

    def receive_now(self) -> bytes | None:
        """
        Return some bytes, ``b""`` at the end, or None when there is nothing now.

        Raises:
            Broken: The connection was reset.
        """
        try:
            return self._sock.recv(_READ_BYTES)
        except BlockingIOError:
            return None
        except OSError as exc:
            raise Broken(str(exc)) from None

    def send_now(self, data: bytes | memoryview) -> int:
        """
        Send what the socket takes at once; return how many bytes that was.

        Raises:
            Broken: The connection is gone.
        """
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return 0
        except OSError as exc:
            raise Broken(str(exc)) from None

    async def wait_sendable(self) -> None:
        """Wait until `send_now` may take something again."""
        try:
            await trio.lowlevel.wait_writable(self._sock)
        except OSError as exc:
            raise Broken(str(exc)) from None

    async def finish(self) -> None:
        """
        Send the end of stream and wait for the client's, throwing away what it still says.

        Closing with unread bytes would reset the connection, and the goodbye with it.
        """
        with contextlib.suppress(Broken, OSError):
            self._sock.shutdown(socket.SHUT_WR)
            while await self.receive():
                pass

    def close(self) -> None:
        """Close at once. Idempotent."""
        if self._sock.fileno() != -1:
            trio.lowlevel.notify_closing(self._sock)
            self._sock.close()


class TlsTransport(Transport):
    """
    The same through TLS.

    Args:
        certificate_hash: Of the certificate *context* shows; for channel binding.
    """

    __slots__ = ()

    _sock: ssl.SSLSocket  # type: ignore[mutable-override]  # nobody else sets it

    def __init__(
        self, sock: socket.socket, context: ssl.SSLContext, certificate_hash: bytes
    ) -> None:
        super().__init__(
            context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        )
        self.certificate_hash = certificate_hash

    async def start(self) -> None:
        while True:
            try:
                self._sock.do_handshake()
            except ssl.SSLWantReadError:
                await trio.lowlevel.wait_readable(self._sock)
            except ssl.SSLWantWriteError:
                await trio.lowlevel.wait_writable(self._sock)
            except (OSError, ValueError) as exc:
                raise Broken(f"TLS: {exc}") from None
            else:
                self.server_name = getattr(self._sock, "asked_name", None)
                await trio.lowlevel.cancel_shielded_checkpoint()
                return

    async def receive(self) -> bytes:
        waited = False
        while True:
            try:
                data = self._sock.recv(_READ_BYTES)
            except ssl.SSLWantReadError:
                await trio.lowlevel.wait_readable(self._sock)
                waited = True
            except ssl.SSLWantWriteError:
                await trio.lowlevel.wait_writable(self._sock)
                waited = True
            except (OSError, ValueError) as exc:
                raise Broken(str(exc)) from None
            else:
                if not waited:
                    await trio.lowlevel.cancel_shielded_checkpoint()
                return data

    @property
    def quiet(self) -> bool:
        return False

    @property
    def holds_more(self) -> bool:
        return self._sock.pending() > 0

    def receive_now(self) -> bytes | None:
        try:
            return self._sock.recv(_READ_BYTES)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except (OSError, ValueError) as exc:
            raise Broken(str(exc)) from None

    def send_now(self, data: bytes | memoryview) -> int:
        sent = 0
        try:
            # One call writes one record at most.
            while sent < len(data):
                sent += self._sock.send(data[sent:])
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except (OSError, ValueError) as exc:
            raise Broken(str(exc)) from None
        return sent

    async def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            # Sends the close alert; the client's own is not worth waiting for.
            self._sock.unwrap()
        with contextlib.suppress(Broken, OSError, ValueError):
            socket.socket.shutdown(self._sock, socket.SHUT_WR)
            while await self._receive_raw():
                pass

    async def _receive_raw(self) -> bytes:
        while True:
            try:
                return socket.socket.recv(self._sock, _READ_BYTES)
            except BlockingIOError:
                await trio.lowlevel.wait_readable(self._sock)
