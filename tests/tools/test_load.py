"""`tools/load.py`: a ruler must not flatter, and must say when it bends."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from load import arguments_from, self_test_failures
from loading.demo_server import DemoAccount, accounts_from
from loading.effort import Effort
from loading.measure import Histogram, Measures, Slo, Validity, seconds_from
from loading.plan import Arrival, Asking, arrivals, mix_from, moments, plan
from loading.report import PhaseReport, Report
from loading.scenario import Objective
from loading.sessions import CannotPlan, cast
from pronote_client import Mode
from pronote_protocol.catalogue import CATALOGUE
from pronote_protocol.catalogue.call import ANY_MODE
from pronote_protocol.messages import Nothing

LOAD: Final = Path(__file__).resolve().parents[2] / "tools" / "load.py"
SHOW: Final = CATALOGUE["session.show"]
SEATS: Final = CATALOGUE["seats.show"]

ASKINGS: Final = [
    Asking(SHOW, 3.0, askers=[0, 1, 2, 3], params=[Nothing()]),
    Asking(SEATS, 1.0, askers=[0], params=[Nothing()]),
]


def planned(
    askings: list[Asking], *, rate: float, seconds: float, constant: bool, seed: int
) -> list[Arrival]:
    when = moments(rate, seconds, to=None, constant=constant, seed=f"{seed}")
    return plan(askings, when, f"{seed}")


def report(measures: Measures, *, cpu: float = 0.1, slo: str = "", **changes: Any) -> Report:
    phase = PhaseReport(
        name="run",
        seconds=4.0,
        measured=True,
        measures=measures,
        effort=Effort(generator=cpu, server=None, others=0.0, stolen=0.0),
        planned=measures.calls,
    )
    return Report(
        scenario="mixture",
        parameters={"rate": 50.0},
        phases=[attrs.evolve(phase, **changes)],
        objectives=[Objective(bounds=slo)] if slo else [],
        seed=1,
        composition={"teacher": 1},
        logins=[0.1],
        server="127.0.0.1:1",
    )


def frozen(*, coordinated: bool) -> Measures:
    """Return what is measured of a server that stands still from 1 s to 2 s."""
    measures, free_since = Measures(), 0.0
    for number in range(200):
        planned = number / 50
        answered = 2.0 if 1.0 <= planned < 2.0 else planned + 0.001
        measures.note(
            "session.show",
            # A generator that waits for its answers has late calls count from their start.
            planned=max(planned, free_since) if coordinated else planned,
            sent=max(planned, free_since) if coordinated else planned,
            free_since=free_since,
            answered=max(answered, free_since) + (0.001 if coordinated else 0.0),
        )
        free_since = answered
    return measures


# --------------------------------------------------------------------------- the plan


def test_the_plan_follows_from_its_seed() -> None:
    once, again, other = (
        planned(ASKINGS, rate=100, seconds=5, constant=False, seed=seed) for seed in (7, 7, 8)
    )

    assert once == again
    assert [each.at for each in once] != [each.at for each in other]


def test_another_mix_comes_at_the_same_moments() -> None:
    """So that two runs of one seed differ in what is asked, and in nothing else."""
    one, other = (
        planned(askings, rate=100, seconds=5, constant=False, seed=7)
        for askings in (ASKINGS, ASKINGS[:1])
    )

    assert [each.at for each in one] == [each.at for each in other]


def test_constant_arrivals_are_even_and_end_in_time() -> None:
    assert list(arrivals(4.0, 1.0, None)) == [0.0, 0.25, 0.5, 0.75]


def test_poisson_arrivals_have_the_rate_and_are_not_even() -> None:
    made = [each.at for each in planned(ASKINGS, rate=100, seconds=50, constant=False, seed=1)]
    gaps = [b - a for a, b in itertools.pairwise(made)]
    mean = sum(gaps) / len(gaps)
    spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5

    assert made == sorted(made)
    assert 4700 < len(made) < 5300
    # Of an exponential distribution the two are equal.
    assert spread == pytest.approx(mean, rel=0.1)


def test_only_who_may_make_a_call_is_sent_for_it() -> None:
    made = planned(ASKINGS, rate=100, seconds=20, constant=True, seed=1)
    calls = [each.call for each in made]

    assert {each.asker for each in made if each.call is SEATS} == {0}
    assert calls.count(SHOW) / calls.count(SEATS) == pytest.approx(3, rel=0.2)


@pytest.mark.parametrize("text", ["session.sing=3", "session.show=-1", "session.show=x", ""])
def test_a_mix_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"call|weight|float"):
        mix_from(text)


def account(mode: Mode, login: str) -> DemoAccount:
    return DemoAccount(mode, login, "x")


OFFICE: Final = [account(Mode.ADMINISTRATIVE, login) for login in ("SPR", *"abcdef")]
TEACHER: Final = account(Mode.TEACHER, "dupas")
SCHOOL_LIFE: Final = account(Mode.SCHOOL_LIFE, "bourdon")


def test_the_crowd_keeps_to_the_seats_and_leaves_the_supervisor_out() -> None:
    players = cast([*OFFICE, TEACHER, SCHOOL_LIFE], 200)

    assert len(players) == 200
    assert sum(each.mode is Mode.ADMINISTRATIVE for each in players) == 5
    assert "SPR" not in {each.login for each in players}
    assert {each.mode for each in players} == ANY_MODE


@pytest.mark.parametrize("sessions", range(1, 40))
def test_a_crowd_has_as_many_as_were_asked_for(sessions: int) -> None:
    for accounts in (
        [*OFFICE, TEACHER, SCHOOL_LIFE],
        [TEACHER, SCHOOL_LIFE],
        [OFFICE[0], TEACHER],
    ):
        assert len(cast(accounts, sessions)) == sessions


def test_a_small_crowd_has_every_mode() -> None:
    assert {each.mode for each in cast([*OFFICE, TEACHER, SCHOOL_LIFE], 4)} == ANY_MODE


def test_an_office_alone_cannot_be_a_crowd() -> None:
    assert cast(OFFICE[:1], 1) == OFFICE[:1]
    with pytest.raises(CannotPlan, match="5 seats"):
        cast(OFFICE, 6)
    with pytest.raises(CannotPlan, match="no account"):
        cast([], 1)


def test_accounts_are_those_of_a_ready_line() -> None:
    item = {"mode": "teacher", "login": "dupas", "password": "x", "name": "DUPAS Nicole"}

    assert accounts_from([item]) == (TEACHER,)
    with pytest.raises(ValueError, match="parent"):
        accounts_from([{**item, "mode": "parent"}])


# ------------------------------------------------------------------------ the measures


def test_latency_counts_from_the_planned_time() -> None:
    measures = Measures()
    measures.note("a", planned=1.0, sent=1.2, free_since=1.5, answered=2.0)

    assert measures.total.latency.max == pytest.approx(1.0, rel=1e-3)
    assert measures.total.naive.max == pytest.approx(0.5, rel=1e-3)
    assert measures.lag.max == pytest.approx(0.2, rel=1e-3)


def test_a_call_that_timed_out_stays_in_the_figures_and_a_refusal_does_not() -> None:
    """A call given up after ten seconds was slow; one refused at once was not fast."""
    measures = Measures()
    for error in (None, "timed_out", "not_allowed"):
        measures.note("a", planned=0, sent=0, free_since=0, answered=10, error=error)

    assert len(measures.total.latency) == 2
    assert measures.total.errors == {"timed_out": 1, "not_allowed": 1}
    assert (measures.calls, measures.errors) == (3, 2)
    assert measures.seconds[0].errors == 2


def test_a_histogram_keeps_three_digits() -> None:
    histogram = Histogram()
    for milliseconds in range(1, 1001):
        histogram.add(milliseconds / 1e3)

    assert histogram.at(50) == pytest.approx(0.5, rel=2e-3)
    assert histogram.at(99) == pytest.approx(0.99, rel=2e-3)
    assert histogram.max == pytest.approx(1.0, rel=2e-3)


def test_what_cannot_be_kept_is_kept_at_the_bounds() -> None:
    """A clock that jitters backwards, or a server gone for an hour, must not be lost."""
    histogram = Histogram()
    for seconds in (-0.001, 0.0, 3600.0):
        histogram.add(seconds)

    assert len(histogram) == 3
    assert histogram.max == pytest.approx(600, rel=1e-2)


@pytest.mark.parametrize(
    ("text", "seconds"), [("25ms", 0.025), ("30s", 30), ("2m", 120), ("0.5s", 0.5)]
)
def test_durations_have_a_unit(text: str, seconds: float) -> None:
    assert seconds_from(text) == pytest.approx(seconds)
    with pytest.raises(ValueError, match="expected a duration"):
        seconds_from(text.rstrip("msh"))


# -------------------------------------------------------------------------- the verdict


@pytest.mark.parametrize(
    ("lag", "cpu", "reasons"),
    [(0.010, 0.85, 0), (0.011, 0.85, 1), (0.010, 0.86, 1), (1.0, 1.0, 2)],
)
def test_a_generator_that_did_not_keep_up_says_so(lag: float, cpu: float, reasons: int) -> None:
    assert len(Validity(lag_p99=lag, cpu=cpu).reasons) == reasons


def test_calls_that_were_never_sent_make_a_run_invalid() -> None:
    """Leaving them out in silence would be the very omission this tool is against."""
    run = report(one_call(0.001), unsent=3)

    assert run.status == 98
    assert "3 planned calls" in run.invalid_because[0]


def test_throughput_counts_to_the_last_answer() -> None:
    """Asked for in four seconds and answered in eight is half of what was asked for."""
    assert report(one_call(8.0)).measured[0].throughput == pytest.approx(1 / 8)
    assert report(one_call(1.0)).measured[0].throughput == pytest.approx(1 / 4)


def one_call(answered: float, error: str | None = None, sent: float = 0.0) -> Measures:
    measures = Measures()
    measures.note("a", planned=0.0, sent=sent, free_since=0.0, answered=answered, error=error)
    return measures


@pytest.mark.parametrize(
    ("slo", "measures", "status"),
    [
        ("p99=25ms,p999=100ms,err=0", one_call(0.020), 0),
        ("p99=25ms", one_call(0.030), 99),
        ("max=1s", one_call(1.1), 99),
        ("err=0", one_call(0.001, "internal"), 99),
        ("err=100%", one_call(0.001, "internal"), 0),
        ("p99=25ms", one_call(0.001, "internal"), 99),
        ("p99=25ms", one_call(0.030, sent=0.02), 98),
    ],
)
def test_the_exit_status_says_what_the_run_is_worth(
    slo: str, measures: Measures, status: int
) -> None:
    """Invalid before missed: what a late generator measured proves nothing either way."""
    assert report(measures, slo=slo).status == status


def test_a_server_of_ours_that_logs_errors_is_no_success() -> None:
    run = attrs.evolve(report(one_call(0.001)), complaints=['{"level": "error"}'])

    assert run.status == 99
    assert "the server logged 1 errors" in run.missed[0]


@pytest.mark.parametrize(
    ("weight", "sessions", "missed"),
    [
        (64, 1000, []),
        (65, 1000, ["memory 65.0 KiB a session, at most 64.0 KiB"]),
        (64, 499, ["memory: the server's is not known"]),
    ],
)
def test_memory_is_judged_by_session_and_only_of_many(
    weight: int, sessions: int, missed: list[str]
) -> None:
    """What a server takes for itself after its start would be the weight of a few."""
    before = 10_000_000
    after = before + weight * 1024 * sessions
    run = report(one_call(0.001), slo="memory=64KiB", memory=after, present={"a": sessions})

    assert attrs.evolve(run, memory_before=before).missed == missed


@pytest.mark.parametrize("text", ["p98=1ms", "p99=25", "err=few", "p99"])
def test_an_objective_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"ask for|duration|float"):
        Slo.parse(text)


def test_the_report_for_programs_travels_as_json() -> None:
    said = json.loads(json.dumps(report(one_call(0.020), cpu=0.9).as_json()))

    assert said["verdict"] == "INVALID"
    assert said["latency"]["p99"] == pytest.approx(20, rel=1e-2)
    assert said["seed"] == 1
    assert said["by_second"] == [{"second": 0, "calls": 1, "errors": 0, "worst": 20.0}]
    assert {"python", "trio", "pronote-emulator"} <= said["versions"].keys()


def test_the_self_test_passes_an_honest_ruler_and_fails_a_coordinated_one() -> None:
    assert self_test_failures(report(frozen(coordinated=False))) == []
    assert self_test_failures(report(frozen(coordinated=True))) != []
    assert len(self_test_failures(report(one_call(0.01)))) == 3


# --------------------------------------------------------------------- the command line


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(LOAD), *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "arguments",
    [[], ["--demo", "--settings", "x"], ["--settings", "x"], ["--demo", "--for", "30"]],
)
def test_bad_usage_is_told_before_anything_starts(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments_from(arguments)

    assert ended.value.code == 2
    assert "usage: tools/load.py" in capsys.readouterr().err


def test_a_run_without_a_seed_draws_one_that_can_be_given_again() -> None:
    assert arguments_from(["--demo"]).seed != arguments_from(["--demo"]).seed
    assert arguments_from(["--demo", "--seed", "5"]).seed == 5


@pytest.mark.real_tcp
def test_a_server_that_is_not_there_is_no_failed_objective(tmp_path: Path) -> None:
    settings, accounts = tmp_path / "connexion.toml", tmp_path / "accounts.json"
    settings.write_text('address = "127.0.0.1"\nport = 1\ntls = false\n', "utf-8")
    accounts.write_text('[{"mode": "teacher", "login": "a", "password": "b"}]', "utf-8")

    ended = run("--settings", str(settings), "--accounts", str(accounts), "--sessions", "1")

    assert ended.returncode == 4
    assert "127.0.0.1:1" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.real_tcp
def test_a_frozen_server_is_seen_in_the_latency(tmp_path: Path) -> None:
    """The whole chain, on a real server: the only proof that the ruler measures pauses."""
    ended = run("--self-test", "--seed", "1", "--json", str(tmp_path / "report.json"))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    said = json.loads((tmp_path / "report.json").read_text("utf-8"))

    assert said["latency"]["max"] >= 900
    assert said["errors"] == {}
    assert said["calls"] == said["plan"]["calls"] == 200
    assert sum(said["plan"]["sessions"].values()) == 4
    # The pause is in the second it happened in, and the server was well before it.
    assert max(said["by_second"], key=lambda second: second["worst"])["second"] in (1, 2)
