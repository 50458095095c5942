"""Scenarios of `tools/load.py`: what makes no sense is told before anything starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from load import arguments_from, chosen_by, main
from loading.scenario import (
    AtOnce,
    Closed,
    Incident,
    Later,
    LogIn,
    Mix,
    Objective,
    Open,
    People,
    Phase,
    Ramp,
    Scenario,
    ScenarioRefused,
)
from loading.scenario_file import READY_MADE, choose, ready_made
from loading.visit import Visit
from pronote_client import Mode

TEACHERS = People(name="teachers", count=3, mode=Mode.TEACHER)
OUTSIDE = People(name="outside", count=3, coming=Later())
SHOW = Mix({"session.show": 1})


async def errand(visit: Visit) -> None:
    await visit.client.session.show()


async def nothing(stage: Any) -> None:
    pass


def scenario(*loads: Open | Closed, **changes: Any) -> Scenario:
    phase = Phase(name="run", seconds=2.0, loads=loads)
    return attrs.evolve(Scenario(what="x", phases=[phase]), **changes)


def of(does: Any = SHOW, people: People = TEACHERS, rate: Any = 5.0, **changes: Any) -> Open:
    return Open(people=people, does=does, rate=rate, **changes)


def phase(**changes: Any) -> Scenario:
    made = Phase(name="run", seconds=2.0, loads=[of()])
    return Scenario(what="x", phases=[attrs.evolve(made, **changes)])


def people(**changes: Any) -> Scenario:
    return scenario(of(people=attrs.evolve(TEACHERS, **changes)))


def test_a_scenario_that_makes_sense_is_taken() -> None:
    made = scenario(
        of(to=20.0, constant=True),
        of(LogIn(), people=OUTSIDE),
        Closed(people=TEACHERS, does=errand, think=0.0),
        people=[People(name="idle", count=2, school=1, coming=AtOnce())],
        objectives=[Objective(bounds="p99=1s,memory=64KiB", phase="run", people="idle")],
    )

    made.check()

    assert [each.name for each in made.everybody()] == ["idle", "teachers", "outside"]
    assert made.schools == 2


@pytest.mark.parametrize(
    ("made", "said"),
    [
        pytest.param(scenario(of(Mix({}))), "nothing in it", id="empty mix"),
        pytest.param(
            scenario(of(Mix({"session.sing": 1}))), "no call 'session.sing'", id="no such call"
        ),
        pytest.param(
            scenario(of(Mix({"session.show": -1}))), "weight of session.show", id="weight"
        ),
        pytest.param(
            scenario(of(Mix({"marks.read": 1}))), "marks.read needs parameters", id="parameters"
        ),
        pytest.param(
            scenario(of(Mix({"base.show": 1}))), "base.show is for administrative", id="mode"
        ),
        pytest.param(scenario(of(rate=-3.0)), "rate: expected a number", id="negative rate"),
        pytest.param(scenario(of(rate=0.0)), "rate: expected a number", id="no rate"),
        pytest.param(scenario(of(rate="fast")), "got 'fast'", id="a word for a rate"),
        pytest.param(scenario(of(rate=1e7)), "20000000 arrivals, at most", id="too many"),
        pytest.param(scenario(of(does=3)), "a Mix, LogIn() or an errand", id="no errand"),
        pytest.param(scenario(of(LogIn())), "these are inside", id="in already"),
        pytest.param(scenario(of(people=OUTSIDE)), "they come later", id="mix for nobody"),
        pytest.param(
            scenario(Closed(people=OUTSIDE, does=LogIn())),  # type: ignore[arg-type]
            "LogIn() goes with Open",
            id="closed logins",
        ),
        pytest.param(
            scenario(Closed(people=TEACHERS, does=SHOW, think=-1.0)), "think", id="think"
        ),
        pytest.param(people(count=0), "count: expected a number", id="nobody"),
        pytest.param(people(count=1.5), "expected a whole number", id="half a person"),
        pytest.param(people(name=""), "people without a name", id="no name"),
        pytest.param(people(mode="teacher"), "expected a Mode", id="mode by name"),
        pytest.param(people(school=-1), "school", id="no such school"),
        pytest.param(people(coming=Ramp(0.0)), "Ramp: expected", id="ramp"),
        pytest.param(people(coming="soon"), "Ramp, AtOnce or Later", id="coming"),
        pytest.param(people(reads=0), "reads: expected", id="reads nothing"),
        pytest.param(phase(seconds=0), "seconds: expected", id="no time"),
        pytest.param(phase(grace=-1), "grace: expected", id="negative grace"),
        pytest.param(phase(name=""), "a phase without a name", id="nameless phase"),
        pytest.param(phase(measured=False), "no phase is measured", id="all warm-up"),
        pytest.param(phase(loads=[]), "nobody is in it", id="no loads"),
        pytest.param(phase(loads=[SHOW]), "expected loads", id="a mix is no load"),
        pytest.param(
            phase(incidents=[Incident(at=3.0, what=nothing)]), "at most 2", id="too late"
        ),
        pytest.param(Scenario(what="x", phases=[]), "no phases", id="no phases"),
        pytest.param(
            Scenario(what="x", phases=[*phase().phases, *phase().phases]),
            "two phase are called 'run'",
            id="twice",
        ),
        pytest.param(
            scenario(of(), people=[People(name="teachers", count=1)]),
            "two people are called 'teachers'",
            id="namesakes",
        ),
        pytest.param(
            scenario(of(), objectives=[Objective(bounds="p98=1ms")]), "ask for", id="bound"
        ),
        pytest.param(
            scenario(of(), objectives=[Objective(bounds="memory=3")]), "a size", id="no unit"
        ),
        pytest.param(
            scenario(of(), objectives=[Objective(bounds="err=0", phase="rush")]),
            "there is no phase 'rush'; there are run",
            id="no such phase",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(made: Scenario, said: str) -> None:
    with pytest.raises(ScenarioRefused) as refused:
        made.check()

    assert said in str(refused.value)


WHOLE = """
from loading.scenario import *
from loading.scenario import Mix, Open, People, Phase, Scenario
def scenario(sessions: int = 3, seconds: float = 2.0, plain: bool = False, name: str = "run"):
    them = People(name="them", count=sessions)
    loads = [Open(people=them, does=Mix({"session.show": 1}), rate=1.0)]
    return Scenario(what="x", phases=[Phase(name=name, seconds=seconds, loads=loads)])
"""


@pytest.fixture
def file_of(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "mine.py"
        path.write_text(text, "utf-8")
        return str(path)

    return write


def test_a_file_is_given_its_parameters(file_of: Callable[[str], str]) -> None:
    chosen = choose(file_of(WHOLE), {"sessions": "7", "seconds": "500ms", "plain": "yes"})

    assert chosen.name == "mine"
    assert chosen.parameters == {"sessions": 7, "seconds": 0.5, "plain": True, "name": "run"}
    assert next(chosen.scenario.everybody()).count == 7
    assert chosen.scenario.phases[0].seconds == 0.5


@pytest.mark.parametrize(
    ("text", "given", "said"),
    [
        ("def scenario(:", {}, "mine.py, line 1: SyntaxError"),
        ("\n\n1 / 0", {}, "mine.py, line 3: ZeroDivisionError"),
        ("import nowhere", {}, "ModuleNotFoundError"),
        ("raise SystemExit(0)", {}, "SystemExit"),
        ("x = 1", {}, "names no scenario"),
        ("def scenario(): return 3", {}, "returned 3, not a Scenario"),
        ("def scenario():\n    return {}['a']", {}, "line 2: KeyError"),
        ("def scenario(sessions): ...", {}, "parameter sessions of scenario() has no default"),
        (WHOLE, {"rate": "3"}, "no parameter 'rate'; there are sessions=3, seconds=2.0"),
        (WHOLE, {"sessions": "many"}, "sessions: expected int, got 'many'"),
        (WHOLE, {"seconds": "3y"}, "seconds: expected float"),
        (WHOLE, {"plain": "3"}, "plain: expected yes or no"),
        (WHOLE, {"sessions": "-3"}, "people 'them', count: expected a number"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_by_name(
    file_of: Callable[[str], str], text: str, given: dict[str, str], said: str
) -> None:
    with pytest.raises(ScenarioRefused) as refused:
        choose(file_of(text), given)

    assert said in str(refused.value)
    assert "mine.py" in str(refused.value)


def test_a_name_that_is_not_known_is_told_with_those_that_are() -> None:
    with pytest.raises(ScenarioRefused, match=r"no scenario 'noon'.*morning"):
        choose("noon", {})
    with pytest.raises(ScenarioRefused, match=r"nowhere\.py: there is no such file"):
        choose("nowhere.py", {})


@pytest.mark.parametrize("name", ready_made())
def test_what_comes_with_the_tool_makes_sense(name: str) -> None:
    chosen = choose(name, {})

    assert chosen.scenario.what
    assert chosen.scenario.phases


def test_the_example_of_the_readme_makes_sense(file_of: Callable[[str], str]) -> None:
    text = (READY_MADE.parent / "README.md").read_text("utf-8")
    example = text.partition("```python\n")[2].partition("```")[0]

    chosen = choose(file_of(example), {"seconds": "2m"})

    assert [each.name for each in chosen.scenario.phases] == ["warm-up", "steady", "peak"]


def test_a_bad_scenario_ends_with_2_and_no_traceback(
    file_of: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([file_of("1 / 0"), "--demo"]) == 2

    told = capsys.readouterr()
    assert "ZeroDivisionError" in told.err
    assert "Traceback" not in told.err + told.out


def test_those_that_come_with_the_tool_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0

    assert "login_rush" in capsys.readouterr().out


def test_the_options_of_the_mix_make_a_scenario() -> None:
    """The command lines of before scenarios go on saying what they said."""
    given = ["--demo", "--sessions", "20", "--rate", "30", "--for", "5s", "--warm-up", "1s"]
    chosen = chosen_by(arguments_from([*given, "--mix", "session.show=1", "--constant"]))

    warm_up, run = chosen.scenario.phases
    (load,) = run.loads
    assert (warm_up.seconds, warm_up.measured, run.seconds) == (1.0, False, 5.0)
    assert isinstance(load, Open)
    assert (load.rate, load.constant, load.people.count) == (30.0, True, 20)
    assert load.does == Mix({"session.show": 1.0})


def test_a_mix_without_a_warm_up_has_one_phase() -> None:
    chosen = chosen_by(arguments_from(["--demo", "--warm-up", "0s", "--schools", "3"]))

    assert [each.name for each in chosen.scenario.phases] == ["run"]
    assert chosen.scenario.schools == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["morning", "--demo", "--rate", "3"],
        ["morning", "--demo", "--constant"],
        ["morning", "--demo", "--self-test"],
        ["morning", "--demo", "--with", "teachers"],
        ["--demo", "--with", "teachers=3"],
        ["--settings", "a", "--settings", "b", "--accounts", "c"],
        ["morning"],
    ],
)
def test_options_that_say_nothing_together_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments_from(arguments)

    assert ended.value.code == 2
    assert "usage: tools/load.py" in capsys.readouterr().err
