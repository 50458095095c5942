"""The rescue door: it answers when every other way in is exhausted."""

from __future__ import annotations

import os
import resource
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from pronote_client import ConnectionSettings, Instance, open_client
from pronote_client.errors import (
    AddressSuspended,
    BadCredentials,
    PronoteError,
    SeatsExhausted,
)
from pronote_protocol.errors import UnknownMethod
from pronote_protocol.words import Farewell
from pronote_server.rescue.client import ask
from pronote_server.testing_processes import ServerProcess, run_command, start_server

pytestmark = [pytest.mark.real_tcp, pytest.mark.checkout_only]

linux_only = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="prlimit is particular to Linux"
)


def door_of(server: ServerProcess) -> Path:
    return server.data / "rescue.sock"


def opening(server: ServerProcess, login: str, password: str | None = None) -> Any:
    known = {each["login"]: each["password"] for each in server.ready["accounts"]}
    return open_client(
        ConnectionSettings.read(server.ready["settings_file"]),
        login=login,
        password=password or known[login],
        instance=Instance(),
    )


@contextmanager
def many_sockets(server: ServerProcess, number: int) -> Iterator[list[socket.socket]]:
    """Hold *number* silent connections, as far as the server takes them."""
    with ExitStack() as stack:
        held = []
        for _ in range(number):
            sock = stack.enter_context(socket.socket())
            sock.settimeout(5)
            sock.connect((server.host, server.port))
            held.append(sock)
        yield held


def newcomers(server: ServerProcess) -> int:
    """Return how many connections have not logged in yet."""
    return int(ask(door_of(server), "statistics", {})["door"]["unauthenticated"])


async def until(so: Callable[[], bool]) -> None:
    """Ask again and again, bounded: it is about another process."""
    with trio.fail_after(20):
        while not so():  # noqa: ASYNC110
            await trio.sleep(0.05)


async def test_every_command_answers_and_does_what_it_says(
    demo: ServerProcess, rescue: Any
) -> None:
    async with opening(demo, "sec1") as office:
        rows = rescue(demo, "connections").said
        table = run_command("pronote-server", "rescue", "connections", "--data", demo.data)
        counters = rescue(demo, "statistics")
        gone = rescue(demo, "disconnect", rows["items"][0]["session"], "--message", "Pause.")
        goodbye = await office.wait_ended()
    journal = rescue(demo, "journal").said["items"]
    nothing = rescue(demo, "lift").said

    assert [each["login"] for each in rows["items"]] == ["sec1"]
    assert rows["seats"]["modification_used"] == 1
    assert "sec1" not in table.err
    assert rows["items"][0]["session"] in table.out
    assert "1/6" in table.out
    assert counters.status == 0
    assert '"accepted"' in counters.out
    assert gone.said == {"sessions": [rows["items"][0]["session"]]}
    assert goodbye.code is Farewell.DISCONNECTED_BY_ADMINISTRATOR
    assert goodbye.by == "opérateur"
    assert "Pause." in goodbye.fr
    assert {"session.began", "session.ended", "sessions.disconnected"} <= {
        each["kind"] for each in journal
    }
    assert nothing == {"addresses": []}


async def test_users_are_disconnected_by_name_or_all_at_once(
    demo: ServerProcess, rescue: Any
) -> None:
    async with opening(demo, "sec1") as one, opening(demo, "sec2") as two:
        nobody = rescue(demo, "disconnect", "--user", "nobody")
        first = rescue(demo, "disconnect", "--user", "SEC1").said
        await one.wait_ended()
        unnamed = rescue(demo, "disconnect")
        everybody = rescue(demo, "disconnect", "--everyone").said
        await two.wait_ended()

    assert (nobody.status, nobody.said["refused"]) == (3, "not_found")
    assert (unnamed.status, unnamed.said["refused"]) == (3, "conflict")
    assert len(first["sessions"]) == len(everybody["sessions"]) == 1


async def test_it_answers_when_every_seat_is_taken(demo: ServerProcess, rescue: Any) -> None:
    async with (
        opening(demo, "SPR"),
        opening(demo, "sec1"),
        opening(demo, "sec2"),
        opening(demo, "sec3"),
        opening(demo, "sec4"),
        opening(demo, "sec5") as last,
    ):
        with pytest.raises(SeatsExhausted):
            async with opening(demo, "SPR"):
                pass
        seats = rescue(demo, "connections").said["seats"]
        assert rescue(demo, "disconnect", "--user", "sec5").status == 0
        await last.wait_ended()
        async with opening(demo, "SPR"):
            pass

    assert seats["modification_used"] == seats["modification_total"] == 6


async def test_it_answers_when_the_address_is_suspended_and_lifts_it(
    demo: ServerProcess, rescue: Any
) -> None:
    for _ in range(5):
        with pytest.raises(BadCredentials):
            async with opening(demo, "sec1", "wrong"):
                pass
    with pytest.raises(AddressSuspended) as told:
        async with opening(demo, "sec1"):
            pass
    (suspended,) = rescue(demo, "suspensions").said["items"]
    unknown = rescue(demo, "lift", "not-an-address")
    lifted = rescue(demo, "lift", "127.0.0.1").said
    async with opening(demo, "sec1"):
        pass
    kinds = [each["kind"] for each in rescue(demo, "journal").said["items"]]

    assert suspended["address"] == "127.0.0.1"
    assert suspended["cause"] == "wrong_passwords"
    assert suspended["accounts"] == ["sec1"]
    assert suspended["reference"] == told.value.reference
    assert (unknown.status, unknown.said["refused"]) == (3, "bad_request")
    assert lifted == {"addresses": ["127.0.0.1"]}
    assert {"address.suspended", "address.lifted"} <= set(kinds)


async def test_it_answers_when_no_more_connections_are_taken(
    tmp_path: Path, demo_data: Path, rescue: Any
) -> None:
    environment = {
        "PRONOTE_LIMITS__MAX_CONNECTIONS": "4",
        "PRONOTE_LIMITS__MAX_UNAUTHENTICATED": "4",
        "PRONOTE_LIMITS__MAX_UNAUTHENTICATED_PER_ADDRESS": "4",
        "PRONOTE_LIMITS__TLS_SECONDS": "60",
        "PRONOTE_LIMITS__HELLO_SECONDS": "60",
    }
    with start_server(
        "demo",
        "--port",
        "0",
        "--data",
        demo_data,
        folder=tmp_path,
        environment=environment,
    ) as server:
        with many_sockets(server, 20):
            with pytest.raises(PronoteError):
                async with opening(server, "SPR"):
                    pass
            assert rescue(server, "connections").status == 0
            assert newcomers(server) == 4
        await until(lambda: newcomers(server) == 0)
        async with opening(server, "SPR"):
            pass
        assert server.failures() == []


@linux_only
async def test_it_answers_when_the_process_has_no_descriptor_left(
    tmp_path: Path, demo_data: Path, rescue: Any
) -> None:
    environment = {"PRONOTE_LIMITS__TLS_SECONDS": "60", "PRONOTE_LIMITS__HELLO_SECONDS": "60"}
    with start_server(
        "demo",
        "--port",
        "0",
        "--data",
        demo_data,
        folder=tmp_path,
        environment=environment,
    ) as server:
        process = server.process.pid
        used = len(os.listdir(f"/proc/{process}/fd"))
        async with opening(server, "sec1") as inside:
            before = resource.prlimit(process, resource.RLIMIT_NOFILE, (used + 4, 20_000))
            with many_sockets(server, 30):
                await until(lambda: "door.out_of_descriptors" in server.events())
                answered = rescue(server, "connections")
                assert (answered.status, answered.err) == (0, "")
                for _ in range(20):
                    for command in ("connections", "suspensions", "journal", "statistics"):
                        assert ask(door_of(server), command, {}), command
                assert (await inside.session.show()).login == "sec1"
                assert rescue(server, "disconnect", "--user", "sec1").status == 0
                goodbye = await inside.wait_ended()
        resource.prlimit(process, resource.RLIMIT_NOFILE, before)
        async with opening(server, "sec2"):
            pass
        assert goodbye.by == "opérateur"
        assert server.stop() == 0
        assert server.failures() == []


@linux_only
async def test_operators_without_a_spare_descriptor_wait_for_their_turn(
    tmp_path: Path, demo_data: Path, rescue: Any
) -> None:
    """One of them holds the spare descriptor; the next must not take the server down."""
    environment = {"PRONOTE_LIMITS__TLS_SECONDS": "60", "PRONOTE_LIMITS__HELLO_SECONDS": "60"}
    with start_server(
        "demo",
        "--port",
        "0",
        "--data",
        demo_data,
        folder=tmp_path,
        environment=environment,
    ) as server:
        process = server.process.pid
        used = len(os.listdir(f"/proc/{process}/fd"))
        resource.prlimit(process, resource.RLIMIT_NOFILE, (used + 2, 20_000))
        with (
            many_sockets(server, 20),
            socket.socket(socket.AF_UNIX) as idle,
            socket.socket(socket.AF_UNIX) as second,
        ):
            await until(lambda: "door.out_of_descriptors" in server.events())
            idle.connect(str(door_of(server)))
            second.connect(str(door_of(server)))
            await until(lambda: "rescue.cannot_accept" in server.events())
            idle.close()
            second.close()
            assert rescue(server, "connections").status == 0
        assert server.stop() == 0
        assert server.failures() == []


async def test_a_server_with_few_descriptors_promises_fewer_connections(
    tmp_path: Path, demo_data: Path, rescue: Any
) -> None:
    with start_server(
        "demo",
        "--port",
        "0",
        "--data",
        demo_data,
        folder=tmp_path,
        before=("/bin/sh", "-c", 'ulimit -n 96; exec "$@"', "sh"),
    ) as server:
        with many_sockets(server, 120):
            assert rescue(server, "connections").status == 0
        await until(lambda: newcomers(server) == 0)
        async with opening(server, "SPR"):
            pass
        assert "server.few_descriptors" in server.events()
        assert server.failures() == []


def test_an_unknown_command_is_refused(demo: ServerProcess, rescue: Any) -> None:
    with pytest.raises(UnknownMethod):
        ask(door_of(demo), "shut_everything", {})

    assert rescue(demo, "connections").status == 0


def test_only_its_owner_can_open_it(demo: ServerProcess) -> None:
    door = door_of(demo)

    assert stat.S_ISSOCK(door.stat().st_mode)
    assert stat.S_IMODE(door.stat().st_mode) == 0o600
    assert stat.S_IMODE(demo.data.stat().st_mode) == 0o700


def test_what_a_dead_server_left_there_is_replaced(
    tmp_path: Path, demo_data: Path, rescue: Any
) -> None:
    data = demo_data
    with start_server("demo", "--port", "0", "--data", data, folder=tmp_path) as server:
        server.kill()
        assert door_of(server).exists()
        gone = rescue(server, "connections")
    with start_server("demo", "--port", "0", "--data", data, folder=tmp_path) as server:
        answered = rescue(server, "connections")
        assert server.stop() == 0
        assert not door_of(server).exists()
        left = rescue(server, "connections")

    assert gone.status == left.status == 4
    assert gone.said["error"] == "no_server"
    assert answered.status == 0


def test_a_long_path_has_its_door_elsewhere(tmp_path: Path, rescue: Any) -> None:
    data = tmp_path / ("d" * 100)
    with start_server(
        "demo",
        "--port",
        "0",
        "--data",
        data,
        folder=tmp_path,
    ) as server:
        assert not door_of(server).exists()
        assert rescue(server, "connections").status == 0
