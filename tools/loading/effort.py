"""What the processors did while a phase was played: how noisy the machine was, and we."""

from __future__ import annotations

import time

import attrs
import psutil

__all__ = ["Effort", "Reading"]


@attrs.frozen
class Effort:
    """
    What the processors did, as parts of one core.

    Attributes:
        generator: This process, its threads included.
        server: The server's process, when it is ours.
        others: Everybody else on this machine: the noise.
        stolen: Taken by the host of a virtual machine.
        busiest: The generator, in its busiest second: in a rush, it is then that it may be
            itself what is waited for.
    """

    generator: float
    server: float | None
    others: float
    stolen: float
    busiest: float = 0.0


@attrs.frozen
class Reading:
    """The clocks of the processors at one moment."""

    wall: float
    generator: float
    server: float | None
    busy: float
    stolen: float

    @classmethod
    def now(cls, server_pid: int | None) -> Reading:
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

    def since(self, before: Reading, busiest: float = 0.0) -> Effort:
        """Return what was done between *before* and this."""
        wall = max(1e-9, self.wall - before.wall)
        generator = (self.generator - before.generator) / wall
        server = None
        if self.server is not None and before.server is not None:
            # A server that was started again begins at nothing.
            server = max(0.0, self.server - before.server) / wall
        busy = (self.busy - before.busy) / wall
        return Effort(
            generator=generator,
            server=server,
            others=max(0.0, busy - generator - (server or 0.0)),
            stolen=(self.stolen - before.stolen) / wall,
            busiest=max(busiest, generator),
        )


def _cpu_of(pid: int | None) -> float | None:
    if pid is None:
        return None
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)
