"""Where a school is: the file, the link, the remembered list."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronote_client import ConnectionSettings, InvalidSettings, RememberedServers
from pronote_client.servers import configuration_folder

PEM = "-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n"
DEMO = ConnectionSettings(
    designation="Lycée de démonstration",
    rne="0330001X",
    address="127.0.0.1",
    port=49300,
    tls=True,
    certificate_authority=PEM,
)
FILE = f'''# Paramètres de connexion au serveur PRONOTE (pronote-emulator)
designation = "Lycée de démonstration"
rne = "0330001X"
address = "127.0.0.1"
port = 49300
tls = true
certificate_authority = """
{PEM}"""
'''

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
settings = st.builds(
    ConnectionSettings,
    address=st.sampled_from(["127.0.0.1", "::1", "school.example", "fe80::1%eth0"]),
    port=st.integers(1, 65535),
    designation=texts,
    rne=st.none() | st.text("0123456789ABCX", min_size=8, max_size=8),
    tls=st.booleans(),
    certificate_authority=st.none() | st.just(PEM),
)


def test_the_file_is_written_as_the_server_writes_it() -> None:
    assert DEMO.dumps() == FILE
    assert ConnectionSettings.parse(FILE) == DEMO


def test_the_server_and_the_sdk_write_the_same_file() -> None:
    """The server may not import the SDK, so each has its writer; this keeps them equal."""
    from pronote_server.hosting.connection_settings import ConnectionSettings as Written

    for some in (DEMO, attrs.evolve(DEMO, certificate_authority=None, tls=False)):
        assert Written(**attrs.asdict(some)).text() == some.dumps()


@given(settings)
def test_what_is_written_is_read_back(some: ConnectionSettings) -> None:
    assert ConnectionSettings.parse(some.dumps()) == some


@given(settings)
def test_a_link_says_all_but_the_authority(some: ConnectionSettings) -> None:
    if "%" in some.address:
        return  # a zone belongs to this machine, not into a link
    back = ConnectionSettings.from_link(some.link())
    assert back == attrs.evolve(some, certificate_authority=None)


def test_the_link_is_short_enough_to_be_typed() -> None:
    assert ConnectionSettings(address="h", rne="0330001X").link() == (
        "pronote://0330001X@h:49300/?tls=1"
    )
    assert ConnectionSettings.from_link("pronote://h").port == 49300


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        "",
        'address = ""',
        "address = 1",
        'address = "h"\nport = 0',
        'address = "h"\nport = "49300"',
        'address = "h"\ntls = "yes"',
        'address = "a b"',
    ],
)
def test_an_unusable_file_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettings):
        ConnectionSettings.parse(text)


def test_a_key_of_a_newer_server_is_ignored() -> None:
    assert ConnectionSettings.parse('address = "h"\nweather = "fine"').address == "h"


@pytest.mark.parametrize(
    "link",
    [
        "http://h/",
        "pronote://",
        "pronote://h:x/",
        "pronote://u:p@h/",
        "pronote://h/?tls=no",
        "",
    ],
)
def test_an_unusable_link_is_refused(link: str) -> None:
    with pytest.raises(InvalidSettings):
        ConnectionSettings.from_link(link)


def test_an_absent_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings):
        ConnectionSettings.read(tmp_path / "absent")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidSettings):
        ConnectionSettings.read(tmp_path / "binary")


def test_the_authority_stays_out_of_messages() -> None:
    assert "BEGIN" not in repr(DEMO)


def test_loopback_is_recognised() -> None:
    assert ConnectionSettings(address="127.0.0.9").on_loopback
    assert ConnectionSettings(address="::1").on_loopback
    assert ConnectionSettings(address="localhost").on_loopback
    assert not ConnectionSettings(address="10.0.0.1").on_loopback
    assert ConnectionSettings(address="::1").where == "[::1]:49300"


def test_servers_are_remembered_until_forgotten(tmp_path: Path) -> None:
    servers = RememberedServers(tmp_path / "home")
    assert servers.all() == {}
    servers.add('le "lycée"', DEMO)
    servers.add("b", ConnectionSettings(address="h"))
    again = RememberedServers(tmp_path / "home")
    assert again.all() == {"b": ConnectionSettings(address="h"), 'le "lycée"': DEMO}
    again.remove("b")
    assert list(servers.all()) == ['le "lycée"']
    with pytest.raises(InvalidSettings):
        servers.get("b")
    with pytest.raises(InvalidSettings):
        servers.remove("b")


def test_a_broken_list_is_refused_and_left_alone(tmp_path: Path) -> None:
    servers = RememberedServers(tmp_path)
    for broken in ("not toml", "a = 1", "[a]\nport = 1"):
        servers.path.write_text(broken, "utf-8")
        with pytest.raises(InvalidSettings):
            servers.add("b", DEMO)
        assert servers.path.read_text("utf-8") == broken


def test_the_list_lives_where_the_user_says() -> None:
    assert configuration_folder({"PRONOTE_CLIENT_HOME": "/a"}) == Path("/a")
    assert configuration_folder({"XDG_CONFIG_HOME": "/x"}) == Path("/x/pronote-client")
    assert configuration_folder({"HOME": "/h"}) == Path("/h/.config/pronote-client")
