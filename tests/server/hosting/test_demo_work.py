"""The demo school as a server opens it: full of work, made once."""

from __future__ import annotations

import datetime
from pathlib import Path

import attrs
from sqlalchemy import Connection, select

from pronote_server.clock import Clock
from pronote_server.config import Passwords, SchoolSettings, Suspension
from pronote_server.hosting.demo import DEMO_RNE, DEMO_SCHOOL_NAME, fill_demo
from pronote_server.hosting.opening import open_school
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_content import counters
from pronote_server.storage.document_files import DocumentFiles

NOW = datetime.datetime(2020, 11, 24, 9, tzinfo=datetime.UTC)


def _attached(conn: Connection) -> list[str]:
    return list(conn.execute(select(schema.document.c.sha256)).scalars())


async def test_the_demo_school_has_worked_and_is_made_once(tmp_path: Path) -> None:
    """On the real clock: passwords are derived in a thread."""
    settings = SchoolSettings(
        rne=DEMO_RNE, name=DEMO_SCHOOL_NAME, passwords=Passwords(scram_iterations=4096)
    )
    seen = []
    for _ in range(2):
        async with open_school(
            settings, Suspension(), tmp_path, Clock(NOW), inline=True
        ) as school:
            await fill_demo(school, 0)
            base = school.base_in_service()
            found = await base.database.read(counters)
            files = DocumentFiles.beside(base.file)
            attached = set(await base.database.read(_attached))
            seen.append((attrs.asdict(found), base.header.revision))

    (counted, revision), again = seen
    assert again == (counted, revision)
    assert all(counted.values()), counted
    assert sorted(files.stored()) == sorted(attached), "no document without its bytes"
    # The people, then their work; clients that ask what changed are told of both.
    assert revision == 2
