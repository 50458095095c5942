"""The demo school: the same for a seed, finished when it was interrupted, kept when changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pronote_protocol.catalogue.call import ANY_MODE
from pronote_server.clock import Clock
from pronote_server.config import Passwords, SchoolSettings, Suspension
from pronote_server.hosting import bases, demo
from pronote_server.hosting.demo import DEMO_RNE, DEMO_SCHOOL_NAME, demo_accounts, fill_demo
from pronote_server.hosting.opening import open_school

SETTINGS = SchoolSettings(
    rne=DEMO_RNE, name=DEMO_SCHOOL_NAME, passwords=Passwords(scram_iterations=4096)
)


async def test_an_interrupted_demo_is_finished_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(Exception):
        pass

    def power_cut(*_: object) -> None:
        raise PowerCut

    async with open_school(SETTINGS, Suspension(), tmp_path, Clock(), inline=True) as school:
        with monkeypatch.context() as patched:
            patched.setattr(demo, "find_group", power_cut)
            with pytest.raises(PowerCut):
                await fill_demo(school, 3)
        assert not school.in_service
        accounts = len(school.directory.accounts)
    async with open_school(SETTINGS, Suspension(), tmp_path, Clock(), inline=True) as school:
        await fill_demo(school, 3)
        shown = demo_accounts(school)
        assert school.in_service
        # The teachers and the staff had theirs already.
        assert len(school.directory.accounts) == accounts + 6

    assert [each.login for each in shown][:2] == ["SPR", "sec1"]
    assert all(each.password for each in shown)
    assert {each.mode for each in shown} == ANY_MODE


async def test_filling_twice_changes_nothing_but_puts_in_service(tmp_path: Path) -> None:
    async with open_school(SETTINGS, Suspension(), tmp_path, Clock(), inline=True) as school:
        await fill_demo(school, 0)
        first = demo_accounts(school)
        await bases.stop(school, by="test")
        await fill_demo(school, 1)
        again = demo_accounts(school)
        assert school.in_service

    assert first == again
