"""The server's side of SCRAM, held against the library that did it before, text by text."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

import pytest
import scramp
from hypothesis import example, given
from hypothesis import strategies as st

from pronote_protocol.errors import BadCredentials, RemoteProtocolError
from pronote_protocol.scram_server import BINDING, BOUND, PLAIN, Keys, ServerLogin
from pronote_protocol.testing import LOGIN, PASSWORD

CERTIFICATE: Final = b"c" * 32
SALT: Final = b"0123456789abcdef"
SALTED: Final = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), SALT, 4096)
CLIENT_KEY: Final = hmac.digest(SALTED, b"Client Key", "sha256")
KEYS: Final = Keys(
    SALT,
    hashlib.sha256(CLIENT_KEY).digest(),
    hmac.digest(SALTED, b"Server Key", "sha256"),
    4096,
)
HEADERS: Final = {PLAIN: "n,,", BOUND: f"p={BINDING},,"}


class Library:
    """What `ServerLogin` was before: the library, and one check in front of it."""

    def __init__(self, mechanism: str, certificate_hash: bytes | None) -> None:
        self._bound = mechanism == BOUND
        self.login = ""
        binding = (BINDING, certificate_hash) if certificate_hash else None
        self._server = scramp.ScramMechanism(mechanism).make_server(
            self._keys_of, channel_binding=binding, s_nonce="server"
        )

    def _keys_of(self, login: str) -> tuple[bytes, bytes, bytes, int]:
        self.login = login
        return KEYS.salt, KEYS.stored_key, KEYS.server_key, KEYS.iterations

    def challenge(self, client_first: str) -> str | None:
        if client_first.startswith("p=") is not self._bound:
            return None
        try:
            self._server.set_client_first(client_first)
            return str(self._server.get_server_first())
        except (scramp.ScramException, ValueError):
            return None

    def verify(self, client_final: str) -> str | None:
        try:
            self._server.set_client_final(client_final)
            return str(self._server.get_server_final())
        except (scramp.ScramException, ValueError):
            return None


def server(mechanism: str, certificate_hash: bytes | None) -> ServerLogin:
    return ServerLogin(mechanism, certificate_hash, lambda _: KEYS, nonce="server")


def challenged(login: ServerLogin, text: str) -> str | None:
    try:
        return login.challenge(text)
    except RemoteProtocolError:
        return None


def verified(login: ServerLogin, text: str) -> str | None:
    try:
        return login.verify(text)
    except BadCredentials:
        return None


def proof(client_first: str, server_first: str, unproved: str) -> bytes:
    """Return the right proof of what was said, whatever that is."""
    bare = client_first.split(",", 2)[2]
    message = f"{bare},{server_first},{unproved}".encode()
    signature = hmac.digest(KEYS.stored_key, message, "sha256")
    return bytes(a ^ b for a, b in zip(CLIENT_KEY, signature, strict=True))


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


MECHANISMS = st.sampled_from([PLAIN, BOUND])
SHOWN = st.sampled_from([None, CERTIFICATE])
# Attributes as they should be, as they should not, and what is no attribute at all.
LETTERS = st.sampled_from([*"bxyzAZamnrcsipve", "", "é", "1", "xx"])
VALUES = st.one_of(
    st.text("abc=!~ é", min_size=1, max_size=4),
    st.sampled_from(["abc=2Cd", "abc=3Dd", "=", "=2c", "e\u0301", "\u00ad", "\U000e0001"]),
    st.sampled_from(["", "\0", "a\0", "\n", "a\u0007", "\u06271", "\ue000", "\u00a0a", ","]),
)
ATTRIBUTES = st.lists(st.builds("{}={}".format, LETTERS, VALUES), max_size=3).map(",".join)
NOTHING = st.just("")
MORE = NOTHING | NOTHING | ATTRIBUTES.map(",{}".format)
BEFORE = NOTHING | NOTHING | ATTRIBUTES.map("{},".format)
FLAGS = st.sampled_from(["n", "y", f"p={BINDING}"] * 3 + ["p=tls-unique", "p=", "N", "", "x=y"])
NAMES = st.just("dupas") | VALUES
FIRSTS = st.one_of(
    st.builds("{},,{}n={},r=client{}".format, FLAGS, BEFORE, NAMES, MORE),
    st.builds("{},,n=dupas,r={}{}".format, FLAGS, VALUES, MORE),
    st.builds("{},{},n=dupas,r=client".format, FLAGS, st.sampled_from(["a=dupas", "a="])),
    st.builds("{},,{}".format, FLAGS, ATTRIBUTES),
    st.text(max_size=30).filter(str.isprintable),
)


@given(mechanism=MECHANISMS, shown=SHOWN, first=FIRSTS)
@example(mechanism=PLAIN, shown=CERTIFICATE, first="y,,n=dupas,r=client")
@example(mechanism=PLAIN, shown=None, first="y,,n=dupas,r=client")
@example(mechanism=PLAIN, shown=None, first="n,,n=dupas,r=client,x=1,y=2")
@example(mechanism=PLAIN, shown=None, first="n,,n=dupas,r=client,x=1,x=2")
@example(mechanism=PLAIN, shown=None, first="n,,m=must,n=dupas,r=client")
@example(mechanism=PLAIN, shown=None, first="n,,n=dupas,r=client,m=must")
@example(mechanism=PLAIN, shown=None, first="n,,r=client,n=dupas")
@example(mechanism=PLAIN, shown=None, first="n,,n=dupas,r=client\n")
@example(mechanism=PLAIN, shown=None, first="n,,n=a=3D2C,r=client")
@example(mechanism=PLAIN, shown=None, first="n,,n=dupas,r=client,,")
@example(mechanism=PLAIN, shown=None, first="n,,n=dupas,r=client,x=\0")
@example(mechanism=PLAIN, shown=None, first="n,,n=du=2cpas,r=client")
@example(mechanism=PLAIN, shown=None, first="n,,n==,r=client")
def test_a_first_message_is_taken_or_refused_as_the_library_does(
    mechanism: str, shown: bytes | None, first: str
) -> None:
    if mechanism == BOUND:
        shown = CERTIFICATE
    ours, library = server(mechanism, shown), Library(mechanism, shown)

    assert challenged(ours, first) == library.challenge(first)
    assert ours.login == library.login


@given(name=st.text(min_size=1, max_size=20))
def test_logins_are_prepared_as_the_library_does(name: str) -> None:
    first = f"n,,n={name.replace('=', '=3D').replace(',', '=2C')},r=client"
    ours, library = server(PLAIN, None), Library(PLAIN, None)

    assert challenged(ours, first) == library.challenge(first)
    assert ours.login == library.login


# An at sign stands for the binding of the mechanism.
BINDINGS = st.sampled_from(["@", "@", "biws", "eSws", "biw", "bi ws", "é", ""])
NONCES = st.sampled_from(["clientserver"] * 3 + ["client", "server", "clientserver2", "", "é"])
FINALS = st.one_of(
    st.builds("{}c={},r={}{}".format, BEFORE, BINDINGS, NONCES, MORE),
    st.builds("c={},r=clientserver".format, st.binary(max_size=40).map(text)),
    ATTRIBUTES,
)


@given(
    mechanism=MECHANISMS, unproved=FINALS, bound_to=st.sampled_from([CERTIFICATE, b"m" * 32])
)
@example(mechanism=PLAIN, unproved="c=biws,r=clientserver", bound_to=b"")
@example(mechanism=PLAIN, unproved="c=biws=,r=clientserver", bound_to=b"")
@example(mechanism=PLAIN, unproved="c=biws,r=clientserver2", bound_to=b"")
@example(mechanism=PLAIN, unproved="c=biws,r=client", bound_to=b"")
@example(mechanism=PLAIN, unproved="c=biws,r=clientserver,x=1", bound_to=b"")
@example(mechanism=PLAIN, unproved="c=biws,r=clientserver,x=1,x=1", bound_to=b"")
@example(mechanism=PLAIN, unproved="c=biws,r=clientserver,m=1", bound_to=b"")
@example(mechanism=PLAIN, unproved="x=1,c=biws,r=clientserver", bound_to=b"")
@example(mechanism=PLAIN, unproved="r=clientserver,c=biws", bound_to=b"")
@example(mechanism=BOUND, unproved="c=biws,r=clientserver", bound_to=CERTIFICATE)
@example(mechanism=BOUND, unproved="c=@,r=clientserver", bound_to=CERTIFICATE)
@example(mechanism=BOUND, unproved="c=@,r=clientserver", bound_to=b"m" * 32)
def test_a_proof_that_fits_its_text_is_taken_or_refused_as_the_library_does(
    mechanism: str, unproved: str, bound_to: bytes
) -> None:
    """The proof is always right, so that only the rest of the text decides."""
    shown = CERTIFICATE if mechanism == BOUND else None
    unproved = unproved.replace("@", text(HEADERS[mechanism].encode() + bound_to))
    first = f"{HEADERS[mechanism]}n={LOGIN},r=client"
    ours, library = server(mechanism, shown), Library(mechanism, shown)
    said = ours.challenge(first)
    assert said == library.challenge(first)
    final = f"{unproved},p={text(proof(first, said, unproved))}"

    expected = library.verify(final)
    if unproved.startswith("c=biws="):  # padding that no encoder writes
        expected = None
    assert verified(ours, final) == expected


@pytest.mark.parametrize("mechanism", [PLAIN, BOUND])
def test_the_right_proof_is_taken_once(mechanism: str) -> None:
    shown = CERTIFICATE if mechanism == BOUND else None
    login = server(mechanism, shown)
    first = f"{HEADERS[mechanism]}n={LOGIN},r=client"
    said = login.challenge(first)
    unproved = f"c={text(HEADERS[mechanism].encode() + (shown or b''))},r=clientserver"
    final = f"{unproved},p={text(proof(first, said, unproved))}"

    assert login.verify(final).startswith("v=")
    with pytest.raises(BadCredentials):
        login.verify(final)


@given(
    wrong=st.binary(max_size=40) | st.integers(0, 255).map(lambda bit: bit.to_bytes(1, "big"))
)
def test_any_other_proof_is_refused(wrong: bytes) -> None:
    login = server(PLAIN, None)
    first = f"n,,n={LOGIN},r=client"
    right = proof(first, login.challenge(first), "c=biws,r=clientserver")
    if len(wrong) == 1:  # one bit of it is turned
        flipped = int.from_bytes(right, "big") ^ (1 << wrong[0])
        wrong = flipped.to_bytes(32, "big")

    assert wrong != right
    with pytest.raises(BadCredentials):
        login.verify(f"c=biws,r=clientserver,p={text(wrong)}")


@pytest.mark.parametrize("spoil", [lambda p: p[:-1], lambda p: p + "=", lambda p: p + "AAAA"])
def test_a_proof_of_another_length_is_refused(spoil: object) -> None:
    login = server(PLAIN, None)
    first = f"n,,n={LOGIN},r=client"
    right = text(proof(first, login.challenge(first), "c=biws,r=clientserver"))
    assert callable(spoil)

    with pytest.raises(BadCredentials):
        login.verify(f"c=biws,r=clientserver,p={spoil(right)}")


def test_base64_that_no_encoder_writes_is_refused() -> None:
    """The library takes it: bits behind the last byte, which nobody looks at."""
    first = f"n,,n={LOGIN},r=client"
    ours, library = server(PLAIN, None), Library(PLAIN, None)
    said = ours.challenge(first)
    library.challenge(first)
    right = text(proof(first, said, "c=biws,r=clientserver"))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = right[:-2] + alphabet[alphabet.index(right[-2]) + 1] + "="
    assert base64.b64decode(twin) == base64.b64decode(right)

    assert library.verify(f"c=biws,r=clientserver,p={twin}") is not None
    with pytest.raises(BadCredentials):
        ours.verify(f"c=biws,r=clientserver,p={twin}")


def test_a_proof_without_a_challenge_is_refused() -> None:
    with pytest.raises(BadCredentials):
        server(PLAIN, None).verify(f"c=biws,r=clientserver,p={text(b'p' * 32)}")


def test_nonces_are_long_and_drawn_for_each_login() -> None:
    def nonce() -> str:
        said = ServerLogin(PLAIN, None, lambda _: KEYS).challenge("n,,n=dupas,r=client")
        return said.split(",")[0].removeprefix("r=client")

    assert len(nonce()) >= 32
    assert nonce() != nonce()


def test_a_challenge_does_not_show_its_keys() -> None:
    login = server(PLAIN, None)
    login.challenge("n,,n=dupas,r=client")

    assert "server_key" not in repr(vars(login))
    assert "stored_key" not in repr(vars(login))
