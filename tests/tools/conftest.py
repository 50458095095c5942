"""The tools are no package of the distribution: they are imported from their folder."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pronote_client.testing import ScriptedServer, scripted_server

sys.path.append(str(Path(__file__).resolve().parents[2] / "tools"))


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ScriptedServer]:
    """A server for `loading.testing`, which knows its account and answers its mix."""
    from loading.effort import Effort, Reading
    from loading.testing import ANSWER

    # By the wall, a minute of a clock that jumps is a moment of hard work.
    calm = Effort(generator=0.1, server=None, others=0.0, stolen=0.0)
    monkeypatch.setattr(Reading, "since", lambda now, before, busiest=0.0: calm)
    async with scripted_server() as scripted:
        scripted.accounts = {"boss": "secret"}
        scripted.answers["seats.show"] = ANSWER
        yield scripted
