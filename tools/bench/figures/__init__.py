"""The figures, by the name `--only` calls them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from bench.figures import admission, logins, reads, writes
from bench.measuring.rows import Row
from bench.plan import Bench

__all__ = ["FIGURES", "Figure"]

Figure = Callable[[Bench], Awaitable[list[Row]]]

FIGURES: Final[Mapping[str, Figure]] = MappingProxyType(
    {
        "hot-read": reads.hot_read,
        "pipelined": reads.pipelined,
        "grpc": reads.beside_grpc,
        "writes-sqlite": writes.beside_sqlite,
        "writes-postgresql": writes.beside_postgresql,
        "login": logins.login,
        "refused": admission.refused,
    }
)
