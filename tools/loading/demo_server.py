"""A demo server of one's own, in another process: started, watched, frozen, ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import trio

from pronote_client import ConnectionSettings, Mode

__all__ = [
    "DemoAccount",
    "DemoSchool",
    "DemoServer",
    "ServerDied",
    "accounts_from",
    "demo_server",
]

_TOOLS: Final = Path(__file__).resolve().parents[1]

# A cold start on a busy machine: imports, an authority, a school to invent.
_READY_SECONDS: Final = 120.0
# The longest farewell of the server is 5 + 1 s; its own grace is cut short below.
_STOP_SECONDS: Final = 20.0


class ServerDied(Exception):
    """The demo did not start, or ended by itself; the end of its log says why."""


@attrs.frozen
class DemoAccount:
    """An account ready to use."""

    mode: Mode
    login: str
    password: str = attrs.field(repr=False)


def accounts_from(items: list[dict[str, Any]]) -> tuple[DemoAccount, ...]:
    """
    Return the accounts of a ready line.

    Raises:
        KeyError, ValueError: They are not what `pronote-server demo --json` prints.
    """
    return tuple(
        DemoAccount(Mode(item["mode"]), item["login"], item["password"]) for item in items
    )


@attrs.frozen
class DemoSchool:
    """Where one of the schools of a demo server is, and who can log in there."""

    settings: ConnectionSettings
    accounts: tuple[DemoAccount, ...]


@attrs.define(eq=False)
class DemoServer:
    """
    Attributes:
        settings, settings_file, accounts: Of the first school.
        log: Its standard error, one JSON object a line.
        others: The further schools.
    """

    process: subprocess.Popen[bytes] = attrs.field(repr=False)
    settings: ConnectionSettings
    settings_file: Path
    accounts: tuple[DemoAccount, ...]
    log: Path
    others: tuple[DemoSchool, ...] = ()
    _start_again: Callable[[], subprocess.Popen[bytes]] | None = attrs.field(
        default=None, repr=False
    )

    @property
    def schools(self) -> tuple[DemoSchool, ...]:
        """All of them, the first one first."""
        return (DemoSchool(self.settings, self.accounts), *self.others)

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs, or is frozen."""
        return self.process.poll() is None

    async def freeze(self, seconds: float) -> None:
        """Stop the whole process for *seconds*; it runs again whatever happens here."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            await trio.sleep(seconds)
        finally:
            self.process.send_signal(signal.SIGCONT)

    async def kill_and_restart(self) -> None:
        """
        End it with SIGKILL, as a power cut does, and start it on its data and port.

        Raises:
            ServerDied: It does not come back.
        """
        assert self._start_again is not None, "not started by demo_server"
        self.process.kill()
        await trio.to_thread.run_sync(self.process.wait, abandon_on_cancel=True)
        if self.process.stdout is not None:
            self.process.stdout.close()
        # No checkpoint between: whoever ends us always ends the process that there is.
        self.process = self._start_again()
        # What it says is what it said, but for passwords that were personalised.
        await _first_line(self.process, self.log)

    @property
    def end_of_log(self) -> str:
        return _end_of(self.log)

    def complaints(self) -> list[str]:
        """Return the lines of the log that no healthy server writes."""
        return [line for line in self.log.read_text("utf-8").splitlines() if _complains(line)]


def _complains(line: str) -> bool:
    try:
        level = json.loads(line).get("level")
    except (ValueError, AttributeError):
        return bool(line.strip())  # a traceback, or a library that prints
    return level in ("error", "critical", "exception")


@asynccontextmanager
async def demo_server(
    *,
    plain: bool = False,
    seed: int = 0,
    settings: Mapping[str, str] | None = None,
    data: Path | None = None,
    port: int = 0,
    schools: int = 1,
) -> AsyncIterator[DemoServer]:
    """
    Serve the demo school on a port of the loopback for as long as the block lasts.

    The loopback is privileged: what we do to the server is no reason to suspend us.

    Args:
        plain: Without TLS.
        settings: More settings of the server, as ``SECTION__NAME``.
        data: Where the school is kept, to be found there again; nowhere.
        port: 0 for a free one.
        schools: How many demo schools it serves; each takes a second or two to be made.

    Raises:
        ServerDied: It does not start.
    """
    environment = {
        **os.environ,
        "PRONOTE_SUSPENSION__PRIVILEGED": "127.0.0.1,::1",
        "PRONOTE_LIMITS__STOP_GRACE_SECONDS": "0.5",
        "PRONOTE_LOG__JSON": "always",
        **{f"PRONOTE_{name}": value for name, value in (settings or {}).items()},
    }
    with tempfile.TemporaryDirectory(prefix="pronote-tool-") as folder:
        log = Path(folder) / "server.log"
        kept = data or Path(folder) / "data"

        def command(port: int) -> list[str]:
            if schools > 1:
                numbers = [str(schools), str(port), str(kept.resolve()), str(seed)]
                return [sys.executable, "-m", "loading.many_schools", *numbers, *options]
            served = ["--host", "127.0.0.1", "--port", str(port), "--seed", str(seed)]
            whole = ["-m", "pronote_server", "demo", "--json", *served, "--data", str(kept)]
            return [sys.executable, *whole, *options]

        options = ["--plain"] if plain else []
        server: DemoServer | None = None
        process = _start(command(port), environment, log)
        try:
            server = await _ready(process, log)
            taken = server.settings.port
            server._start_again = lambda: _start(command(taken), environment, log)
            yield server
        finally:
            with trio.CancelScope(shield=True):
                await _end(process if server is None else server.process)


def _start(
    command: list[str], environment: dict[str, str], log: Path
) -> subprocess.Popen[bytes]:
    with log.open("ab") as standard_error:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=standard_error,
            env=environment,
            cwd=_TOOLS if "loading.many_schools" in command else None,
            # Its own session, so that Ctrl-C reaches it once, from us, and in order.
            start_new_session=True,
        )


async def _ready(process: subprocess.Popen[bytes], log: Path) -> DemoServer:
    said = await _first_line(process, log)
    path = Path(said["settings_file"])
    return DemoServer(
        process,
        ConnectionSettings.read(path),
        path,
        accounts_from(said["accounts"]),
        log,
        tuple(
            DemoSchool(
                ConnectionSettings.read(other["settings_file"]),
                accounts_from(other["accounts"]),
            )
            for other in said.get("others", ())
        ),
    )


async def _first_line(process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    assert process.stdout is not None
    line = b""
    with trio.move_on_after(_READY_SECONDS):
        line = await trio.to_thread.run_sync(process.stdout.readline, abandon_on_cancel=True)
    try:
        said: dict[str, Any] = json.loads(line)
    except ValueError:
        raise ServerDied(f"the demo server did not start.\n{_end_of(log)}") from None
    return said


def _end_of(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-2000:]


async def _end(process: subprocess.Popen[bytes]) -> None:
    """End our own child: politely, and for certain."""
    if process.poll() is None:
        process.terminate()
        with trio.move_on_after(_STOP_SECONDS):
            await trio.to_thread.run_sync(process.wait, abandon_on_cancel=True)
    if process.poll() is None:
        process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
