"""Logging in proves the password without showing it, to nobody but the right server."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pronote_protocol.errors import BadCredentials, RemoteProtocolError
from pronote_protocol.scram import (
    BOUND,
    PLAIN,
    ClientLogin,
    Keys,
    ServerLogin,
    decoy_keys,
    derive,
)
from pronote_protocol.testing import LOGIN, PASSWORD, entered, sample_keys

CERTIFICATE = b"c" * 32
SECRET = b"s" * 32
KEYS = sample_keys()


def keys_of(login: str) -> Keys:
    return KEYS if login == LOGIN else decoy_keys(login, SECRET, KEYS.iterations)


def login(
    *,
    name: str = LOGIN,
    password: str = PASSWORD,
    seen: bytes | None = CERTIFICATE,
    shown: bytes | None = CERTIFICATE,
    offered: tuple[str, ...] = (BOUND, PLAIN),
) -> str:
    """Log in all the way; return the mechanism it was done with."""
    client = ClientLogin(name, password, mechanisms=offered, certificate_hash=seen)
    server = ServerLogin(client.mechanism, shown, keys_of)
    proof = client.final(server.challenge(client.first()))
    client.check(server.verify(proof))
    assert server.login == name
    return client.mechanism


def test_the_right_password_logs_in_bound_to_the_certificate() -> None:
    assert login() == BOUND


def test_without_tls_nothing_is_bound() -> None:
    assert login(seen=None, shown=None, offered=(PLAIN,)) == PLAIN


def test_the_example_of_rfc_7677_comes_out_as_printed_there() -> None:
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    client = ClientLogin(
        "user",
        "pencil",
        mechanisms=(PLAIN,),
        certificate_hash=None,
        nonce="rOprNGfwEbeRWgbNEkqO",
    )
    server = ServerLogin(PLAIN, None, lambda _: derive("pencil", 4096, salt), nonce=nonce)

    first = client.first()
    challenge = server.challenge(first)
    final = client.final(challenge)
    proof = server.verify(final)

    assert first == "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    assert challenge == (f"r=rOprNGfwEbeRWgbNEkqO{nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    assert final == (
        f"c=biws,r=rOprNGfwEbeRWgbNEkqO{nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    assert proof == "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    client.check(proof)


@pytest.mark.parametrize("password", ["craie-blanche-7", PASSWORD + " ", "x"])
def test_a_wrong_password_is_refused(password: str) -> None:
    with pytest.raises(BadCredentials):
        login(password=password)


@pytest.mark.parametrize("password", ["", "\u0007", "\u00ad", "ا1"])
def test_a_password_nobody_can_have_is_refused_before_anything_is_sent(password: str) -> None:
    with pytest.raises((BadCredentials, RemoteProtocolError)):
        login(password=password)


def test_an_unknown_login_is_refused_exactly_like_a_wrong_password() -> None:
    texts = []
    for name, password in ((LOGIN, "wrong"), ("nobody", PASSWORD)):
        with pytest.raises(BadCredentials) as caught:
            login(name=name, password=password)
        texts.append((caught.value.fr, caught.value.en, dict(caught.value.details)))

    assert texts[0] == texts[1]


def challenge_of(name: str) -> str:
    client = ClientLogin(name, "x", mechanisms=(PLAIN,), certificate_hash=None, nonce="abc")
    return ServerLogin(PLAIN, None, keys_of, nonce="def").challenge(client.first())


def test_the_challenge_of_an_unknown_login_looks_like_a_real_one() -> None:
    shape = r"r=abcdef,s=[A-Za-z0-9+/]{43}=,i=4096"

    assert re.fullmatch(shape, challenge_of(LOGIN))
    assert re.fullmatch(shape, challenge_of("nobody"))


def test_the_challenge_of_an_unknown_login_is_always_the_same_and_its_own() -> None:
    assert challenge_of("nobody") == challenge_of("nobody")
    assert challenge_of("nobody") != challenge_of("somebody")
    assert decoy_keys("nobody", SECRET, 4096) != decoy_keys("nobody", b"other", 4096)


@given(st.text(max_size=30))
def test_a_decoy_has_the_sizes_of_real_keys(name: str) -> None:
    decoy = decoy_keys(name, SECRET, KEYS.iterations)

    assert [len(piece) for piece in (decoy.salt, decoy.stored_key, decoy.server_key)] == [
        len(piece) for piece in (KEYS.salt, KEYS.stored_key, KEYS.server_key)
    ]
    assert len({decoy.salt, decoy.stored_key, decoy.server_key}) == 3


def test_a_server_with_another_certificate_gets_nowhere() -> None:
    """The man in the middle shows his own; the proof names it, and the server sees that."""
    with pytest.raises(BadCredentials):
        login(seen=b"m" * 32)


def test_striking_the_bound_mechanism_out_of_the_welcome_is_noticed() -> None:
    with pytest.raises(RemoteProtocolError, match="channel-binding"):
        login(offered=(PLAIN,))


def test_a_client_behind_a_proxy_that_ends_tls_may_log_in_unbound() -> None:
    assert login(shown=None, offered=(PLAIN,)) == PLAIN


def test_a_client_that_cannot_bind_may_log_in_unbound() -> None:
    assert login(seen=None) == PLAIN


@pytest.mark.parametrize(
    ("mechanism", "first"),
    [
        (BOUND, "n,,n=dupas,r=abc"),
        (BOUND, "y,,n=dupas,r=abc"),
        (BOUND, "p=tls-unique,,n=dupas,r=abc"),
        (BOUND, "p=tls-exporter,,n=dupas,r=abc"),
        (PLAIN, "p=tls-server-end-point,,n=dupas,r=abc"),
        (PLAIN, "y,,n=dupas,r=abc"),
    ],
)
def test_a_binding_that_does_not_fit_the_mechanism_is_refused(
    mechanism: str, first: str
) -> None:
    with pytest.raises(RemoteProtocolError, match=r"login\.start"):
        ServerLogin(mechanism, CERTIFICATE, keys_of).challenge(first)


@pytest.mark.parametrize(
    ("mechanism", "shown"),
    [("SCRAM-SHA-1", CERTIFICATE), ("PLAIN", None), ("", None), (BOUND, None), (BOUND, b"")],
)
def test_a_mechanism_that_was_not_offered_is_refused(
    mechanism: str, shown: bytes | None
) -> None:
    with pytest.raises(RemoteProtocolError, match="not offered"):
        ServerLogin(mechanism, shown, keys_of)


@pytest.mark.parametrize("offered", [(), ("SCRAM-SHA-1",), ("OAUTHBEARER", "PLAIN"), (BOUND,)])
def test_a_client_that_can_do_nothing_offered_says_so(offered: tuple[str, ...]) -> None:
    with pytest.raises(RemoteProtocolError, match="offers no mechanism"):
        ClientLogin(LOGIN, PASSWORD, mechanisms=offered, certificate_hash=None)


def test_a_client_passes_over_mechanisms_it_does_not_know() -> None:
    offered = ("SCRAM-SHA3-512-PLUS", "NEWER-THAN-US", BOUND, PLAIN)

    assert login(offered=offered) == BOUND


FIRSTS = st.text(max_size=60) | st.builds(
    "{},,{}".format,
    st.sampled_from(["n", "y", "p=tls-server-end-point", "", "a=x"]),
    st.lists(
        st.builds(
            "{}={}".format,
            st.sampled_from(list("nrmabps")),
            st.text("abc=,23DC\0é", max_size=6),
        ),
        max_size=4,
    ).map(",".join),
)


@given(text=FIRSTS, mechanism=st.sampled_from([BOUND, PLAIN]))
@example(text="n,,n=\ud800,r=abc", mechanism=PLAIN)
@example(text="n,a=admin,n=dupas,r=abc", mechanism=PLAIN)
@example(text="n,,n==2,r=abc", mechanism=PLAIN)
def test_any_first_message_gives_a_challenge_or_a_protocol_error(
    text: str, mechanism: str
) -> None:
    server = ServerLogin(mechanism, CERTIFICATE, keys_of)
    try:
        said = server.challenge(text)
    except RemoteProtocolError as exc:
        said = str(exc)[:201]
    assert said.startswith(("r=", "login.start: "))
    assert len(said) <= 200


@given(text=st.text(max_size=60) | st.builds(
    "c={},r={},p={}".format,
    st.sampled_from(["biws", "eSws", "", "é", "biw"]),
    st.sampled_from(["abcdef", "abc", ""]),
    st.binary(max_size=40).map(lambda data: base64.b64encode(data).decode())
    | st.text(max_size=9),
))  # fmt: skip
@example(text="c=\ud800,r=abcdef,p=AAAA")
@example(text="c=biws,r=abcdef,x=\ud800,p=AAAA")
def test_any_last_message_that_is_no_proof_is_a_wrong_password(text: str) -> None:
    """Whatever is wrong with it: nobody learns which."""
    server = ServerLogin(PLAIN, None, keys_of, nonce="def")
    server.challenge("n,,n=dupas,r=abc")

    with pytest.raises(BadCredentials):
        server.verify(text)


def started() -> ClientLogin:
    client = ClientLogin(
        LOGIN, PASSWORD, mechanisms=(PLAIN,), certificate_hash=None, nonce="abc"
    )
    client.first()
    return client


@given(text=st.text(max_size=60) | st.builds(
    "r={},s={},i={}".format,
    st.sampled_from(["abcdef", "abc", "other", ""]),
    st.sampled_from(["AAAAAAAAAAAAAAAAAAAA", "AAAA", "é", ""]),
    st.sampled_from(["4096", "1", "0", "-1", "04096", "99999999", "9" * 5000, "x", ""]),
))  # fmt: skip
@example(text="r=abcdef\ud800,s=AAAAAAAAAAAAAAAAAAAA,i=4096")
@example(text="e=other-error")
def test_any_challenge_gives_a_proof_or_a_protocol_error(text: str) -> None:
    try:
        said = started().final(text)
    except RemoteProtocolError as exc:
        said = str(exc)[:201]
    assert said.startswith(("c=", "login.start: "))
    assert len(said) <= 200


@given(text=st.text(max_size=60) | st.sampled_from(["v=AAAA", "e=invalid-proof", "e=x", "v="]))
@example(text="v=\ud800")
def test_a_server_that_proves_nothing_is_not_believed(text: str) -> None:
    client = started()
    client.final("r=abcdef,s=AAAAAAAAAAAAAAAAAAAA,i=4096")

    with pytest.raises(RemoteProtocolError, match="did not prove itself"):
        client.check(text)


def test_a_proof_is_good_for_its_own_challenge_only() -> None:
    client = ClientLogin(LOGIN, PASSWORD, mechanisms=(PLAIN,), certificate_hash=None)
    proof = client.final(ServerLogin(PLAIN, None, keys_of).challenge(client.first()))
    replayed = ServerLogin(PLAIN, None, keys_of)
    replayed.challenge(f"n,,n={LOGIN},r=abc")

    with pytest.raises(BadCredentials):
        replayed.verify(proof)


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("x"), OSError("disk")])
def test_a_failing_look_up_is_the_server_s_own_failure(error: Exception) -> None:
    """The library would have taken it for a mistake of the client."""

    def fail(login: str) -> Keys:
        raise error

    with pytest.raises(type(error)):
        ServerLogin(PLAIN, None, fail).challenge("n,,n=dupas,r=abc")


@pytest.mark.parametrize("password", ["", "\u0007", "ا1"])
def test_keys_are_made_only_of_a_password_somebody_can_type(password: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        derive(password, 4096)


def test_keys_made_twice_have_their_own_salt_and_the_same_salt_gives_the_same_keys() -> None:
    first, second = derive(PASSWORD, 4096), derive(PASSWORD, 4096)

    assert first.salt != second.salt
    assert first == derive(PASSWORD, 4096, first.salt)


def test_keys_are_not_in_the_repr() -> None:
    assert repr(KEYS) == "Keys(iterations=4096)"


def test_the_rehearsal_refuses_another_password() -> None:
    with pytest.raises(BadCredentials):
        entered(password="wrong")


def test_accented_logins_and_passwords_are_prepared_alike_on_both_sides() -> None:
    """RFC 4013: é typed as one letter or as two is one password."""
    keys: Any = derive("Élève-préféré-7", 4096)
    client = ClientLogin(
        "e\u0301le\u0300ve", "E\u0301le\u0300ve-pre\u0301fe\u0301re\u0301-7",
        mechanisms=(PLAIN,), certificate_hash=None,
    )  # fmt: skip
    server = ServerLogin(PLAIN, None, lambda _: keys)

    client.check(server.verify(client.final(server.challenge(client.first()))))

    assert server.login == "élève"
