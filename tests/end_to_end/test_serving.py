"""``pronote-server serve``: its own schools, certificate and balancer."""

from __future__ import annotations

import socket
import ssl
import struct
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
import trustme

from pronote_client import ConnectionSettings, Instance, open_client
from pronote_client.errors import (
    AddressSuspended,
    BadCredentials,
    CannotConnect,
    NotInService,
    SessionEnded,
)
from pronote_client.patience import Patience
from pronote_client.transport import Transport, connect
from pronote_protocol.errors import UnknownSchool
from pronote_protocol.words import Farewell
from pronote_server.testing_processes import (
    NotStarted,
    ServerProcess,
    run_command,
    start_server,
)

pytestmark = pytest.mark.real_tcp

PASSWORD = "Grande-Maison-2-Rouge"
TWO_SCHOOLS = """
[[schools]]
rne = "0990001N"
name = "Collège de la Lande"
passwords = { scram_iterations = 4096 }

[[schools]]
rne = "0990002P"
name = "Lycée du Port"
passwords = { scram_iterations = 4096 }
"""


def configured(folder: Path, *more: str) -> Path:
    file = folder / "server.toml"
    text = '[data]\ndirectory = "data"\n\n[listen]\nport = 0\n'
    file.write_text("\n".join([text, *more, TWO_SCHOOLS]), encoding="utf-8")
    return file


def settings_of(server: ServerProcess, rne: str = "0990001N") -> ConnectionSettings:
    return ConnectionSettings.read(server.data / rne / "connexion.toml")


def put_in_service(server: ServerProcess, folder: Path, rne: str = "0990001N") -> None:
    file = folder / "spr.txt"
    file.write_text(PASSWORD + "\n", encoding="utf-8")
    done = run_command(
        "pronote-server",
        "bases",
        "put-in-service",
        "--data",
        server.data,
        "--rne",
        rne,
        "--password-file",
        file,
    )
    assert (done.status, done.err) == (0, "")


async def school_of(
    settings: ConnectionSettings, login: str = "SPR", password: str = PASSWORD, **more: Any
) -> tuple[str, str]:
    """Log in; return the school that let us in, and under which name."""
    async with open_client(
        settings, login=login, password=password, instance=Instance(), **more
    ) as client:
        return client.welcome.rne, client.entered.name


# ---------------------------------------------------------------------------- the start


def test_every_mistake_of_the_settings_is_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text('[listen]\nport = 70000\nhots = "x"\n[[schools]]\nrne = "1"\n')
    refused = run_command("pronote-server", "serve", "--config", file)

    assert refused.status == 2
    assert refused.out == ""
    for path in ("listen.port", "listen.hots", "schools[0].rne", "schools[0].name"):
        assert path in refused.err
    assert "Traceback" not in refused.err


@pytest.mark.parametrize("given", ["missing.toml", "server-folder"])
def test_settings_that_cannot_be_read_are_said(tmp_path: Path, given: str) -> None:
    (tmp_path / "server-folder").mkdir()
    refused = run_command("pronote-server", "serve", "--config", tmp_path / given)

    assert refused.status == 2
    assert given in refused.err
    assert "Traceback" not in refused.err


def test_data_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    refused = run_command("pronote-server", "serve", "--config", configured(tmp_path))

    assert refused.status == 2
    assert refused.err.startswith("pronote-server: data.directory: ")
    assert str(tmp_path / "data") in refused.err
    assert len(refused.err.splitlines()) == 1


def test_records_that_are_no_database_are_said(tmp_path: Path) -> None:
    (tmp_path / "data" / "0990001N").mkdir(parents=True)
    (tmp_path / "data" / "0990001N" / "school.sqlite").write_bytes(b"not a database" * 100)
    refused = run_command("pronote-server", "serve", "--config", configured(tmp_path))

    assert refused.status == 2
    assert "Traceback" not in refused.err
    assert len(refused.err.splitlines()) == 1


# ------------------------------------------------------------- first putting in service


def test_a_new_school_serves_nobody_until_its_supervisor_has_a_password(
    tmp_path: Path, rescue: Any, client: Any
) -> None:
    weak, good = tmp_path / "weak.txt", tmp_path / "good.txt"
    weak.write_text("superviseur\n")
    good.write_text(PASSWORD + "\n")
    file = configured(tmp_path)

    def serve(*command: str | Path) -> Any:
        return rescue(server, "put-in-service", *command, family="bases")

    with start_server("serve", "--config", file, folder=tmp_path) as server:
        assert server.ready["in_service"] is False
        assert server.ready["accounts"] == []
        nobody = client(server, "SPR", "login", password=PASSWORD)
        without, too_weak = serve(), serve("--password-file", weak)
        still_nobody = client(server, "SPR", "login", password="superviseur")
        done, again = serve("--password-file", good), serve("--password-file", good)
        spr = client(server, "SPR", "base", password=PASSWORD)
        assert server.stop() == 0
        assert server.failures() == []
    with start_server("serve", "--config", file, folder=tmp_path) as server:
        assert server.ready["in_service"] is True
        spr_again = client(server, "SPR", "login", password=PASSWORD)

    assert (nobody.status, nobody.said["refused"]) == (3, "bad_credentials")
    assert (without.status, without.said["refused"]) == (3, "conflict")
    assert (too_weak.status, too_weak.said["refused"]) == (3, "password_refused")
    assert "12" in too_weak.said["message"]
    assert still_nobody.said["refused"] == "bad_credentials"
    assert (done.status, done.said["in_service"]) == (0, True)
    assert (again.status, again.said["refused"]) == (3, "conflict")
    assert spr.status == 0
    assert spr.said["in_service"] is True
    assert set(spr.said["counters"].values()) == {0}
    assert spr_again.status == 0


async def test_stopping_the_base_tells_its_clients_and_keeps_the_server(
    demo: ServerProcess, rescue: Any
) -> None:
    settings = ConnectionSettings.read(demo.ready["settings_file"])
    spr = demo.ready["accounts"][0]
    async with open_client(settings, login="SPR", password=spr["password"]) as client:
        done = rescue(demo, "stop", "--message", "Retour à 14 h.", family="bases")
        assert (done.status, done.err) == (0, "")
        with trio.fail_after(60):
            goodbye = await client.wait_ended()
    with pytest.raises(NotInService):
        await school_of(settings, "SPR", spr["password"])
    back = rescue(demo, "put-in-service", family="bases")
    await school_of(settings, "SPR", spr["password"])

    assert (back.status, back.err) == (0, "")
    assert goodbye.code is Farewell.BASE_CLOSED
    assert "Retour à 14 h." in goodbye.fr


# -------------------------------------------------------------------------- two schools


async def test_two_schools_are_chosen_by_the_hello(tmp_path: Path, rescue: Any) -> None:
    with start_server("serve", "--config", configured(tmp_path), folder=tmp_path) as server:
        for rne in ("0990001N", "0990002P"):
            put_in_service(server, tmp_path, rne)
        port_settings = settings_of(server, "0990002P")

        assert port_settings.designation == "Lycée du Port"
        assert (await school_of(port_settings))[0] == "0990002P"
        assert (await school_of(settings_of(server)))[0] == "0990001N"
        assert (await school_of(attrs.evolve(port_settings, rne=None)))[0] == "0990001N"
        with pytest.raises(UnknownSchool):
            await school_of(attrs.evolve(port_settings, rne="0990003R"))
        assert rescue(server, "journal", "--rne", "0990002P").status == 0
        assert rescue(server, "journal", "--rne", "0990003R").said["refused"] == (
            "unknown_school"
        )
        assert server.stop() == 0
        assert server.failures() == []


async def test_two_schools_are_chosen_by_the_name_in_tls(tmp_path: Path) -> None:
    """As the guide's clients do, which connect to ``RNE.index-education.net``."""

    async def by_name(settings: ConnectionSettings, patience: Patience) -> Transport:
        tcp = await trio.open_tcp_stream("127.0.0.1", settings.port)
        context = ssl.create_default_context(cadata=settings.certificate_authority)
        tls = trio.SSLStream(
            tcp, context, server_hostname=settings.address, https_compatible=True
        )
        await tls.do_handshake()
        return Transport(tls)

    with start_server("serve", "--config", configured(tmp_path), folder=tmp_path) as server:
        for rne in ("0990001N", "0990002P"):
            put_in_service(server, tmp_path, rne)
            named = attrs.evolve(
                settings_of(server), address=f"{rne.lower()}.index-education.net", rne=None
            )
            assert (await school_of(named, connector=by_name))[0] == rne


async def test_sessions_and_suspensions_of_two_schools_are_apart(
    tmp_path: Path, rescue: Any
) -> None:
    with start_server("serve", "--config", configured(tmp_path), folder=tmp_path) as server:
        for rne in ("0990001N", "0990002P"):
            put_in_service(server, tmp_path, rne)
        for _ in range(5):
            with pytest.raises(BadCredentials):
                await school_of(settings_of(server), password="wrong")
        with pytest.raises(AddressSuspended):
            await school_of(settings_of(server))
        assert (await school_of(settings_of(server, "0990002P")))[0] == "0990002P"
        suspended = [
            len(rescue(server, "suspensions", "--rne", rne).said["items"])
            for rne in ("0990001N", "0990002P")
        ]

    assert suspended == [1, 0]


# ------------------------------------------------------------------------ certificates


async def test_a_given_certificate_is_shown_and_no_authority_is_made(tmp_path: Path) -> None:
    authority = trustme.CA()
    shown = authority.issue_cert("localhost", "127.0.0.1")
    shown.private_key_pem.write_to_path(tmp_path / "key.pem")
    for number, pem in enumerate(shown.cert_chain_pems):
        pem.write_to_path(tmp_path / "cert.pem", append=number > 0)
    file = configured(tmp_path, '[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n')
    with start_server("serve", "--config", file, folder=tmp_path) as server:
        put_in_service(server, tmp_path)
        settings = settings_of(server)
        assert settings.certificate_authority is None
        trusted = attrs.evolve(
            settings, certificate_authority=authority.cert_pem.bytes().decode()
        )
        assert (await school_of(trusted))[1] == "Superviseur (SPR)"
        with pytest.raises(CannotConnect, match="certificate not trusted"):
            await school_of(settings)
        assert not (server.data / "tls").exists()


def test_certificate_without_its_key_is_said(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("no certificate")
    (tmp_path / "key.pem").write_text("no key")
    file = configured(tmp_path, '[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n')
    with (
        pytest.raises(NotStarted) as refused,
        start_server("serve", "--config", file, folder=tmp_path),
    ):
        pass

    assert refused.value.finished.status == 2
    assert "cert.pem" in refused.value.finished.out
    assert refused.value.finished.err == ""


# ------------------------------------------------------------------------------- PROXY


def proxy_header(source: str, *, local: bool = False) -> bytes:
    """Return a PROXY v2 header (haproxy's proxy-protocol.txt, section 2.2)."""
    addresses = b"" if local else socket.inet_aton(source) + socket.inet_aton("127.0.0.1")
    ports = b"" if local else struct.pack("!HH", 40000, 49300)
    return (
        b"\r\n\r\n\0\r\nQUIT\n"
        + bytes([0x20 if local else 0x21, 0x00 if local else 0x11])
        + struct.pack("!H", len(addresses + ports))
        + addresses
        + ports
    )


def behind_balancer(source: str) -> Any:
    """Return a connector through a balancer that says the client is *source*."""

    async def connector(settings: ConnectionSettings, patience: Patience) -> Transport:
        tcp = await trio.open_tcp_stream(settings.address, settings.port)
        await tcp.send_all(proxy_header(source))
        return Transport(tcp)

    return connector


async def closed_by(server: ServerProcess, data: bytes) -> bytes:
    """Send *data*; return what was said before the server closed."""
    stream = await trio.open_tcp_stream(server.host, server.port)
    said = b""
    with trio.fail_after(20):
        try:
            await stream.send_all(data)
            while more := await stream.receive_some():
                said += more
        except trio.BrokenResourceError:
            pass
        finally:
            await stream.aclose()
    return said


async def test_the_balancer_is_believed_and_its_health_check_is_noise(
    tmp_path: Path, rescue: Any
) -> None:
    file = configured(tmp_path, "[tls]\nenabled = false\n")
    text = file.read_text().replace(
        "port = 0", 'port = 0\nproxy_protocol_from = ["127.0.0.1/32"]'
    )
    file.write_text(text)
    with start_server("serve", "--config", file, folder=tmp_path) as server:
        put_in_service(server, tmp_path)
        settings = settings_of(server)
        for _ in range(30):
            assert await closed_by(server, proxy_header("", local=True)) == b""
        async with open_client(
            settings,
            login="SPR",
            password=PASSWORD,
            connector=behind_balancer("192.0.2.77"),
            instance=Instance(),
        ):
            seen = rescue(server, "connections").said["items"]
        for _ in range(5):
            with pytest.raises(BadCredentials):
                await school_of(
                    settings, password="wrong", connector=behind_balancer("192.0.2.66")
                )
        suspended = rescue(server, "suspensions").said["items"]
        # Without its header the balancer itself is not understood.
        assert await closed_by(server, b"GET / HTTP/1.0\r\n\r\n") == b""
        with pytest.raises(CannotConnect):
            await school_of(settings)
        assert server.stop() == 0
        assert server.failures() == []

    assert [each["address"] for each in seen] == ["192.0.2.77"]
    assert [each["address"] for each in suspended] == ["192.0.2.66"]


async def test_a_header_forged_by_anybody_else_is_closed(tmp_path: Path, rescue: Any) -> None:
    file = configured(tmp_path, "[tls]\nenabled = false\n")
    text = file.read_text().replace(
        "port = 0", 'port = 0\nproxy_protocol_from = ["192.0.2.0/24"]'
    )
    file.write_text(text)
    with start_server("serve", "--config", file, folder=tmp_path) as server:
        put_in_service(server, tmp_path)
        with pytest.raises(SessionEnded):
            await school_of(settings_of(server), connector=behind_balancer("192.0.2.77"))
        assert (await school_of(settings_of(server)))[0] == "0990001N"
        kinds = [each["kind"] for each in rescue(server, "journal").said["items"]]
        addresses = {each["address"] for each in rescue(server, "journal").said["items"]}
        assert server.failures() == []

    assert kinds.count("session.began") == 1
    assert "192.0.2.77" not in addresses


# --------------------------------------------------------------- clients without manners


@pytest.mark.parametrize("said", [b"", b"x", b"\x16\x03\x01\x02\x00"])
async def test_connections_that_are_reset_at_once_cost_nothing(
    demo: ServerProcess, client: Any, said: bytes
) -> None:
    """A reset may come before the server has even looked at the connection."""
    for _ in range(100):
        with socket.create_connection((demo.host, demo.port)) as rude:
            if said:
                rude.send(said)
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    assert client(demo, "SPR", "login").status == 0


async def test_wrong_authority_is_refused_by_the_client(demo: ServerProcess) -> None:
    settings = ConnectionSettings.read(demo.ready["settings_file"])
    other = attrs.evolve(settings, certificate_authority=trustme.CA().cert_pem.bytes().decode())
    with pytest.raises(CannotConnect) as refused:
        await connect(other, Patience())

    assert "certificat refusé" in refused.value.fr
