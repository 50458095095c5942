"""
Coming in by raw sockets: the login of a client, without a client's cost.

The password is derived once for each salt, as the SDK does too; what is left is four
requests. `steps` is the conversation without I/O, for who drives many at once; `come_in`
plays it on a blocking socket.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import socket
import ssl
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import attrs

from bench.measuring.ours import Ours
from pronote_protocol.channel_binding import certificate_hash
from pronote_protocol.codec import pack, unpack
from pronote_protocol.framing import encode_frame
from pronote_protocol.limits import NEWEST_VERSION, OLDEST_VERSION, WireLimits
from pronote_protocol.words import Mode

__all__ = [
    "GOODBYE",
    "Account",
    "Address",
    "Asked",
    "Refusal",
    "account_of",
    "answer_on",
    "ask",
    "base_file",
    "come_in",
    "request",
    "steps",
]

_SECONDS: Final = 30.0
_LIMITS: Final = WireLimits()
GOODBYE: Final = encode_frame(pack([2, "goodbye", {"code": "logout"}]))

Steps = Generator[bytes, Any, dict[str, Any]]


class Refusal(Exception):
    """The server refused; its code is the first argument."""


class Asked(Exception):
    """The server hung up, or said what no server says."""


def request(ident: int, method: str, params: Any = None) -> bytes:
    """Return the frame of a request; *params* are plain values."""
    return encode_frame(pack([0, ident, method, {} if params is None else params]))


@attrs.define
class Account:
    """Somebody who can log in; the keys of his password are derived once a salt."""

    mode: Mode
    login: str
    password: str = attrs.field(repr=False)
    _keys: dict[tuple[bytes, int], tuple[bytes, bytes]] = attrs.field(
        factory=dict, init=False, repr=False
    )

    def proof(self, salt: bytes, iterations: int, message: bytes) -> bytes:
        """Return the client's proof of SCRAM-SHA-256 (RFC 5802)."""
        keys = self._keys.get((salt, iterations))
        if keys is None:
            salted = hashlib.pbkdf2_hmac(
                "sha256", self.password.encode("ascii"), salt, iterations
            )
            client = hmac.digest(salted, b"Client Key", "sha256")
            keys = self._keys[salt, iterations] = client, hashlib.sha256(client).digest()
        signature = hmac.digest(keys[1], message, "sha256")
        return bytes(a ^ b for a, b in zip(keys[0], signature, strict=True))


def account_of(server: Ours, mode: Mode) -> Account:
    """Return the first account of the demo in *mode*."""
    for each in server.accounts:
        if each.mode is mode:
            return Account(each.mode, each.login, each.password)
    raise LookupError(mode)


@attrs.frozen
class Address:
    """Where a server is, from where we come, and what it must show."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    source: str | None = None

    @classmethod
    def of(cls, server: Ours, source: str | None = None) -> Address:
        settings, context = server.settings, None
        if settings.tls:
            context = ssl.create_default_context(cadata=settings.certificate_authority)
        return cls(settings.address, settings.port, context, source)

    def connect(self) -> socket.socket:
        """Return a connected blocking socket, after the handshake where there is TLS."""
        source = None if self.source is None else (self.source, 0)
        sock = socket.create_connection((self.host, self.port), _SECONDS, source)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls is None:
            return sock
        return self.tls.wrap_socket(sock, server_hostname=self.host)


def steps(
    account: Account,
    *,
    workstation: str = "BANC",
    bound_to: bytes | None = None,
    instance: str | None = None,
) -> Steps:
    """
    Yield what to send, get the result of the answer, return that of ``session.enter``.

    Args:
        bound_to: Hash of the server's certificate; None without TLS.
    """
    yield request(
        0,
        "hello",
        {
            "oldest": OLDEST_VERSION,
            "newest": NEWEST_VERSION,
            "application": "PRONOTE",
            "client": "bench",
            "workstation": workstation,
            "instance": instance or secrets.token_hex(16),
            "rne": None,
        },
    )
    header = b"n,," if bound_to is None else b"p=tls-server-end-point,,"
    bare = f"n={account.login},r={secrets.token_urlsafe(18)}"
    challenge = yield request(
        1,
        "login.start",
        {
            "mechanism": "SCRAM-SHA-256" + ("" if bound_to is None else "-PLUS"),
            "client_first": header.decode() + bare,
        },
    )
    first = challenge["server_first"]
    fields = dict(part.split("=", 1) for part in first.split(","))
    channel = base64.b64encode(header + (bound_to or b"")).decode()
    unproved = f"c={channel},r={fields['r']}"
    proof = account.proof(
        base64.b64decode(fields["s"]),
        int(fields["i"]),
        f"{bare},{first},{unproved}".encode(),
    )
    accepted = yield request(
        2,
        "login.finish",
        {"client_final": f"{unproved},p={base64.b64encode(proof).decode()}"},
    )
    if accepted["must_change"]:
        account.password = f"Banc-d-essai-7-{secrets.token_hex(4)}"
        yield request(3, "password.personalise", {"new_password": account.password})
    entered: dict[str, Any] = yield request(4, "session.enter", {"mode": account.mode.value})
    return entered


def come_in(address: Address, account: Account, **options: Any) -> socket.socket:
    """Return a blocking socket on which a session has been entered."""
    sock = address.connect()
    bound_to = None
    if isinstance(sock, ssl.SSLSocket):
        shown = sock.getpeercert(binary_form=True)
        assert shown is not None
        bound_to = certificate_hash(shown)
    play = steps(account, bound_to=bound_to, **options)
    said = next(play)
    try:
        while True:
            sock.sendall(said)
            said = play.send(answer_on(sock))
    except StopIteration:
        return sock


def ask(sock: socket.socket, method: str, **params: Any) -> Any:
    """Return the plain result of one call on a blocking socket of a session."""
    sock.sendall(request(7, method, params))
    return answer_on(sock)


def answer_on(sock: socket.socket) -> Any:
    """Return the result of the next response; events are passed over."""
    while True:
        size = int.from_bytes(_exactly(sock, 4), "big")
        message = unpack(_exactly(sock, size), _LIMITS)
        if message[0] == 1:
            if message[2] is not None:
                raise Refusal(message[2]["code"], message[2])
            return message[3]
        if message[1] == "goodbye":
            raise Asked(f"goodbye instead of an answer: {message[2]}")


def _exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise Asked("the server hung up")
        data += more
    return data


def base_file(server: Ours) -> Path:
    """Return the base in service of the demo school."""
    (path,) = (server.settings_file.parent / "bases").glob("*.not")
    return path
