#!/usr/bin/env python3
"""
A PostgreSQL for a while: in a temporary folder, reached by its own socket, gone at the end.

    tools/postgresql.py                      say the address, run until interrupted
    tools/postgresql.py -- pytest tests/...  run that with PRONOTE_POSTGRESQL set, and stop

It takes the programs that are installed; when there are none and we are root, Debian's package
is installed first (which starts a server of Debian's own, on the usual port). The temporary one
listens to no port, belongs to nobody but its user, and trusts its disk to forget: nothing it
holds is worth a sync. It also goes when this process is killed.

Exit status: that of the command; 69 when no PostgreSQL can be had.
"""

from __future__ import annotations

import argparse
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

__all__ = ["VARIABLE", "NoPostgresql", "programs", "temporary_postgresql"]

VARIABLE: Final = "PRONOTE_POSTGRESQL"
_DEBIAN: Final = Path("/usr/lib/postgresql")
_READY_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.02
# Who runs it when we are root, whom PostgreSQL refuses to be.
_USERS: Final = ("postgres", "nobody")

# Ends the server and removes the folder when our end of its input closes, however we end.
_KEEPER: Final = """
folder=$1; shift
"$@" </dev/null >"$folder/log" 2>&1 &
server=$!
trap '' INT TERM
read -r _
kill -INT "$server" 2>/dev/null
wait "$server"
rm -rf "$folder"
"""


class NoPostgresql(Exception):
    """None is installed, or it does not start; the message says what to do."""


def programs() -> Path | None:
    """Return the folder of the newest ``initdb`` and ``postgres`` here, or None."""
    folders = [one / "bin" for one in _DEBIAN.glob("[0-9]*")] if _DEBIAN.is_dir() else []
    folders.sort(key=lambda folder: float(folder.parent.name), reverse=True)
    if found := shutil.which("initdb"):
        folders.append(Path(found).resolve().parent)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


def install() -> None:
    """
    Install Debian's package.

    Raises:
        NoPostgresql: We are not root, or this is no Debian, or it has no package for us.
    """
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NoPostgresql(
            "no PostgreSQL is installed; as root, on Debian: apt-get install postgresql"
        )
    asked = ["apt-get", "install", "--yes", "--no-install-recommends", "postgresql"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    print("installing Debian's package postgresql", file=sys.stderr)
    if subprocess.run(asked, env=environment, stdout=sys.stderr, check=False).returncode:
        raise NoPostgresql("apt-get could not install postgresql; see above")


@contextmanager
def temporary_postgresql(*, may_install: bool = False, durable: bool = False) -> Iterator[str]:
    """
    Run a PostgreSQL of our own and yield its address, as SQLAlchemy takes it.

    Args:
        may_install: Install Debian's package when there is none.
        durable: Sync as PostgreSQL does by default; for who measures what that costs.

    Raises:
        NoPostgresql: None is installed, or it does not start.
    """
    if programs() is None and may_install:
        install()
    bin_ = programs()
    if bin_ is None:
        raise NoPostgresql("no PostgreSQL is installed; tools/postgresql.py installs it")
    whose: dict[str, Any] = {"env": {**os.environ, "LC_ALL": "C"}, "cwd": "/"}
    folder = Path(tempfile.mkdtemp(prefix="pronote-pg-"))
    if os.geteuid() == 0:
        user = _somebody()
        os.chown(folder, user.pw_uid, user.pw_gid)
        whose.update(user=user.pw_uid, group=user.pw_gid, extra_groups=[])
    data = folder / "data"
    # In UTF-8, compared byte by byte, as SQLite does.
    making = ["--username", "pronote", "--auth", "trust", "--no-sync"]
    making += ["--encoding", "UTF8", "--locale", "C"]
    made = subprocess.run(
        [str(bin_ / "initdb"), "--pgdata", str(data), *making],
        **whose,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise NoPostgresql(f"initdb failed: {made.stderr.strip()[-1000:]}")
    server = [str(bin_ / "postgres"), "-D", str(data), "-c", "listen_addresses="]
    server += ["-c", f"unix_socket_directories={folder}"]
    if not durable:
        server += ["-c", "fsync=off"]
        server += ["-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
    keeper: subprocess.Popen[bytes] = subprocess.Popen(
        ["/bin/sh", "-c", _KEEPER, "sh", str(folder), *server],
        **whose,
        stdin=subprocess.PIPE,
        start_new_session=True,  # an interrupt at the terminal is for us
    )
    try:
        _wait_until_ready(folder, keeper)
        yield f"postgresql+psycopg://pronote@/postgres?host={folder}"
    finally:
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait()


def _somebody() -> pwd.struct_passwd:
    for name in _USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgresql(f"we are root, and none of {', '.join(_USERS)} is a user here")


def _wait_until_ready(folder: Path, keeper: subprocess.Popen[bytes]) -> None:
    pid, log = folder / "data" / "postmaster.pid", folder / "log"
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until and keeper.poll() is None:
        try:
            lines = pid.read_text("utf-8").splitlines()
        except OSError:
            lines = []
        # The last line of a server that accepts; see `pg_ctl --wait`.
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return
        if not lines and log.exists() and "FATAL" in log.read_text("utf-8", "replace"):
            break
        time.sleep(_LOOK_SECONDS)
    said = log.read_text("utf-8", "replace")[-1000:] if log.exists() else "it said nothing"
    raise NoPostgresql(f"PostgreSQL did not start: {said}")


def main(given: list[str]) -> int:
    """Run one, with a command or until interrupted; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="tools/postgresql.py", description="A PostgreSQL for a while."
    )
    parser.add_argument("--no-install", action="store_true", help="take what is there, or none")
    parser.add_argument("command", nargs="*", help="to run with PRONOTE_POSTGRESQL set")
    options = parser.parse_args(given)
    try:
        with temporary_postgresql(may_install=not options.no_install) as url:
            if options.command:
                environment = {**os.environ, VARIABLE: url}
                return subprocess.run(options.command, env=environment, check=False).returncode
            print(f"{VARIABLE}='{url}'", flush=True)
            threading.Event().wait()
    except NoPostgresql as error:
        print(f"tools/postgresql.py: {error}", file=sys.stderr)
        return 69
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
