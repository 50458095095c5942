"""`tools/live.py`: who hears of a write is compared with who may see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest

import loading.listening as listening_module
from live import arguments_from, measure
from loading.listening import Listening, Write
from loading.sessions import Seated
from pronote_client import Mode
from pronote_protocol.messages import BaseChanged


async def test_everybody_concerned_hears_of_each_write_and_nobody_else() -> None:
    """With a server of its own, which takes some seconds to start."""
    options = arguments_from(["--sessions", "6", "--writes", "6", "--pause", "1ms", "--plain"])

    report = await measure(options)

    assert report["wrong"] == []
    assert {name: said["concerned"] for name, said in report["families"].items()} == {
        "motives": 6,
        "follow_ups": report["sessions"]["administrative"] + report["sessions"]["school-life"],
        "marks": report["sessions"]["administrative"] + 2,  # one of two teachers, twice
    }


@attrs.define
class Ear:
    """A client that is told of revisions, whatever the writer does."""

    revisions: list[int]

    async def events(self) -> AsyncIterator[BaseChanged]:
        for revision in self.revisions:
            yield BaseChanged(revision=revision, what=("marks",))

    @property
    def session(self) -> Any:
        return self

    async def show(self) -> None:
        """As `session.show`."""


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ([], "1 of 2 sessions concerned heard nothing"),
        ([7, 7], "revision 7 (marks) heard 2 times, not 1"),
        ([7, 8], "revision 8 (marks) heard 1 times, not 0"),
    ],
)
async def test_what_is_missed_doubled_or_overheard_is_said(
    second: list[int], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening_module, "_MISSED_SECONDS", 0.05)
    ears: list[Any] = [Ear([7]), Ear(second)]
    listening = Listening([Seated(ear, Mode.TEACHER) for ear in ears])

    async def nothing(number: int) -> None:
        """Write nothing: the ears have heard it all."""

    await listening.run([Write("marks", frozenset({0, 1}), nothing)], 1, 0.0)

    assert [line for line in listening.wrong if said in line], listening.wrong
    assert isinstance(listening._heard[0], Counter)
