"""
The statements of a list of pupils on a bare sqlite3 connection, one after the other.

On the school's own file, with the statements the server makes; the rows are fetched, and nobody
gets them. How many there are in all is asked once, since the server remembers it until
one comes or goes.
"""

from __future__ import annotations

import itertools
import sqlite3
import time

import trio

from bench.references.in_turns import work_in_turns
from bench.references.starting import told

__all__: list[str] = []

_COUNT = "SELECT count(*) FROM pupil WHERE pupil.left_on IS {}NULL"
_PAGE = """
SELECT pupil.id, pupil.code,
    pupil.last_name || CASE WHEN pupil.first_name = '' THEN '' ELSE ' ' || pupil.first_name END,
    {detail}
FROM pupil
WHERE pupil.left_on IS {negation}NULL ORDER BY pupil.sort_name, pupil.id LIMIT ? OFFSET ?
"""
_STATEMENTS = {
    "pupils": (
        _COUNT.format(""),
        _PAGE.format(
            detail="coalesce((SELECT school_class.name FROM school_class"
            " WHERE school_class.id = pupil.class_id), '')",
            negation="",
        ),
    ),
    "former-pupils": (
        _COUNT.format("NOT "),
        _PAGE.format(detail="CAST(pupil.left_on AS VARCHAR)", negation="NOT "),
    ),
}


async def main() -> None:
    spec = told()
    base = sqlite3.connect(f"file:{spec['base']}?mode=ro", uri=True, isolation_level=None)
    pages = itertools.cycle(spec["pages"])
    counted: dict[str, tuple[int]] = {}

    async def work(seconds: float) -> int:
        stop, done = time.perf_counter() + seconds, 0
        while time.perf_counter() < stop:
            kind, limit, offset = next(pages)
            count, page = _STATEMENTS[kind]
            base.execute("BEGIN")
            if kind not in counted:
                counted[kind] = base.execute(count).fetchone()
            rows = base.execute(page, (limit, offset)).fetchall()
            base.execute("COMMIT")
            assert len(rows) == limit
            done += 1
        return done

    await work_in_turns(work)


if __name__ == "__main__":
    trio.run(main)
