"""The report of a run on a screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from loading.measure import PERCENTILES, Tally
from loading.report import PhaseReport, Report, command, versions

__all__ = ["show"]

_WIDTH: Final = 132
_MODELS: Final[Mapping[tuple[str, ...], str]] = {
    (): "no load",
    ("open",): "open model",
    ("closed",): "closed model: blind to pauses",
    ("closed", "open"): "open and closed models",
}


def show(report: Report, console: Console | None = None) -> None:
    """Print it; a pipe gets the full width too."""
    out = console or Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
    out.print(f"verdict     {report.verdict}", style="bold", markup=False)
    for reason in (*report.invalid_because, *report.missed):
        out.print(f"            {reason}", markup=False)
    for name, text in _lines(report).items():
        out.print(f"{name:<12}{text}", markup=False, soft_wrap=True)
    for phase in report.measured:
        out.print()
        for name, text in _phase_lines(phase, report).items():
            out.print(f"{name:<12}{text}", markup=False, soft_wrap=True)
        if phase.measures.tallies:
            out.print(_table(phase))


def _lines(report: Report) -> dict[str, str]:
    measures = report.measures
    sessions = ", ".join(f"{count} {name}" for name, count in report.composition.items())
    parameters = ", ".join(f"{name}={value}" for name, value in report.parameters.items())
    met = ", ".join(
        f"{each.bounds}{f' ({each.about})' if each.about else ''}" for each in report.objectives
    )
    planned = sum(each.planned for each in report.measured)
    of = f" ({planned} planned)" if planned else ""
    return {
        "command": command(),
        "versions": ", ".join(f"{name} {value}" for name, value in versions().items()),
        "server": report.server,
        "scenario": f"{report.scenario}: {report.what}",
        "with": f"{parameters}; seed {report.seed}" if parameters else f"seed {report.seed}",
        "objectives": met or "none",
        "sessions": f"{sum(report.composition.values())}: {sessions or 'none at first'}; "
        f"unmeasured logins took {_span(report.logins)}",
        "calls": f"{measures.calls}{of}, {report.throughput:.1f}/s; "
        f"errors: {_errors(measures.total)}",
        "machine": f"{os.cpu_count()} cores; load average {os.getloadavg()[0]:.2f}",
    }


def _phase_lines(phase: PhaseReport, report: Report) -> dict[str, str]:
    effort, lag = phase.effort, phase.measures.lag
    server = "not known" if effort.server is None else f"{effort.server:.0%}"
    lines = {
        "phase": f"{phase.name}, {phase.seconds:g} s, "
        f"{_MODELS[tuple(phase.models)]}; "
        f"{phase.measures.calls} calls, {phase.throughput:.1f}/s; "
        f"errors: {_errors(phase.measures.total)}",
        "lag": f"p50 {_ms(lag.at(50))}, p99 {_ms(lag.at(99))}, max {_ms(lag.max)} ms "
        "between planned and sent, ours",
        "processor": f"of one core: generator {effort.generator:.0%} "
        f"({effort.busiest:.0%} in its busiest second), server {server}, "
        f"others {effort.others:.0%}, stolen {effort.stolen:.0%}",
        "sessions": ", ".join(f"{count} {name}" for name, count in phase.present.items())
        + " at its end",
    }
    if ended := sorted(phase.measures.endings.items()):
        lines["ended"] = ", ".join(
            f"{count} {people} ({code})" for (people, code), count in ended
        )
    if phase.memory is not None:
        weight = phase.memory_per_session(report.memory_before)
        each = "" if weight is None else f", {weight / 1024:.1f} KiB a session more than empty"
        lines["memory"] = f"{phase.memory / 1024**2:.1f} MiB of the server{each}"
    return lines


def _table(phase: PhaseReport) -> Table:
    table = Table(
        title=f"{phase.name}: latency from the planned time, and naive service time (ms)",
        title_justify="left",
    )
    tallies = phase.measures.tallies
    several = len({people for people, _ in tallies}) > 1
    if several:
        table.add_column("people")
    table.add_column("call")
    for column in ("calls", "errors", *PERCENTILES, "max"):
        table.add_column(column, justify="right")
    for column in ("naive p50", "p99", "max"):
        table.add_column(column, justify="right", style="dim")
    for whole in (False, True):
        for (people, call), tally in sorted(tallies.items()):
            if tally.whole is whole:
                table.add_row(*([people] if several else []), call, *_cells(tally))
        table.add_section()
    table.add_row(*([""] if several else []), "all calls", *_cells(phase.measures.total))
    return table


def _cells(tally: Tally) -> Sequence[str]:
    latency, naive = tally.latency, tally.naive
    return (
        str(tally.calls),
        str(tally.errors.total()),
        *(_ms(latency.at(p)) for p in PERCENTILES.values()),
        _ms(latency.max),
        _ms(naive.at(50)),
        _ms(naive.at(99)),
        _ms(naive.max),
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f}"


def _span(seconds: Sequence[float]) -> str:
    if not seconds:
        return "nothing: there were none"
    ordered = sorted(seconds)
    return f"{_ms(ordered[len(ordered) // 2])} ms in the middle, {_ms(ordered[-1])} ms at most"


def _errors(tally: Tally) -> str:
    listed = ", ".join(f"{code} {count}" for code, count in tally.errors.most_common())
    return listed or "none"
