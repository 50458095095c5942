"""The demo school as a server opens it: full of work, made once."""

from __future__ import annotations

import datetime
from pathlib import Path

import attrs

from pronote_server.clock import Clock
from pronote_server.config import Passwords, SchoolSettings, Suspension
from pronote_server.hosting.demo import DEMO_RNE, DEMO_SCHOOL_NAME, fill_demo
from pronote_server.hosting.opening import open_school
from pronote_server.storage.base_content import counters

NOW = datetime.datetime(2020, 11, 24, 9, tzinfo=datetime.UTC)


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
            seen.append((attrs.asdict(found), base.header.revision))

    (counted, revision), again = seen
    assert again == (counted, revision)
    assert counted.pop("attached_documents") == 0
    assert all(counted.values()), counted
    # The people, then their work; clients that ask what changed are told of both.
    assert revision == 2
