"""
Two lots of runs held against each other: by how much they differ, and whether that is said
with reason.

One run proves nothing: on a shared machine p99 moves by a factor of seven between neighbours.
So each figure of each run is one number, a lot has at least five of them, and the **rule** is:

* *differs*: the Mann-Whitney test (exact, two-sided) gives it less than one chance in a
  hundred if both lots came from the same source, and the medians are 2 % apart;
* *does not differ*: it does not, and the middle halves, divided by each other both ways, stay
  within 10 % of 1: a difference that counts would have shown;
* *too noisy to say*: neither.

A chance of one in a hundred, and not in twenty, for a report has some twenty figures. It needs
five runs in each lot, and those five then all on one side.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
from rich.console import Console
from rich.table import Table

__all__ = [
    "DIFFERS",
    "NOISY",
    "SAME",
    "Compared",
    "compare",
    "compared",
    "figures_of",
    "p_value",
]

LEAST_RUNS: Final = 5
_CHANCE: Final = 0.01
_SMALLEST: Final = 0.02
_SAME_WITHIN: Final = 0.10
_WIDTH: Final = 150
_PERCENTILES: Final = ("p50", "p99")

DIFFERS: Final = "differs"
SAME: Final = "does not differ"
NOISY: Final = "too noisy to say"

EXIT_MISSED: Final = 99
EXIT_INVALID: Final = 98


@attrs.frozen
class Spread:
    """The middle of a lot: its quartiles."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(low, median, high)


@attrs.frozen
class Compared:
    """
    One figure of both lots.

    Attributes:
        p: How often chance alone would set the lots so far apart.
        less_is_better: None where neither is.
    """

    name: str
    before: Spread
    after: Spread
    p: float
    less_is_better: bool | None

    @property
    def ratio(self) -> float:
        """After by before, of the medians."""
        return _ratio(self.after.median, self.before.median)

    @property
    def verdict(self) -> str:
        if self.p < _CHANCE and abs(self.ratio - 1) >= _SMALLEST:
            return DIFFERS
        apart = (
            _ratio(self.after.low, self.before.high),
            _ratio(self.after.high, self.before.low),
        )
        if all(abs(each - 1) <= _SAME_WITHIN for each in apart):
            return SAME
        return NOISY

    @property
    def worse_by(self) -> float:
        """How many times worse it has become; 1 when it has not, or nobody can say."""
        if self.verdict != DIFFERS or self.less_is_better is None:
            return 1.0
        ratio = self.ratio if self.less_is_better else _ratio(1.0, self.ratio)
        return max(1.0, ratio)


def _ratio(a: float, b: float) -> float:
    if b:
        return a / b
    return 1.0 if not a else math.inf


def p_value(before: Sequence[float], after: Sequence[float]) -> float:
    """
    Return the two-sided chance of the Mann-Whitney test, exact, ties included.

    Every way of dealing the ranks to the two lots is as likely as the other; the answer is the
    share of those whose sum of ranks is at least as far from the middle.
    """
    pooled = sorted([*before, *after])
    # Twice the middle rank of equal values, so that all stay whole numbers.
    rank = {value: 2 * pooled.index(value) + pooled.count(value) + 1 for value in set(pooled)}
    ranks = [rank[value] for value in pooled]
    ways: list[Counter[int]] = [Counter({0: 1}), *(Counter() for _ in before)]
    for each in ranks:
        for size in range(len(before), 0, -1):
            for total, count in ways[size - 1].items():
                ways[size][total + each] += count
    middle = sum(ranks) * len(before) / len(pooled)
    off = abs(sum(rank[value] for value in before) - middle) - 1e-9
    far = sum(count for total, count in ways[-1].items() if abs(total - middle) >= off)
    return far / ways[-1].total()


def figures_of(report: Mapping[str, Any]) -> dict[str, tuple[float, bool | None]]:
    """Return the figures of a report that can be compared, and whether less is better."""
    found: dict[str, tuple[float, bool | None]] = {}
    for phase in report["phases"]:
        if not phase["measured"]:
            continue
        name = phase["name"]
        several = len(phase["sessions"]) > 1
        tallies = {
            (f"{row['people']}, " if several else "") + row["call"]: row
            for row in phase["by_people"]
        }
        for what, tally in {"all calls": phase["all_calls"], **tallies}.items():
            for percentile in _PERCENTILES if tally["latency"]["count"] else ():
                key = f"{name}: {what} {percentile} (ms)"
                found[key] = tally["latency"][percentile], True
        used = phase["cores_used"]["server"]
        if used is not None and phase["calls"]:
            spent = used * phase["seconds"] * 1e6 / phase["calls"]
            found[f"{name}: server's processor (us a call)"] = spent, True
        if phase["memory_per_session"] is not None:
            weight = phase["memory_per_session"] / 1024
            found[f"{name}: memory (KiB a session)"] = weight, True
        if phase["models"] == ["closed"]:
            found[f"{name}: rate (calls/s)"] = phase["calls_per_second"], False
    return found


def compared(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[Compared]:
    """Return the figures that all these reports have."""
    lots = [[figures_of(report) for report in lot] for lot in (before, after)]
    first = lots[0][0]
    common = [name for name in first if all(name in figures for lot in lots for figures in lot)]
    rows = []
    for name in common:
        a, b = ([figures[name][0] for figures in lot] for lot in lots)
        rows.append(Compared(name, Spread.of(a), Spread.of(b), p_value(a, b), first[name][1]))
    return rows


class _Useless(Exception):
    """These files cannot be compared; the sentence says why."""


def _arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tools/load.py compare",
        usage="%(prog)s [--at-most RATIO] [--json FILE] BEFORE.json ... -- AFTER.json ...",
        description="Compare reports that --json wrote, of one scenario.",
    )
    cut = given.index("--") if "--" in given else len(given)
    parser.add_argument("before", nargs="+", type=Path)
    parser.add_argument(
        "--at-most",
        type=float,
        metavar="RATIO",
        help="exit with 99 when a figure differs and is worse by more: 1.1",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="the table, for programs")
    options = parser.parse_args(given[:cut])
    options.after = [Path(each) for each in given[cut + 1 :]]
    if not options.after:
        parser.error("what is compared with what? BEFORE.json ... -- AFTER.json ...")
    return options


def compare(given: list[str]) -> int:
    """Compare, print, return the exit status: 0, 98 too few runs, 99 worse than allowed."""
    options = _arguments(given)
    try:
        left_out: list[str] = []
        lots = [_read(paths, left_out) for paths in (options.before, options.after)]
        _alike([*lots[0], *lots[1]])
    except _Useless as useless:
        print(f"tools/load.py compare: {useless}", file=sys.stderr)
        return 2
    for line in left_out:
        print(line)
    if min(len(lot) for lot in lots) < LEAST_RUNS:
        print(
            f"too few runs to say anything: {len(lots[0])} before, {len(lots[1])} after; "
            f"at least {LEAST_RUNS} valid ones each, made in turn"
        )
        return EXIT_INVALID
    rows = compared(*lots)
    _show(rows, lots)
    if options.json is not None:
        said = [
            {**attrs.asdict(row), "ratio": row.ratio, "verdict": row.verdict} for row in rows
        ]
        options.json.write_text(json.dumps(said, indent=1) + "\n", "utf-8")
    if options.at_most is not None:
        worse = [row for row in rows if row.worse_by > options.at_most]
        for row in worse:
            print(f"{row.name}: {row.worse_by:.2f} times worse, at most {options.at_most:g}")
        return EXIT_MISSED if worse else 0
    return 0


def _read(paths: Sequence[Path], left_out: list[str]) -> list[dict[str, Any]]:
    kept = []
    for path in paths:
        try:
            said = json.loads(path.read_text("utf-8"))
            status, phases = said["status"], said["phases"]
            figures_of(said)
            said["scenario"], said["parameters"], said["versions"], said["machine"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _Useless(f"{path}: no report of tools/load.py ({error})") from None
        if status in (EXIT_INVALID, 130) or not phases:
            left_out.append(f"left out: {path}, {said.get('verdict')}")
        else:
            kept.append(said)
    return kept


def _alike(reports: Sequence[Mapping[str, Any]]) -> None:
    kinds = {
        json.dumps([each["scenario"], each["parameters"]], sort_keys=True) for each in reports
    }
    if len(kinds) > 1:
        listed = " and ".join(sorted(kinds)[:2])
        raise _Useless(f"these are runs of different scenarios: {listed}")


def _show(rows: Sequence[Compared], lots: Sequence[Sequence[Mapping[str, Any]]]) -> None:
    out = Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
    for name, lot in zip(("before", "after"), lots, strict=True):
        commits = sorted({str(each["versions"].get("commit", "?")) for each in lot})
        loads = [each["machine"]["load_average"][0] for each in lot]
        out.print(
            f"{name:<8}{len(lot)} runs of {', '.join(commits)}; load average "
            f"{min(loads):.1f} to {max(loads):.1f}",
            markup=False,
        )
    table = Table(title="Medians and quartiles over the runs", title_justify="left")
    table.add_column("figure", no_wrap=True)
    for column in ("before", "after", "ratio", "chance"):
        table.add_column(column, justify="right")
    table.add_column("verdict")
    for row in rows:
        table.add_row(
            row.name,
            _spread(row.before),
            _spread(row.after),
            f"{row.ratio:.2f}",
            f"{row.p:.3f}",
            row.verdict,
        )
    out.print(table)
    counted = Counter(row.verdict for row in rows)
    out.print(", ".join(f"{count} {verdict}" for verdict, count in counted.items()))


def _spread(spread: Spread) -> str:
    return f"{spread.median:.2f} ({spread.low:.2f}..{spread.high:.2f})"
