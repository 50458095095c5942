"""A demo server on a port of its own, killed in the middle of its work and started again."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import trio

from loading.demo_server import DemoAccount, ServerDied, accounts_from
from pronote_client import ConnectionSettings

__all__ = ["MortalServer", "mortal_server"]

_READY_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 20.0


@attrs.define
class MortalServer:
    """
    Attributes:
        settings: The same after every restart, as port and data are.
        deaths: How many times it was killed.
    """

    command: list[str]
    log: Path
    deaths: int = 0
    _process: subprocess.Popen[bytes] | None = attrs.field(default=None, init=False)
    _said: dict[str, Any] = attrs.field(factory=dict, init=False)

    @property
    def settings(self) -> ConnectionSettings:
        return ConnectionSettings.read(Path(self._said["settings_file"]))

    @property
    def accounts(self) -> tuple[DemoAccount, ...]:
        return accounts_from(self._said["accounts"])

    async def start(self) -> None:
        """
        Start it and wait until it is ready.

        Raises:
            ServerDied: It is not.
        """
        self._process = self._spawn()
        assert self._process.stdout is not None
        line = b""
        with trio.move_on_after(_READY_SECONDS):
            line = await trio.to_thread.run_sync(
                self._process.stdout.readline, abandon_on_cancel=True
            )
        try:
            said = json.loads(line)
        except ValueError:
            end = self.log.read_text("utf-8", "replace")[-2000:]
            raise ServerDied(f"the demo server did not start.\n{end}") from None
        # A password that was personalised is not said a second time.
        self._said = self._said or said

    def _spawn(self) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            # The whole school comes from one address, and forgets passwords on purpose.
            "PRONOTE_SUSPENSION__PRIVILEGED": "127.0.0.1,::1",
            "PRONOTE_LIMITS__STOP_GRACE_SECONDS": "0.5",
            "PRONOTE_LOG__JSON": "always",
        }
        with self.log.open("ab") as standard_error:
            return subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=standard_error,
                env=environment,
                start_new_session=True,
            )

    async def kill_and_restart(self) -> None:
        """End it with SIGKILL, as a power cut does, and start it again on its data."""
        assert self._process is not None
        self._process.kill()
        await self._wait()
        self.deaths += 1
        await self.start()

    async def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with trio.move_on_after(_STOP_SECONDS):
                await self._wait()
            if self._process.poll() is None:
                self._process.kill()
        if self._process is not None:
            self._process.wait()

    async def _wait(self) -> None:
        process = self._process
        assert process is not None
        await trio.to_thread.run_sync(process.wait, abandon_on_cancel=True)
        if process.stdout is not None:
            process.stdout.close()


@asynccontextmanager
async def mortal_server(
    *, seed: int, data: Path | None, plain: bool
) -> AsyncIterator[MortalServer]:
    """
    Serve the demo school of *seed* on a free port of the loopback.

    Args:
        data: Where its data stays; a folder of its own that goes by default.

    Raises:
        ServerDied: It does not start.
    """
    with tempfile.TemporaryDirectory(prefix="pronote-day-") as folder:
        command = [sys.executable, "-m", "pronote_server", "demo", "--json"]
        command += ["--host", "127.0.0.1", "--port", str(_free_port()), "--seed", str(seed)]
        command += ["--data", str(data or Path(folder) / "data"), *(["--plain"] * plain)]
        server = MortalServer(command, Path(folder) / "server.log")
        try:
            await server.start()
            yield server
        finally:
            with trio.CancelScope(shield=True):
                await server.stop()


def _free_port() -> int:
    """Return a port that was free a moment ago; the same one serves after every death."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
