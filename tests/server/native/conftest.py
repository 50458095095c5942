"""A school behind a door, without threads and without a listening socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from trio.testing import MockClock

from pronote_server.config import Limits
from pronote_server.hosting.school import School
from pronote_server.testing import TestDoor, open_test_door, open_test_school


@pytest.fixture
def limits() -> Limits:
    """The limits of the door; a module may override this."""
    return Limits(stop_grace_seconds=0.01)


@pytest.fixture
async def school(tmp_path: Path, autojump_clock: MockClock) -> AsyncIterator[School]:
    async with open_test_school(tmp_path, inline=True) as opened:
        yield opened


@pytest.fixture
async def door(school: School, limits: Limits) -> AsyncIterator[TestDoor]:
    async with open_test_door(school, limits=limits) as opened:
        yield opened
