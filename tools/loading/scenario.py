"""
The words in which a scenario is written, and what makes sense.

A scenario file makes these, and nothing happens by making them; `Scenario.check` says what is
wrong with the whole. ``README.md`` explains how to write one.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from loading.measure import Slo
from loading.plan import can_be_drawn
from pronote_client import Mode
from pronote_protocol.catalogue import CATALOGUE

if TYPE_CHECKING:
    from loading.conducting import Stage
    from loading.visit import Visit

__all__ = [
    "AtOnce",
    "Closed",
    "Errand",
    "Incident",
    "Later",
    "LogIn",
    "Mix",
    "Objective",
    "Open",
    "People",
    "Phase",
    "Ramp",
    "Scenario",
    "ScenarioRefused",
]

_LONGEST_SECONDS: Final = 24 * 3600.0
_MOST_PEOPLE: Final = 50_000
_MOST_SCHOOLS: Final = 200
# Arrivals are planned beforehand, and kept.
_MOST_ARRIVALS: Final = 2_000_000

Errand: TypeAlias = "Callable[[Visit], Awaitable[None]]"


class ScenarioRefused(Exception):
    """This scenario makes no sense; the sentence says what, where and what would."""


def _refuse(what: str) -> None:
    raise ScenarioRefused(what)


def _number(what: str, value: Any, *, least: float = 0.0, most: float = math.inf) -> None:
    """Refuse what is no number above *least* (or 0 itself where *least* is below 0)."""
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not least < value <= most or math.isinf(value):
        wanted = "0 or more" if least < 0 else f"more than {least:g}"
        upper = "" if math.isinf(most) else f" and at most {most:g}"
        _refuse(f"{what}: expected a number, {wanted}{upper}, got {value!r}")


@attrs.frozen
class Ramp:
    """
    They come in before the first phase, *per_second* of them, or more slowly if the server
    is slow; that is not measured.
    """

    per_second: float = 20.0


@attrs.frozen
class AtOnce:
    """They all come in at the same moment, before the first phase."""


@attrs.frozen
class Later:
    """They stay outside until a load with `LogIn` sends them in."""


@attrs.frozen(kw_only=True, eq=False)
class People:
    """
    Some sessions that are alike.

    Attributes:
        mode: None for a whole school: a small office, one in five of school life, teachers.
        school: Rank of their school among those of the target, from 0.
        resumable: Their seat is kept when their link is cut, and the SDK comes back to it.
        returns: Who lost the session all the same logs in again, waiting between attempts
            as the SDK does between its own.
        distinct: Each is somebody else, as far as there are people; otherwise few accounts
            sit at many workstations. Needs a server of our own.
        reads: Bytes a second that each of them reads at most; None = as they come.
    """

    name: str
    count: int
    mode: Mode | None = None
    school: int = 0
    coming: Ramp | AtOnce | Later = attrs.field(factory=Ramp)
    resumable: bool = False
    returns: bool = False
    distinct: bool = False
    reads: float | None = None

    def check(self) -> None:
        """Raises `ScenarioRefused`."""
        who = f"people {self.name!r}"
        if not self.name:
            _refuse("people without a name: the report could not speak of them")
        _number(f"{who}, count", self.count, most=_MOST_PEOPLE)
        if not isinstance(self.count, int):
            _refuse(f"{who}, count: expected a whole number, got {self.count!r}")
        if self.mode is not None and not isinstance(self.mode, Mode):
            _refuse(f"{who}, mode: expected a Mode or None, got {self.mode!r}")
        if not isinstance(self.school, int):
            _refuse(f"{who}, school: expected a rank from 0, got {self.school!r}")
        _number(f"{who}, school", self.school, least=-1, most=_MOST_SCHOOLS - 1)
        if isinstance(self.coming, Ramp):
            _number(f"{who}, Ramp", self.coming.per_second)
        elif not isinstance(self.coming, AtOnce | Later):
            _refuse(f"{who}, coming: expected Ramp, AtOnce or Later, got {self.coming!r}")
        if self.reads is not None:
            _number(f"{who}, reads", self.reads)


@attrs.frozen
class Mix:
    """
    One call of several, drawn by weight, such as ``{"session.show": 20, "seats.show": 1}``.

    The parameters are drawn from what the school has; a call that needs others is made by an
    errand. Each is made by somebody who may.

    Attributes:
        strict: Whether a call that nobody of them may make is a mistake, or left out.
    """

    weights: Mapping[str, float]
    strict: bool = True

    def check(self, people: People) -> None:
        """Raises `ScenarioRefused`."""
        where = f"mix of {people.name!r}"
        if not self.weights:
            _refuse(f"{where}: nothing in it")
        for name, weight in self.weights.items():
            call = CATALOGUE.get(name)
            if call is None:
                near = [each for each in CATALOGUE if each.split(".")[0] == name.split(".")[0]]
                hint = f"; there are {', '.join(near[:8])}" if near else ""
                raise ScenarioRefused(f"{where}: there is no call {name!r}{hint}")
            _number(f"{where}, weight of {name}", weight)
            if not can_be_drawn(call):
                _refuse(f"{where}: {name} needs parameters; write an errand that makes it")
            if self.strict and people.mode is not None and people.mode not in call.modes:
                modes = ", ".join(sorted(mode.value for mode in call.modes))
                _refuse(f"{where}: {name} is for {modes}, they are {people.mode.value}")


@attrs.frozen
class LogIn:
    """
    Whoever is outside comes in; the answer is the session. Latency is the login's.

    Attributes:
        leave: Log out again at once, to come again.
    """

    leave: bool = False


@attrs.frozen(kw_only=True, eq=False)
class Open:
    """
    Something comes *rate* times a second, whatever the server does.

    Attributes:
        rate: Of all these people together.
        to: The rate at the end of the phase, reached evenly; None = it stays.
        constant: Even arrivals, not Poisson's.
    """

    people: People
    does: Mix | Errand | LogIn
    rate: float
    to: float | None = None
    constant: bool = False


@attrs.frozen(kw_only=True, eq=False)
class Closed:
    """
    Each of these people does it, thinks, and does it again: at most so many at a time.

    Attributes:
        think: Seconds from an answer to the next asking, in the mean; exponential.
        constant: Always so long.
        once: Each does it once only, at a random moment of the first *think* seconds.
    """

    people: People
    does: Mix | Errand
    think: float = 1.0
    constant: bool = False
    once: bool = False


@attrs.frozen(kw_only=True, eq=False)
class Incident:
    """Something that happens to everybody, *at* seconds after the beginning of its phase."""

    at: float
    what: Callable[[Stage], Awaitable[None]]
    name: str = "incident"


@attrs.frozen(kw_only=True, eq=False)
class Phase:
    """
    A part of the run with loads of its own.

    Attributes:
        measured: False for a warm-up: what happens in it is not in the report.
        settle: The next phase waits until all that was begun in this one has ended.
        grace: How many seconds what was begun may take after the end of the phase; what has
            not ended then is given up, and counted as an error that lasted so long. None =
            as long as a call may (``--deadline``).
    """

    name: str
    seconds: float
    loads: Sequence[Open | Closed] = ()
    incidents: Sequence[Incident] = ()
    measured: bool = True
    settle: bool = False
    grace: float | None = None

    def check(self) -> None:
        """Raises `ScenarioRefused`."""
        where = f"phase {self.name!r}"
        if not self.name:
            _refuse("a phase without a name: the report could not speak of it")
        _number(f"{where}, seconds", self.seconds, most=_LONGEST_SECONDS)
        if self.grace is not None:
            _number(f"{where}, grace", self.grace, least=-1, most=600.0)
        for load in self.loads:
            if not isinstance(load, Open | Closed):
                _refuse(f"{where}: expected loads Open or Closed, got {load!r}")
            if not isinstance(load.people, People):
                _refuse(f"{where}: a load is of People, got {load.people!r}")
            load.people.check()
            self._check_load(f"{where}, load of {load.people.name!r}", load)
        for incident in self.incidents:
            if not isinstance(incident, Incident) or not callable(incident.what):
                _refuse(f"{where}: expected an Incident with a function, got {incident!r}")
            _number(f"{where}, {incident.name}, at", incident.at, least=-1, most=self.seconds)

    def _check_load(self, where: str, load: Open | Closed) -> None:
        if isinstance(load.does, Mix):
            load.does.check(load.people)
            if isinstance(load.people.coming, Later):
                _refuse(f"{where}: a Mix is drawn before the first phase, and they come later")
        elif not isinstance(load.does, LogIn) and not callable(load.does):
            _refuse(f"{where}: expected a Mix, LogIn() or an errand, got {load.does!r}")
        if isinstance(load, Closed):
            _number(f"{where}, think", load.think, least=-1)
            if isinstance(load.does, LogIn):
                _refuse(f"{where}: LogIn() goes with Open; in Closed, people are inside")
            return
        _number(f"{where}, rate", load.rate, least=-1 if load.to else 0)
        if load.to is not None:
            _number(f"{where}, rate at the end", load.to, least=-1)
        most = max(load.rate, load.to or 0.0) * self.seconds
        if most > _MOST_ARRIVALS:
            _refuse(f"{where}: {most:.0f} arrivals, at most {_MOST_ARRIVALS}")
        if isinstance(load.does, LogIn) and not isinstance(load.people.coming, Later):
            _refuse(f"{where}: LogIn() is for people who come Later(), these are inside")


@attrs.frozen(kw_only=True)
class Objective:
    """
    What must be reached; ``bounds`` are those of ``--slo``, such as ``p99=25ms,err=0``.

    Attributes:
        phase, people, call: Of what: the names of a phase, of people, of a call or errand;
            None = all. ``calls=20`` asks for at least so many answers, ``memory=64KiB`` for
            at most so much of the server for each session, where there are 500 at least.
    """

    bounds: str
    phase: str | None = None
    people: str | None = None
    call: str | None = None

    @property
    def slo(self) -> Slo:
        return Slo.parse(self.bounds)

    @property
    def about(self) -> str:
        """Of what, for people; empty when of all."""
        return ", ".join(each for each in (self.phase, self.people, self.call) if each)


@attrs.frozen(kw_only=True)
class Scenario:
    """
    Attributes:
        what: One sentence.
        people: Who is there though no load speaks of them: an idle crowd.
        settings: Of a server of our own, as ``SECTION__NAME``; one of others keeps its own.
        own: Whether it needs a server of our own, to freeze or to kill.
    """

    what: str
    phases: Sequence[Phase]
    people: Sequence[People] = ()
    objectives: Sequence[Objective] = ()
    settings: Mapping[str, str] = attrs.field(factory=dict)
    own: bool = False

    def everybody(self) -> Iterator[People]:
        """Yield all people, those named first, then as loads speak of them; each once."""
        seen: set[int] = set()
        loads = [load.people for phase in self.phases for load in phase.loads]
        for people in (*self.people, *loads):
            if id(people) not in seen:
                seen.add(id(people))
                yield people

    @property
    def schools(self) -> int:
        """How many schools it is about."""
        return 1 + max(people.school for people in self.everybody())

    def check(self) -> None:
        """
        Raises:
            ScenarioRefused: Something in it makes no sense.
        """
        if not self.phases:
            _refuse("the scenario has no phases")
        for phase in self.phases:
            if not isinstance(phase, Phase):
                _refuse(f"expected a Phase, got {phase!r}")
            phase.check()
        if not any(phase.measured for phase in self.phases):
            _refuse("no phase is measured: the report would be empty")
        everybody = list(self.everybody())
        if not everybody:
            _refuse("nobody is in it: no phase has a load, and there are no people")
        for people in everybody:
            people.check()
        names = {
            "phase": [phase.name for phase in self.phases],
            "people": [people.name for people in everybody],
        }
        for kind, given in names.items():
            if twice := sorted({name for name in given if given.count(name) > 1}):
                _refuse(f"two {kind} are called {twice[0]!r}")
        for objective in self.objectives:
            self._check_objective(objective, names)

    def _check_objective(self, objective: Objective, names: Mapping[str, list[str]]) -> None:
        where = f"objective {objective.bounds!r}"
        try:
            objective.slo  # noqa: B018 - read, to see whether it can be
        except ValueError as error:
            raise ScenarioRefused(f"{where}: {error}") from None
        for kind, given in (("phase", objective.phase), ("people", objective.people)):
            if given is not None and given not in names[kind]:
                known = ", ".join(names[kind])
                _refuse(f"{where}: there is no {kind} {given!r}; there are {known}")
        for phase in self.phases:
            if phase.name == objective.phase and not phase.measured:
                _refuse(f"{where}: phase {phase.name!r} is not measured")
