"""`tools/load.py compare`: it says what two lots of runs differ in, or that nobody can say."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load import main
from loading.comparing import DIFFERS, NOISY, SAME, compared, p_value

FIVE = [10.0, 10.1, 10.2, 10.3, 10.4]


def run_of(p99: float, **changes: Any) -> dict[str, Any]:
    """Return as much of a report as is compared."""
    row = {
        "people": "them",
        "call": "session.show",
        "latency": {"count": 100, "p50": p99 / 2, "p99": p99},
    }
    phase = {
        "name": "run",
        "measured": True,
        "models": ["open"],
        "seconds": 10.0,
        "calls": 1000,
        "calls_per_second": 100.0,
        "cores_used": {"server": 0.2},
        "memory_per_session": None,
        "sessions": {"them": 3},
        "all_calls": row,
        "by_people": [row],
    }
    return {
        "status": 0,
        "verdict": "ok",
        "scenario": "mixture",
        "parameters": {"rate": 100.0},
        "versions": {"commit": "abc"},
        "machine": {"load_average": [0.5, 0.5, 0.5]},
        "phases": [phase],
        **changes,
    }


def verdict_of(before: Sequence[float], after: Sequence[float]) -> str:
    rows = compared([run_of(each) for each in before], [run_of(each) for each in after])
    (row,) = [row for row in rows if row.name == "run: session.show p99 (ms)"]
    return row.verdict


def test_two_lots_that_lie_apart_differ_by_chance_twice_in_252() -> None:
    assert p_value([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == pytest.approx(2 / 252)
    assert p_value([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]) == pytest.approx(2 / 252)
    assert p_value([1, 2, 3], [1, 2, 3]) == 1.0
    assert p_value([4, 4], [4, 4]) == 1.0


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=5),
    st.lists(st.integers(0, 6), min_size=1, max_size=5),
)
def test_the_chance_is_what_dealing_out_all_the_ways_gives(
    before: list[int], after: list[int]
) -> None:
    """Ties included: counted the slow way, by every choice of who is in the first lot."""
    pooled = [*before, *after]

    def wins(chosen: Sequence[int]) -> float:
        others = [each for number, each in enumerate(pooled) if number not in chosen]
        first = [pooled[number] for number in chosen]
        return sum((a > b) + (a == b) / 2 for a in first for b in others)

    middle = len(before) * len(after) / 2
    seen = abs(wins(range(len(before))) - middle)
    ways = [
        abs(wins(chosen) - middle)
        for chosen in itertools.combinations(range(len(pooled)), len(before))
    ]
    expected = sum(each >= seen - 1e-9 for each in ways) / len(ways)

    assert p_value(before, after) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        ([12.0, 12.1, 12.2, 12.3, 12.4], DIFFERS),
        ([8.0, 8.1, 8.2, 8.3, 8.4], DIFFERS),
        (FIVE, SAME),
        ([10.05, 10.15, 10.25, 10.35, 10.0], SAME),
        ([10.0, 30.0, 9.0, 25.0, 4.0], NOISY),
        # One of them on the other side: four chances in 252, which is too many.
        ([10.35, 11.0, 11.1, 11.2, 11.3], NOISY),
    ],
)
def test_the_verdict_follows_from_the_rule(after: list[float], verdict: str) -> None:
    assert verdict_of(FIVE, after) == verdict


def test_what_differs_by_less_than_2_percent_does_not_matter() -> None:
    assert verdict_of(FIVE, [10.41, 10.42, 10.43, 10.44, 10.45]) == DIFFERS
    near = [10.0, 10.01, 10.02, 10.03, 10.04]
    assert verdict_of(near, [each + 0.05 for each in near]) == SAME


def test_figures_that_some_run_lacks_are_not_compared() -> None:
    odd = run_of(10.0)
    odd["phases"][0]["by_people"] = []

    rows = compared([run_of(10.0), odd], [run_of(10.0)] * 2)

    assert [row.name for row in rows] == [
        "run: all calls p50 (ms)",
        "run: all calls p99 (ms)",
        "run: server's processor (us a call)",
    ]


@pytest.fixture
def files(tmp_path: Path) -> Callable[[str, Sequence[dict[str, Any]]], list[str]]:
    def write(name: str, reports: Sequence[dict[str, Any]]) -> list[str]:
        paths = [tmp_path / f"{name}{number}.json" for number in range(len(reports))]
        for path, report in zip(paths, reports, strict=True):
            path.write_text(json.dumps(report), "utf-8")
        return [str(path) for path in paths]

    return write


def test_a_comparison_is_shown_and_written(
    files: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files("before", [run_of(each) for each in FIVE])
    after = files("after", [run_of(2 * each) for each in FIVE])
    table = tmp_path / "table.json"

    assert main(["compare", "--json", str(table), *before, "--", *after]) == 0

    shown = capsys.readouterr().out
    assert "run: session.show p99 (ms)" in shown
    assert "5 runs of abc" in shown
    assert {row["verdict"] for row in json.loads(table.read_text("utf-8"))} == {DIFFERS, SAME}


@pytest.mark.parametrize(
    ("times", "status"), [(1.05, 0), (1.5, 99), (0.5, 0)], ids=["within", "slower", "faster"]
)
def test_worse_than_allowed_ends_with_99(
    files: Callable[..., list[str]], times: float, status: int
) -> None:
    before = files("before", [run_of(each) for each in FIVE])
    after = files("after", [run_of(times * each) for each in FIVE])

    assert main(["compare", "--at-most", "1.1", *before, "--", *after]) == status


def test_too_few_valid_runs_say_nothing(
    files: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    before = files("before", [run_of(each) for each in FIVE])
    after = files(
        "after",
        [*(run_of(each) for each in FIVE[:4]), run_of(9.0, status=98, verdict="INVALID")],
    )

    assert main(["compare", *before, "--", *after]) == 98

    shown = capsys.readouterr().out
    assert "left out" in shown
    assert "too few runs to say anything: 5 before, 4 after" in shown


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([run_of(10.0, parameters={"rate": 5.0})], "different scenarios"),
        ([{"latency": 3}], "no report of tools/load.py"),
        ([[]], "no report of tools/load.py"),
        ([{"status": 0, "phases": [{"measured": True}]}], "no report of tools/load.py"),
    ],
)
def test_what_cannot_be_compared_is_told_without_a_traceback(
    files: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
    others: list[Any],
    said: str,
) -> None:
    before = files("before", [run_of(each) for each in FIVE])

    assert main(["compare", *before, "--", *files("after", others)]) == 2

    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_a_comparison_with_nothing_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["compare", "a.json"])

    assert ended.value.code == 2
    assert "BEFORE.json" in capsys.readouterr().err
