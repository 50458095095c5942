"""
Every link is cut at once, and everybody comes back as the SDK does: after random waits that
grow. Then the server itself is killed and started again, and everybody has to log in anew.

``back`` counts from the cut to the session: how long until all are back is its maximum. Our
own share is in it: three hundred programs come back from one process. Look at the
generator's busiest second. Nothing else is asked meanwhile, for we would be late with it.
"""

from __future__ import annotations

from loading.conducting import Stage
from loading.scenario import Incident, Mix, Objective, Open, People, Phase, Ramp, Scenario
from pronote_client import Mode


def scenario(
    people: int = 300, seconds: float = 12.0, kill: bool = True, rate: float = 20.0
) -> Scenario:
    """``seconds``: of each of the phases; ``kill=no`` leaves the second part out."""
    herd = People(
        name="herd",
        count=people,
        mode=Mode.SCHOOL_LIFE,
        coming=Ramp(60),
        resumable=True,
        returns=True,
    )
    working = [Open(people=herd, does=Mix({"session.show": 1}), rate=rate)]

    async def cut(stage: Stage) -> None:
        stage.cut(herd)

    async def restart(stage: Stage) -> None:
        await stage.restart()

    phases = [
        Phase(name="calm", seconds=3.0, loads=working),
        Phase(
            name="cut",
            seconds=seconds,
            incidents=[Incident(at=0.5, what=cut, name="every link is cut")],
        ),
    ]
    objectives = [
        Objective(bounds="p99=50ms,err=0", phase="calm"),
        Objective(bounds=f"max={seconds:g}s,err=0,calls={people}", phase="cut", call="back"),
    ]
    if kill:
        killing = [Incident(at=0.5, what=restart, name="the server is killed")]
        phases.append(Phase(name="killed", seconds=2 * seconds, incidents=killing))
        objectives.append(
            Objective(
                bounds=f"max={2 * seconds:g}s,err=0,calls={people}", phase="killed", call="back"
            )
        )
    return Scenario(
        what="every link is cut at once, then the server is killed: until all are back",
        phases=phases,
        objectives=objectives,
        own=kill,
    )
