"""The end of a server, asked for by a signal."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pronote_server.testing_processes import ServerProcess, command, start_server

pytestmark = [pytest.mark.real_tcp, pytest.mark.checkout_only]


@pytest.fixture
def staying(client_options: Callable[..., list[str | Path]]) -> Any:
    """Start ``stay`` and return its process, which has entered."""
    started: list[subprocess.Popen[str]] = []

    def stay(server: ServerProcess, login: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*map(str, client_options(server, login)), "stay"],
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["event"] == "entered"
        return process

    yield stay
    for process in started:
        process.kill()
        process.communicate(timeout=30)


def rest_of(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    assert process.stdout is not None
    said = [json.loads(line) for line in process.stdout]
    process.wait(30)
    return said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_announces_the_end_says_goodbye_and_ends_with_0(
    tmp_path: Path, demo_data: Path, staying: Any, number: signal.Signals
) -> None:
    with start_server(
        "demo",
        "--port",
        "0",
        "--data",
        demo_data,
        folder=tmp_path,
        environment={"PRONOTE_LIMITS__STOP_GRACE_SECONDS": "0.2"},
    ) as server:
        client = staying(server, "sec1")
        server.signal(number)
        said = rest_of(client)

    assert [each["event"] for each in said] == ["announcement", "goodbye"]
    assert said[-1]["code"] == "server_stopping"
    assert said[-1]["message"]
    assert client.returncode == 3
    assert server.wait() == 0
    assert server.events()[-2:] == ["server.stopping", "server.stopped"]
    assert server.failures() == []


def test_a_second_signal_hurries(
    tmp_path: Path, demo_data: Path, staying: Any, rescue: Any
) -> None:
    """Without it this server would wait for an hour."""
    environment = {"PRONOTE_LIMITS__STOP_GRACE_SECONDS": "3600"}
    with start_server(
        "demo",
        "--port",
        "0",
        "--data",
        demo_data,
        folder=tmp_path,
        environment=environment,
    ) as server:
        client = staying(server, "sec1")
        server.signal(signal.SIGTERM)
        assert client.stdout is not None
        assert json.loads(client.stdout.readline())["event"] == "announcement"
        (inside,) = rescue(server, "connections").said["items"]
        assert inside["login"] == "sec1"
        server.signal(signal.SIGINT)
        said = rest_of(client)

        assert (client.returncode, [each["event"] for each in said]) == (3, ["goodbye"])
        assert server.wait() == 0
        assert server.failures() == []


def test_any_number_of_signals_ends_with_0(tmp_path: Path, demo_data: Path) -> None:
    """The last ones come when the process is on its way out."""
    with start_server("demo", "--port", "0", "--data", demo_data, folder=tmp_path) as server:
        for _ in range(3000):
            server.signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                server.process.wait(0.01)
                break

        assert server.wait() == 0


def test_a_signal_before_it_is_ready_gives_the_start_up(tmp_path: Path) -> None:
    data, log = tmp_path / "kept", tmp_path / "log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [command("pronote-server"), "demo", "--port", "0", "--data", str(data)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        while "server.ready" not in log.read_text():  # the demo is filled after this
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)

    assert process.returncode == 0
    assert "Traceback" not in log.read_text()
    with start_server("demo", "--port", "0", "--data", data, folder=tmp_path) as server:
        assert len(server.ready["accounts"]) >= 6
        assert all(each["password"] for each in server.ready["accounts"])
    assert isinstance(out, str)
