"""Servers in processes of their own; every test here is of the tier `real_tcp`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from pronote_server.testing_processes import (
    Finished,
    ServerProcess,
    command,
    run_command,
    start_server,
)

Client = Callable[..., Finished]


@pytest.fixture(scope="session")
def filled_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a demo school that was made and stopped; not to be written to."""
    folder = tmp_path_factory.mktemp("demo")
    data = folder / "data"
    with start_server("demo", "--port", "0", "--data", data, folder=folder):
        pass
    return data


@pytest.fixture
def demo_data(filled_demo: Path, tmp_path: Path) -> Path:
    """
    A demo school to start, copied: for who does not test how it is made.

    Making it takes a server more time than everything else it does in a test.
    """
    return Path(shutil.copytree(filled_demo, tmp_path / "demo"))


@pytest.fixture
def demo(demo_data: Path, tmp_path: Path) -> Iterator[ServerProcess]:
    """The demo school on a free port; an error in its log fails the test."""
    with start_server("demo", "--port", "0", "--data", demo_data, folder=tmp_path) as server:
        yield server
        if server.process.poll() is None:
            assert server.stop() == 0
        assert server.failures() == []


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """An empty folder whose path leaves room for the name of a local socket."""
    with TemporaryDirectory(prefix="pt-") as folder:
        yield Path(folder)


@pytest.fixture
def client_options(tmp_path: Path) -> Callable[..., list[str | Path]]:
    """
    Return the common options of ``pronote-client`` for an account.

    ``client_options(server, "SPR")`` reads the password in the ready line, or takes
    ``password=``; further options are added as they are.
    """

    def options(
        server: ServerProcess, login: str, *more: str | Path, password: str | None = None
    ) -> list[str | Path]:
        account: dict[str, Any] = next(
            (each for each in server.ready["accounts"] if each["login"] == login), {}
        )
        file = tmp_path / f"{login}-{len(list(tmp_path.glob('*.secret')))}.secret"
        file.write_text(f"{password or account['password']}\n", encoding="utf-8")
        return [
            command("pronote-client"),
            "--settings",
            server.ready["settings_file"],
            "--login",
            login,
            "--password-file",
            file,
            *(("--mode", account["mode"]) if account and "--mode" not in more else ()),
            *more,
            "--json",
        ]

    return options


@pytest.fixture
def client(client_options: Callable[..., list[str | Path]]) -> Client:
    """Run one ``pronote-client`` command: ``client(server, "SPR", "seats")``."""

    def run(
        server: ServerProcess,
        login: str,
        *arguments: str | Path,
        password: str | None = None,
        options: tuple[str | Path, ...] = (),
    ) -> Finished:
        before = client_options(server, login, *options, password=password)
        return run_command(Path(before[0]).name, *before[1:], *arguments)

    return run


@pytest.fixture
def rescue() -> Client:
    """Run one ``pronote-server rescue`` (or ``bases``) command on a server."""

    def run(server: ServerProcess, *arguments: str | Path, family: str = "rescue") -> Finished:
        json = () if "statistics" in arguments else ("--json",)
        return run_command("pronote-server", family, *arguments, "--data", server.data, *json)

    return run
