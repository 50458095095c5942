"""Making the calls of a plan at their moments, and looking at ourselves meanwhile."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from typing import Final

import attrs
import psutil
import trio

from loading.measure import Measures
from loading.plan import Arrival
from loading.sessions import Seated
from pronote_client import CallTimedOut, OutcomeUnknown, ProtocolError, Refused, SessionEnded

__all__ = ["Drive", "Effort"]

# Between the last preparation and the first arrival.
_BREATH_SECONDS: Final = 0.1


@attrs.frozen
class Effort:
    """
    What the processors did during the measured part, as parts of one core.

    Attributes:
        generator: This process, its threads included.
        server: The server's process, when it is ours.
        others: Everybody else on this machine: the noise.
        stolen: Taken by the host of a virtual machine.
    """

    generator: float
    server: float | None
    others: float
    stolen: float


@attrs.define
class Drive:
    """
    One run of one plan.

    Args:
        seconds: The whole, the warm-up included.
        server_pid: Whose processor time to tell apart, if it is ours to know.
        hopeless_after: When we are so late, in seconds, the rest of the plan is not sent:
            the run is invalid anyway, and shall end.

    Attributes:
        effort: Set once the measured part is over.
        unsent: How many calls were given up like that.
    """

    seated: Sequence[Seated]
    arrivals: Sequence[Arrival]
    warm_up: float
    seconds: float
    measures: Measures
    server_pid: int | None = None
    hopeless_after: float = 10.0
    unsent: int = attrs.field(default=0, init=False)
    effort: Effort | None = attrs.field(default=None, init=False)
    begins_at: float = attrs.field(default=0.0, init=False)

    async def run(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Make every call and wait for every answer; `begins_at` is set when it starts."""
        # What is alive now stays so; a collection would walk all of it, in the middle.
        gc.collect()
        gc.freeze()
        self.begins_at = trio.current_time() + _BREATH_SECONDS
        task_status.started()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._watch_effort)
                for number, arrival in enumerate(self.arrivals):
                    due = self.begins_at + arrival.at
                    # Due already or not, a checkpoint: what was started must leave.
                    await trio.sleep_until(due)
                    if trio.current_time() - due > self.hopeless_after:
                        self.unsent = len(self.arrivals) - number
                        break
                    nursery.start_soon(self._call, arrival)
        finally:
            gc.unfreeze()

    async def _call(self, arrival: Arrival) -> None:
        seat = self.seated[arrival.asker]
        sent = trio.current_time()
        error: str | None = None
        try:
            await seat.client.call(arrival.call, arrival.params)
        except Refused as exc:
            error = exc.code
        except CallTimedOut:
            error = "timed_out"
        except SessionEnded as exc:
            error = f"ended_{exc.goodbye.code.value}"
        except OutcomeUnknown:
            error = "outcome_unknown"
        except ProtocolError:
            error = "protocol_error"
        answered = trio.current_time()
        free_since, seat.free_since = seat.free_since, answered
        if arrival.at < self.warm_up:
            return
        zero = self.begins_at + self.warm_up
        self.measures.note(
            arrival.call.name,
            planned=arrival.at - self.warm_up,
            sent=sent - zero,
            free_since=free_since - zero,
            answered=answered - zero,
            error=error,
        )

    async def _watch_effort(self) -> None:
        await trio.sleep_until(self.begins_at + self.warm_up)
        before = _Reading.now(self.server_pid)
        await trio.sleep_until(self.begins_at + self.seconds)
        self.effort = _Reading.now(self.server_pid).since(before)


@attrs.frozen
class _Reading:
    wall: float
    generator: float
    server: float | None
    busy: float
    stolen: float

    @classmethod
    def now(cls, server_pid: int | None) -> _Reading:
        machine = psutil.cpu_times()
        # The time of guests is in user and nice already.
        busy = (
            sum(machine[:3]) + getattr(machine, "irq", 0.0) + getattr(machine, "softirq", 0.0)
        )
        return cls(
            wall=time.perf_counter(),
            generator=time.process_time(),
            server=_cpu_of(server_pid),
            busy=busy,
            stolen=getattr(machine, "steal", 0.0),
        )

    def since(self, before: _Reading) -> Effort:
        wall = max(1e-9, self.wall - before.wall)
        generator = (self.generator - before.generator) / wall
        server = None
        if self.server is not None and before.server is not None:
            server = (self.server - before.server) / wall
        busy = (self.busy - before.busy) / wall
        return Effort(
            generator=generator,
            server=server,
            others=max(0.0, busy - generator - (server or 0.0)),
            stolen=(self.stolen - before.stolen) / wall,
        )


def _cpu_of(pid: int | None) -> float | None:
    if pid is None:
        return None
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)
