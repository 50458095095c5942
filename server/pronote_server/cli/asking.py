"""Asking the server that runs on this machine, at its rescue door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["ask_server", "data_of"]


def ask_server(data: Path | None, command: str, *, seconds: float = 30.0, **params: Any) -> Any:
    from pronote_server.rescue.client import ask
    from pronote_server.rescue.place import rescue_socket

    wanted = {name: value for name, value in params.items() if value is not None}
    return ask(rescue_socket(data_of(data)), command, wanted, seconds=seconds)


def data_of(data: Path | None) -> Path:
    from pronote_server.rescue.client import NoServer
    from pronote_server.rescue.place import running_servers

    if data is not None:
        return data
    running = running_servers()
    if len(running) == 1:
        return running[0].data
    if not running:
        raise NoServer("no server of this user is running; name its folder with --data")
    listed = ", ".join(f"{each.data} ({each.address})" for each in running)
    raise NoServer(f"several servers are running; choose one with --data: {listed}")
