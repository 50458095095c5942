"""TCP and TLS: from connection settings to a stream and the hash of its certificate."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import attrs
import trio

from pronote_client.errors import CannotConnect
from pronote_client.patience import Patience
from pronote_client.settings import ConnectionSettings

__all__ = ["Connector", "Transport", "certificate_hash", "connect"]


@attrs.frozen
class Transport:
    """
    A connected stream.

    Attributes:
        stream: Bytes both ways.
        certificate_hash: For channel binding; None without TLS.
    """

    stream: trio.abc.Stream
    certificate_hash: bytes | None = None


Connector: TypeAlias = Callable[[ConnectionSettings, Patience], Awaitable[Transport]]


async def connect(settings: ConnectionSettings, patience: Patience) -> Transport:
    """
    Return a stream to the server of *settings*, encrypted unless they say otherwise.

    Nothing stays open when this is cancelled or raises.

    Raises:
        CannotConnect: No such name, nobody listens, the certificate is not to be trusted,
            or it took longer than ``connect_seconds``.
    """
    where = settings.where
    context = _context(settings) if settings.tls else None
    try:
        with trio.fail_after(patience.connect_seconds):
            tcp = await trio.open_tcp_stream(settings.address, settings.port)
            if context is None:
                return Transport(tcp)
            tls = trio.SSLStream(
                tcp,
                context,
                # ssl sends a name and not an address in SNI, and checks either.
                server_hostname=settings.address,
                https_compatible=True,
            )
            try:
                await tls.do_handshake()
            except BaseException:
                await trio.aclose_forcefully(tls)
                raise
    except trio.TooSlowError:
        seconds = f"{patience.connect_seconds:g} s"
        raise CannotConnect(
            where, f"pas de réponse en {seconds}", f"no answer within {seconds}"
        ) from None
    except ssl.SSLCertVerificationError as exc:
        raise _untrusted(where, exc) from None
    except trio.BrokenResourceError as exc:
        cause = exc.__cause__
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise _untrusted(where, cause) from None
        raise CannotConnect(
            where,
            "connexion coupée pendant la négociation TLS",
            "connection closed during the TLS handshake",
            "Vérifiez que ce port parle TLS ; une adresse suspendue est parfois coupée "
            "sans un mot.",
        ) from exc
    except OSError as exc:
        raise CannotConnect(where, *_reason(exc)) from exc
    certificate = tls.getpeercert(binary_form=True)
    return Transport(tls, certificate_hash(certificate))


def _context(settings: ConnectionSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cadata=settings.certificate_authority)
    except (ssl.SSLError, ValueError) as exc:
        raise CannotConnect(
            settings.where,
            f"autorité de certification illisible ({exc})",
            f"unreadable certificate authority ({exc})",
        ) from None


def _reason(exc: OSError) -> tuple[str, str]:
    """Return why, in both languages; several addresses may each have their own reason."""
    cause: BaseException | None = exc.__cause__
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    inner = cause if isinstance(cause, OSError) else exc
    if isinstance(inner, ConnectionRefusedError):
        return "personne n'écoute sur ce port", "nobody listens on that port"
    if isinstance(inner, socket.gaierror):
        return "nom inconnu", "unknown name"
    reason = inner.strerror or str(inner)
    return reason, reason


def _untrusted(where: str, exc: ssl.SSLCertVerificationError) -> CannotConnect:
    return CannotConnect(
        where,
        f"certificat refusé ({exc.verify_message})",
        f"certificate not trusted ({exc.verify_message})",
        "Utilisez le fichier de paramètres fourni par votre établissement.",
    )


def certificate_hash(der: bytes) -> bytes | None:
    """
    Return the ``tls-server-end-point`` of a certificate (RFC 5929).

    That is its hash by its own signature's hash function, SHA-256 instead of MD5 and
    SHA-1. None when the signature has no such function (Ed25519): RFC 5929 leaves that
    undefined, and the login then goes without binding.
    """
    # 50 ms of import that plain connections do not need.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    algorithm = x509.load_der_x509_certificate(der).signature_hash_algorithm
    if algorithm is None:
        return None
    if isinstance(algorithm, hashes.MD5 | hashes.SHA1):
        algorithm = hashes.SHA256()
    digest = hashes.Hash(algorithm)
    digest.update(der)
    return digest.finalize()
