"""TCP and TLS, over loopback; the certificate is bound into the login."""

from __future__ import annotations

import contextlib
import hashlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import trio
import trio.lowlevel
import trustme
from trio.testing import MockClock

from pronote_client import CannotConnect, ConnectionSettings, Patience, open_client
from pronote_client.errors import BadCredentials
from pronote_client.testing import ScriptedServer, scripted_server
from pronote_client.transport import certificate_hash, connect
from pronote_protocol.catalogue.sessions import ExclusiveShown

CA = trustme.CA()
AUTHORITY = CA.cert_pem.bytes().decode()


def server_context(*names: str) -> tuple[ssl.SSLContext, bytes]:
    """Return a context of a server called *names*, and the hash of its certificate."""
    certificate = CA.issue_cert(*names)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
    return context, hashlib.sha256(der).digest()


@asynccontextmanager
async def listening(
    handle: Callable[[trio.SocketStream], Awaitable[object]],
) -> AsyncIterator[ConnectionSettings]:
    async with trio.open_nursery() as nursery:
        serve = await nursery.start(trio.serve_tcp, handle, 0)
        port = serve[0].socket.getsockname()[1]
        yield ConnectionSettings(
            address="127.0.0.1", port=port, certificate_authority=AUTHORITY
        )
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def tls_school(
    *names: str, wrong_hash: bool = False
) -> AsyncIterator[tuple[ScriptedServer, ConnectionSettings]]:
    context, digest = server_context(*names)

    async with scripted_server() as server:

        async def handle(tcp: trio.SocketStream) -> None:
            stream = trio.SSLStream(tcp, context, server_side=True, https_compatible=True)
            with contextlib.suppress(trio.BrokenResourceError):
                await stream.do_handshake()
                server.serve(stream, b"other" if wrong_hash else digest)
                await trio.sleep_forever()

        async with listening(handle) as settings:
            yield server, settings


async def nothing(stream: trio.SocketStream) -> None:
    """Accept, and close."""


def way_in(server: ScriptedServer, settings: ConnectionSettings, **more: Any) -> dict[str, Any]:
    return server.way_in(settings=settings, connector=connect, **more)


@pytest.mark.real_tcp
async def test_a_client_trusts_the_authority_of_its_settings() -> None:
    async with tls_school("127.0.0.1") as (server, settings):
        server.answers["exclusive.show"] = ExclusiveShown(holder=None)
        async with open_client(**way_in(server, settings)) as client:
            assert (await client.exclusive.show()).holder is None
        assert server.seated == {}
        start = next(each for each in server.heard if each.method == "login.start")
        assert start.params["mechanism"] == "SCRAM-SHA-256-PLUS"


@pytest.mark.real_tcp
async def test_a_man_in_the_middle_with_a_good_certificate_gets_no_login() -> None:
    """The proof is bound to the certificate the client saw; another server cannot use it."""
    async with tls_school("127.0.0.1", wrong_hash=True) as (server, settings):
        with pytest.raises(BadCredentials):
            async with open_client(**way_in(server, settings)):
                pass


@pytest.mark.real_tcp
async def test_a_certificate_of_another_authority_or_name_is_not_trusted() -> None:
    async with tls_school("school.example") as (server, settings):
        with pytest.raises(CannotConnect, match="not trusted"):
            await connect(settings, Patience())
        stranger = attrs.evolve(settings, certificate_authority=None)
        with pytest.raises(CannotConnect, match="not trusted"):
            await connect(stranger, Patience())
        assert server.connections == 0


@pytest.mark.real_tcp
async def test_nobody_listening_is_said_in_words() -> None:
    async with listening(nothing) as settings:
        pass
    with pytest.raises(CannotConnect, match="nobody listens"):
        await connect(settings, Patience())


@pytest.mark.real_tcp
async def test_a_port_without_tls_and_a_port_that_hangs_up_cannot_be_connected_to() -> None:
    async def plain(stream: trio.SocketStream) -> None:
        await stream.send_all(b"hello\r\n" * 10)

    async with listening(plain) as settings:
        with pytest.raises(CannotConnect):
            await connect(settings, Patience())
    async with listening(lambda stream: stream.aclose()) as settings:
        with pytest.raises(CannotConnect):
            await connect(settings, Patience())


@pytest.mark.real_tcp
async def test_a_server_that_never_ends_the_handshake_is_given_up(
    autojump_clock: MockClock,
) -> None:
    autojump_clock.autojump_threshold = 0.2

    async def hang(stream: trio.SocketStream) -> None:
        await trio.sleep_forever()

    async with listening(hang) as settings:
        with pytest.raises(CannotConnect, match="no answer within 10 s"):
            await connect(settings, Patience(connect_seconds=10))


async def test_an_unreadable_authority_is_said() -> None:
    settings = ConnectionSettings(address="127.0.0.1", certificate_authority="nonsense")
    with pytest.raises(CannotConnect, match="unreadable"):
        await connect(settings, Patience())


@pytest.mark.real_tcp
async def test_plain_tcp_has_no_certificate_to_bind() -> None:
    async with listening(lambda _: trio.sleep_forever()) as settings:  # noqa: ASYNC105
        transport = await connect(attrs.evolve(settings, tls=False), Patience())
        assert transport.certificate_hash is None
        await transport.stream.aclose()


def test_the_binding_is_the_hash_of_the_certificate() -> None:
    certificate = CA.issue_cert("x.example")
    der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
    assert certificate_hash(der) == hashlib.sha256(der).digest()


def test_a_certificate_without_a_hash_gives_no_binding() -> None:
    """Ed25519: RFC 5929 leaves tls-server-end-point undefined."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=1))
        .sign(key, None)
    )
    assert certificate_hash(certificate.public_bytes(serialization.Encoding.DER)) is None
