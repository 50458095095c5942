"""
Plays the phases of a scenario, one after the other by the clock.

Everything open is planned before the first phase. A phase has one nursery, in which all that
is begun in it ends or is given up; phases overlap by their grace, unless one settles.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

import attrs
import trio

from loading.attendance import LOGIN, Attendance
from loading.demo_server import ServerDied
from loading.effort import Effort, Reading
from loading.measure import GIVEN_UP, Measures
from loading.plan import Arrival, Asking, moments, plan
from loading.scenario import Closed, LogIn, Mix, Open, People, Phase, Scenario
from loading.sessions import CannotPlan, Seated, askings_of
from loading.visit import ErrandFailed, Noter, Visit, cancelled_in, code_of
from pronote_protocol.errors import PronoteError

__all__ = ["Conductor", "Played", "Server", "Stage"]

# Between the last preparation and the first arrival.
_BREATH_SECONDS: Final = 0.1
# On top of a call's own deadline, so that it is the call that says so.
_LEAST_GRACE_SECONDS: Final = 1.0
_ABSENT: Final = "absent"


class Server:
    """The server, as far as it is ours to know; this one is not."""

    pid: int | None = None

    def memory(self) -> int | None:
        """Return the bytes it has to itself."""
        return None

    async def freeze(self, seconds: float) -> None:
        raise CannotPlan("only a server of our own can be frozen: --demo")

    async def restart(self) -> None:
        raise CannotPlan("only a server of our own can be killed: --demo")


@attrs.define(eq=False)
class Played:
    """
    What became of a phase.

    Attributes:
        begins_at, ends_at: Transport time.
        planned: Open arrivals.
        unsent: Of them, those given up because we were too late.
        effort, memory, present: At its end: processors, bytes of the server, sessions.
        lasted: Seconds; fewer than the phase's when it was interrupted.
        begun: Whether it was reached; an interrupted run has phases that were not.
    """

    phase: Phase
    measures: Measures = attrs.field(factory=Measures)
    begins_at: float = 0.0
    ends_at: float = 0.0
    lasted: float = 0.0
    planned: int = 0
    unsent: int = 0
    effort: Effort | None = None
    memory: int | None = None
    present: dict[str, int] = attrs.field(factory=dict)
    begun: bool = False
    over: trio.Event = attrs.field(factory=trio.Event)


@attrs.frozen
class Stage:
    """What an incident may do, and whom it may look at."""

    conductor: Conductor
    server: Server

    def cut(self, people: People) -> int:
        """Cut all their links at once, without a word; return how many there were."""
        return self.conductor.attendances[people].cut_links()

    async def freeze(self, seconds: float) -> None:
        """Stop the server's process for so long."""
        await self.server.freeze(seconds)

    async def restart(self) -> None:
        """Kill the server and start it again on its data; everybody's link is cut."""
        for attendance in self.conductor.attendances.values():
            attendance.mark_cut()
        await self.server.restart()


@attrs.define(eq=False)
class Conductor:
    """
    Args:
        seed: The whole plan follows from it.
        deadline: Of one call, in seconds. When we are so late, the rest of a load is not
            sent: the run is invalid anyway, and shall end.

    Attributes:
        played: What became of each phase; full once `run` is over, or was cancelled.
    """

    scenario: Scenario
    seed: int
    server: Server
    deadline: float = 10.0
    attendances: dict[People, Attendance] = attrs.field(factory=dict, init=False)
    played: list[Played] = attrs.field(init=False)
    interrupted: bool = attrs.field(default=False, init=False)
    _askings: dict[tuple[People, int], list[Asking]] = attrs.field(factory=dict, init=False)
    _plans: dict[tuple[int, int], Sequence[Any]] = attrs.field(factory=dict, init=False)
    _first_pid: int | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.played = [Played(phase) for phase in self.scenario.phases]
        self._first_pid = self.server.pid

    # ------------------------------------------------------------------ before

    async def prepare(self) -> None:
        """
        Plan everything; ask the server for what the plan needs to know.

        Raises:
            CannotPlan: Nobody may make one of the calls.
        """
        for number, played in enumerate(self.played):
            for rank, load in enumerate(played.phase.loads):
                if isinstance(load.does, Mix):
                    await self._find_askings(load.people, load.does)
                if isinstance(load, Open):
                    self._plans[number, rank] = made = self._planned(played, rank, load)
                    played.planned += len(made)

    async def _find_askings(self, people: People, mix: Mix) -> None:
        if (people, id(mix)) not in self._askings:
            seated = list(self.attendances[people].present.values())
            seated.sort(key=lambda each: each.rank)
            found = await askings_of(seated, mix.weights, strict=mix.strict)
            self._askings[people, id(mix)] = found

    def _planned(self, played: Played, rank: int, load: Open) -> Sequence[Any]:
        seed = f"{self.seed} {played.phase.name} {rank}"
        when = moments(
            load.rate, played.phase.seconds, to=load.to, constant=load.constant, seed=seed
        )
        if isinstance(load.does, Mix):
            return plan(self._askings[load.people, id(load.does)], when, seed)
        dice = random.Random(f"askers {seed}")
        return [(at, dice.randrange(load.people.count)) for at in when]

    # ------------------------------------------------------------------ during

    async def run(self) -> None:
        """Play every phase, and wait for what was begun. Cancelled, all of it ends at once."""
        # What is alive now stays so; a collection would walk all of it, in the middle.
        gc.collect()
        gc.freeze()
        try:
            async with trio.open_nursery() as nursery:
                begins_at = trio.current_time() + _BREATH_SECONDS
                for number, played in enumerate(self.played):
                    played.begins_at = begins_at
                    played.ends_at = begins_at + played.phase.seconds
                    nursery.start_soon(self._play, number, played)
                    await trio.sleep_until(played.ends_at)
                    begins_at = played.ends_at
                    if played.phase.settle:
                        await played.over.wait()
                        begins_at = max(begins_at, trio.current_time())
        finally:
            gc.unfreeze()

    async def _play(self, number: int, played: Played) -> None:
        try:
            grace = played.phase.grace
            grace = self.deadline + _LEAST_GRACE_SECONDS if grace is None else grace
            with trio.CancelScope(deadline=played.ends_at + grace):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._watch, played)
                    for incident in played.phase.incidents:
                        nursery.start_soon(self._happen, played, incident.at, incident.what)
                    for rank, load in enumerate(played.phase.loads):
                        if isinstance(load, Open):
                            arrivals = self._plans[number, rank]
                            nursery.start_soon(self._open, nursery, played, load, arrivals)
                            continue
                        for who in range(load.people.count):
                            seed = f"{self.seed} {played.phase.name} {rank} {who}"
                            nursery.start_soon(self._closed, played, load, who, seed)
        finally:
            played.over.set()

    async def _watch(self, played: Played) -> None:
        await trio.sleep_until(played.begins_at)
        played.begun = True
        pid, busiest = self.server.pid, 0.0
        first = last = Reading.now(pid)
        try:
            while trio.current_time() < played.ends_at:
                await trio.sleep_until(min(trio.current_time() + 1.0, played.ends_at))
                now = Reading.now(self.server.pid)
                busiest = max(busiest, now.since(last).generator)
                last = now
        finally:
            if self.server.pid != pid:
                first = attrs.evolve(first, server=None)  # another process by now
            played.lasted = trio.current_time() - played.begins_at
            played.effort = Reading.now(self.server.pid).since(first, busiest)
            # What another process weighs says nothing beside what this one weighed before.
            played.memory = self.server.memory() if self.server.pid == self._first_pid else None
            played.present = {
                people.name: len(attendance.present)
                for people, attendance in self.attendances.items()
            }

    async def _happen(
        self, played: Played, at: float, what: Callable[[Stage], Awaitable[None]]
    ) -> None:
        await trio.sleep_until(played.begins_at + at)
        try:
            await what(Stage(self, self.server))
        except (CannotPlan, ServerDied):
            raise
        except Exception as exc:
            raise ErrandFailed.of(getattr(what, "__name__", "incident"), exc) from exc

    async def _open(
        self, nursery: trio.Nursery, played: Played, load: Open, arrivals: Sequence[Any]
    ) -> None:
        for number, arrival in enumerate(arrivals):
            at = arrival.at if isinstance(arrival, Arrival) else arrival[0]
            due = played.begins_at + at
            # Due already or not, a checkpoint: what was started must leave.
            await trio.sleep_until(due)
            if trio.current_time() - due > self.deadline:
                played.unsent += len(arrivals) - number
                return
            if isinstance(load.does, LogIn):
                nursery.start_soon(self._log_in, load.people, due, load.does.leave)
            elif isinstance(arrival, Arrival):
                asked = partial(self._call, load.people, arrival.asker, due)
                nursery.start_soon(asked, arrival.call, arrival.params)
            else:
                dice = random.Random(f"{self.seed} {played.phase.name} {number} {at}")
                asked = partial(self._visit, load.people, arrival[1], due)
                nursery.start_soon(asked, load.does, dice)

    async def _closed(self, played: Played, load: Closed, who: int, seed: str) -> None:
        dice, attendance = random.Random(f"closed {seed}"), self.attendances[load.people]
        askings: list[Asking] = []
        if isinstance(load.does, Mix):
            found = self._askings[load.people, id(load.does)]
            askings = [asking for asking in found if who in asking.askers]
            if not askings:
                return
        # Not everybody at the first moment.
        due = played.begins_at + dice.uniform(0.0, load.think)
        while due < played.ends_at:
            await trio.sleep_until(due)
            if who not in attendance.present:
                with trio.move_on_at(played.ends_at) as waiting:
                    await attendance.seat_of(who)
                if waiting.cancelled_caught:
                    return
                due = trio.current_time()
            if isinstance(load.does, Mix):
                (asking,) = dice.choices(askings, [each.weight for each in askings])
                params = dice.choice(asking.params)
                await self._call(load.people, who, due, asking.call, params)
            elif not isinstance(load.does, LogIn):
                await self._visit(load.people, who, due, load.does, dice)
            if load.once:
                return
            think = load.think
            if think and not load.constant:
                think = dice.expovariate(1.0 / think)
            due = trio.current_time() + think

    # -------------------------------------------------------------- one of them

    async def _call(self, people: People, who: int, due: float, call: Any, params: Any) -> None:
        seat = self._seat(people, who, due, call.name)
        if seat is None:
            return
        visit = Visit(seat, random.Random(0), due, self.noter(people))
        with suppress(PronoteError):  # it is noted
            await visit.ask(call, params)

    async def _visit(
        self, people: People, who: int, due: float, errand: Any, dice: random.Random
    ) -> None:
        name = getattr(errand, "__name__", type(errand).__name__)
        seat = self._seat(people, who, due, name)
        if seat is None:
            return
        sent, note, code = trio.current_time(), self.noter(people), None
        try:
            await errand(Visit(seat, dice, due, note))
        except BaseException as exc:
            code = code_of(exc)
            if code is None and isinstance(exc, Exception):
                raise ErrandFailed.of(name, exc) from exc
            if code is None:
                raise
            if (cancelled := cancelled_in(exc)) is not None:
                raise cancelled from None
        finally:
            note(f"{name}()", planned=due, sent=sent, free_since=sent, error=code, whole=True)

    async def _log_in(self, people: People, due: float, leave: bool) -> None:
        attendance, sent, error = self.attendances[people], trio.current_time(), None
        rank: int | None = None
        try:
            rank = await attendance.come()
        except IndexError:
            error = _ABSENT  # more arrivals than people
        except (PronoteError, trio.Cancelled) as exc:
            error = code_of(exc)
            if isinstance(exc, trio.Cancelled):
                raise
        finally:
            self.noter(people)(LOGIN, planned=due, sent=sent, free_since=sent, error=error)
        if leave and rank is not None:
            attendance.leave(rank)

    def _seat(self, people: People, who: int, due: float, name: str) -> Seated | None:
        seat = self.attendances[people].present.get(who)
        if seat is None:
            now = trio.current_time()
            self.noter(people)(name, planned=due, sent=now, free_since=now, error=_ABSENT)
        return seat

    # ------------------------------------------------------------------ noting

    def noter(self, people: People) -> Noter:
        """Return what takes the measures of these people."""
        return partial(self._note, people)

    def _note(
        self,
        people: People,
        name: str,
        *,
        planned: float,
        sent: float | None,
        free_since: float,
        error: str | None,
        whole: bool = False,
    ) -> None:
        if error == GIVEN_UP and self.interrupted:
            return  # given up by whoever stopped us, and not by the plan
        played = self._phase_at(planned)
        if played is None:
            return
        zero = played.begins_at
        played.measures.note(
            name,
            planned=planned - zero,
            sent=None if sent is None else sent - zero,
            free_since=free_since - zero,
            answered=trio.current_time() - zero,
            error=error,
            people=people.name,
            whole=whole,
        )

    def ended(self, people: People, code: str) -> None:
        """Note a session that ended by itself."""
        played = self._phase_at(trio.current_time())
        if played is not None:
            played.measures.endings[people.name, code] += 1

    def _phase_at(self, moment: float) -> Played | None:
        """Return the last phase that had begun then."""
        found = None
        for played in self.played:
            # A hair before its beginning is rounding.
            if played.begins_at and played.begins_at - 1e-6 <= moment:
                found = played
        return found
