"""
SCRAM-SHA-256 (RFC 5802, 7677), both roles; the client's, with the library's strangeness
contained, and what makes keys of a password.

The password never travels to log in: the client pays for the key derivation, the server
only checks HMACs. With TLS the server's certificate is bound into the proof
(``tls-server-end-point``, RFC 5929), so that a man in the middle with another certificate
learns nothing and gets nowhere.

The server's role is in `scram_server`, by hand: the library takes ten times as long for it,
most of it in the loop that serves everybody. A client logs in once.
"""

from __future__ import annotations

import scramp

from pronote_protocol.errors import BadCredentials, RemoteProtocolError
from pronote_protocol.scram_server import (
    BINDING,
    BOUND,
    PLAIN,
    Keys,
    ServerLogin,
    decoy_keys,
)

__all__ = [
    "BOUND",
    "PLAIN",
    "ClientLogin",
    "Keys",
    "ServerLogin",
    "decoy_keys",
    "derive",
]

# What the library raises for text that does not fit; a lone surrogate is a ValueError.
_UNFIT = (scramp.ScramException, ValueError)


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
        binding = (BINDING, certificate_hash) if certificate_hash else None
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
