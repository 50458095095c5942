"""Taking the port."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from pronote_server.data_folder import DataRefused, claimed
from pronote_server.listeners import PortTaken, open_listeners
from pronote_server.observe.testing import Logs


async def test_port_0_takes_a_free_one() -> None:
    (listener,) = await open_listeners("127.0.0.1", 0, 16)
    with listener:
        assert listener.getsockname()[1] > 0
        assert not listener.getblocking()
        with socket.create_connection(listener.getsockname(), timeout=5):
            await trio.lowlevel.wait_readable(listener)


async def test_a_name_with_two_addresses_has_one_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def both(*_: object, **__: object) -> list[object]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", 0)),
        ]

    monkeypatch.setattr(trio.socket, "getaddrinfo", both)
    listeners = await open_listeners("both.example", 0, 16)
    names = [listener.getsockname() for listener in listeners]
    for listener in listeners:
        listener.close()

    assert {name[0] for name in names} == {"127.0.0.1", "127.0.0.2"}
    assert len({name[1] for name in names}) == 1


async def test_port_that_is_taken_for_a_moment_is_waited_for(
    autojump_clock: MockClock, logs: Logs
) -> None:
    """49300 is in the range of outgoing connections: one of them may hold it for a moment."""
    holder = socket.create_server(("127.0.0.1", 0))
    port = holder.getsockname()[1]

    async def let_go() -> None:
        await trio.sleep(1)
        holder.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(let_go)
        (listener,) = await open_listeners("127.0.0.1", port, 16)
    listener.close()

    assert 1 <= trio.current_time() < 2
    assert len(logs.of("port.taken")) == 1


async def test_port_that_stays_taken_is_refused_with_advice(
    autojump_clock: MockClock,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(PortTaken) as refused:
            await open_listeners("127.0.0.1", port, 16)

    assert trio.current_time() == pytest.approx(5)
    for advice in (f"port {port}", "--port", f"ip_local_reserved_ports={port}"):
        assert advice in str(refused.value)


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
async def test_address_of_another_machine_is_refused_at_once(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if host.endswith(".invalid"):  # whatever the resolver of this machine thinks

        async def unknown(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")

        monkeypatch.setattr(trio.socket, "getaddrinfo", unknown)
    with pytest.raises(PortTaken, match=host.replace(".", r"\.")):
        await open_listeners(host, 0, 16)


# ---------------------------------------------------------------- the folder of the data


def test_a_folder_is_held_by_one_server_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    with claimed(folder):
        with (
            pytest.raises(DataRefused, match=r"in use by a running server \(process \d+\)"),
            claimed(folder),
        ):
            pass
        assert folder.stat().st_mode & 0o777 == 0o700
    with claimed(folder):
        pass


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(DataRefused, match=str(folder)), claimed(folder):
            pass
