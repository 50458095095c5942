#!/usr/bin/env python3
"""
Load a server by a scenario, and say how honest the figures are.

    tools/load.py morning --demo                         a ready-made scenario (--list)
    tools/load.py mine.py --demo --with teachers=80      one's own, a Python file
    tools/load.py --demo --rate 300                      a mix of calls, made by options
    tools/load.py compare before*.json -- after*.json    what many runs say

`tools/README.md` explains how to read the report, `tools/loading/README.md` how to write a
scenario.

Exit status: 0 ok, 99 an objective was missed, 98 the run is invalid because the generator did
not keep up (or the runs are too few to compare), 1 the self-test failed, 2 bad usage or a
scenario that makes no sense, 3 refused, 4 cannot connect, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

try:
    import attrs
    import trio

    from loading.attendance import Way
    from loading.comparing import compare
    from loading.conducting import Stage
    from loading.demo_server import ServerDied
    from loading.measure import Slo, seconds_from
    from loading.plan import mix_from
    from loading.report import EXIT_INTERRUPTED, Report
    from loading.report_tables import show
    from loading.running import play
    from loading.scenario import Incident, Objective, ScenarioRefused
    from loading.scenario_file import Chosen, choose, ready_made
    from loading.sessions import CannotPlan
    from loading.targets import Target, demo_target, target_of_files
    from loading.visit import ErrandFailed
    from pronote_client import CannotConnect, ClientError, Refused
except ImportError as missing:
    print(
        f"tools/load.py: {missing}; run it in an environment with the project and the group "
        "`test`: tools/test makes one, then .venv/bin/python tools/load.py",
        file=sys.stderr,
    )
    raise SystemExit(69) from None

_FREEZE_SECONDS: Final = 1.0
_SELF_TEST: Final = {"sessions": 4, "rate": 50.0, "seconds": 4.0, "warm_up": 1.0}
# Options that make the scenario of a mix; with another scenario they would say nothing.
_OF_THE_MIX: Final = ("sessions", "rate", "seconds", "warm_up", "ramp", "mix", "schools")


def arguments_from(given: list[str]) -> argparse.Namespace:
    """Return what the command line asks for; ends the process when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="tools/load.py",
        description="A load generator on the SDK that judges itself.",
        epilog="tools/load.py compare BEFORE.json ... -- AFTER.json ... compares reports.",
    )
    parser.add_argument(
        "scenario", nargs="?", help="a Python file, or a name of --list; without, a mix"
    )
    parser.add_argument(
        "--with",
        dest="parameters",
        action="append",
        default=[],
        type=_parameter,
        metavar="NAME=VALUE",
        help="a parameter of the scenario; several times",
    )
    parser.add_argument("--list", action="store_true", help="the ready-made scenarios")
    target = parser.add_argument_group("whom to load")
    target.add_argument("--demo", action="store_true", help="a demo server of our own")
    target.add_argument("--plain", action="store_true", help="the demo without TLS")
    target.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help="connection settings; once for each school",
    )
    target.add_argument(
        "--accounts",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help="JSON: the ready line of `pronote-server demo --json`, or its accounts; once "
        "for each school",
    )
    mix = parser.add_argument_group("the mix that is made without a scenario")
    mix.add_argument("--sessions", type=_above_zero, metavar="N", help="of each school (50)")
    mix.add_argument("--rate", type=_positive, help="calls a second, of each school (100)")
    mix.add_argument("--for", type=_duration, dest="seconds", metavar="30s")
    mix.add_argument("--warm-up", type=_duration, metavar="3s")
    mix.add_argument("--constant", action="store_true", help="even arrivals, not Poisson")
    mix.add_argument("--mix", type=_mix, help="weights: session.show=20,timetable.read=5")
    mix.add_argument("--ramp", type=_positive, help="logins a second (20)")
    mix.add_argument("--schools", type=_above_zero, metavar="N", help="how many (1)")
    how = parser.add_argument_group("how")
    how.add_argument("--seed", type=int, help="of the plan; drawn and printed otherwise")
    how.add_argument("--deadline", type=_duration, default=10.0, help="of one call (10s)")
    out = parser.add_argument_group("what to say")
    out.add_argument("--slo", type=_slo, help="p99=25ms,p999=100ms,err=0: of all calls")
    out.add_argument("--json", type=Path, metavar="FILE", help="the whole report; - prints it")
    out.add_argument(
        "--self-test",
        action="store_true",
        help="freeze a server of our own for 1 s and make sure that the report shows it",
    )
    options = parser.parse_args(given)
    if options.list:
        return options
    if options.self_test:
        if options.scenario is not None:
            parser.error("--self-test has a scenario of its own")
        options.demo, options.constant = True, True
        vars(options).update(_SELF_TEST)
    if options.demo == bool(options.settings):
        parser.error("either --demo, or --settings with --accounts")
    if len(options.settings) != len(options.accounts):
        parser.error("--settings goes with --accounts, once each for every school")
    if options.scenario is not None:
        said = [name for name in _OF_THE_MIX if getattr(options, name) is not None]
        if said or options.constant:
            names = ", ".join(f"--{name.replace('_', '-')}" for name in said) or "--constant"
            names = names.replace("--seconds", "--for")
            parser.error(f"{names}: only without a scenario; use --with NAME=VALUE")
    elif options.parameters:
        parser.error("--with goes with a scenario")
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(2**32)
    return options


def _kind(parse: Any, name: str) -> Any:
    def read(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    read.__name__ = name
    return read


def _checked_number(text: str, kind: type[int] | type[float]) -> Any:
    value = kind(text)
    if not 0 < value < float("inf"):
        raise ValueError(f"expected more than 0, got {text}")
    return value


def _checked_mix(text: str) -> str:
    mix_from(text)
    return text


def _checked_slo(text: str) -> str:
    Slo.parse(text)
    return text


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ValueError(f"expected NAME=VALUE, got {text}")
    return name, value


_positive = _kind(lambda text: _checked_number(text, float), "number")
_above_zero = _kind(lambda text: _checked_number(text, int), "number")
_duration = _kind(seconds_from, "duration")
_mix = _kind(_checked_mix, "mix")
_slo = _kind(_checked_slo, "objective")
_parameter = _kind(_pair, "parameter")


def chosen_by(options: argparse.Namespace) -> Chosen:
    """
    Return the scenario of the command line.

    Raises:
        ScenarioRefused: It makes no sense.
    """
    if options.scenario is not None:
        return choose(options.scenario, dict(options.parameters))
    given = {
        name: str(getattr(options, name))
        for name in _OF_THE_MIX
        if getattr(options, name) is not None
    }
    given["constant"] = "yes" if options.constant else "no"
    if options.schools is None and options.settings:
        given["schools"] = str(len(options.settings))
    made = choose("mixture", given)
    if not options.self_test:
        return made
    *before, run = made.scenario.phases
    frozen = Incident(at=run.seconds / 3, what=_freeze, name="freeze")
    phases = [*before, attrs.evolve(run, incidents=[frozen])]
    return attrs.evolve(made, scenario=attrs.evolve(made.scenario, phases=phases, own=True))


async def _freeze(stage: Stage) -> None:
    await stage.freeze(_FREEZE_SECONDS)


@asynccontextmanager
async def _target(options: argparse.Namespace, chosen: Chosen) -> AsyncIterator[Target]:
    scenario = chosen.scenario
    if not options.demo:
        yield target_of_files(options.settings, options.accounts)
        return
    async with demo_target(
        plain=options.plain, schools=scenario.schools, settings=scenario.settings
    ) as target:
        yield target


async def measure(
    options: argparse.Namespace, chosen: Chosen, way: Way | None = None
) -> Report | None:
    """
    Make one run and return its report; None when it was interrupted before it began.

    The first SIGINT or SIGTERM ends the run, and what was measured is returned; a second one
    does not wait for that either.

    Raises:
        CannotPlan, ServerDied, Refused, ClientError, ErrandFailed: There was no run.
    """
    interrupted, playing = trio.Event(), trio.Event()
    report: Report | None = None
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:

            async def obey() -> None:
                async for _ in signals:
                    if interrupted.is_set() or not playing.is_set():
                        nursery.cancel_scope.cancel()
                    interrupted.set()

            nursery.start_soon(obey)
            async with _target(options, chosen) as target:
                playing.set()
                report = await play(
                    chosen,
                    target,
                    seed=options.seed,
                    deadline=options.deadline,
                    objectives=[Objective(bounds=options.slo)] if options.slo else [],
                    way=way,
                    interrupted=interrupted,
                )
            nursery.cancel_scope.cancel()
    return report


def self_test_failures(report: Report) -> list[str]:
    """
    Return what is wrong with the report of a run whose server was frozen for a second.

    None of it depends on the speed of the machine: a call planned during the freeze cannot
    have been answered before its end.
    """
    found, measures = [], report.measures
    most = measures.total.latency.max
    if most < 0.9 * _FREEZE_SECONDS:
        found.append(f"the freeze is not in the latency: max {most:.3f} s")
    # Those planned in its first half waited for at least the second half.
    rate = float(report.parameters["rate"])
    expected = int(rate * (_FREEZE_SECONDS - measures.slow_after) * 0.9)
    if measures.slow < expected:
        found.append(f"{measures.slow} calls saw the freeze, at least {expected} should have")
    if measures.naive_slow >= measures.slow:
        found.append(
            "the naive service time is not blind to it: it does not say what it should"
        )
    return found


def _write(path: Path, report: Report) -> None:
    text = json.dumps(report.as_json(), ensure_ascii=False, indent=1)
    if str(path) == "-":
        print(text)
    else:
        path.write_text(text + "\n", encoding="utf-8")


def _list() -> int:
    for name in ready_made():
        chosen = choose(name, {})
        parameters = " ".join(f"{key}={value}" for key, value in chosen.parameters.items())
        print(f"{name:<16}{chosen.scenario.what}\n{'':<16}{parameters}")
    return 0


def main(given: list[str]) -> int:
    """Run, report, return the exit status."""
    if given[:1] == ["compare"]:
        return compare(given[1:])
    options = arguments_from(given)
    if options.list:
        return _list()
    report, status, why = None, EXIT_INTERRUPTED, None
    try:
        report = trio.run(measure, options, chosen_by(options))
    except* (ScenarioRefused, CannotPlan, ErrandFailed) as group:
        status, why = 2, _first(group)
    except* (ServerDied, CannotConnect) as group:
        status, why = 4, _first(group)
    except* (Refused, ClientError) as group:
        status, why = 3, _first(group)
    except* (OSError, ValueError, KeyError) as group:
        status, why = 2, _first(group)
    except* KeyboardInterrupt:
        pass
    if why is not None:
        print(f"tools/load.py: {why}", file=sys.stderr)
    if report is None:
        return status
    if options.json is not None:
        _write(options.json, report)
    if str(options.json) != "-":
        show(report)
    if not options.self_test or report.interrupted:
        return report.status
    failures = self_test_failures(report)
    slow = f"{report.measures.slow} calls took more than {report.measures.slow_after:g} s"
    print(f"self-test: the server was frozen for {_FREEZE_SECONDS:g} s; {slow} from their")
    print(f"planned time, {report.measures.naive_slow} by the naive service time: ", end="")
    print("; ".join(failures) or "ok")
    return 1 if failures else 0


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
