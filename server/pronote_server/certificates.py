"""
How the server proves who it is: with files it is given, or with an authority of its own.

On first start without files, an authority is made in the data folder. Its public half,
``ca.pem``, goes into the connection settings that clients download (fiche 5), so that
nobody has to click a warning away. The server's own certificate is signed by it and made
again whenever it is due, or the names it must hold have changed.

Certificates are dated by the machine's clock (`clock.machine_time`), not by school time:
the peers who check them have never heard of a school that travelled to August.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import attrs
import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pronote_protocol.channel_binding import certificate_hash
from pronote_server.storage.whole_files import write_whole

__all__ = [
    "Authority",
    "CertificateRefused",
    "ServerCertificate",
    "certificate_hash",
    "ensure_authority",
    "ensure_server_certificate",
    "given_certificate",
    "names_of_server",
    "server_context",
]

# Clients keep ca.pem in their settings: long enough that no school meets its end. Apple
# refuses server certificates of more than 825 days, even from an authority it was given.
AUTHORITY_LIFE: Final = timedelta(days=3652)
SERVER_LIFE: Final = timedelta(days=397)
# Made again so early that a server started every term never shows an expired one.
RENEWED_BEFORE: Final = timedelta(days=120)
# A client whose clock is behind must not see a certificate from the future.
BACKDATED: Final = timedelta(hours=1)

LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")

log = structlog.stdlib.get_logger()


class CertificateRefused(Exception):
    """A certificate or key cannot be used; the sentence says which file and why."""


@attrs.frozen(kw_only=True)
class Authority:
    """The server's own authority. ``certificate_file`` is public, the key never leaves."""

    certificate: x509.Certificate
    certificate_file: Path
    key: ec.EllipticCurvePrivateKey = attrs.field(repr=False)

    def pem(self) -> str:
        """Return what a client must trust, for its connection settings."""
        return _pem(self.certificate).decode("ascii")


@attrs.frozen(kw_only=True)
class ServerCertificate:
    """What the server shows, and the file (or two) it is read from."""

    certificate: x509.Certificate
    certificate_file: Path
    key_file: Path

    @property
    def hash(self) -> bytes:
        """What a login is bound to."""
        return certificate_hash(self.certificate.public_bytes(serialization.Encoding.DER))


def names_of_server(host: str, rnes: Iterable[str]) -> tuple[str, ...]:
    """
    Return the names clients may call a server by: its host and that of each school.

    The guide's clients connect to ``RNE.index-education.net``; that name must be proved
    too, for whoever points it here. An address that means *all* is no name.
    """
    schools = tuple(f"{rne.lower()}.index-education.net" for rne in rnes)
    return (*(() if host in ("", "0.0.0.0", "::") else (host,)), *schools)


def ensure_authority(folder: Path, now: datetime) -> Authority:
    """
    Return the authority kept in *folder*, made on first call and again once it has ended.

    From a year before its end a warning is logged: its clients will need new settings.

    Raises:
        CertificateRefused: A file is damaged, or one of the two is missing. Nothing is
            overwritten then: a new authority would lock out every client of the old one.
        OSError: The folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    certificate_file, key_file = folder / "ca.pem", folder / "ca.key"
    if certificate_file.exists():
        certificate = _read_certificate(certificate_file)
        key = _read_own_key(key_file)
        _refuse_strangers(certificate, key, certificate_file, key_file)
        end = certificate.not_valid_after_utc
        if end <= now + SERVER_LIFE:
            log.warning("authority.ended" if end <= now else "authority.ends", at=str(end))
        if end > now:
            return Authority(
                certificate=certificate, certificate_file=certificate_file, key=key
            )
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _sign_authority(key, now)
    # The key first: alone it is nothing, while a certificate without one stops the server.
    _write(key_file, _key_pem(key), private=True)
    _write(certificate_file, _pem(certificate), private=False)
    return Authority(certificate=certificate, certificate_file=certificate_file, key=key)


def ensure_server_certificate(
    authority: Authority, folder: Path, names: Iterable[str], now: datetime
) -> ServerCertificate:
    """
    Return the server's certificate for *names* and the loopback's, made again when due.

    It is due when it is missing, damaged, of another authority, near its end, or when its
    names are not these. Key and certificate are one file, replaced in one step.

    Raises:
        OSError: The folder cannot be written.
    """
    file = folder / "server.pem"
    wanted = x509.SubjectAlternativeName([_general_name(n) for n in _unique(names)])
    certificate = _usable(file, authority, wanted, now)
    if certificate is None:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _sign_server(authority, key, wanted, now)
        _write(file, _key_pem(key) + _pem(certificate), private=True)
        log.info("certificate.made", until=certificate.not_valid_after_utc.isoformat())
    return ServerCertificate(certificate=certificate, certificate_file=file, key_file=file)


def given_certificate(
    certificate_file: Path, key_file: Path, now: datetime
) -> ServerCertificate:
    """
    Return the certificate an operator gave, checked.

    An expired one is used all the same, with a warning in the log: a server that does not
    start on a Monday morning helps nobody, and clients will say what is wrong.

    Raises:
        CertificateRefused: A file is missing or unreadable, or the key is another's.
    """
    certificate = _read_certificate(certificate_file)
    key = _read_key(key_file)
    _refuse_strangers(certificate, key, certificate_file, key_file)
    until = certificate.not_valid_after_utc
    if not certificate.not_valid_before_utc <= now < until:
        log.warning("certificate.not_valid_now", file=str(certificate_file), until=str(until))
    elif until - now < timedelta(days=30):
        log.warning("certificate.ends_soon", file=str(certificate_file), until=str(until))
    return ServerCertificate(
        certificate=certificate, certificate_file=certificate_file, key_file=key_file
    )


def server_context(certificate_file: Path, key_file: Path) -> ssl.SSLContext:
    """
    Return what Trio needs to speak TLS 1.2 and above with these files.

    No session tickets: nobody resumes TLS here, and TLS 1.3 writes them after the handshake,
    to a client which may be gone already.

    Raises:
        CertificateRefused: OpenSSL does not take the files.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    try:
        # An empty passphrase instead of a prompt that nobody sees.
        context.load_cert_chain(certificate_file, key_file, password=lambda: b"")
    except (OSError, ValueError) as error:
        raise CertificateRefused(f"{certificate_file}, {key_file}: {error}") from error
    return context


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys((*LOCAL_NAMES, *names)))


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _sign_authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    public = key.public_key()
    own = x509.SubjectKeyIdentifier.from_public_key(public)
    # The number tells two authorities apart in a client that has met both.
    name = _name(f"pronote-emulator authority {own.digest.hex()[:8]}")
    builder = _builder(name, name, public, now, now + AUTHORITY_LIFE)
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(own, critical=False)
        .sign(key, hashes.SHA256())
    )


def _sign_server(
    authority: Authority,
    key: ec.EllipticCurvePrivateKey,
    names: x509.SubjectAlternativeName,
    now: datetime,
) -> x509.Certificate:
    public = key.public_key()
    issuer = authority.certificate
    end = min(now + SERVER_LIFE, issuer.not_valid_after_utc)
    own = x509.SubjectKeyIdentifier.from_public_key(public)
    theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = _builder(_name("pronote-emulator"), issuer.subject, public, now, end)
    return (
        builder.add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(server, critical=False)
        .add_extension(own, critical=False)
        .add_extension(theirs, critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(end)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _usable(
    file: Path, authority: Authority, wanted: x509.SubjectAlternativeName, now: datetime
) -> x509.Certificate | None:
    if not file.exists():
        return None
    try:
        certificate = _read_certificate(file)
        _refuse_strangers(certificate, _read_key(file), file, file)
        certificate.verify_directly_issued_by(authority.certificate)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (CertificateRefused, InvalidSignature, ValueError, x509.ExtensionNotFound):
        return None
    begun = certificate.not_valid_before_utc <= now
    lasts = certificate.not_valid_after_utc - now > RENEWED_BEFORE
    return certificate if begun and lasts and names.value == wanted else None


def _read_certificate(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(_read(file))[0]
    except ValueError as error:
        raise CertificateRefused(f"{file}: holds no PEM certificate ({error})") from error


def _read_own_key(file: Path) -> ec.EllipticCurvePrivateKey:
    key = _read_key(file)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateRefused(f"{file}: is not the key that was made here")
    return key


def _read_key(file: Path) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(_read(file), password=None)
    except TypeError as error:
        raise CertificateRefused(f"{file}: the key has a passphrase; remove it") from error
    except ValueError as error:
        raise CertificateRefused(f"{file}: holds no PEM private key ({error})") from error


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CertificateRefused(f"{file}: {error.strerror or error}") from error


def _refuse_strangers(
    certificate: x509.Certificate,
    key: PrivateKeyTypes,
    certificate_file: Path,
    key_file: Path,
) -> None:
    if certificate.public_key() != key.public_key():
        raise CertificateRefused(f"{key_file}: is not the key of {certificate_file}")


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(file: Path, data: bytes, *, private: bool) -> None:
    """Replace *file* in one step; whoever opens it sees the old one or the new one, whole."""
    write_whole(file, data, mode=0o600 if private else 0o644)
