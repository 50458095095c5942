"""
A whole school that makes single calls, at a rate.

What the options of `tools/load.py` make without a scenario; as a start for one's own.
"""

from __future__ import annotations

from loading.plan import DEFAULT_MIX, mix_from
from loading.scenario import Mix, Open, People, Phase, Ramp, Scenario


def scenario(
    sessions: int = 50,
    rate: float = 100.0,
    seconds: float = 30.0,
    warm_up: float = 3.0,
    ramp: float = 20.0,
    constant: bool = False,
    mix: str = "",
    schools: int = 1,
) -> Scenario:
    """``sessions`` and ``rate`` are of each school; ``mix`` as session.show=20,base.show=1."""
    drawn = Mix(mix_from(mix)) if mix else Mix(DEFAULT_MIX, strict=False)
    everybody = [
        People(
            name="everybody" if schools == 1 else f"school {rank + 1}",
            count=sessions,
            school=rank,
            coming=Ramp(ramp),
        )
        for rank in range(schools)
    ]
    loads = [Open(people=each, does=drawn, rate=rate, constant=constant) for each in everybody]
    before = Phase(name="warm-up", seconds=warm_up, loads=loads, measured=False)
    return Scenario(
        what="a whole school that makes single calls, at a rate",
        phases=[
            *([before] if warm_up else []),
            Phase(name="run", seconds=seconds, loads=loads),
        ],
    )
