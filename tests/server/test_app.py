"""The composition: what is opened together, and shown of it."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import attrs
import pytest
import trio

from pronote_client import ConnectionSettings as ReadSettings
from pronote_protocol.words import Farewell
from pronote_server import app as composition
from pronote_server.app import open_app
from pronote_server.config import Data, Limits, Listen, SchoolSettings, Settings, Tls
from pronote_server.data_folder import DataRefused
from pronote_server.hosting.connection_settings import ConnectionSettings
from pronote_server.listeners import PortTaken
from pronote_server.observe.testing import Logs
from pronote_server.rescue.place import rescue_socket, running_servers
from pronote_server.testing import WireClient

pytestmark = pytest.mark.real_tcp


def settings_in(folder: Path, *, tls: bool = False) -> Settings:
    return Settings(
        listen=Listen(port=0),
        tls=Tls(enabled=tls),
        data=Data(directory=folder),
        limits=Limits(stop_grace_seconds=0.01, farewell_seconds=0.2),
        schools=(
            SchoolSettings(rne="0990001N", name='Collège « la "Lande" »'),
            SchoolSettings(rne="0990002P", name="Lycée du Port"),
        ),
    )


async def test_a_server_is_opened_with_its_schools_and_leaves_no_trace_of_running(
    tmp_path: Path,
) -> None:
    async with open_app(settings_in(tmp_path / "data")) as app:
        mine = [each for each in running_servers() if each.data == tmp_path / "data"]
        assert [each.address for each in mine] == [app.address]
        assert rescue_socket(tmp_path / "data").is_socket()
        assert list(app.schools) == ["0990001N", "0990002P"]
        assert app.school.rne == "0990001N"
        client = WireClient(await trio.open_tcp_stream(app.host, app.port))
        welcome = await client.greet(rne="0990002p")
        counted = json.loads(json.dumps(app.statistics()))

    goodbye = await client.last_words()
    await client.aclose()
    assert (welcome.rne, welcome.school, welcome.in_service) == (
        "0990002P",
        "Lycée du Port",
        False,
    )
    assert goodbye is not None
    assert goodbye.code is Farewell.SERVER_STOPPING
    assert counted["door"]["accepted"] == 1
    assert [each["rne"] for each in counted["schools"]] == ["0990001N", "0990002P"]
    assert not rescue_socket(tmp_path / "data").exists()
    assert [each for each in running_servers() if each.data == tmp_path / "data"] == []
    with pytest.raises(OSError, match="connect"):
        await trio.open_tcp_stream(app.host, app.port)


@pytest.mark.parametrize("tls", [True, False])
async def test_connection_settings_are_those_the_client_reads(
    tmp_path: Path, tls: bool
) -> None:
    """Two programs write this file, and neither may import the other."""
    async with open_app(settings_in(tmp_path, tls=tls)) as app:
        files = {rne: path.read_text("utf-8") for rne, path in app.settings_files.items()}

    for rne, text in files.items():
        read = ReadSettings.parse(text)
        assert (read.rne, read.address, read.port, read.tls) == (
            rne,
            app.host,
            app.port,
            tls,
        )
        assert (read.certificate_authority is not None) is tls
        assert read.dumps() == text
    assert ReadSettings.parse(files["0990001N"]).designation == 'Collège « la "Lande" »'


@pytest.mark.parametrize("name", ["Simple", 'À "B" \\ C', "tab\tand\x7f", "日本 🏫"])
def test_any_name_of_a_school_travels_in_the_settings(name: str) -> None:
    written = ConnectionSettings(
        designation=name, rne="0990001N", address="::1", port=1, tls=False
    )

    assert ReadSettings.parse(written.text()).designation == name
    assert ReadSettings.parse(written.text()).dumps() == written.text()


async def test_an_ipv6_address_has_brackets(tmp_path: Path) -> None:
    settings = attrs.evolve(settings_in(tmp_path), listen=Listen(host="::1", port=0))
    try:
        async with open_app(settings) as app:
            assert app.address == f"[::1]:{app.port}"
            client = WireClient(await trio.open_tcp_stream("::1", app.port))
            assert (await client.greet()).rne == "0990001N"
            await client.aclose()
    except PortTaken as exc:
        pytest.skip(f"no IPv6 on this machine: {exc}")


async def test_two_servers_do_not_share_their_data(tmp_path: Path) -> None:
    async with open_app(settings_in(tmp_path)) as first:
        with pytest.raises(DataRefused):
            async with open_app(settings_in(tmp_path)):
                pass
        client = WireClient(await trio.open_tcp_stream(first.host, first.port))
        await client.greet()
        await client.aclose()
    async with open_app(settings_in(tmp_path)):
        pass


async def test_what_cannot_be_opened_leaves_nothing_open(tmp_path: Path) -> None:
    """The port is free again, and so is the folder."""
    (tmp_path / "0990002P").write_text("a file where a folder should be")
    with pytest.raises(OSError, match="0990002P"):
        async with open_app(settings_in(tmp_path)):
            pass
    (tmp_path / "0990002P").unlink()
    async with open_app(settings_in(tmp_path)):
        pass


UNLIMITED = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("soft", "hard", "raised", "most"),
    [
        (100, 200, 200, 100),
        (100, 600, 600, 344),
        (1024, 20_000, 10_256, 10_000),
        (1024, UNLIMITED, 10_256, 10_000),
        (UNLIMITED, UNLIMITED, UNLIMITED, 10_000),
        (20_000, 20_000, 20_000, 10_000),
        (2, 2, 2, 1),
    ],
)
def test_no_more_connections_are_promised_than_there_are_descriptors(
    tmp_path: Path,
    logs: Logs,
    monkeypatch: pytest.MonkeyPatch,
    soft: int,
    hard: int,
    raised: int,
    most: int,
) -> None:
    limit = (soft, hard)

    def put(_: int, wanted: tuple[int, int]) -> None:
        nonlocal limit
        limit = wanted

    monkeypatch.setattr(resource, "getrlimit", lambda _: limit)
    monkeypatch.setattr(resource, "setrlimit", put)
    limits = composition._within_descriptors(settings_in(tmp_path)).limits

    assert limit == (raised, hard)
    assert limits.max_connections == most
    assert limits.max_unauthenticated == min(512, most)
    assert len(logs.of("server.few_descriptors")) == (most < 10_000)
