"""
Eight o'clock: everybody logs in within seconds, whatever the server does.

Latency of a login is from the planned moment to the session. Our own share of it (TLS, the
derivation of the password) is in it, and in the generator's processor: look at its busiest
second before you blame the server.
"""

from __future__ import annotations

import math

from loading.scenario import (
    Closed,
    Later,
    LogIn,
    Mix,
    Objective,
    Open,
    People,
    Phase,
    Scenario,
)
from loading.visit import Visit
from pronote_client import Mode
from pronote_protocol.catalogue.resources import READ_OWN_TIMETABLE, ReadOwnTimetable


async def look_at_the_day(visit: Visit) -> None:
    """What everybody does first."""
    await visit.ask(READ_OWN_TIMETABLE, ReadOwnTimetable())


def scenario(people: int = 300, seconds: float = 6.0, after: float = 3.0) -> Scenario:
    """About ``people`` logins in ``seconds``, by chance; then a look at the day by each."""
    crowd = People(
        name="rush",
        # Poisson arrivals: more than so many would be five times out of the ordinary.
        count=people + 5 * math.ceil(math.sqrt(people)),
        mode=Mode.TEACHER,
        coming=Later(),
    )
    witness = People(name="witness", count=4, mode=Mode.SCHOOL_LIFE)
    watching = Open(people=witness, does=Mix({"session.show": 1}), rate=20.0)
    coming = Open(people=crowd, does=LogIn(), rate=people / seconds)
    looking = Closed(people=crowd, does=look_at_the_day, once=True, think=0.8 * after)
    return Scenario(
        what="everybody logs in within seconds, and who is inside must not notice",
        phases=[
            Phase(name="before", seconds=2.0, loads=[watching], measured=False),
            Phase(name="rush", seconds=seconds, loads=[coming, watching], settle=True),
            Phase(name="after", seconds=after, loads=[looking]),
        ],
        objectives=[
            Objective(bounds="p99=1s,err=0,calls=1", phase="rush", call="login"),
            Objective(bounds="p99=100ms,err=0", phase="rush", people="witness"),
            Objective(bounds="err=0", phase="after"),
        ],
    )
