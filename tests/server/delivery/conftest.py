"""A relay and a gateway on loopback, in threads of their own, that fail as they are told."""

from __future__ import annotations

import base64
import http.server
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
import trustme

from pronote_server.domain.outgoing import Channel, OutgoingMessage

USER: Final = ("pronote", "relay-password")


@attrs.define(eq=False)
class Relay:
    """
    An SMTP server.

    Attributes:
        says: Answers to give instead, by verb; ``DATA.`` is the end of the message, None
            hangs up there, and ``...`` says nothing any more.
        got: The messages that were taken, or heard to the end.
        heard: Every verb, in order, with ``*`` when it came inside TLS.
    """

    context: ssl.SSLContext
    starttls: bool = True
    tls: bool = False
    says: dict[str, str | None] = attrs.field(factory=dict)
    got: list[EmailMessage] = attrs.field(factory=list)
    heard: list[str] = attrs.field(factory=list)
    port: int = 0
    closing: threading.Event = attrs.field(factory=threading.Event)

    def converse(self, sock: socket.socket) -> None:
        secure = self.tls
        try:
            if self.tls:
                sock = self.context.wrap_socket(sock, server_side=True)
            if self._reply(sock, "HELLO", "220 relay"):
                return
            stream = sock.makefile("rb")
            while line := stream.readline():
                verb = line.split()[0].decode("ascii").upper()
                self.heard.append(verb + "*" * secure)
                usual = self._usual(verb, line, secure)
                if self._reply(sock, verb, usual) or verb == "QUIT":
                    return
                if verb == "STARTTLS" and usual.startswith("220"):
                    sock = self.context.wrap_socket(sock, server_side=True)
                    stream, secure = sock.makefile("rb"), True
                if verb == "DATA" and "DATA" not in self.says:
                    lines = iter(stream.readline, b".\r\n")
                    text = b"".join(one.removeprefix(b".") for one in lines)
                    mail = message_from_bytes(text, policy=policy.default)
                    assert isinstance(mail, EmailMessage)
                    self.got.append(mail)
                    if self._reply(sock, "DATA.", "250 taken"):
                        return
        except OSError:
            pass  # the other end went: what it left undone is its business
        finally:
            sock.close()

    def _usual(self, verb: str, line: bytes, secure: bool) -> str:
        match verb:
            case "EHLO":
                offers = [*(["STARTTLS"] if self.starttls and not secure else []), "AUTH PLAIN"]
                rows = ["relay", *offers]
                last = len(rows) - 1
                return "\r\n".join(
                    f"250{' ' if rank == last else '-'}{row}" for rank, row in enumerate(rows)
                )
            case "STARTTLS":
                return "220 go on" if self.starttls else "502 no"
            case "AUTH":
                said = base64.b64decode(line.split()[2]).split(b"\0")[1:]
                right = [each.encode() for each in USER]
                return "235 welcome" if said == right else "535 who are you"
            case "DATA":
                return "354 go on"
            case "QUIT":
                return "221 bye"
        return "250 ok"

    def _reply(self, sock: socket.socket, verb: str, usual: str) -> bool:
        """Answer; return whether to hang up."""
        said = self.says.get(verb, usual)
        if said == "...":
            self.closing.wait(20)
        if said in (None, "..."):
            return True
        sock.sendall(f"{said}\r\n".encode())
        return False


@attrs.define(eq=False)
class Gateway:
    """
    An HTTP server for SMS.

    Attributes:
        status: What it answers; None hangs up after reading.
        got: The objects that were posted, and the headers they came with.
    """

    status: int | None = 202
    got: list[tuple[dict[str, Any], dict[str, str]]] = attrs.field(factory=list)
    port: int = 0


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def authority_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return path


def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def relay(authority: trustme.CA) -> Iterator[Relay]:
    """A relay that works."""
    serving = Relay(server_context(authority))

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            serving.converse(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        serving.port = server.server_address[1]
        for _ in _serving(server):
            yield serving
        serving.closing.set()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway that works."""
    serving, server = _gateway()
    with server:
        yield from _each(serving, server)


@pytest.fixture
def secure_gateway(authority: trustme.CA) -> Iterator[Gateway]:
    """The same behind TLS."""
    serving, server = _gateway()
    server.socket = server_context(authority).wrap_socket(server.socket, server_side=True)
    with server:
        yield from _each(serving, server)


def _gateway() -> tuple[Gateway, http.server.ThreadingHTTPServer]:
    serving = Gateway()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted = self.rfile.read(int(self.headers["Content-Length"]))
            serving.got.append((json.loads(posted), dict(self.headers)))
            if serving.status is not None:
                self.send_response(serving.status)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.send_header("Content-Length", "0")
                self.end_headers()
            self.close_connection = True

        def log_message(self, *_: Any) -> None: ...

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: Any) -> None: ...

    server = Server(("127.0.0.1", 0), Handler)
    serving.port = server.server_address[1]
    return serving, server


def _each(serving: Gateway, server: http.server.ThreadingHTTPServer) -> Iterator[Gateway]:
    for _ in _serving(server):
        yield serving


def _serving(server: socketserver.BaseServer) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@pytest.fixture
def email() -> OutgoingMessage:
    return message(Channel.EMAIL, "responsable@ecole.example")


@pytest.fixture
def sms() -> OutgoingMessage:
    return message(Channel.SMS, "+33639980178")


def message(channel: Channel, recipient: str) -> OutgoingMessage:
    now = datetime(2021, 3, 1, 8, tzinfo=UTC)
    return OutgoingMessage(
        id=1,
        message_id=f"{channel.value}-0123456789",
        channel=channel,
        recipient=recipient,
        subject="Identifiants d'hébergement",
        body="N° d'hébergement : 123456789012\n.\nÀ bientôt",
        created_at=now,
        due_at=now,
    )
