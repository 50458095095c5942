"""
Thousands are connected and hardly anybody says anything, as most of the day.

Look at the memory of the server at the end of the phase, a session, and at what the few who
ask still wait. Needs as many descriptors on both sides (`ulimit -n`).
"""

from __future__ import annotations

from loading.scenario import Mix, Objective, Open, People, Phase, Ramp, Scenario
from pronote_client import Mode


def scenario(
    sessions: int = 2000,
    per_second: float = 80.0,
    seconds: float = 40.0,
    rate: float = 5.0,
    memory: str = "64KiB",
) -> Scenario:
    """``rate``: calls a second in all; ``memory``: at most so much of the server a session."""
    crowd = People(name="idle", count=sessions, mode=Mode.SCHOOL_LIFE, coming=Ramp(per_second))
    hardly = [Open(people=crowd, does=Mix({"session.show": 1}), rate=rate)]
    return Scenario(
        what="thousands connected, hardly anything said: memory, and answer times",
        phases=[Phase(name="idle", seconds=seconds, loads=hardly)],
        objectives=[
            Objective(bounds=f"p99=50ms,err=0,memory={memory}", phase="idle"),
        ],
    )
