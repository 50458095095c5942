"""The login is bound to the certificate: who stands in the middle gets nowhere."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import attrs
import pytest
import trio

from pronote_client import ConnectionSettings, Instance, open_client
from pronote_client.errors import BadCredentials, CannotConnect
from pronote_client.patience import Patience
from pronote_client.transport import connect
from pronote_protocol.scram import BOUND
from pronote_server import certificates
from pronote_server.testing_processes import ServerProcess

pytestmark = [pytest.mark.real_tcp, pytest.mark.checkout_only]


def settings_of(server: ServerProcess) -> ConnectionSettings:
    return ConnectionSettings.read(server.ready["settings_file"])


def password_of(server: ServerProcess, login: str) -> str:
    known = {each["login"]: each["password"] for each in server.ready["accounts"]}
    return str(known[login])


@asynccontextmanager
async def middle(
    server: ServerProcess, context: ssl.SSLContext | None
) -> AsyncIterator[ConnectionSettings]:
    """
    Stand between clients and *server*; yield what leads clients here.

    Args:
        context: What is shown to clients; None forwards their own TLS untouched.
    """
    honest = settings_of(server)

    async def serve(client: trio.abc.Stream) -> None:
        inner: trio.abc.Stream
        outer: trio.abc.Stream
        if context is None:
            inner = await trio.open_tcp_stream(honest.address, honest.port)
            outer = client
        else:
            outer = trio.SSLStream(client, context, server_side=True, https_compatible=True)
            inner = (await connect(honest, Patience())).stream
        async with outer, inner, trio.open_nursery() as nursery:
            nursery.start_soon(pump, outer, inner, nursery.cancel_scope)
            nursery.start_soon(pump, inner, outer, nursery.cancel_scope)

    async def pump(
        source: trio.abc.Stream, sink: trio.abc.Stream, both: trio.CancelScope
    ) -> None:
        try:
            while data := await source.receive_some():
                await sink.send_all(data)
        except trio.BrokenResourceError:
            pass
        both.cancel()

    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        yield attrs.evolve(honest, port=listener.socket.getsockname()[1])
        nursery.cancel_scope.cancel()


def stolen_context(server: ServerProcess, elsewhere: Path, *, another: bool) -> ssl.SSLContext:
    """Return the server's own certificate, or *another* one of its authority."""
    folder, now = server.data / "tls", datetime.now(UTC)
    authority = certificates.ensure_authority(folder, now)
    shown = certificates.ensure_server_certificate(
        authority,
        elsewhere if another else folder,
        certificates.names_of_server("127.0.0.1", [server.ready["rne"]]),
        now,
    )
    return certificates.server_context(shown.certificate_file, shown.key_file)


async def test_the_login_is_bound_to_the_certificate(demo: ServerProcess) -> None:
    transport = await connect(settings_of(demo), Patience())
    await trio.aclose_forcefully(transport.stream)
    async with open_client(
        settings_of(demo),
        login="SPR",
        password=password_of(demo, "SPR"),
        instance=Instance(),
    ) as client:
        assert client.welcome.mechanisms[0] == BOUND

    assert transport.certificate_hash is not None


async def test_a_router_that_forwards_tls_changes_nothing(demo: ServerProcess) -> None:
    async with (
        middle(demo, None) as settings,
        open_client(
            settings, login="SPR", password=password_of(demo, "SPR"), instance=Instance()
        ) as client,
    ):
        assert (await client.session.show()).login == "SPR"


@pytest.mark.parametrize(
    "another",
    [pytest.param(True, id="another certificate"), pytest.param(False, id="the same one")],
)
async def test_who_stands_in_the_middle_cannot_log_in_for_the_user(
    demo: ServerProcess, tmp_path: Path, another: bool
) -> None:
    """
    Its certificate is of the authority the client trusts, and the password is right.

    With the server's own key (it was stolen) binding sees nothing: that is what binding to
    the certificate, and not to the connection, can do.
    """
    context = stolen_context(demo, tmp_path, another=another)
    async with middle(demo, context) as settings:
        opening = open_client(
            settings, login="SPR", password=password_of(demo, "SPR"), instance=Instance()
        )
        if another:
            with pytest.raises(BadCredentials):
                async with opening:
                    pass
        else:
            async with opening as client:
                assert (await client.session.show()).login == "SPR"


async def test_who_cannot_show_a_certificate_of_the_authority_is_not_even_told_the_login(
    demo: ServerProcess, tmp_path: Path
) -> None:
    strangers = tmp_path / "strangers"
    now = datetime.now(UTC)
    authority = certificates.ensure_authority(strangers, now)
    shown = certificates.ensure_server_certificate(authority, strangers, ("127.0.0.1",), now)
    context = certificates.server_context(shown.certificate_file, shown.key_file)

    async def serve(client: trio.abc.Stream) -> None:
        tls = trio.SSLStream(client, context, server_side=True, https_compatible=True)
        with pytest.raises(trio.BrokenResourceError):
            await tls.do_handshake()
        await trio.aclose_forcefully(client)

    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        settings = attrs.evolve(settings_of(demo), port=listener.socket.getsockname()[1])
        with pytest.raises(CannotConnect) as refused:
            async with open_client(settings, login="SPR", password="x", instance=Instance()):
                pass
        nursery.cancel_scope.cancel()

    assert "certificat refusé" in refused.value.fr
