"""People of `tools/load.py`: coming in, cut off, coming back, reading slowly."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from loading.conducting import Stage
from loading.links import SlowStream
from loading.many_schools import rnes
from loading.measure import Tally
from loading.report import PhaseReport
from loading.running import play
from loading.scenario import (
    Incident,
    Later,
    LogIn,
    Mix,
    Open,
    People,
    Phase,
    Scenario,
)
from loading.scenario_file import Chosen
from loading.sessions import CannotPlan
from loading.targets import demo_target
from loading.testing import run_on, them
from pronote_client import Mode
from pronote_client.testing import ScriptedServer
from pronote_protocol.catalogue import CATALOGUE
from pronote_protocol.errors import NotAllowed

SEATS = CATALOGUE["seats.show"]


def of(phase: PhaseReport, call: str) -> Tally:
    return phase.measures.of(call=call)


async def test_logins_are_a_load_of_their_own(
    server: ScriptedServer, autojump_clock: MockClock
) -> None:
    crowd = them(10, coming=Later())
    coming = Open(people=crowd, does=LogIn(), rate=4.0, constant=True)

    report = await run_on(server, [Phase(name="rush", seconds=3.0, loads=[coming])])

    (phase,) = report.phases
    # Twelve arrivals and ten people: the scenario is at fault, and says so.
    assert of(phase, "login").errors == {"absent": 2}
    assert phase.present == {"them": 10}
    assert len(server.hellos) == 10


async def test_who_is_not_let_in_is_counted_and_comes_again(
    server: ScriptedServer, autojump_clock: MockClock
) -> None:
    server.refusals["session.enter"] = NotAllowed()
    crowd = them(1, coming=Later())
    coming = Open(people=crowd, does=LogIn(), rate=1.0, constant=True)

    report = await run_on(server, [Phase(name="rush", seconds=3.0, loads=[coming])])

    assert of(report.phases[0], "login").errors == {"not_allowed": 3}


async def test_who_was_cut_comes_back_to_his_session(
    server: ScriptedServer, autojump_clock: MockClock
) -> None:
    herd = them(5, resumable=True)

    async def cut(stage: Stage) -> None:
        assert stage.cut(herd) == 5

    phases = [Phase(name="cut", seconds=10.0, incidents=[Incident(at=1.0, what=cut)])]
    report = await run_on(server, phases, people=[herd])

    (phase,) = report.phases
    assert of(phase, "back").calls == 5
    assert not of(phase, "back").errors
    assert 0 < of(phase, "back").latency.max <= 0.25
    assert not phase.measures.endings
    assert server.methods().count("session.resume") == 5


async def test_who_lost_the_session_logs_in_again_if_he_is_one_who_does(
    server: ScriptedServer,
    autojump_clock: MockClock,
) -> None:
    returning, staying = them(3, returns=True), attrs.evolve(them(2), name="others")

    async def cut(stage: Stage) -> None:
        server.reachable = False
        stage.cut(returning)
        stage.cut(staying)
        await trio.sleep(5.0)
        server.reachable = True

    phases = [Phase(name="cut", seconds=30.0, incidents=[Incident(at=1.0, what=cut)])]
    report = await run_on(server, phases, people=[returning, staying])

    (phase,) = report.phases
    back = phase.measures.of(call="back", people="them")
    assert (back.calls, back.errors.total()) == (3, 0)
    assert back.latency.max > 5.0
    assert phase.measures.of(call="back", people="others").errors == {"ended_lost": 2}
    assert phase.measures.endings == {("them", "lost"): 3, ("others", "lost"): 2}
    assert phase.present == {"them": 3, "others": 0}


async def test_who_returns_does_so_every_time(
    server: ScriptedServer, autojump_clock: MockClock
) -> None:
    herd = them(3, returns=True)

    async def cut(stage: Stage) -> None:
        stage.cut(herd)

    cuts = [Incident(at=at, what=cut) for at in (1.0, 15.0)]
    report = await run_on(
        server, [Phase(name="cut", seconds=30.0, incidents=cuts)], people=[herd]
    )

    (phase,) = report.phases
    assert of(phase, "back").calls == 6
    assert phase.measures.endings == {("them", "lost"): 6}
    assert phase.present == {"them": 3}


async def test_what_needs_a_server_of_ours_or_more_schools_is_told_first(
    server: ScriptedServer,
    autojump_clock: MockClock,
) -> None:
    phases = [Phase(name="run", seconds=1.0)]
    wishes: dict[str, dict[str, Any]] = {
        "own: --demo": {"people": [them()], "own": True},
        "are of school 2": {"people": [them(school=2)]},
        "distinct": {"people": [them(distinct=True)]},
        "no account in mode teacher": {
            "people": [People(name="a", count=1, mode=Mode.TEACHER)]
        },
    }
    for told, options in wishes.items():
        with pytest.raises(CannotPlan) as refused:
            await run_on(server, phases, **options)
        assert told in str(refused.value)
    assert not server.hellos


async def test_a_slow_reader_reads_as_slowly_as_told(autojump_clock: MockClock) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    slow = SlowStream(ours)
    await theirs.send_all(b"x" * 1000)
    await theirs.send_all(b"y")
    slow.per_second = 100.0

    heard = b""
    while len(heard) < 1000:
        heard += await slow.receive_some()

    assert trio.current_time() == pytest.approx(10.0, abs=0.2)


@pytest.mark.real_tcp
async def test_a_server_of_ours_has_schools_and_people_of_their_own() -> None:
    """The processes too: two schools, teachers who are somebody, links of sockets and TLS."""
    teachers = People(name="teachers", count=4, mode=Mode.TEACHER, distinct=True)
    others = People(
        name="others", count=2, mode=Mode.SCHOOL_LIFE, school=1, resumable=True, reads=1e6
    )

    async def cut(stage: Stage) -> None:
        stage.cut(others)

    loads = [
        Open(people=teachers, does=Mix({"timetable.mine": 1}), rate=20.0),
        Open(people=others, does=Mix({"session.show": 1}), rate=20.0),
    ]
    phases = [
        Phase(name="work", seconds=0.4, loads=loads),
        Phase(name="cut", seconds=0.6, incidents=[Incident(at=0.0, what=cut)]),
    ]
    made = Scenario(what="x", phases=phases)
    async with demo_target(plain=False, schools=2, settings={}) as ours:
        players = await ours.players(teachers)
        report = await play(Chosen("test", {}, made), ours, seed=1)

        assert report is not None
        assert len({each.login for each in players}) == 4
        assert [each.settings.rne for each in ours.schools] == rnes(2)
        assert report.measures.errors == 0
        assert {people for people, _ in report.measures.tallies} == {"teachers", "others"}
        assert report.phases[1].measures.of(call="back").calls == 2
        assert report.memory_before is not None
        assert not report.complaints
