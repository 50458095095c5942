"""The server proves who it is, by its own authority or with files it was given."""

from __future__ import annotations

import hashlib
import os
import ssl
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from pronote_server.certificates import (
    AUTHORITY_LIFE,
    RENEWED_BEFORE,
    SERVER_LIFE,
    Authority,
    CertificateRefused,
    ServerCertificate,
    certificate_hash,
    ensure_authority,
    ensure_server_certificate,
    given_certificate,
    names_of_server,
    server_context,
)
from pronote_server.clock import machine_time
from pronote_server.observe.testing import Logs

NOW = datetime(2020, 9, 1, 6, 0, tzinfo=UTC)
NAMES = ("192.0.2.7", "0330001x.index-education.net")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return ensure_authority(tmp_path, NOW)


@pytest.fixture
def given(tmp_path: Path) -> ServerCertificate:
    """A certificate as an operator brings it, in two files."""
    certificate, key = tmp_path / "given.pem", tmp_path / "given.key"
    issued = trustme.CA().issue_cert("school.example")
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    return given_certificate(certificate, key, machine_time())


def shake_hands(
    server: ServerCertificate, trusted: str, name: str, most: ssl.TLSVersion | None = None
) -> ssl.SSLObject:
    """Return the client's end of a handshake in memory, or raise what the client says."""
    client_context = ssl.create_default_context(cadata=trusted)
    if most is not None:
        client_context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        client_context.maximum_version = most
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(down, up, server_hostname=name)
    context = server_context(server.certificate_file, server.key_file)
    end = context.wrap_bio(up, down, server_side=True)
    for _ in range(3):
        for side in (client, end):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert not down.pending, "nothing is written after the handshake"
    return client


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", *NAMES])
def test_a_client_that_trusts_the_authority_believes_the_server(
    tmp_path: Path, name: str
) -> None:
    authority = ensure_authority(tmp_path, machine_time())
    server = ensure_server_certificate(authority, tmp_path, NAMES, machine_time())

    client = shake_hands(server, authority.pem(), name)

    shown = client.getpeercert(binary_form=True)
    assert shown is not None
    assert client.version() == "TLSv1.3"
    assert certificate_hash(shown) == server.hash


def test_another_name_or_authority_is_not_believed(tmp_path: Path) -> None:
    authority = ensure_authority(tmp_path, machine_time())
    other = ensure_authority(tmp_path / "other", machine_time())
    server = ensure_server_certificate(authority, tmp_path, (), machine_time())

    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(server, authority.pem(), "elsewhere.example")
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        shake_hands(server, other.pem(), "localhost")


def test_tls_1_2_is_the_oldest_spoken(tmp_path: Path) -> None:
    authority = ensure_authority(tmp_path, machine_time())
    server = ensure_server_certificate(authority, tmp_path, (), machine_time())

    newest = shake_hands(server, authority.pem(), "localhost", ssl.TLSVersion.TLSv1_2)
    assert newest.version() == "TLSv1.2"
    context = server_context(server.certificate_file, server.key_file)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.num_tickets == 0


def test_the_same_authority_and_certificate_come_back_after_a_restart(tmp_path: Path) -> None:
    first = ensure_authority(tmp_path, NOW)
    shown = ensure_server_certificate(first, tmp_path, NAMES, NOW)
    later = NOW + timedelta(days=30)

    second = ensure_authority(tmp_path, later)

    assert second.pem() == first.pem() == (tmp_path / "ca.pem").read_text()
    again = ensure_server_certificate(second, tmp_path, NAMES, later)
    assert again.certificate == shown.certificate


def test_private_keys_are_for_the_owner_alone(tmp_path: Path, authority: Authority) -> None:
    ensure_server_certificate(authority, tmp_path, NAMES, NOW)

    modes = {f.name: stat.S_IMODE(f.stat().st_mode) for f in tmp_path.iterdir()}
    assert modes.pop("ca.pem") & 0o077 <= 0o044
    assert modes == {"ca.key": 0o600, "server.pem": 0o600}
    assert "PRIVATE" not in authority.pem()
    assert "key=" not in repr(authority)


@pytest.mark.parametrize(
    "change",
    [
        lambda file, names, now: (("new.example",), now),
        lambda file, names, now: (names[:1], now),
        lambda file, names, now: (names, now + SERVER_LIFE - RENEWED_BEFORE),
        lambda file, names, now: (names, now - timedelta(days=2)),
        lambda file, names, now: (file.write_bytes(b"torn"), (names, now))[1],
        lambda file, names, now: (file.unlink(), (names, now))[1],
    ],
    ids=["other names", "fewer names", "near its end", "from the future", "torn", "lost"],
)
def test_the_servers_certificate_is_made_again_when_due(
    tmp_path: Path,
    authority: Authority,
    change: Callable[..., tuple[tuple[str, ...], datetime]],
) -> None:
    before = ensure_server_certificate(authority, tmp_path, NAMES, NOW)
    names, now = change(tmp_path / "server.pem", NAMES, NOW)

    after = ensure_server_certificate(authority, tmp_path, names, now)

    assert after.certificate != before.certificate
    after.certificate.verify_directly_issued_by(authority.certificate)
    assert after.certificate.not_valid_after_utc == now + SERVER_LIFE


def test_a_certificate_of_another_authority_is_made_again(
    tmp_path: Path, authority: Authority
) -> None:
    other = ensure_authority(tmp_path / "other", NOW)
    theirs = ensure_server_certificate(other, tmp_path, NAMES, NOW)

    ours = ensure_server_certificate(authority, tmp_path, NAMES, NOW)

    assert ours.certificate != theirs.certificate
    ours.certificate.verify_directly_issued_by(authority.certificate)


def test_an_authority_warns_for_a_year_and_is_made_again_once_ended(
    tmp_path: Path, authority: Authority, logs: Logs
) -> None:
    end = NOW + AUTHORITY_LIFE
    assert ensure_authority(tmp_path, end - SERVER_LIFE * 1.1).pem() == authority.pem()
    assert not logs.entries

    late = end - timedelta(days=1)
    assert ensure_authority(tmp_path, late).pem() == authority.pem()
    assert len(logs.of("authority.ends")) == 1
    server = ensure_server_certificate(authority, tmp_path, (), late)
    assert server.certificate.not_valid_after_utc == end

    assert ensure_authority(tmp_path, end).pem() != authority.pem()
    assert len(logs.of("authority.ended")) == 1


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda folder: (folder / "ca.key").unlink(), "ca.key: No such file"),
        (lambda folder: (folder / "ca.key").write_text(""), "ca.key: holds no PEM private key"),
        (
            lambda folder: (folder / "ca.pem").write_text("?"),
            "ca.pem: holds no PEM certificate",
        ),
        (
            lambda folder: (folder / "ca.key").write_bytes(
                ec.generate_private_key(ec.SECP256R1()).private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            ),
            "ca.key: is not the key of .*ca.pem",
        ),
    ],
    ids=["no key", "empty key", "no certificate", "another's key"],
)
def test_a_damaged_authority_is_refused_and_not_overwritten(
    tmp_path: Path, authority: Authority, damage: Callable[[Path], object], told: str
) -> None:
    """A new one in its place would lock out every client of the old one."""
    damage(tmp_path)
    kept = {file: file.read_bytes() for file in tmp_path.iterdir()}

    with pytest.raises(CertificateRefused, match=told):
        ensure_authority(tmp_path, NOW)

    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == kept


def test_a_key_left_alone_by_a_crash_is_replaced(tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "ca.pem").unlink()

    assert ensure_authority(tmp_path, NOW).pem() != authority.pem()


def test_a_crash_while_writing_leaves_the_old_file_whole(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_server_certificate(authority, tmp_path, NAMES, NOW)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}

    def fail(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        ensure_server_certificate(authority, tmp_path, ("new.example",), NOW)

    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_names_of_a_server_are_its_host_and_its_schools() -> None:
    rnes = ("0330001X", "0350002M")
    schools = ("0330001x.index-education.net", "0350002m.index-education.net")

    assert names_of_server("school.example", rnes) == ("school.example", *schools)
    for everywhere in ("0.0.0.0", "::", ""):
        assert names_of_server(everywhere, rnes) == schools


def test_a_given_certificate_is_taken_as_it_is(given: ServerCertificate, logs: Logs) -> None:
    server_context(given.certificate_file, given.key_file)

    assert given.hash == certificate_hash(
        given.certificate.public_bytes(serialization.Encoding.DER)
    )
    assert not logs.entries


@pytest.mark.parametrize(
    ("when", "event"),
    [
        (lambda c: c.not_valid_after_utc - timedelta(days=29), "certificate.ends_soon"),
        (lambda c: c.not_valid_after_utc, "certificate.not_valid_now"),
        (lambda c: c.not_valid_before_utc - timedelta(days=1), "certificate.not_valid_now"),
    ],
)
def test_a_given_certificate_at_its_end_is_used_with_a_warning(
    given: ServerCertificate,
    logs: Logs,
    when: Callable[[x509.Certificate], datetime],
    event: str,
) -> None:
    given_certificate(given.certificate_file, given.key_file, when(given.certificate))

    assert [entry["event"] for entry in logs.entries] == [event]


def test_given_files_that_cannot_be_used_say_why(
    tmp_path: Path, given: ServerCertificate
) -> None:
    missing, empty, other = tmp_path / "missing", tmp_path / "empty", tmp_path / "other"
    locked = tmp_path / "locked"
    empty.touch()
    key = rsa.generate_private_key(65537, 2048)
    other.write_bytes(_pkcs8(key, serialization.NoEncryption()))
    locked.write_bytes(_pkcs8(key, serialization.BestAvailableEncryption(b"x")))

    for certificate_file, key_file, told in (
        (missing, given.key_file, "missing: No such file"),
        (given.certificate_file, missing, "missing: No such file"),
        (empty, given.key_file, "empty: holds no PEM certificate"),
        (given.certificate_file, empty, "empty: holds no PEM private key"),
        (given.certificate_file, other, "other: is not the key of .*given.pem"),
        (given.certificate_file, locked, "locked: the key has a passphrase; remove it"),
    ):
        with pytest.raises(CertificateRefused, match=told):
            given_certificate(certificate_file, key_file, NOW)
    with pytest.raises(CertificateRefused, match=r"given\.pem, .*other: "):
        server_context(given.certificate_file, other)
    with pytest.raises(CertificateRefused, match=r"given\.pem, .*locked: "):
        server_context(given.certificate_file, locked)


def _pkcs8(
    key: rsa.RSAPrivateKey, encryption: serialization.KeySerializationEncryption
) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


@pytest.mark.parametrize(
    ("key", "signed_with", "bound_with"),
    [
        (ec.generate_private_key(ec.SECP256R1()), hashes.SHA256(), "sha256"),
        (ec.generate_private_key(ec.SECP384R1()), hashes.SHA384(), "sha384"),
        (ec.generate_private_key(ec.SECP256R1()), hashes.SHA512(), "sha512"),
        (ed25519.Ed25519PrivateKey.generate(), None, "sha256"),
    ],
)
def test_the_channel_is_bound_with_the_hash_of_the_signature(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
    signed_with: hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None,
    bound_with: str,
) -> None:
    """RFC 5929, section 4.1."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "school")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, signed_with)
    )
    der = certificate.public_bytes(serialization.Encoding.DER)

    assert certificate_hash(der) == hashlib.new(bound_with, der).digest()
