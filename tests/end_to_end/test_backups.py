"""Backups from the console and from the machine, against a whole server in this process."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from pronote_client import HostingClient
from pronote_client.cli.running import run
from pronote_client.cli.terminal import Terminal
from pronote_client.settings import ConnectionSettings
from pronote_protocol.errors import Conflict, NotFound
from pronote_protocol.words import BaseState
from pronote_server import cli
from pronote_server.app import App, open_app
from pronote_server.config import (
    Data,
    Limits,
    Listen,
    Passwords,
    SchoolSettings,
    Settings,
    Tls,
)
from pronote_server.hosting import bases
from pronote_server.storage.encryption import make_key_file

pytestmark = pytest.mark.real_tcp

PASSWORD = "Correct-horse-7-battery"


@asynccontextmanager
async def served(folder: Path, **data: Any) -> AsyncIterator[App]:
    settings = Settings(
        listen=Listen(port=0),
        tls=Tls(enabled=False),
        data=Data(directory=folder / "data", **data),
        limits=Limits(stop_grace_seconds=0.01),
        schools=(
            SchoolSettings(
                rne="0990001N", name="Collège", passwords=Passwords(scram_iterations=4096)
            ),
        ),
    )
    async with open_app(settings) as app:
        await bases.put_in_service(app.school, PASSWORD, by="test")
        yield app


def at(app: App) -> ConnectionSettings:
    return ConnectionSettings(address=app.host, port=app.port, tls=False)


async def command(app: App, *arguments: str) -> Any:
    """Do a command of the operator; return what it said, as an object."""
    data = str(app.settings.data.directory)
    said: list[Any] = []

    def call(capture: io.StringIO) -> None:
        from contextlib import redirect_stdout

        with redirect_stdout(capture):
            cli.main(["backups", *arguments, "--data", data, "--json"])

    capture = io.StringIO()
    with trio.fail_after(30):
        try:
            await trio.to_thread.run_sync(partial(call, capture))
        finally:
            said += [json.loads(line) for line in capture.getvalue().splitlines()]
    return said[-1]


async def test_the_console_makes_opens_and_undoes(tmp_path: Path) -> None:
    make_key_file(tmp_path / "key")
    async with (
        served(tmp_path, key_file=tmp_path / "key", archive_days=30) as app,
        HostingClient.open(at(app), login="SPR", password=PASSWORD) as client,
    ):
        steps: list[str] = []
        made = await client.backups.make(told=lambda work: steps.append(work.state.value))
        archive = await client.backups.make(archive=True)
        shown = await client.backups.list()

        assert (shown.backups, shown.archives, shown.total) == (1, 1, 2)
        assert {row.name for row in shown.rows} == {made["name"], archive["name"]}
        assert all(row.proven_at is not None for row in shown.rows)
        assert steps[-1] == "done"
        path = app.school.backups.folder.folder / made["name"]
        assert path.read_bytes().startswith(b"PRNE1")
        counters = (await client.backups.show(made["name"])).counters
        assert counters is not None
        assert counters.teachers == 0
        with pytest.raises(NotFound):
            await client.backups.show("../school.sqlite")
        with pytest.raises(Conflict, match="Stop the server"):
            await client.backups.open(made["name"])

        await client.bases.stop()
        while (await client.bases.show()).state is not BaseState.LOADED:
            await trio.lowlevel.checkpoint()
        preview = await client.backups.preview(made["name"])
        assert (preview.entries, preview.same_base, preview.must_confirm) == (0, True, False)
        opened = await client.backups.open(made["name"])
        assert opened["entries_lost"] == 0
        undo = (await client.backups.list()).undo
        assert undo is not None
        assert undo.safety == opened["safety"]
        await client.backups.undo()
        assert (await client.backups.list()).undo is None
        assert (await client.backups.prove(archive["name"]))["base"] == made["base"]
        await client.bases.put_in_service()


async def test_the_operator_does_the_same_on_the_machine(tmp_path: Path) -> None:
    async with served(tmp_path) as app:
        made = await command(app, "make")
        archive = await command(app, "archive")
        listed = await command(app, "list")
        assert [each["name"] for each in listed["items"]] == [archive["name"], made["name"]]
        assert (await command(app, "show", made["name"]))["counters"]["pupils"] == 0
        assert (await command(app, "preview", made["name"]))["must_confirm"] is False
        assert (await command(app, "prove", made["name"]))["proven_at"]

        await bases.stop(app.school, by="test")
        opened = await command(app, "open", made["name"])
        assert opened["safety"].startswith("Base_avant_ouverture_") or opened["safety"]
        await command(app, "undo")
        with pytest.raises(SystemExit) as left:
            await command(app, "undo")
        assert left.value.code == 3


async def test_the_command_line_of_the_client_lists_makes_and_opens(tmp_path: Path) -> None:
    async with served(tmp_path) as app:
        secret = tmp_path / "password"
        secret.write_text(PASSWORD)

        async def client(*arguments: str, json_: bool = True) -> Any:
            out, err = io.StringIO(), io.StringIO()
            options = [
                *("--address", app.host, "--port", str(app.port), "--plain"),
                *("--login", "SPR", "--password-file", str(secret)),
                *(["--json"] if json_ else []),
            ]
            status = await run(
                [*options, "base", *arguments], Terminal(out=out, err=err, environ={})
            )
            assert status == 0, err.getvalue() + out.getvalue()
            return json.loads(out.getvalue()) if json_ else out.getvalue()

        made = await client("backup")
        assert made["name"] in await client("backups", json_=False)
        assert (await client("backups"))["items"][0]["name"] == made["name"]
        assert "Élèves" in await client("show-backup", made["name"], json_=False)
        assert "Rien ne serait perdu" in await client(
            "preview-backup", made["name"], json_=False
        )
        assert "prouvée" in await client("prove-backup", made["name"], json_=False)
        await bases.stop(app.school, by="test")
        assert (await client("open-backup", made["name"]))["name"] == made["name"]
        assert "telle qu'avant" in await client("undo-backup", json_=False)


def test_a_key_is_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["backups", "make-key", str(tmp_path / "key")])
    assert "Clé créée" in capsys.readouterr().out

    with pytest.raises(SystemExit) as left:
        cli.main(["backups", "make-key", str(tmp_path / "key")])
    assert left.value.code == 2
