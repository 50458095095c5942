"""Whether two bases hold the same, row by row; for who moves one from a server to another."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import attrs

from pronote_server.storage.base_header import inspect_base
from pronote_server.storage.base_schema import BASE
from pronote_server.storage.whole_files import saying_what_the_disk_said

__all__ = ["TableCompared", "compare_bases"]


@attrs.frozen(kw_only=True)
class TableCompared:
    """
    Attributes:
        same: Rows that are in both, to the letter.
        only_here, only_there: Rows of the one that the other does not have.
    """

    table: str
    same: int
    only_here: int
    only_there: int

    @property
    def equal(self) -> bool:
        return self.only_here == self.only_there == 0


def compare_bases(here: Path, there: Path) -> list[TableCompared]:
    """
    Compare every row of every table of two bases; neither is written to. Blocking.

    Raises:
        BaseFileRefused: One of them is no base.
        StorageFailed: The disk said no.
    """
    for path in (here, there):
        inspect_base(path)
    with saying_what_the_disk_said(), closing(sqlite3.connect(":memory:", uri=True)) as driver:
        for name, path in (("here", here), ("there", there)):
            driver.execute(f"ATTACH ? AS {name}", (f"{path.resolve().as_uri()}?mode=ro",))
        return [_compared(driver, table.name) for table in BASE.sorted_tables]


def _compared(driver: sqlite3.Connection, table: str) -> TableCompared:
    def only(one: str, other: str) -> int:
        found = driver.execute(
            f'SELECT count(*) FROM (SELECT * FROM {one}."{table}" '
            f'EXCEPT SELECT * FROM {other}."{table}")'
        ).fetchone()
        return int(found[0])

    rows = int(driver.execute(f'SELECT count(*) FROM here."{table}"').fetchone()[0])
    only_here = only("here", "there")
    return TableCompared(
        table=table,
        same=rows - only_here,
        only_here=only_here,
        only_there=only("there", "here"),
    )
