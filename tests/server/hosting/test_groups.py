"""Groups of administrative users, behind the calls."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
import trio
from trio.testing import MockClock

from pronote_protocol.errors import Conflict
from pronote_protocol.words import GroupType
from pronote_server.hosting.asker import Asker
from pronote_server.hosting.groups import create_group, find_group
from pronote_server.testing import open_test_school

ASKER: Final = Asker("SPR", None)


@pytest.mark.parametrize("name", ["", "  ", "\t\n", "\u0301"])
async def test_a_group_needs_a_name_that_can_be_read(
    tmp_path: Path, autojump_clock: MockClock, name: str
) -> None:
    """Found by tools/fuzz_wire.py: the table refused it, and the client heard `internal`."""
    async with open_test_school(tmp_path, inline=True) as school:
        with pytest.raises(Conflict, match="name is needed"):
            await create_group(school, ASKER, name, GroupType.MODIFICATION)


async def test_a_group_is_found_by_its_name(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_test_school(tmp_path, inline=True) as school:
        group = await create_group(school, ASKER, " Intendance ", GroupType.MODIFICATION)

        assert find_group(school, "intendance") == group
        assert group.name == "Intendance"
        with pytest.raises(Conflict, match="exists already"):
            await create_group(school, ASKER, "INTENDANCE", GroupType.MODIFICATION)


async def test_of_two_who_create_the_same_group_at_once_one_is_told(tmp_path: Path) -> None:
    """Found by tools/fuzz_wire.py: both saw that there was none, and one heard `internal`."""
    heard: list[bool] = []

    async with open_test_school(tmp_path) as school:

        async def create() -> None:
            try:
                await create_group(school, ASKER, "Intendance", GroupType.MODIFICATION)
            except Conflict:
                heard.append(False)
            else:
                heard.append(True)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(create)
            nursery.start_soon(create)
        named = [group.name for group in school.directory.groups]

    assert sorted(heard) == [False, True]
    assert named.count("Intendance") == 1
