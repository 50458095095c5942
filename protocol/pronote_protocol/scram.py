"""
SCRAM-SHA-256 (RFC 5802, 7677), both roles, with the library's strangeness contained.

The password never travels to log in: the client pays for the key derivation, the server
only checks HMACs. With TLS the server's certificate is bound into the proof
(``tls-server-end-point``, RFC 5929), so that a man in the middle with another certificate
learns nothing and gets nowhere.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

import attrs
import scramp

from pronote_protocol.errors import BadCredentials, RemoteProtocolError

__all__ = [
    "BOUND",
    "PLAIN",
    "ClientLogin",
    "Keys",
    "ServerLogin",
    "decoy_keys",
    "derive",
]

BOUND = "SCRAM-SHA-256-PLUS"
PLAIN = "SCRAM-SHA-256"
_BINDING = "tls-server-end-point"
# What the library raises for text that does not fit; a lone surrogate is a ValueError.
_UNFIT = (scramp.ScramException, ValueError)


@attrs.frozen
class Keys:
    """What a server keeps of a password; none of it lets anybody log in as the user."""

    salt: bytes = attrs.field(repr=False)
    stored_key: bytes = attrs.field(repr=False)
    server_key: bytes = attrs.field(repr=False)
    iterations: int


def derive(password: str, iterations: int, salt: bytes | None = None) -> Keys:
    """
    Return the keys of *password*: blocking, about 0.5 s for 600 000 iterations.

    Raises:
        ValueError: The password cannot be prepared (RFC 4013), or is empty.
    """
    if not password:
        raise ValueError("an empty password")
    try:
        made = scramp.ScramMechanism(PLAIN).make_auth_info(
            password, iteration_count=iterations, salt=salt
        )
    except scramp.ScramException as exc:
        raise ValueError(str(exc)) from None
    return Keys(*made)


class ServerLogin:
    """
    One attempt to log in, the server's side.

    Args:
        mechanism: The one the client chose.
        certificate_hash: Of the certificate shown to this client; None without TLS, and
            wherever the welcome did not offer the bound mechanism.
        keys_of: Gives the keys of a login, known or not: a login that does not exist must
            get the same decoy each time, so that nobody can tell.
        nonce: Only for test vectors; drawn otherwise.
    """

    def __init__(
        self,
        mechanism: str,
        certificate_hash: bytes | None,
        keys_of: Callable[[str], Keys],
        *,
        nonce: str | None = None,
    ) -> None:
        if mechanism not in (BOUND, PLAIN) or (mechanism == BOUND and not certificate_hash):
            raise RemoteProtocolError(f"mechanism {mechanism[:40]} was not offered")
        self.login = ""
        self._bound = mechanism == BOUND
        self._failure: Exception | None = None

        def lookup(login: str) -> tuple[bytes, bytes, bytes, int]:
            self.login = login
            try:
                keys = keys_of(login)
            except Exception as exc:
                # The library would turn it into a fault of the client.
                self._failure = exc
                raise
            return keys.salt, keys.stored_key, keys.server_key, keys.iterations

        # Also without -PLUS: a client that says "y" was told that we cannot bind, so
        # somebody between us struck -PLUS out of the welcome.
        binding = (_BINDING, certificate_hash) if certificate_hash else None
        self._server = scramp.ScramMechanism(mechanism).make_server(
            lookup, channel_binding=binding, s_nonce=nonce
        )

    def challenge(self, client_first: str) -> str:
        """
        Return the server-first message.

        Raises:
            RemoteProtocolError: The message is not SCRAM, or downgrades the binding.
            Exception: Whatever ``keys_of`` raised.
        """
        if client_first.startswith("p=") is not self._bound:
            raise RemoteProtocolError("login.start: the binding does not fit the mechanism")
        try:
            self._server.set_client_first(client_first)
            return str(self._server.get_server_first())
        except _UNFIT as exc:
            if self._failure is not None:
                raise self._failure from None
            raise RemoteProtocolError(f"login.start: {exc}"[:200]) from None

    def verify(self, client_final: str) -> str:
        """
        Return the server-final message of a proof that is right.

        Raises:
            BadCredentials: It is wrong, whatever the reason.
        """
        try:
            self._server.set_client_final(client_final)
            return str(self._server.get_server_final())
        except _UNFIT:
            raise BadCredentials() from None


class ClientLogin:
    """
    One attempt to log in, the client's side.

    Args:
        certificate_hash: Of the server's certificate; None without TLS.
        mechanisms: As the welcome offers them; those this version does not know are
            passed over.
        nonce: Only for test vectors; drawn otherwise.

    Raises:
        BadCredentials: No account can have this login or this password (RFC 4013).
        RemoteProtocolError: The server offers nothing this client can do.
    """

    def __init__(
        self,
        login: str,
        password: str,
        *,
        mechanisms: tuple[str, ...],
        certificate_hash: bytes | None,
        nonce: str | None = None,
    ) -> None:
        binding = (_BINDING, certificate_hash) if certificate_hash else None
        feasible = (BOUND, PLAIN) if binding else (PLAIN,)
        known = [mechanism for mechanism in feasible if mechanism in mechanisms]
        if not known:
            raise RemoteProtocolError("the server offers no mechanism of this client")
        if not password:
            raise BadCredentials()
        try:
            self._client = scramp.ScramClient(
                known, login, password, channel_binding=binding, c_nonce=nonce
            )
        except _UNFIT:
            raise BadCredentials() from None
        self.mechanism: str = self._client.mechanism_name

    def first(self) -> str:
        """Return the client-first message."""
        return str(self._client.get_client_first())

    def final(self, server_first: str) -> str:
        """
        Return the client-final message: blocking, as long as `derive`.

        Raises:
            RemoteProtocolError: The server's message is not SCRAM.
        """
        try:
            self._client.set_server_first(server_first)
            return str(self._client.get_client_final())
        except _UNFIT as exc:
            raise RemoteProtocolError(f"login.start: {exc}"[:200]) from None

    def check(self, server_final: str) -> None:
        """
        Make sure that the server knew the keys.

        Raises:
            RemoteProtocolError: It did not: this is not the server it says it is.
        """
        try:
            self._client.set_server_final(server_final)
        except _UNFIT as exc:
            raise RemoteProtocolError(f"the server did not prove itself: {exc}") from None


def decoy_keys(login: str, secret: bytes, iterations: int) -> Keys:
    """
    Return keys no password fits, the same each time for one login and one *secret*.

    Give the login as the directory compares it (without case and accents): two spellings
    of an account get one salt, and so must two spellings of nobody.
    Costs what looking up real ones costs: a few HMACs, no derivation.
    """

    def piece(label: bytes) -> bytes:
        return hmac.digest(secret, label + b"\0" + login.encode("utf-8", "replace"), "sha256")

    return Keys(piece(b"salt"), piece(b"stored"), piece(b"server"), iterations)
