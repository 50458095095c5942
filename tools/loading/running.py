"""One run: everybody comes in, the phases are played, everybody leaves."""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Sequence
from typing import Final

import trio

from loading.attendance import Attendance, Way
from loading.conducting import Conductor
from loading.demo_server import ServerDied
from loading.report import PhaseReport, Report
from loading.scenario import AtOnce, Objective, Ramp
from loading.scenario_file import Chosen
from loading.sessions import CannotPlan
from loading.targets import Target

__all__ = ["play"]

# What this process needs besides its connections.
_DESCRIPTORS: Final = 256


async def play(
    chosen: Chosen,
    target: Target,
    *,
    seed: int,
    deadline: float = 10.0,
    objectives: Sequence[Objective] = (),
    way: Way | None = None,
    interrupted: trio.Event | None = None,
) -> Report | None:
    """
    Play a scenario on *target* and return the report.

    Args:
        deadline: Of one call, in seconds.
        objectives: Besides the scenario's.
        interrupted: Ends the run when it is set; what was measured so far is returned,
            None if nothing was.

    Raises:
        CannotPlan, Refused, ClientError: There was no run.
        ErrandFailed, ServerDied: It did not come to its end.
        trio.Cancelled: Everybody has left.
    """
    scenario = chosen.scenario
    if scenario.own and target.ours is None:
        raise CannotPlan(f"{chosen.name} needs a server of our own: --demo")
    _allow_descriptors(sum(people.count for people in scenario.everybody()))
    conductor = Conductor(scenario, seed, target.server, deadline)
    players = {people: await target.players(people) for people in scenario.everybody()}
    memory_before = target.server.memory()
    logins: list[float] = []
    composition: dict[str, int] = {}
    async with trio.open_nursery() as living:
        for people, theirs in players.items():
            conductor.attendances[people] = Attendance(
                people,
                target.schools[people.school].settings,
                theirs,
                living,
                call_seconds=deadline,
                note=conductor.noter,
                ended=conductor.ended,
                seed=f"{seed} {people.name}",
                way=way or Way(),
            )
        async with trio.open_nursery() as playing:
            if interrupted is not None:
                playing.start_soon(_interrupt, interrupted, conductor, playing)
            await _everybody_comes(conductor)
            composition = _composition(conductor)
            for attendance in conductor.attendances.values():
                logins += attendance.login_seconds
            await conductor.prepare()
            await conductor.run()
            playing.cancel_scope.cancel()
        living.cancel_scope.cancel()
    if target.ours is not None and not target.ours.alive:
        raise ServerDied(f"the demo server ended during the run.\n{target.ours.end_of_log}")
    begun = [played for played in conductor.played if played.begun]
    if not begun:
        return None
    measured = [played.begins_at for played in begun if played.phase.measured]
    return Report(
        scenario=chosen.name,
        what=scenario.what,
        parameters=chosen.parameters,
        phases=[PhaseReport.of(played, min(measured, default=0.0)) for played in begun],
        objectives=(*scenario.objectives, *objectives),
        seed=seed,
        composition=composition,
        logins=logins,
        server=target.name,
        memory_before=memory_before,
        complaints=target.ours.complaints() if target.ours is not None else (),
        interrupted=conductor.interrupted,
    )


async def _everybody_comes(conductor: Conductor) -> None:
    async with trio.open_nursery() as nursery:
        for people, attendance in conductor.attendances.items():
            if isinstance(people.coming, Ramp):
                nursery.start_soon(attendance.all_come, people.coming.per_second)
            elif isinstance(people.coming, AtOnce):
                nursery.start_soon(attendance.all_come, None)


async def _interrupt(
    interrupted: trio.Event, conductor: Conductor, playing: trio.Nursery
) -> None:
    await interrupted.wait()
    conductor.interrupted = True
    playing.cancel_scope.cancel()


def _composition(conductor: Conductor) -> dict[str, int]:
    """Return how many sessions of each mode there are at first."""
    return dict(
        Counter(
            seat.mode.value
            for attendance in conductor.attendances.values()
            for seat in attendance.present.values()
        )
    )


def _allow_descriptors(sessions: int) -> None:
    """Let this process hold so many connections; raises `CannotPlan` if it may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = sessions + _DESCRIPTORS
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise CannotPlan(
            f"{sessions} sessions need {wanted} descriptors, and this process may have "
            f"{hard}: raise `ulimit -n`, or ask for fewer"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
