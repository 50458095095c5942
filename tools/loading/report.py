"""The report of a run, for people and for programs; the verdict comes first."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import attrs

from loading.conducting import Played
from loading.effort import Effort
from loading.measure import Measures, Tally, Validity
from loading.scenario import Objective

__all__ = [
    "EXIT_INTERRUPTED",
    "EXIT_INVALID",
    "EXIT_MISSED",
    "PhaseReport",
    "Report",
    "versions",
]

# What a server that has just started gives back, or takes for what it keeps, is more than
# some hundred sessions weigh.
_LEAST_WEIGHED: Final = 500
EXIT_MISSED: Final = 99
EXIT_INVALID: Final = 98
EXIT_INTERRUPTED: Final = 130


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


def command() -> str:
    """Return how this process was called."""
    return shlex.join(["tools/load.py", *sys.argv[1:]])


@attrs.frozen(kw_only=True)
class PhaseReport:
    """
    What a phase showed.

    Attributes:
        begins: Seconds since the first measured phase began.
        planned: Open arrivals.
        unsent: Of them, those given up because we were too late.
        models: Of its loads: ``open``, ``closed``, or both.
        memory: Bytes of the server at its end, if it is ours.
        present: Sessions at its end, by people.
    """

    name: str
    seconds: float
    measured: bool
    measures: Measures
    effort: Effort
    begins: float = 0.0
    planned: int = 0
    unsent: int = 0
    models: Sequence[str] = ("open",)
    memory: int | None = None
    present: Mapping[str, int] = attrs.field(factory=dict)

    @classmethod
    def of(cls, played: Played, zero: float) -> PhaseReport:
        """Return the report of a phase that was begun; its effort is known then."""
        assert played.effort is not None
        return cls(
            name=played.phase.name,
            seconds=min(played.phase.seconds, played.lasted),
            measured=played.phase.measured,
            measures=played.measures,
            effort=played.effort,
            begins=played.begins_at - zero,
            planned=played.planned,
            unsent=played.unsent,
            models=sorted({type(each).__name__.lower() for each in played.phase.loads}),
            memory=played.memory,
            present=dict(played.present),
        )

    @property
    def validity(self) -> Validity:
        return Validity(
            lag_p99=self.measures.lag.at(99.0), cpu=self.effort.generator, unsent=self.unsent
        )

    @property
    def throughput(self) -> float:
        """Calls that ended per second, up to the last of them."""
        return self.measures.calls / max(self.seconds, self.measures.until)

    def memory_per_session(self, before: int | None) -> float | None:
        """Return the bytes each session has cost; None if that is not known, or too few."""
        sessions = sum(self.present.values())
        if self.memory is None or before is None or sessions < _LEAST_WEIGHED:
            return None
        return (self.memory - before) / sessions


@attrs.frozen(kw_only=True)
class Report:
    """
    Attributes:
        scenario: Its name.
        what: What it is, in a sentence.
        parameters: Everything it was made with.
        phases: Those that were begun, in order.
        logins: Seconds each unmeasured login took, ours included: shown, never judged.
        memory_before: Bytes of the server before anybody came, if it is ours.
        complaints: What the log of our own server has that no healthy server's has.
    """

    scenario: str
    what: str = ""
    parameters: Mapping[str, Any] = attrs.field(factory=dict)
    phases: Sequence[PhaseReport]
    objectives: Sequence[Objective] = ()
    seed: int
    composition: Mapping[str, int]
    logins: Sequence[float]
    server: str
    memory_before: int | None = None
    complaints: Sequence[str] = ()
    interrupted: bool = False

    @property
    def measured(self) -> list[PhaseReport]:
        return [phase for phase in self.phases if phase.measured]

    @property
    def measures(self) -> Measures:
        """All measured phases together; made anew each time."""
        whole = Measures()
        for phase in self.measured:
            whole.take(phase.measures, begins=phase.begins)
        return whole

    @property
    def invalid_because(self) -> list[str]:
        """Return why the run says nothing about the server; empty when it does."""
        return [
            f"{phase.name}: {reason}"
            for phase in self.measured
            for reason in phase.validity.reasons
        ]

    @property
    def missed(self) -> list[str]:
        """Return a sentence for each objective that was missed, and for a sick server."""
        found = []
        for objective in self.objectives:
            about = f"{objective.about}: " if objective.about else ""
            found += [f"{about}{said}" for said in self._missed(objective)]
        if self.complaints:
            found.append(
                f"the server logged {len(self.complaints)} errors: {self.complaints[0][:400]}"
            )
        return found

    def _missed(self, objective: Objective) -> list[str]:
        chosen = [each for each in self.measured if objective.phase in (None, each.name)]
        tally = Tally()
        for phase in chosen:
            tally.take(phase.measures.of(people=objective.people, call=objective.call))
        memory = chosen[-1].memory_per_session(self.memory_before) if chosen else None
        return objective.slo.missed(tally, memory)

    @property
    def status(self) -> int:
        """
        The exit status: a run that is invalid has neither met nor missed anything, and one
        that was interrupted is none of these.
        """
        if self.interrupted:
            return EXIT_INTERRUPTED
        if self.invalid_because:
            return EXIT_INVALID
        return EXIT_MISSED if self.missed else 0

    @property
    def verdict(self) -> str:
        return {
            0: "ok",
            EXIT_MISSED: "objectives missed",
            EXIT_INVALID: "INVALID",
            EXIT_INTERRUPTED: "interrupted",
        }[self.status]

    @property
    def throughput(self) -> float:
        """Calls that ended per second of the measured phases, up to the last of them."""
        seconds = sum(max(each.seconds, 0.0) for each in self.measured)
        return self.measures.calls / max(seconds, self.measures.until, 1e-9)

    def cores_used(self) -> dict[str, float | None]:
        """Return the effort of the measured phases together, by the length of each."""
        whole = sum(each.seconds for each in self.measured) or 1.0
        found: dict[str, float | None] = {}
        for name in ("generator", "server", "others", "stolen"):
            parts = [getattr(each.effort, name) for each in self.measured]
            known = [part for part in parts if part is not None]
            weighed = zip(parts, self.measured, strict=True)
            found[name] = (
                round(sum(part * each.seconds for part, each in weighed) / whole, 3)
                if known and len(known) == len(parts)
                else None
            )
        return found

    def as_json(self) -> dict[str, Any]:
        """Return everything, durations in milliseconds unless their name says otherwise."""
        measures = self.measures
        total = measures.total
        return {
            "verdict": self.verdict,
            "status": self.status,
            "invalid_because": self.invalid_because,
            "missed": self.missed,
            "objectives": [
                {key: value for key, value in attrs.asdict(each).items() if value is not None}
                for each in self.objectives
            ],
            "command": command(),
            "scenario": self.scenario,
            "what": self.what,
            "parameters": dict(self.parameters),
            "seed": self.seed,
            "versions": versions(),
            "machine": {
                "system": platform.platform(),
                "cores": os.cpu_count(),
                "load_average": list(os.getloadavg()),
            },
            "server": self.server,
            "server_complaints": list(self.complaints),
            "server_memory_before": self.memory_before,
            "plan": {
                "seconds": sum(each.seconds for each in self.measured),
                "sessions": dict(self.composition),
                "calls": sum(each.planned for each in self.measured),
            },
            "calls": measures.calls,
            "unsent": sum(each.unsent for each in self.measured),
            "calls_per_second": round(self.throughput, 3),
            "errors": dict(total.errors),
            "latency": total.latency.summary(),
            "naive_service": total.naive.summary(),
            "lag": measures.lag.summary(),
            "cores_used": self.cores_used(),
            "by_call": {
                name: _tally(tally) for name, tally in sorted(measures.by_call.items())
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
            "phases": [_phase(each, self.memory_before) for each in self.phases],
            "login_seconds": [round(each, 4) for each in self.logins],
        }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "calls": tally.calls,
        "errors": dict(tally.errors),
        "latency": tally.latency.summary(),
        "naive_service": tally.naive.summary(),
    }


def _phase(phase: PhaseReport, before: int | None) -> dict[str, Any]:
    weight = phase.memory_per_session(before)
    return {
        "name": phase.name,
        "measured": phase.measured,
        "models": list(phase.models),
        "seconds": phase.seconds,
        "planned": phase.planned,
        "unsent": phase.unsent,
        "calls": phase.measures.calls,
        "calls_per_second": round(phase.throughput, 3),
        "lag": phase.measures.lag.summary(),
        "cores_used": {
            name: None if part is None else round(part, 3)
            for name, part in attrs.asdict(phase.effort).items()
        },
        "server_memory": phase.memory,
        "memory_per_session": None if weight is None else round(weight),
        "sessions": dict(phase.present),
        "sessions_ended": [
            {"people": people, "code": code, "sessions": count}
            for (people, code), count in sorted(phase.measures.endings.items())
        ],
        "all_calls": _tally(phase.measures.total),
        "by_people": [
            {"people": people, "call": call, "errand": tally.whole, **_tally(tally)}
            for (people, call), tally in sorted(phase.measures.tallies.items())
        ],
    }
