"""Asking the server that runs on this machine, at its rescue door."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

__all__ = ["ask_at_length", "ask_server", "data_of"]

# Between two words of how far it is; a large base is copied in one step meanwhile.
_PATIENCE_SECONDS = 600.0
_STEPS = {
    "copy": "Copie de la base",
    "safety": "Copie de sécurité",
    "pack": "Compression",
    "prove": "Vérification",
    "unpack": "Lecture",
}


def ask_server(data: Path | None, command: str, *, seconds: float = 30.0, **params: Any) -> Any:
    from pronote_server.rescue.client import ask
    from pronote_server.rescue.place import rescue_socket

    wanted = {name: value for name, value in params.items() if value is not None}
    return ask(rescue_socket(data_of(data)), command, wanted, seconds=seconds)


def ask_at_length(data: Path | None, command: str, *, quiet: bool, **params: Any) -> Any:
    """Ask for what takes long, with a progress bar unless *quiet* or nobody looks."""
    import sys

    from pronote_server.rescue.client import ask
    from pronote_server.rescue.place import rescue_socket

    wanted = {name: value for name, value in params.items() if value is not None}
    at = rescue_socket(data_of(data))
    if quiet or not sys.stderr.isatty():
        return ask(at, command, wanted, seconds=_PATIENCE_SECONDS)
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("…", total=None)

        def told(step: str, done: int, total: int) -> None:
            bars.update(
                bar, description=_STEPS.get(step, step), completed=done, total=total or None
            )

        return ask(at, command, wanted, seconds=_PATIENCE_SECONDS, told=told)


def data_of(data: Path | None) -> Path:
    from pronote_server.rescue.client import NoServer
    from pronote_server.rescue.place import running_servers

    if data is not None:
        return data
    # The one a server started from this shell would use.
    if named := os.environ.get("PRONOTE_DATA__DIRECTORY"):
        return Path(named)
    running = running_servers()
    if len(running) == 1:
        return running[0].data
    if not running:
        raise NoServer("no server of this user is running; name its folder with --data")
    listed = ", ".join(f"{each.data} ({each.address})" for each in running)
    raise NoServer(f"several servers are running; choose one with --data: {listed}")
