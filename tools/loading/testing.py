"""Runs without a network, for tests: on a server that says what the test wants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loading.attendance import Way
from loading.conducting import Server
from loading.demo_server import DemoAccount, DemoSchool
from loading.report import Report
from loading.running import play
from loading.scenario import Mix, Objective, Open, People, Phase, Scenario
from loading.scenario_file import Chosen
from loading.targets import Target
from pronote_client import ConnectionSettings, Mode
from pronote_client.testing import ScriptedServer, inline
from pronote_protocol.catalogue.sessions import SeatsShown

__all__ = ["ANSWER", "MIX", "run_on", "scripted_target", "steady", "them"]

MIX = Mix({"seats.show": 1})
ANSWER = SeatsShown(
    modification_used=1,
    modification_total=6,
    reserved_for_administrators=1,
    consultation_used=None,
    teachers=0,
    teachers_total=None,
    school_life=0,
)


def scripted_target() -> Target:
    """Return a target whose only account is ``boss``, of password ``secret``."""
    settings = ConnectionSettings(address="127.0.0.1", tls=False)
    boss = DemoAccount(Mode.ADMINISTRATIVE, "boss", "secret")
    return Target((DemoSchool(settings, (boss,)),), Server())


async def run_on(
    server: ScriptedServer,
    phases: Sequence[Phase],
    *,
    slo: str = "",
    people: Sequence[People] = (),
    own: bool = False,
    **options: Any,
) -> Report:
    """Play a scenario of these phases on *server*; options go to `play`."""
    made = Scenario(what="x", phases=phases, people=people, own=own)
    made.check()
    report = await play(
        Chosen("test", {}, made),
        scripted_target(),
        seed=1,
        objectives=[Objective(bounds=slo)] if slo else [],
        way=Way(server.connect, inline),
        **options,
    )
    assert report is not None
    return report


def them(count: int = 3, **changes: Any) -> People:
    """Return some people who can log in at a scripted target."""
    return People(name="them", count=count, mode=Mode.ADMINISTRATIVE, **changes)


def steady(people: People, rate: float = 10.0, does: Any = MIX) -> Open:
    """Return an even load."""
    return Open(people=people, does=does, rate=rate, constant=True)
