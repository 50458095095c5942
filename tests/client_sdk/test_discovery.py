"""Search on the local network."""

from __future__ import annotations

import socket

import pytest
import trio

from pronote_client.discovery import SERVICE, found_server, search


def announced(**texts: str) -> object:
    from zeroconf import ServiceInfo

    return ServiceInfo(
        SERVICE,
        f"Lycée.{SERVICE}",
        addresses=[socket.inet_aton("10.1.0.2")],
        port=49300,
        properties=texts,
        server="lycee.local.",
    )


def test_an_announcement_says_how_to_connect() -> None:
    info = announced(rne="0330001X", designation="Lycée écrit", v="1", tls="1")
    found = found_server(info)  # type: ignore[arg-type]
    assert found is not None
    assert (found.name, found.version) == ("Lycée", 1)
    assert found.settings.where == "10.1.0.2:49300"
    assert (found.settings.rne, found.settings.designation) == ("0330001X", "Lycée écrit")
    assert found.settings.tls
    assert found.settings.certificate_authority is None


def test_a_poor_announcement_has_safe_defaults() -> None:
    found = found_server(announced(v="²", tls="maybe"))  # type: ignore[arg-type]
    assert found is not None
    assert found.version is None
    assert found.settings.tls
    assert not found_server(announced(tls="0")).settings.tls  # type: ignore[arg-type,union-attr]


def test_an_announcement_without_an_address_is_left_out() -> None:
    from zeroconf import ServiceInfo

    assert found_server(ServiceInfo(SERVICE, f"x.{SERVICE}", port=1)) is None


@pytest.mark.real_tcp
async def test_a_server_that_announces_itself_is_found() -> None:
    from zeroconf import Zeroconf

    def announce() -> Zeroconf:
        network = Zeroconf(interfaces=["127.0.0.1"])
        network.register_service(announced(rne="0330001X"))  # type: ignore[arg-type]
        return network

    try:
        network = await trio.to_thread.run_sync(announce)
    except OSError as exc:
        pytest.skip(f"this machine has no multicast on loopback: {exc}")
    try:
        # A search takes as long as it is told to; the first one usually finds.
        for _ in range(20):
            if found := await search(0.5, interfaces=["127.0.0.1"]):
                break
    finally:
        await trio.to_thread.run_sync(network.close)
    assert "Lycée" in [each.name for each in found]
