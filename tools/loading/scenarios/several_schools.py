"""
Several schools on one server: each is asked the same, and none may wait for another.

The first has a rush of readings in the middle; the others are the witnesses.
"""

from __future__ import annotations

from loading.plan import DEFAULT_MIX
from loading.scenario import Mix, Objective, Open, People, Phase, Ramp, Scenario


def scenario(
    schools: int = 4,
    people: int = 30,
    rate: float = 25.0,
    times: float = 6.0,
    seconds: float = 12.0,
) -> Scenario:
    """``rate``: calls a second of each school; ``times`` as many of the first, at its peak."""
    drawn = Mix(DEFAULT_MIX, strict=False)
    crowds = [
        People(name=f"school {rank + 1}", count=people, school=rank, coming=Ramp(15))
        for rank in range(schools)
    ]

    def loads(first: float) -> list[Open]:
        return [
            Open(people=crowd, does=drawn, rate=rate * (1.0 if rank else first))
            for rank, crowd in enumerate(crowds)
        ]

    return Scenario(
        what="several schools on one server; the rush of one is not the others' business",
        phases=[
            Phase(name="warm-up", seconds=3.0, loads=loads(1), measured=False),
            Phase(name="even", seconds=seconds, loads=loads(1)),
            Phase(name="one rushes", seconds=seconds, loads=loads(times)),
        ],
        objectives=[
            Objective(bounds="err=0"),
            Objective(bounds="p99=50ms", phase="even"),
            *(
                Objective(bounds="p99=100ms", phase="one rushes", people=crowd.name)
                for crowd in crowds[1:]
            ),
        ],
    )
