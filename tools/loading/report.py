"""The report of a run, for people and for programs; the verdict comes first."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import attrs
from rich.console import Console
from rich.table import Table

from loading.driving import Effort
from loading.measure import PERCENTILES, Measures, Slo, Tally, Validity

__all__ = ["EXIT_INVALID", "EXIT_MISSED", "Report", "versions"]

EXIT_MISSED: Final = 99
EXIT_INVALID: Final = 98
_WIDTH: Final = 118


def versions() -> dict[str, str]:
    """Return what was run: Python, the packages that count, the commit if there is one."""
    found = {"python": platform.python_version()}
    for package in ("pronote-emulator", "trio", "msgpack", "attrs"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "?"
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode == 0:
        found["commit"] = asked.stdout.strip()
    return found


@attrs.frozen(kw_only=True)
class Report:
    """
    Attributes:
        planned: Calls planned after the warm-up.
        unsent: Calls that were given up, because we were too late.
        logins: Seconds each login took, ours included: shown, never judged.
    """

    measures: Measures
    effort: Effort
    slo: Slo
    planned: int
    seconds: float
    rate: float
    constant: bool
    warm_up: float
    seed: int
    composition: dict[str, int]
    logins: list[float]
    server: str
    unsent: int = 0

    @property
    def validity(self) -> Validity:
        return Validity(
            lag_p99=self.measures.lag.at(99.0), cpu=self.effort.generator, unsent=self.unsent
        )

    @property
    def throughput(self) -> float:
        """Calls that ended per second, up to the last of them."""
        return self.measures.calls / max(self.seconds, self.measures.until)

    @property
    def status(self) -> int:
        """The exit status: a run that is invalid has neither met nor missed anything."""
        if self.validity.reasons:
            return EXIT_INVALID
        return EXIT_MISSED if self.slo.missed(self.measures) else 0

    @property
    def verdict(self) -> str:
        return {0: "ok", EXIT_MISSED: "SLO missed", EXIT_INVALID: "INVALID"}[self.status]

    def as_json(self) -> dict[str, Any]:
        """Return everything, durations in milliseconds unless their name says otherwise."""
        measures = self.measures
        return {
            "verdict": self.verdict,
            "status": self.status,
            "invalid_because": self.validity.reasons,
            "slo": dict(self.slo.bounds),
            "slo_missed": self.slo.missed(measures),
            "command": _command(),
            "seed": self.seed,
            "versions": versions(),
            "machine": {
                "system": platform.platform(),
                "cores": os.cpu_count(),
                "load_average": list(os.getloadavg()),
            },
            "server": self.server,
            "plan": {
                "rate": self.rate,
                "arrivals": "constant" if self.constant else "poisson",
                "seconds": self.seconds,
                "warm_up_seconds": self.warm_up,
                "sessions": self.composition,
                "calls": self.planned,
            },
            "calls": measures.calls,
            "unsent": self.unsent,
            "calls_per_second": round(self.throughput, 3),
            "errors": dict(measures.total.errors),
            "latency": measures.total.latency.summary(),
            "naive_service": measures.total.naive.summary(),
            "lag": measures.lag.summary(),
            "cores_used": {
                name: None if part is None else round(part, 3)
                for name, part in attrs.asdict(self.effort).items()
            },
            "by_call": {
                name: {
                    "errors": dict(tally.errors),
                    "latency": tally.latency.summary(),
                    "naive_service": tally.naive.summary(),
                }
                for name, tally in sorted(measures.by_call.items())
            },
            "by_second": [
                {
                    "second": number,
                    "calls": second.calls,
                    "errors": second.errors,
                    "worst": round(second.worst * 1e3, 3),
                }
                for number, second in sorted(measures.seconds.items())
            ],
            "login_seconds": [round(each, 4) for each in self.logins],
        }

    def show(self, console: Console | None = None) -> None:
        """Print it; a pipe gets the full width too."""
        out = console or Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
        measures, effort = self.measures, self.effort
        out.print(f"verdict     {self.verdict}", style="bold", markup=False)
        for reason in self.validity.reasons:
            out.print(f"            {reason}", markup=False)
        for reason in self.slo.missed(measures):
            out.print(f"            {reason}", markup=False)
        kind = "constant" if self.constant else "Poisson"
        sessions = ", ".join(f"{count} {mode}" for mode, count in self.composition.items())
        lag = measures.lag
        server = "not ours" if effort.server is None else f"{effort.server:.0%}"
        for name, text in {
            "command": _command(),
            "versions": ", ".join(f"{name} {value}" for name, value in versions().items()),
            "server": self.server,
            "plan": f"{self.rate:g} calls/s ({kind}) for {self.seconds:g} s after "
            f"{self.warm_up:g} s of warm-up, seed {self.seed}",
            "sessions": f"{sum(self.composition.values())}: {sessions}; "
            f"logins took {_span(self.logins)}",
            "calls": f"{measures.calls} of {self.planned} planned, "
            f"{self.throughput:.1f}/s; errors: {_errors(measures.total)}",
            "lag": f"p50 {_ms(lag.at(50))}, p99 {_ms(lag.at(99))}, max {_ms(lag.max)} ms "
            "between planned and sent, ours",
            "processor": f"of one core of {os.cpu_count()}: generator "
            f"{effort.generator:.0%}, server {server}, others {effort.others:.0%}, "
            f"stolen {effort.stolen:.0%}; load average {os.getloadavg()[0]:.2f}",
        }.items():
            out.print(f"{name:<12}{text}", markup=False, soft_wrap=True)
        out.print(self._table())

    def _table(self) -> Table:
        table = Table(
            title="Latency from the planned time, and naive service time (ms)",
            title_justify="left",
        )
        table.add_column("call")
        for column in ("calls", "errors", *PERCENTILES, "max"):
            table.add_column(column, justify="right")
        for column in ("naive p50", "p99", "max"):
            table.add_column(column, justify="right", style="dim")
        rows = [*sorted(self.measures.by_call.items()), ("all", self.measures.total)]
        for name, tally in rows:
            if name == "all":
                table.add_section()
            latency, naive = tally.latency, tally.naive
            table.add_row(
                name,
                str(len(latency)),
                str(tally.errors.total()),
                *(_ms(latency.at(p)) for p in PERCENTILES.values()),
                _ms(latency.max),
                _ms(naive.at(50)),
                _ms(naive.at(99)),
                _ms(naive.max),
            )
        return table


def _command() -> str:
    return shlex.join(["tools/load.py", *sys.argv[1:]])


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f}"


def _span(seconds: list[float]) -> str:
    if not seconds:
        return "nothing"
    ordered = sorted(seconds)
    return f"{_ms(ordered[len(ordered) // 2])} ms in the middle, {_ms(ordered[-1])} ms at most"


def _errors(tally: Tally) -> str:
    listed = ", ".join(f"{code} {count}" for code, count in tally.errors.most_common())
    return listed or "none"
