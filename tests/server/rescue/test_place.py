"""Finding the rescue door of a server, and the servers that run."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pronote_server.rescue.place import announced, rescue_socket, running_servers


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder / f"pronote-emulator-{os.getuid()}"


def test_the_door_is_beside_the_data(tmp_path: Path) -> None:
    assert rescue_socket(tmp_path / "data") == tmp_path / "data" / "rescue.sock"


def test_a_path_too_long_for_a_socket_has_its_door_in_a_private_folder(
    tmp_path: Path, runtime: Path
) -> None:
    long, other = tmp_path / ("d" * 120), tmp_path / ("e" * 120)

    assert rescue_socket(long).parent == runtime
    assert rescue_socket(long) == rescue_socket(long / ".." / long.name)
    assert rescue_socket(long) != rescue_socket(other)
    assert stat.S_IMODE(runtime.stat().st_mode) == 0o700


def test_a_private_folder_that_others_can_enter_is_not_used(
    tmp_path: Path, runtime: Path
) -> None:
    runtime.mkdir(mode=0o755)
    runtime.chmod(0o755)

    with pytest.raises(PermissionError):
        rescue_socket(tmp_path / ("d" * 120))


def test_servers_that_run_are_found_and_traces_of_dead_ones_are_removed(
    tmp_path: Path, runtime: Path
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    with announced("127.0.0.1:49300", tmp_path / "data"):
        (runtime / f"{dead.pid}.json").write_text(json.dumps({"address": "x", "data": "y"}))
        (runtime / "notes.json").write_text("mine")
        (found,) = running_servers()
        left = {each.name for each in runtime.iterdir()}

    assert (found.process, found.address) == (os.getpid(), "127.0.0.1:49300")
    assert found.data == tmp_path / "data"
    assert left == {f"{os.getpid()}.json", "notes.json"}
    assert running_servers() == []
