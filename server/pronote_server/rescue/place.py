"""Where the rescue door of a server is, and which servers are running on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs

__all__ = ["Running", "announced", "rescue_socket", "running_servers"]

# Linux takes 107 bytes for the name of a local socket.
_LONGEST_NAME = 100


def rescue_socket(data: Path) -> Path:
    """
    Return the local socket of the server whose data is in *data*.

    Beside the data, where only its owner can reach it; when that path is too long for a
    socket, in the owner's runtime folder, under a name made from the path.
    """
    usual = data.resolve() / "rescue.sock"
    if len(os.fsencode(usual)) <= _LONGEST_NAME:
        return usual
    digest = hashlib.sha256(os.fsencode(usual)).hexdigest()[:16]
    return _runtime_folder() / f"{digest}.sock"


def _runtime_folder() -> Path:
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = Path(base) / f"pronote-emulator-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise PermissionError(f"{folder} belongs to somebody else")
    return folder


@attrs.frozen
class Running:
    """A server that said it is running."""

    process: int
    address: str
    data: Path


@contextmanager
def announced(address: str, data: Path) -> Iterator[None]:
    """Let commands on this machine find the server for as long as the block lasts."""
    file = _runtime_folder() / f"{os.getpid()}.json"
    file.write_text(json.dumps({"address": address, "data": str(data.resolve())}))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def running_servers() -> list[Running]:
    """Return the servers of this user that run now; traces of dead ones are removed."""
    found = []
    for file in sorted(_runtime_folder().glob("*.json")):
        with suppress(OSError, ValueError, KeyError):
            process = int(file.stem)
            said = json.loads(file.read_text())
            if _lives(process):
                found.append(Running(process, said["address"], Path(said["data"])))
            else:
                file.unlink(missing_ok=True)
    return found


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
