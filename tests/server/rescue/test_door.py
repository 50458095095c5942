"""The rescue door on its own: a local socket, and commands that are somebody else's."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from pronote_protocol.codec import pack
from pronote_protocol.envelopes import Request, to_wire
from pronote_protocol.errors import Conflict, InternalError, NoSpace, UnknownMethod
from pronote_protocol.framing import encode_frame
from pronote_server.hosting.long_work import LongWork, Report
from pronote_server.observe.testing import Logs
from pronote_server.rescue.client import NoServer, ask
from pronote_server.rescue.door import Command, RescueDoor
from pronote_server.storage.errors import StorageFailed

pytestmark = pytest.mark.real_tcp


async def echo(params: dict[str, Any]) -> Any:
    return params


async def refuse(params: dict[str, Any]) -> Any:
    raise Conflict("Non.", "No.")


async def crash(params: dict[str, Any]) -> Any:
    raise ZeroDivisionError


async def wait(params: dict[str, Any]) -> Any:
    await trio.sleep(params["seconds"])
    return "done"


COMMANDS: dict[str, Command] = {"echo": echo, "refuse": refuse, "crash": crash, "wait": wait}


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[RescueDoor]:
    door = RescueDoor(path, COMMANDS)
    async with trio.open_nursery() as nursery:
        await nursery.start(door.serve)
        yield door
        nursery.cancel_scope.cancel()


async def asked(path: Path, command: str, **params: Any) -> Any:
    with trio.fail_after(20):
        return await trio.to_thread.run_sync(partial(ask, path, command, params, seconds=20))


async def test_a_command_is_answered_refused_or_unknown(tmp_path: Path, logs: Logs) -> None:
    path = tmp_path / "door"
    logs.expect("rescue.command_crashed")
    async with opened(path):
        assert await asked(path, "echo", text="é", rows=[1, 2]) == {
            "text": "é",
            "rows": [1, 2],
        }
        with pytest.raises(Conflict) as refused:
            await asked(path, "refuse")
        with pytest.raises(UnknownMethod):
            await asked(path, "shell", line="rm")
        with pytest.raises(InternalError):
            await asked(path, "crash")
        assert await asked(path, "echo") == {}

    assert refused.value.fr == "Non."
    assert len(logs.of("rescue.command_crashed")) == 1
    with pytest.raises(NoServer):
        await asked(path, "echo")


async def test_the_socket_is_its_owners_and_replaces_a_stale_one(tmp_path: Path) -> None:
    path = tmp_path / "door"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    umask = os.umask(0o022)
    os.umask(umask)
    async with opened(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert await asked(path, "echo") == {}
    after = os.umask(umask)

    assert after == umask
    assert not path.exists()


@pytest.mark.parametrize(
    "said", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x01\xc1", b"\0\0\0\x04\x93\x02\xa4x"]
)
async def test_nonsense_is_closed_and_the_next_one_is_served(
    tmp_path: Path, said: bytes
) -> None:
    path = tmp_path / "door"
    async with opened(path):
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(str(path))
            rude.sendall(said)
            rude.shutdown(socket.SHUT_WR)
            rude.settimeout(20)
            assert await trio.to_thread.run_sync(rude.recv, 10) == b""
        assert await asked(path, "echo") == {}


async def test_a_crowd_waits_for_its_turn(tmp_path: Path) -> None:
    """Eight are served at once; the ninth is, when one of them goes."""
    path = tmp_path / "door"
    async with opened(path):
        crowd = [socket.socket(socket.AF_UNIX) for _ in range(9)]
        for each in crowd:
            each.connect(str(path))
            await wait_all_tasks_blocked()
        ninth = trio.SocketStream(trio.socket.from_stdlib_socket(crowd[8]))
        await ninth.send_all(encode_frame(pack(to_wire(Request(0, "echo", {})))))
        with trio.move_on_after(0) as early:
            await wait_all_tasks_blocked()
            await ninth.receive_some()
        crowd[0].close()
        with trio.fail_after(20):
            answer = await ninth.receive_some()
        for each in crowd:
            each.close()

    assert early.cancelled_caught
    assert answer


async def test_a_command_takes_its_time_and_an_idle_operator_does_not(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """``bases stop --delay 3600`` was announced to everybody: it must happen."""
    path = tmp_path / "door"
    async with opened(path), await trio.open_unix_socket(str(path)) as patient:
        asked = Request(0, "wait", {"seconds": 3600})
        await patient.send_all(encode_frame(pack(to_wire(asked))))
        answer = await patient.receive_some()
        answered_at = trio.current_time()
        assert await patient.receive_some() == b""  # nothing more was asked
        closed_at = trio.current_time()

    assert b"done" in answer
    assert answered_at == 3600
    assert closed_at == 3600 + 120


async def test_long_work_is_followed_until_it_is_answered(tmp_path: Path) -> None:
    path, work = tmp_path / "door", LongWork()
    go_on = trio.Event()

    async def slow(report: Report) -> dict[str, Any]:
        report("pack", 1, 2)
        await go_on.wait()
        report("prove", 2, 2)
        return {"name": "x", "at": datetime(2020, 7, 2, tzinfo=UTC)}

    async def refused(report: Report) -> None:
        raise StorageFailed("SQLITE_FULL")

    async def begin(params: dict[str, Any]) -> Any:
        return work.begin("test", "x", refused if params.get("refused") else slow)

    token = trio.lowlevel.current_trio_token()
    told: list[tuple[str, int, int]] = []

    def hear(step: str, done: int, total: int) -> None:
        told.append((step, done, total))
        token.run_sync_soon(go_on.set)

    door = RescueDoor(path, {"begin": begin})
    async with trio.open_nursery() as nursery:
        await nursery.start(door.serve)
        nursery.start_soon(work.serve)
        with trio.fail_after(20):
            answer = await trio.to_thread.run_sync(
                partial(ask, path, "begin", {}, seconds=20, told=hear)
            )
        assert answer == {"name": "x", "at": "2020-07-02T00:00:00Z"}
        assert told[0] == ("pack", 1, 2)
        with pytest.raises(NoSpace):
            await asked(path, "begin", refused=True)
        nursery.cancel_scope.cancel()


async def test_who_goes_away_does_not_end_the_work(tmp_path: Path) -> None:
    path, work = tmp_path / "door", LongWork()
    go_on = trio.Event()

    async def slow(report: Report) -> str:
        report("pack", 1, 2)
        await go_on.wait()
        return "done"

    async def begin(params: dict[str, Any]) -> Any:
        return work.begin("test", "x", slow)

    async with trio.open_nursery() as nursery:
        await nursery.start(RescueDoor(path, {"begin": begin}).serve)
        nursery.start_soon(work.serve)
        stream = await trio.open_unix_socket(str(path))
        await stream.send_all(encode_frame(pack(to_wire(Request(0, "begin", {})))))
        assert await stream.receive_some()  # how far it is
        await stream.aclose()
        go_on.set()

        with trio.fail_after(20):
            assert await work.get(1).outcome() == "done"
        nursery.cancel_scope.cancel()
