"""Asking a reference that does its work itself for one turn."""

from __future__ import annotations

import json
import socket
import time

from bench.measuring.processes import Reference
from bench.measuring.processor import cpu_seconds
from bench.measuring.turns import Sample

__all__ = ["TurnsOf"]

_LONGEST_SECONDS = 60.0


class TurnsOf:
    """The turns of one such reference."""

    def __init__(self, other: Reference) -> None:
        self._pid = other.pid
        self._sock = socket.create_connection(("127.0.0.1", other.port), _LONGEST_SECONDS)
        self._lines = self._sock.makefile("rb")

    def drive(self, seconds: float) -> Sample:
        """Let it work for *seconds*; the wall's time is its own."""
        cpu, ours = cpu_seconds(self._pid), time.process_time()
        self._sock.sendall(f"{seconds}\n".encode())
        said = json.loads(self._lines.readline())
        return Sample(
            units=said["units"],
            cpu=cpu_seconds(self._pid) - cpu,
            wall=said["wall"],
            generator=time.process_time() - ours,
        )

    def close(self) -> None:
        self._lines.close()
        self._sock.close()
