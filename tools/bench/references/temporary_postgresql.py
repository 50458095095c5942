"""A PostgreSQL of our own for as long as it is needed, with the system's programs."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["postgresql", "programs"]

_DEBIAN = "/usr/lib/postgresql"


def programs() -> Path | None:
    """Return the folder of ``initdb`` and ``postgres``, the newest; None: not installed."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    versions = sorted(Path(_DEBIAN).glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return versions[-1].parent if versions else None


@contextmanager
def postgresql(binaries: Path) -> Iterator[str]:
    """
    Run a new cluster with its default settings; give the folder of its socket.

    It refuses to run as root: then it runs as the user ``postgres``, whom Debian's package
    makes.
    """
    with tempfile.TemporaryDirectory(prefix="pronote-bench-pg-") as folder:
        who: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
            who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        data = f"{folder}/data"
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **who,
        )
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses="],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            **who,
        )
        try:
            yield folder
        finally:
            # At once, without a last checkpoint: nothing of it is kept.
            process.send_signal(signal.SIGQUIT)
            process.wait()
