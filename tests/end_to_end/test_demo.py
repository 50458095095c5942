"""``pronote-server demo``, as a stranger starts it."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pronote_client import ConnectionSettings
from pronote_server.testing_processes import (
    NotStarted,
    ServerProcess,
    command,
    run_command,
    start_server,
)

pytestmark = pytest.mark.real_tcp


def accounts_of(server: ServerProcess) -> list[dict[str, Any]]:
    return list(server.ready["accounts"])


def test_the_ready_line_says_everything_a_program_needs(demo: ServerProcess) -> None:
    accounts = accounts_of(demo)
    modes = [each["mode"] for each in accounts]
    office = [each["login"] for each in accounts if each["mode"] == "administrative"]
    settings = ConnectionSettings.read(demo.ready["settings_file"])

    assert demo.ready["ready"] is True
    assert demo.ready["rne"] == settings.rne
    assert demo.ready["address"] == settings.where
    assert settings.tls
    assert settings.certificate_authority is not None
    assert all(set(each) == {"mode", "login", "password", "name"} for each in accounts)
    assert all(isinstance(value, str) and value for each in accounts for value in each.values())
    assert set(modes) == {"administrative", "teacher", "school-life"}
    assert office[0] == "SPR"
    assert len(office) >= 3
    assert modes.count("teacher") >= 2
    assert modes.count("school-life") >= 1


def test_a_seed_makes_the_same_school_again(tmp_path: Path, client: Any) -> None:
    seen = []
    for seed in ("7", "7", "8"):
        with start_server("demo", "--port", "0", "--seed", seed, folder=tmp_path) as server:
            teachers = client(server, "SPR", "resources", "list", "teachers", "--all")
            week = client(server, accounts_of(server)[-2]["login"], "timetable", "mine")
            assert teachers.status == week.status == 0
            seen.append((accounts_of(server), teachers.said, week.said))

    assert seen[0] == seen[1]
    assert seen[0][0] != seen[2][0]
    assert seen[0][1]["total"] == seen[2][1]["total"] == 141


def test_data_that_is_kept_is_the_same_school_at_the_second_start(
    tmp_path: Path, client: Any
) -> None:
    """And an account whose password was changed has none to show."""
    data = tmp_path / "kept"
    new = tmp_path / "new-password"
    new.write_text("Une-Phrase-2-Passe!", encoding="utf-8")
    with start_server("demo", "--port", "0", "--data", data, folder=tmp_path) as server:
        first = accounts_of(server)
        changed = client(server, "sec1", "password", "change", "--new-password-file", new)
        assert (changed.status, server.stop()) == (0, 0)
    with start_server("demo", "--port", "0", "--data", data, folder=tmp_path) as server:
        second = accounts_of(server)
        in_again = client(server, "sec1", "login", password="Une-Phrase-2-Passe!")
        assert server.failures() == []

    assert [{**each, "password": None} for each in first if each["login"] == "sec1"] == [
        each for each in second if each["login"] == "sec1"
    ]
    assert [each for each in first if each["login"] != "sec1"] == [
        each for each in second if each["login"] != "sec1"
    ]
    assert in_again.status == 0


def test_a_demo_whose_base_was_stopped_is_in_service_at_the_next_start(
    tmp_path: Path, client: Any, rescue: Any
) -> None:
    data = tmp_path / "kept"
    for _ in range(2):
        with start_server("demo", "--port", "0", "--data", data, folder=tmp_path) as server:
            assert client(server, "SPR", "login").status == 0
            assert rescue(server, "stop", family="bases").status == 0
            refused = client(server, "SPR", "login")
            assert (refused.status, refused.said["refused"]) == (3, "not_in_service")
            assert server.failures() == []


def test_a_person_gets_the_accounts_and_one_line_when_it_is_ready(short_folder: Path) -> None:
    with subprocess.Popen(
        [command("pronote-server"), "demo", "--port", "0", "--plain"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "100", "TMPDIR": str(short_folder)},
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Prêt"):
                break
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        status = process.wait(30)

    assert "connexion.toml" in lines[-1]
    assert "127.0.0.1:" in lines[-1]
    assert any("SPR" in line for line in lines)
    assert (rest, status) == ("", 0)


def test_a_temporary_school_leaves_nothing_behind(tmp_path: Path, short_folder: Path) -> None:
    with start_server(
        "demo", "--port", "0", folder=tmp_path, environment={"TMPDIR": str(short_folder)}
    ) as server:
        assert server.data.parent == short_folder
        assert server.stop() == 0
        assert not server.data.exists()


def test_plain_is_for_loopback_only(tmp_path: Path, client: Any) -> None:
    with start_server("demo", "--plain", "--port", "0", folder=tmp_path) as server:
        settings = ConnectionSettings.read(server.ready["settings_file"])
        assert not settings.tls
        assert settings.certificate_authority is None
        assert client(server, "SPR", "login").status == 0

    refused = run_command(
        "pronote-server", "demo", "--plain", "--host", "0.0.0.0", "--port", "0"
    )

    assert refused.status == 2
    assert "insecure_plain_tcp" in refused.err
    assert "Traceback" not in refused.err


def test_folder_of_a_running_server_is_refused(tmp_path: Path, client: Any) -> None:
    data = tmp_path / "kept"
    with start_server("demo", "--port", "0", "--data", data, folder=tmp_path) as server:
        with (
            pytest.raises(NotStarted) as refused,
            start_server("demo", "--port", "0", "--data", data, folder=tmp_path),
        ):
            pass
        assert client(server, "SPR", "login").status == 0
        server.kill()
    with start_server("demo", "--port", "0", "--data", data, folder=tmp_path) as server:
        assert client(server, "SPR", "login").status == 0

    assert refused.value.finished.status == 2
    assert "in use by a running server" in refused.value.finished.out
    assert refused.value.finished.err == ""


def test_port_that_is_taken_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        refused = run_command("pronote-server", "demo", "--port", str(port))

    said = [line for line in refused.err.splitlines() if not line.startswith("{")]
    assert refused.status == 2
    assert refused.out == ""
    assert len(said) == 1
    assert said[0].startswith(f"pronote-server: port {port} of 127.0.0.1 is taken")
    assert "--port" in said[0]
