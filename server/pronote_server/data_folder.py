"""The folder of a server's data: made on first start, and held by one server at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["DataRefused", "claimed"]

_LOCK = "server.lock"


class DataRefused(Exception):
    """The folder cannot be served from; the sentence says why."""


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """
    Hold *folder*, made if need be, for as long as the block lasts. Blocks on the disk.

    Two servers with the same books in memory would each sell all the seats. The system lets
    the lock go when the process ends, however it ends; the file stays.

    Raises:
        DataRefused: A running server has it, or it cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise DataRefused(f"data.directory: {folder} cannot be used ({exc.strerror})") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
            process = f" (process {holder})" if holder else ""
            raise DataRefused(
                f"data.directory: {folder} is in use by a running server{process}; "
                "stop it, or choose another folder with --data"
            ) from None
        except OSError as exc:
            raise DataRefused(
                f"data.directory: {folder} cannot be locked ({exc.strerror})"
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
