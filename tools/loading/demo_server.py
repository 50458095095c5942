"""A demo server of one's own, in another process: started, watched, frozen, ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import trio

from pronote_client import ConnectionSettings, Mode

__all__ = ["DemoAccount", "DemoServer", "ServerDied", "accounts_from", "demo_server"]

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
class DemoServer:
    """
    Attributes:
        log: Its standard error, one JSON object a line.
    """

    process: subprocess.Popen[bytes] = attrs.field(repr=False)
    settings: ConnectionSettings
    settings_file: Path
    accounts: tuple[DemoAccount, ...]
    log: Path

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
) -> AsyncIterator[DemoServer]:
    """
    Serve the demo school on a port of the loopback for as long as the block lasts.

    The loopback is privileged: what we do to the server is no reason to suspend us.

    Args:
        plain: Without TLS.
        settings: More settings of the server, as ``SECTION__NAME``.
        data: Where the school is kept, to be found there again; nowhere.
        port: 0 for a free one.

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
    command = [sys.executable, "-m", "pronote_server", "demo", "--json", "--port", f"{port}"]
    command += ["--host", "127.0.0.1", "--seed", str(seed), *(["--plain"] if plain else [])]
    with tempfile.TemporaryDirectory(prefix="pronote-tool-") as folder:
        log = Path(folder) / "server.log"
        kept = data or Path(folder) / "data"
        process = _start([*command, "--data", str(kept)], environment, log)
        try:
            yield await _ready(process, log)
        finally:
            with trio.CancelScope(shield=True):
                await _end(process)


def _start(
    command: list[str], environment: dict[str, str], log: Path
) -> subprocess.Popen[bytes]:
    with log.open("wb") as standard_error:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=standard_error,
            env=environment,
            # Its own session, so that Ctrl-C reaches it once, from us, and in order.
            start_new_session=True,
        )


async def _ready(process: subprocess.Popen[bytes], log: Path) -> DemoServer:
    assert process.stdout is not None
    line = b""
    with trio.move_on_after(_READY_SECONDS):
        line = await trio.to_thread.run_sync(process.stdout.readline, abandon_on_cancel=True)
    try:
        said = json.loads(line)
    except ValueError:
        raise ServerDied(f"the demo server did not start.\n{_end_of(log)}") from None
    path = Path(said["settings_file"])
    return DemoServer(
        process, ConnectionSettings.read(path), path, accounts_from(said["accounts"]), log
    )


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
