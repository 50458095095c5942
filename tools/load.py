#!/usr/bin/env python3
"""
Load a server with an open model, and say how honest the figures are.

Calls come when the plan says, whatever the server does; latency counts from the planned
time. `tools/README.md` explains how to read the report.

Exit status: 0 ok, 99 an objective (--slo) was missed, 98 the run is invalid because the
generator did not keep up, 1 the self-test failed, 2 bad usage, 3 refused, 4 cannot connect.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

try:
    import attrs
    import trio

    from loading.demo_server import DemoAccount, DemoServer, ServerDied, accounts_from
    from loading.demo_server import demo_server as open_demo_server
    from loading.driving import Drive
    from loading.measure import Measures, Slo, seconds_from
    from loading.plan import DEFAULT_MIX, mix_from, plan
    from loading.report import Report
    from loading.sessions import CannotPlan, Crowd, cast, errands_of
    from pronote_client import CannotConnect, ClientError, ConnectionSettings, Refused
except ImportError as missing:
    print(
        f"tools/load.py: {missing}; run it in an environment with the project and the group "
        "`test`: tools/test makes one, then .venv/bin/python tools/load.py",
        file=sys.stderr,
    )
    raise SystemExit(69) from None

_FREEZE_SECONDS: Final = 1.0
_SELF_TEST: Final = {"sessions": 4, "rate": 50.0, "seconds": 4.0, "warm_up": 1.0}


def arguments_from(given: list[str]) -> argparse.Namespace:
    """Return what the command line asks for; ends the process when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="tools/load.py", description="An open-model load generator on the SDK."
    )
    target = parser.add_argument_group("whom to load")
    target.add_argument("--demo", action="store_true", help="a demo server of our own")
    target.add_argument("--plain", action="store_true", help="the demo without TLS")
    target.add_argument("--settings", type=Path, metavar="FILE", help="connection settings")
    target.add_argument(
        "--accounts",
        type=Path,
        metavar="FILE",
        help="JSON: the ready line of `pronote-server demo --json`, or its accounts",
    )
    load = parser.add_argument_group("how")
    load.add_argument("--sessions", type=_above_zero, default=50, metavar="N")
    load.add_argument("--rate", type=_positive, default=100.0, help="calls per second, in all")
    load.add_argument("--for", type=_duration, default=30.0, dest="seconds", metavar="30s")
    load.add_argument("--warm-up", type=_duration, default=3.0, metavar="3s")
    load.add_argument("--constant", action="store_true", help="even arrivals, not Poisson")
    load.add_argument(
        "--mix", type=_mix, help="weights, such as session.show=20,timetable.read=5"
    )
    load.add_argument("--seed", type=int, help="of the plan; drawn and printed otherwise")
    load.add_argument("--ramp", type=_positive, default=20.0, help="logins per second")
    load.add_argument("--deadline", type=_duration, default=10.0, help="of one call")
    out = parser.add_argument_group("what to say")
    out.add_argument("--slo", type=_slo, default=Slo({}), help="p99=25ms,p999=100ms,err=0")
    out.add_argument("--json", type=Path, metavar="FILE", help="the whole report; - prints it")
    out.add_argument(
        "--self-test",
        action="store_true",
        help="freeze a server of our own for 1 s and make sure that the report shows it",
    )
    options = parser.parse_args(given)
    if options.self_test:
        options.demo, options.constant = True, True
        vars(options).update(_SELF_TEST)
    if options.demo == (options.settings is not None):
        parser.error("either --demo, or --settings with --accounts")
    if options.settings is not None and options.accounts is None:
        parser.error("--settings goes with --accounts")
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


_positive = _kind(lambda text: _checked_number(text, float), "number")
_above_zero = _kind(lambda text: _checked_number(text, int), "number")
_duration = _kind(seconds_from, "duration")
_mix = _kind(mix_from, "mix")
_slo = _kind(Slo.parse, "objective")


@attrs.frozen
class _Target:
    settings: ConnectionSettings
    accounts: tuple[DemoAccount, ...]
    server: DemoServer | None = None

    @property
    def name(self) -> str:
        tls = "TLS" if self.settings.tls else "plain TCP"
        whose = "a demo of our own" if self.server is not None else "not ours"
        return f"{self.settings.where}, {tls}, {whose}"


@asynccontextmanager
async def _target(options: argparse.Namespace) -> AsyncIterator[_Target]:
    if options.demo:
        async with open_demo_server(plain=options.plain) as server:
            yield _Target(server.settings, server.accounts, server)
    else:
        said = json.loads(options.accounts.read_text("utf-8"))
        items = said["accounts"] if isinstance(said, dict) else said
        yield _Target(ConnectionSettings.read(options.settings), accounts_from(items))


async def measure(options: argparse.Namespace) -> Report:
    """
    Make one run and return its report.

    Raises:
        CannotPlan, ServerDied, Refused, ClientError: There was no run.
    """
    async with _target(options) as target:
        crowd = Crowd(
            target.settings,
            cast(target.accounts, options.sessions),
            ramp=options.ramp,
            call_seconds=options.deadline,
        )
        async with crowd:
            mix = options.mix or dict(DEFAULT_MIX)
            errands = await errands_of(crowd, mix, strict=options.mix is not None)
            whole = options.warm_up + options.seconds
            arrivals = plan(
                errands,
                rate=options.rate,
                seconds=whole,
                constant=options.constant,
                seed=options.seed,
            )
            drive = Drive(
                crowd.seated,
                arrivals,
                warm_up=options.warm_up,
                seconds=whole,
                measures=Measures(),
                server_pid=None if target.server is None else target.server.pid,
                hopeless_after=options.deadline,
            )
            async with trio.open_nursery() as nursery:
                await nursery.start(drive.run)
                if options.self_test and target.server is not None:
                    await trio.sleep_until(
                        drive.begins_at + options.warm_up + options.seconds / 3
                    )
                    await target.server.freeze(_FREEZE_SECONDS)
        assert drive.effort is not None
        return Report(
            measures=drive.measures,
            effort=drive.effort,
            slo=options.slo,
            planned=sum(arrival.at >= options.warm_up for arrival in arrivals),
            seconds=options.seconds,
            rate=options.rate,
            constant=options.constant,
            warm_up=options.warm_up,
            seed=options.seed,
            composition=crowd.composition,
            logins=crowd.login_seconds,
            server=target.name,
            unsent=drive.unsent,
        )


def self_test_failures(report: Report) -> list[str]:
    """
    Return what is wrong with the report of a run whose server was frozen for a second.

    None of it depends on the speed of the machine: a call planned during the freeze cannot
    have been answered before its end.
    """
    found, measures = [], report.measures
    if measures.total.latency.max < 0.9 * _FREEZE_SECONDS:
        found.append(
            f"the freeze is not in the latency: max {measures.total.latency.max:.3f} s"
        )
    # Those planned in its first half waited for at least the second half.
    expected = int(report.rate * (_FREEZE_SECONDS - measures.slow_after) * 0.9)
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


def main(given: list[str]) -> int:
    """Run, report, return the exit status."""
    options = arguments_from(given)
    report, status, why = None, 0, None
    try:
        report = trio.run(measure, options)
    except* (CannotPlan, ServerDied) as group:
        status, why = 2 if group.subgroup(CannotPlan) else 4, _first(group)
    except* CannotConnect as group:
        status, why = 4, _first(group)
    except* (Refused, ClientError) as group:
        status, why = 3, _first(group)
    except* (OSError, ValueError, KeyError) as group:
        status, why = 2, _first(group)
    except* KeyboardInterrupt:
        status = 130
    if why is not None:
        print(f"tools/load.py: {why}", file=sys.stderr)
    if report is None:
        return status
    if options.json is not None:
        _write(options.json, report)
    if str(options.json) != "-":
        report.show()
    if not options.self_test:
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
