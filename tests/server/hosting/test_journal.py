"""What is noted without waiting is there for who reads, and is whole."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from sqlalchemy import Connection
from structlog.testing import capture_logs

from pronote_protocol.words import Farewell, Mode
from pronote_server.hosting import connections
from pronote_server.hosting.school import School
from pronote_server.storage import database as database_module
from pronote_server.storage.accounts import load_accounts
from pronote_server.testing import WireClient, open_test_door, open_test_school


async def kinds(school: School) -> list[str]:
    lines, _ = await school.journal.read(before=None, limit=50, kind="session", search=None)
    return [line.kind for line in lines]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is posted waits for company longer than a test lasts."""
    monkeypatch.setattr(database_module, "POSTS_SECONDS", 3600.0)


async def test_who_reads_the_journal_finds_what_was_noted_just_before(
    tmp_path: Path, patient: None
) -> None:
    with trio.fail_after(60):
        async with open_test_school(tmp_path) as school, open_test_door(school) as door:
            await WireClient.inside(door, "sec1")
            assert await kinds(school) == ["session.began"]
            connections.end_all(school, Farewell.SERVER_STOPPING)
            assert await kinds(school) == ["session.ended", "session.began"]


async def test_a_login_leaves_its_line_and_its_date(tmp_path: Path) -> None:
    async with (
        open_test_school(tmp_path, inline=True) as school,
        open_test_door(school) as door,
    ):
        await WireClient.inside(door, "cpe", mode=Mode.SCHOOL_LIFE)
        known = school.directory.by_login("cpe")
        (kept,) = [
            each for each in await school.records.read(load_accounts) if each.login == "cpe"
        ]

        assert await kinds(school) == ["session.began"]
        assert known is not None
        assert kept.last_login_at == known.last_login_at is not None


async def test_a_line_is_lost_with_what_was_noted_together(tmp_path: Path) -> None:
    def fails(_: Connection) -> None:
        raise LookupError("no such account")

    async with open_test_school(tmp_path, inline=True) as school:
        with capture_logs() as logs:
            school.journal.note("session.began", "DUPAS", together=fails)

        assert [one["event"] for one in logs] == ["database.post_failed"]
        assert await kinds(school) == []
