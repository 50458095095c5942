"""Processor time of any process of ours, and who runs on which core."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Final

import attrs
import psutil

__all__ = ["Cores", "cpu_seconds", "waited_seconds"]

# Linux: the clock of another process, to the nanosecond, all its threads together and those
# that have ended. /proc/PID/stat counts in hundredths of a second.
_CLOCK_OF_PROCESS: Final = 2


def cpu_seconds(pid: int) -> float:
    """Return the processor time *pid* has used, user and system, threads included."""
    if sys.platform == "linux":
        return time.clock_gettime((~pid << 3) | _CLOCK_OF_PROCESS)
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def waited_seconds() -> float:
    """Return how long this thread was ready to run and another had its core; 0 if unknown."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text("ascii").split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


@attrs.frozen
class Cores:
    """Which core is whose; None where there is only one, or none can be chosen."""

    server: int | None
    generator: int | None

    @classmethod
    def share(cls) -> Cores:
        """Give the generator, this process, the last core, and the server the first."""
        if not hasattr(os, "sched_setaffinity"):
            return cls(None, None)
        allowed = sorted(os.sched_getaffinity(0))
        if len(allowed) < 2:
            return cls(None, None)
        os.sched_setaffinity(0, {allowed[-1]})
        return cls(allowed[0], allowed[-1])

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
