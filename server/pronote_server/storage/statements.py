"""
Statements that SQLAlchemy has compiled, kept once for all SQLite files of the server.

By itself each engine keeps its own: the writer, the readers and the impatient reader of each
base of each school compile the same statements again, and a base that is closed and opened
again (an exclusive use given up, a backup opened) starts from nothing and leaves its old ones
to the garbage collector. What is compiled depends on the statement and on the dialect, never
on the file or on the school; values are given at each execution.

SQLAlchemy takes the dialect into the key by its identity; ours are all alike and say so.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

__all__ = ["COMPILED", "DRIVER", "STATEMENTS_KEPT"]

# And half as many again before the oldest are forgotten. Each takes some 18 KiB (measured over
# a fuzz run: 10 MiB for 550), and a millisecond to make again; daily work has some 300, and
# only who combines filters without end has more.
STATEMENTS_KEPT: Final = 400


class AlikeDialect(SQLiteDialect_pysqlite):
    """SQLite as SQLAlchemy speaks it; what one of these compiles, any of them executes."""

    # SQLAlchemy wants it said by the class itself.
    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


registry.register("sqlite.alike", __name__, AlikeDialect.__name__)
# For the URL of an engine.
DRIVER: Final = "sqlite+alike"

# Given to every engine; threads may use it at once, as they do an engine's own.
COMPILED: Final[LRUCache[Any, Any]] = LRUCache(STATEMENTS_KEPT)
