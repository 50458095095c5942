"""How much memory a process has to itself."""

from __future__ import annotations

from pathlib import Path

import psutil

__all__ = ["own_bytes"]


def own_bytes(pid: int) -> int:
    """
    Return the proportional set size of *pid*, or its resident size where that is unknown.

    What the kernel keeps for its sockets is in neither.
    """
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    except OSError:
        return int(psutil.Process(pid).memory_info().rss)
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return int(psutil.Process(pid).memory_info().rss)
