"""An acknowledged write survives the death of the process, whenever it comes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

# Thirty tasks write numbers and say each one only once it is acknowledged.
WRITER = """
import os, sys
from pathlib import Path
import trio
from pronote_server.storage.database import open_database

async def write_for_ever(database, first):
    number = first
    while True:
        await database.write(lambda connection: connection.exec_driver_sql(
            "INSERT INTO mark (id) VALUES (?)", (number,)))
        os.write(1, b"%d\\n" % number)
        number += 30

async def main(path, first):
    async with open_database(path) as database, trio.open_nursery() as nursery:
        await database.write(lambda connection: connection.exec_driver_sql(
            "CREATE TABLE IF NOT EXISTS mark (id INTEGER PRIMARY KEY)"))
        for offset in range(30):
            nursery.start_soon(write_for_ever, database, first + offset)

trio.run(main, Path(sys.argv[1]), int(sys.argv[2]))
"""


def test_every_acknowledged_write_is_there_after_kill_minus_nine(tmp_path: Path) -> None:
    path = tmp_path / "marks.sqlite"
    acknowledged: set[int] = set()

    for cycle in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(cycle * 1_000_000)],
            stdout=subprocess.PIPE,
        ) as writer:
            assert writer.stdout is not None
            for _ in range(200 + 150 * cycle):
                acknowledged.add(int(writer.stdout.readline()))
            writer.kill()
            rest = writer.stdout.read()  # said before it died, so it counts
        # The last line may have been cut by nothing: os.write of a few bytes is whole.
        acknowledged.update(int(line) for line in rest.splitlines())

        after = sqlite3.connect(path)
        present = {row[0] for row in after.execute("SELECT id FROM mark")}
        sound = after.execute("PRAGMA integrity_check").fetchone()
        after.close()
        assert acknowledged <= present
        assert sound == ("ok",)
