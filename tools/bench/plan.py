"""How much of everything a run does: the whole, or the short form of CI."""

from __future__ import annotations

import random
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import attrs

from bench.measuring.ours import Ours
from bench.measuring.processor import Cores

__all__ = ["FULL", "SHORT", "Bench", "Plan", "Shared"]


@attrs.frozen(kw_only=True)
class Plan:
    """
    Attributes:
        rounds: Turns of each contender; a round gives one ratio.
        seconds: How long one turn lasts.
        connections: Of the closed loops.
        writers: Sessions that write at the same time.
        told: Sessions that are told of one write.
        idle: Idle sessions whose memory is measured, and in how many steps they come.
        newcomers, busy: Clients admitted, and connections that are busy meanwhile.
        planned: Sessions of the open model, and its seconds.
        crowds, schools: What growth is measured at.
        starts: How often a server is started.
    """

    rounds: int = 7
    seconds: float = 0.5
    connections: int = 50
    writers: int = 64
    told: int = 1_000
    idle: int = 9_000
    idle_steps: int = 9
    newcomers: int = 300
    busy: int = 200
    planned: int = 300
    planned_seconds: float = 4.0
    crowds: tuple[int, ...] = (100, 1_000, 9_000)
    schools: tuple[int, ...] = (1, 20, 200)
    starts: int = 7
    short: bool = False


FULL: Final = Plan()
SHORT: Final = Plan(
    rounds=2,
    seconds=0.05,
    connections=5,
    writers=4,
    told=10,
    idle=20,
    idle_steps=2,
    newcomers=20,
    busy=5,
    planned=8,
    planned_seconds=0.1,
    crowds=(5, 10),
    schools=(1, 2),
    starts=1,
    short=True,
)


@attrs.frozen
class Shared:
    """
    What several figures of a short run share.

    Attributes:
        stack: Ends the servers.
        folder: Data of a demo school that has ended, if one was kept there; each server gets
            a copy, and need not invent it again.
        servers: By whether they are plain.
    """

    stack: AsyncExitStack
    folder: Path
    servers: dict[bool, Ours] = attrs.field(factory=dict, init=False)

    @property
    def prepared(self) -> Path:
        return self.folder / "prepared"

    def copy(self) -> Path | None:
        """Return a new folder with that data, or None when there is none."""
        if not self.prepared.exists():
            return None
        to = Path(tempfile.mkdtemp(dir=self.folder)) / "data"
        shutil.copytree(self.prepared, to)
        return to


@attrs.frozen
class Bench:
    """
    What a figure is given.

    Attributes:
        missing: Filled with what could not be measured here, and why.
        shared: None: each figure has servers of its own.
        broken: Filled with the figures that raised.
    """

    plan: Plan
    cores: Cores
    draw: random.Random
    missing: list[str] = attrs.field(factory=list)
    broken: list[str] = attrs.field(factory=list)
    shared: Shared | None = None
