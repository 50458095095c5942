"""
The server's side of SCRAM-SHA-256 and -PLUS (RFC 5802, 7677), short enough to be read beside
the RFC.

A login is four texts. Those of the client are the two expressions below, to the letter; what
is answered to a text that does not fit depends on nothing but the text. What depends on the
account is done for every login alike, known or not, and compared in constant time.

    client-first   n,,n=dupas,r=NONCE          or y,, or p=tls-server-end-point,, in front
    server-first   r=NONCEMORE,s=SALT,i=600000
    client-final   c=BINDING,r=NONCEMORE,p=PROOF
    server-final   v=SIGNATURE

As the RFC wants it, attributes it does not define may follow the nonces and are passed over
(the proof covers them too); ``a``, another identity, and ``m``, an extension that must be
understood, are refused. Base64 is taken only as an encoder writes it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Final

import attrs
from scramp.utils import ScramException, saslprep

from pronote_protocol.errors import BadCredentials, RemoteProtocolError

__all__ = ["BINDING", "BOUND", "PLAIN", "Keys", "ServerLogin", "decoy_keys"]

BOUND: Final = "SCRAM-SHA-256-PLUS"
PLAIN: Final = "SCRAM-SHA-256"
# What the bound mechanism binds: the hash of the server's certificate (RFC 5929).
BINDING: Final = "tls-server-end-point"

# Printable ASCII but the comma; text but the comma, NUL and what is no UTF-8; both not empty.
_NONCE: Final = r"[\x21-\x2b\x2d-\x7e]+"
_VALUE: Final = r"[^,\0\ud800-\udfff]+"
_UNDEFINED: Final = rf"(?P<undefined>(?:,[bdfghj-loqtuw-zA-Z]={_VALUE})*)"
_CLIENT_FIRST: Final = re.compile(
    r"(?P<header>(?P<flag>[ny]|p=[A-Za-z0-9.-]+),,)"
    rf"(?P<bare>n=(?P<login>{_VALUE}),r=(?P<nonce>{_NONCE}){_UNDEFINED})"
)
_CLIENT_FINAL: Final = re.compile(
    rf"(?P<unproved>c=(?P<binding>[A-Za-z0-9+/]+={{0,2}}),r=(?P<nonce>{_NONCE}){_UNDEFINED})"
    r",p=(?P<proof>[A-Za-z0-9+/]{43}=)"
)
_BAD_ESCAPE: Final = re.compile("=(?!2C|3D)")


@attrs.frozen
class Keys:
    """What a server keeps of a password; none of it lets anybody log in as the user."""

    salt: bytes = attrs.field(repr=False)
    stored_key: bytes = attrs.field(repr=False)
    server_key: bytes = attrs.field(repr=False)
    iterations: int


@attrs.frozen
class _Challenged:
    """What the proof must fit: both nonces, the binding, and all that was said before it."""

    keys: Keys
    nonce: str
    binding: str
    said: str


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

    Attributes:
        login: As it was prepared (RFC 4013); empty until `challenge` has read it.
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
        self._certificate_hash = certificate_hash
        self._keys_of = keys_of
        self._nonce = nonce
        self._challenged: _Challenged | None = None

    def challenge(self, client_first: str) -> str:
        """
        Return the server-first message.

        Raises:
            RemoteProtocolError: The message is not SCRAM, or downgrades the binding.
            Exception: Whatever ``keys_of`` raised.
        """
        said = _CLIENT_FIRST.fullmatch(client_first)
        if said is None or _repeats(said["undefined"]):
            raise _unfit("no client-first message")
        self._check_flag(said["flag"])
        self.login = _prepared(said["login"])
        keys = self._keys_of(self.login)
        # Ours is new each time, so that a proof somebody overheard is good for nothing.
        nonce = said["nonce"] + (self._nonce or secrets.token_urlsafe(24))
        server_first = f"r={nonce},s={_base64(keys.salt)},i={keys.iterations}"
        bound_to = self._certificate_hash if self._bound else None
        binding = _base64(said["header"].encode() + (bound_to or b""))
        self._challenged = _Challenged(keys, nonce, binding, f"{said['bare']},{server_first}")
        return server_first

    def verify(self, client_final: str) -> str:
        """
        Return the server-final message of a proof that is right; a challenge is good for one.

        Raises:
            BadCredentials: It is wrong, whatever the reason.
        """
        challenged, self._challenged = self._challenged, None
        said = _CLIENT_FINAL.fullmatch(client_final)
        if challenged is None or said is None or _repeats(said["undefined"]):
            raise BadCredentials()
        proof = b64decode(said["proof"])
        # The flag and the certificate as the client saw them: whoever changed either between
        # us is found out here, because the proof covers this text.
        if not hmac.compare_digest(said["binding"], challenged.binding):
            raise BadCredentials()
        if not hmac.compare_digest(said["nonce"], challenged.nonce):
            raise BadCredentials()
        if _base64(proof) != said["proof"]:
            raise BadCredentials()
        # Only who knows the password, or the client key made of it, can turn this signature
        # into that key, whose hash is all we have.
        keys, message = challenged.keys, f"{challenged.said},{said['unproved']}".encode()
        signature = hmac.digest(keys.stored_key, message, "sha256")
        client_key = int.from_bytes(signature, "big") ^ int.from_bytes(proof, "big")
        hashed = hashlib.sha256(client_key.to_bytes(32, "big")).digest()
        if not hmac.compare_digest(hashed, keys.stored_key):
            raise BadCredentials()
        return f"v={_base64(hmac.digest(keys.server_key, message, 'sha256'))}"

    def _check_flag(self, flag: str) -> None:
        """Refuse what does not fit the mechanism, and what shows that somebody changed it."""
        if self._bound:
            if flag != f"p={BINDING}":
                raise _unfit(f"{BOUND} binds by {BINDING}")
        elif flag.startswith("p"):
            raise _unfit(f"{PLAIN} binds nothing")
        elif flag == "y" and self._certificate_hash:
            # The client was told that we cannot bind: somebody between us struck -PLUS out
            # of the welcome.
            raise _unfit("server-does-support-channel-binding")


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


def _prepared(escaped: str) -> str:
    """Return the login that travelled as *escaped*, prepared by SASLprep."""
    if "=" in escaped:
        if _BAD_ESCAPE.search(escaped):
            raise _unfit("= in a login is written =3D")
        escaped = escaped.replace("=2C", ",").replace("=3D", "=")
    if escaped.isascii() and escaped.isprintable():
        return escaped  # SASLprep changes nothing of it, and forbids nothing in it
    try:
        login: str = saslprep(escaped)
    except ScramException as exc:
        raise _unfit(str(exc)[:150]) from None
    if not login:
        raise _unfit("an empty login")
    return login


def _repeats(undefined: str) -> bool:
    """Whether one of these attributes, which begin with a comma each, is there twice."""
    letters = [attribute[0] for attribute in undefined.split(",")[1:]]
    return len(set(letters)) < len(letters)


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _unfit(why: str) -> RemoteProtocolError:
    return RemoteProtocolError(f"login.start: {why}")
