"""Runs of `tools/load.py`, on a server that says what a test wants, by a clock that jumps."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

import load as load_module
from load import arguments_from, measure
from loading.attendance import Way
from loading.conducting import Stage
from loading.measure import Tally
from loading.report import PhaseReport
from loading.scenario import (
    Closed,
    Incident,
    Open,
    Phase,
    Scenario,
)
from loading.scenario_file import Chosen
from loading.targets import Target
from loading.testing import ANSWER, MIX, run_on, scripted_target, steady, them
from loading.visit import ErrandFailed, Visit
from pronote_client.testing import ScriptedServer, inline
from pronote_protocol.catalogue import CATALOGUE
from pronote_protocol.catalogue.sessions import SeatsShown
from pronote_protocol.errors import NotAllowed

SEATS = CATALOGUE["seats.show"]


def after(seconds: float) -> Callable[[Any], Any]:
    async def answer(params: Any) -> SeatsShown:
        await trio.sleep(seconds)
        return ANSWER

    return answer


def of(phase: PhaseReport, call: str) -> Tally:
    return phase.measures.of(call=call)


async def test_each_phase_has_its_own_rates_and_figures(
    server: ScriptedServer, autojump_clock: MockClock
) -> None:
    people = them()
    report = await run_on(
        server,
        [
            Phase(name="warm-up", seconds=1.0, loads=[steady(people)], measured=False),
            Phase(name="steady", seconds=2.0, loads=[steady(people)]),
            Phase(name="idle", seconds=5.0),
            Phase(name="peak", seconds=2.0, loads=[steady(people, 50.0)]),
        ],
    )

    assert {each.name: each.measures.calls for each in report.phases} == {
        "warm-up": 10,
        "steady": 20,
        "idle": 0,
        "peak": 100,
    }
    assert (report.status, report.measures.calls) == (0, 120)
    # The warm-up is before the beginning; the peak is seven seconds after it.
    assert set(report.measures.seconds) == {0, 1, 7, 8}
    assert report.as_json()["plan"]["calls"] == 120


async def test_a_rate_may_rise_within_a_phase(
    server: ScriptedServer, autojump_clock: MockClock
) -> None:
    rising = Open(people=them(), does=MIX, rate=0.0, to=20.0, constant=True)

    report = await run_on(server, [Phase(name="rise", seconds=4.0, loads=[rising])])

    seconds = report.measures.seconds
    assert [seconds[number].calls for number in range(4)] == [3, 7, 13, 17]


async def test_a_closed_model_waits_for_answers_and_thinks(
    server: ScriptedServer, autojump_clock: MockClock
) -> None:
    server.answers["seats.show"] = after(0.5)
    asking = Closed(people=them(2), does=MIX, think=0.5, constant=True)

    report = await run_on(server, [Phase(name="run", seconds=10.0, loads=[asking])])

    # Each asks once a second, whatever the moment it began at; nobody hurries.
    assert report.measures.calls == 20
    assert report.measures.total.latency.max == pytest.approx(0.5, rel=1e-2)
    assert list(report.phases[0].models) == ["closed"]


async def test_an_open_model_does_not_wait(
    server: ScriptedServer, autojump_clock: MockClock
) -> None:
    server.answers["seats.show"] = after(0.5)

    report = await run_on(server, [Phase(name="run", seconds=2.0, loads=[steady(them(2))])])

    # The server makes 2 a second on each of two connections, and ten come a second.
    assert report.measures.calls == 20
    assert report.measures.total.latency.max > 2.0
    assert report.measures.total.naive.max == pytest.approx(0.5, rel=1e-2)


async def test_a_missed_objective_ends_with_99(
    server: ScriptedServer, autojump_clock: MockClock
) -> None:
    server.answers["seats.show"] = after(0.05)
    phases = [Phase(name="run", seconds=1.0, loads=[steady(them())])]

    assert (await run_on(server, phases, slo="p99=60ms,err=0")).status == 0
    missed = await run_on(server, phases, slo="p99=40ms")
    assert missed.status == 99
    assert "p99 50" in missed.missed[0]


async def test_a_late_generator_ends_with_98_whatever_was_missed(
    server: ScriptedServer, autojump_clock: MockClock
) -> None:
    def held_up(params: Any) -> SeatsShown:
        # The whole process stands still, as a starved generator does.
        autojump_clock.jump(8.0)
        return ANSWER

    server.answers["seats.show"] = held_up
    phases = [Phase(name="run", seconds=20.0, loads=[steady(them(), 1.0)])]

    report = await run_on(server, phases, slo="p99=1ms")

    assert report.status == 98
    assert report.missed
    unsent = report.phases[0].unsent
    assert 0 < report.measures.calls < 20
    assert report.measures.calls + unsent == 20
    assert f"run: {unsent} planned calls were never sent" in report.invalid_because


async def test_refusals_are_errors_and_no_fast_answers(
    server: ScriptedServer, autojump_clock: MockClock
) -> None:
    server.answers["seats.show"] = NotAllowed()

    report = await run_on(
        server, [Phase(name="run", seconds=1.0, loads=[steady(them())])], slo="err=0"
    )

    assert report.measures.total.errors == {"not_allowed": 10}
    assert not len(report.measures.total.latency)
    assert report.status == 99


async def test_a_server_that_hangs_does_not_hold_us(
    server: ScriptedServer, autojump_clock: MockClock
) -> None:
    """The phase ends, its grace ends, everybody leaves: nobody waits for the server."""
    server.answers["seats.show"] = after(1e6)
    begun = trio.current_time()
    people = them()
    loads: list[Open | Closed] = [
        steady(people, 5.0),
        Closed(people=people, does=MIX, think=0.1),
    ]

    report = await run_on(
        server, [Phase(name="run", seconds=2.0, loads=loads, grace=3.0)], deadline=600.0
    )

    assert trio.current_time() - begun < 2 + 3 + 10
    errors = report.measures.total.errors
    assert set(errors) == {"given_up"}
    # What was given up lasted at least so long.
    assert report.measures.total.latency.max == pytest.approx(5.0, rel=1e-2)


async def test_a_call_that_is_not_answered_in_time_says_so_itself(
    server: ScriptedServer,
    autojump_clock: MockClock,
) -> None:
    server.answers["seats.show"] = after(1e6)

    report = await run_on(
        server, [Phase(name="run", seconds=1.0, loads=[steady(them())])], deadline=2.0
    )

    assert report.measures.total.errors == {"timed_out": 10}


async def test_an_errand_is_measured_as_a_whole_and_by_its_calls(
    server: ScriptedServer,
    autojump_clock: MockClock,
) -> None:
    server.answers["seats.show"] = after(0.1)

    async def look_twice(visit: Visit) -> None:
        await visit.ask(SEATS)
        await visit.client.seats.show()  # not measured
        await visit.ask(SEATS)

    load = steady(them(), 1.0, look_twice)

    report = await run_on(server, [Phase(name="run", seconds=3.0, loads=[load])])

    (phase,) = report.phases
    assert of(phase, "seats.show").calls == report.measures.calls == 6
    assert of(phase, "look_twice()").calls == 3
    # Only what was planned can be sent late.
    assert len(phase.measures.lag) == 3
    assert of(phase, "look_twice()").latency.max == pytest.approx(0.3, rel=1e-2)


async def test_the_first_call_of_an_errand_counts_from_its_planned_moment(
    server: ScriptedServer, autojump_clock: MockClock
) -> None:
    async def dawdle(visit: Visit) -> None:
        await trio.sleep(1.0)
        await visit.ask(SEATS)
        await visit.ask(SEATS)

    load = steady(them(), 1.0, dawdle)

    report = await run_on(server, [Phase(name="run", seconds=1.0, loads=[load])])

    latency = of(report.phases[0], "seats.show").latency
    assert latency.max == pytest.approx(1.0, rel=1e-2)
    assert latency.at(50) < 0.01


async def test_a_mistake_in_an_errand_is_told_with_its_line(
    server: ScriptedServer, autojump_clock: MockClock
) -> None:
    async def stumble(visit: Visit) -> None:
        raise KeyError("lessons")

    load = steady(them(), 1.0, stumble)

    with pytest.RaisesGroup(ErrandFailed, flatten_subgroups=True) as raised:
        await run_on(server, [Phase(name="run", seconds=3.0, loads=[load])])

    (failed,) = _leaves(raised.value)
    assert "stumble raised KeyError: 'lessons' (test_load_runs.py, line" in str(failed)


def _leaves(exc: BaseException) -> list[BaseException]:
    if isinstance(exc, BaseExceptionGroup):
        return [leaf for each in exc.exceptions for leaf in _leaves(each)]
    return [exc]


async def test_errors_within_a_nursery_of_an_errand_are_counted(
    server: ScriptedServer,
    autojump_clock: MockClock,
) -> None:
    """Trio puts them into groups, and a group is no mistake of the scenario's."""
    server.answers["seats.show"] = NotAllowed()

    async def both(visit: Visit) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(visit.ask, SEATS)
            nursery.start_soon(visit.ask, SEATS)

    load = steady(them(), 1.0, both)
    report = await run_on(server, [Phase(name="run", seconds=2.0, loads=[load])])

    assert of(report.phases[0], "both()").errors == {"not_allowed": 2}


async def test_an_interrupted_run_reports_what_it_has(
    server: ScriptedServer, autojump_clock: MockClock
) -> None:
    interrupted, people, asked = trio.Event(), them(), itertools.count(1)

    async def answer(params: Any) -> SeatsShown:
        if next(asked) > 15:
            await trio.sleep_forever()  # on its way when the run is interrupted
        return ANSWER

    server.answers["seats.show"] = answer

    async def stop(stage: Stage) -> None:
        interrupted.set()

    phases = [
        Phase(
            name="run",
            seconds=60.0,
            loads=[steady(people)],
            incidents=[Incident(at=2.05, what=stop)],
        ),
        Phase(name="never", seconds=60.0, loads=[steady(people)]),
    ]
    report = await run_on(server, phases, slo="p99=1us", interrupted=interrupted)

    assert report.status == 130
    assert [each.name for each in report.phases] == ["run"]
    assert report.phases[0].seconds == pytest.approx(2.05)
    assert report.measures.calls == 15
    assert report.measures.errors == 0


async def test_a_signal_ends_the_run_and_keeps_what_was_measured(
    server: ScriptedServer, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def scripted(options: Any, chosen: Any) -> AsyncIterator[Target]:
        yield scripted_target()

    async def interrupt(stage: Stage) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    people = them()
    phase = Phase(
        name="run",
        seconds=60.0,
        loads=[steady(people)],
        incidents=[Incident(at=1.05, what=interrupt)],
    )
    monkeypatch.setattr(load_module, "_target", scripted)
    chosen = Chosen("test", {}, Scenario(what="x", phases=[phase]))
    options = arguments_from(["--demo", "--seed", "1"])

    report = await measure(options, chosen, Way(server.connect, inline))

    assert report is not None
    assert (report.status, report.measures.calls) == (130, 11)
    # Everybody has left, as after any run.
    assert not server.seated


async def test_a_phase_that_settles_keeps_the_next_one_waiting(
    server: ScriptedServer, autojump_clock: MockClock
) -> None:
    server.answers["seats.show"] = after(3.0)
    people = them(1)
    phases = [
        Phase(name="first", seconds=1.0, loads=[steady(people, 1.0)], settle=True),
        Phase(name="then", seconds=1.0, loads=[steady(people, 1.0)]),
    ]

    report = await run_on(server, phases)

    assert report.phases[1].begins == pytest.approx(3.0, rel=1e-2)
    assert of(report.phases[1], "seats.show").latency.max == pytest.approx(3.0, rel=1e-2)
