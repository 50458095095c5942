"""
A server in a process of its own, for tests of programs that speak to it; public.

`start_server` runs ``pronote-server`` as a user does and reads the line that says it is
ready; `run_command` runs a command of this installation to its end. Processes are ended by
their id, never by name.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

__all__ = ["Finished", "NotStarted", "ServerProcess", "command", "run_command", "start_server"]

# Two busy cores are not a defect; a server that is not ready by then is.
_READY_SECONDS = 60.0
_END_SECONDS = 30.0


@attrs.frozen
class Finished:
    """What a command said."""

    status: int
    out: str
    err: str

    @property
    def said(self) -> Any:
        """The object on its only line."""
        (line,) = self.out.splitlines()
        return json.loads(line)


class NotStarted(Exception):
    """The server ended before it was ready; ``finished`` says how."""

    def __init__(self, finished: Finished) -> None:
        super().__init__(f"status {finished.status}: {finished.out}{finished.err}")
        self.finished = finished


@attrs.define(eq=False)
class ServerProcess:
    """
    A server that runs.

    Attributes:
        ready: The object of the line it printed.
        log_file: Its standard error.
    """

    process: subprocess.Popen[str]
    ready: Mapping[str, Any]
    log_file: Path

    @property
    def host(self) -> str:
        return str(self.ready["address"].rpartition(":")[0])

    @property
    def port(self) -> int:
        return int(self.ready["address"].rpartition(":")[2])

    @property
    def data(self) -> Path:
        return Path(self.ready["data"])

    def log(self) -> list[dict[str, Any]]:
        """Return what it logged so far."""
        text = self.log_file.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.endswith("}")]

    def events(self) -> list[str]:
        """Return the names of the events it logged so far."""
        return [entry["event"] for entry in self.log()]

    def failures(self) -> list[dict[str, Any]]:
        """Return the errors it logged so far."""
        return [entry for entry in self.log() if entry["level"] in ("error", "critical")]

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """Wait for its end, bounded; return its status (negative: the signal)."""
        return self.process.wait(_END_SECONDS)

    def stop(self) -> int:
        """Ask it to stop, twice so that it does not wait for its clients."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(0.5)
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """End it as a power cut would: no goodbye, no last write."""
        self.process.kill()
        self.wait()


def command(name: str) -> str:
    """Return the path of a command installed beside this interpreter."""
    return str(Path(sys.executable).parent / name)


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "PRONOTE_" not in name}
    return {**kept, **(more or {})}


def run_command(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    seconds: float = _READY_SECONDS,
) -> Finished:
    """Run ``pronote-client ...`` or ``pronote-server ...`` to its end."""
    name, *rest = arguments
    done = subprocess.run(
        [command(str(name)), *map(str, rest)],
        env=_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


@contextmanager
def start_server(
    *arguments: str | Path,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
) -> Iterator[ServerProcess]:
    """
    Run ``pronote-server ARGUMENTS --json`` for as long as the block lasts, then stop it.

    When the block raises it is killed, and may leave a temporary folder behind.

    Args:
        folder: For its log.
        before: What the command line begins with, such as a shell that sets limits.

    Raises:
        NotStarted: It ended before it was ready.
    """
    number = len(list(folder.glob("server-*.log")))
    log_file = folder / f"server-{number}.log"
    line = [*before, command("pronote-server"), *map(str, arguments), "--json"]
    with log_file.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            line,
            env=_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    with process.stdout as out:
        try:
            said = out.readline()
            ready = json.loads(said) if said else {}
            if not ready.get("ready"):
                status = process.wait(_END_SECONDS)
                raise NotStarted(Finished(status, said + out.read(), log_file.read_text()))
            server = ServerProcess(process, ready, log_file)
            yield server
            server.stop()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(_END_SECONDS)
