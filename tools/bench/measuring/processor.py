"""Processor time of any process of ours, and who runs on which core."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
import psutil

__all__ = ["Cores", "cpu_seconds"]

# Linux: the clock of another process, to the nanosecond, all its threads together and those
# that have ended. /proc/PID/stat counts in hundredths of a second.
_CLOCK_OF_PROCESS: Final = 2


def cpu_seconds(pid: int) -> float:
    """Return the processor time *pid* has used, user and system, threads included."""
    if sys.platform == "linux":
        return time.clock_gettime((~pid << 3) | _CLOCK_OF_PROCESS)
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


@attrs.frozen
class Cores:
    """Which core is whose; None where there is only one, or none can be chosen."""

    server: int | None
    generator: int | None
    allowed: frozenset[int] = frozenset()

    @classmethod
    def share(cls) -> Cores:
        """Give the generator, this process, the last core, and the server the first."""
        if not hasattr(os, "sched_setaffinity"):
            return cls(None, None)
        allowed = sorted(os.sched_getaffinity(0))
        if len(allowed) < 2:
            return cls(None, None)
        os.sched_setaffinity(0, {allowed[-1]})
        return cls(allowed[0], allowed[-1], frozenset(allowed))

    @contextlib.contextmanager
    def all(self) -> Iterator[None]:
        """Let what is started in the block have every core that we may use."""
        if self.server is None or self.generator is None:
            yield
            return
        os.sched_setaffinity(0, self.allowed)
        try:
            yield
        finally:
            os.sched_setaffinity(0, {self.generator})

    def give_server(self, pid: int) -> None:
        """Move every thread of *pid* and of its children to the server's core."""
        if self.server is None:
            return
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            for each in (process, *process.children(recursive=True)):
                for thread in Path(f"/proc/{each.pid}/task").iterdir():
                    with contextlib.suppress(OSError):
                        os.sched_setaffinity(int(thread.name), {self.server})
