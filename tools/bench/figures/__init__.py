"""The figures, by the name `--only` calls them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from bench.figures import (
    cold_reads,
    fan_out,
    growth,
    latency,
    logins,
    memory,
    newcomers,
    reads,
    refusals,
    starting,
    writes,
)
from bench.measuring.rows import Row
from bench.plan import Bench

__all__ = ["FIGURES", "Figure"]

Figure = Callable[[Bench], Awaitable[list[Row]]]

FIGURES: Final[Mapping[str, Figure]] = MappingProxyType(
    {
        "hot-read": reads.hot_read,
        "pipelined": reads.pipelined,
        "grpc": reads.beside_grpc,
        "cold-read": cold_reads.cold_read,
        "writes-sqlite": writes.beside_sqlite,
        "writes-postgresql": writes.beside_postgresql,
        "told": fan_out.told,
        "login": logins.login,
        "idle": memory.idle,
        "refused": refusals.refused,
        "admitted": newcomers.admitted,
        "open-model": latency.open_model,
        "growth-sessions": growth.growth_in_sessions,
        "growth-schools": growth.growth_in_schools,
        "starting": starting.starting,
    }
)
