#!/usr/bin/env python3
"""
Play a school morning through the SDK, and hold the base against what was acknowledged.

At 8:00 everybody logs in; teachers call the roll, enter the marks of whole classes and read;
more secretaries than seats want one; a teacher has forgotten his password. With --kill the
server dies by SIGKILL meanwhile and is started again on its port and data; whoever had asked
something asks again, with the same key. At noon every acknowledged write must be there exactly
once, every average must be what this tool computes itself, and every change must have been told
to everybody who may see it, once, or been asked for after a cut, and to nobody else.

Exit status: 0 all of it holds, 1 something does not, 2 bad usage, 4 no server.
"""

from __future__ import annotations

import argparse
import datetime
import json
import random
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

try:
    import attrs
    import trio

    from loading.demo_server import DemoAccount, ServerDied, accounts_from
    from loading.measure import seconds_from
    from morning.checks import Noon
    from morning.ledger import Ledger
    from morning.people import Morning
    from morning.server import MortalServer, mortal_server
    from pronote_client import (
        CannotConnect,
        Client,
        ConnectionSettings,
        Instance,
        Mode,
        open_client,
    )
    from pronote_protocol.words import PeriodKind, Rank, ResourceKind, SealedMatter
except ImportError as missing:
    print(
        f"tools/day.py: {missing}; run it in an environment with the project and the group "
        "`test`: tools/test makes one, then .venv/bin/python tools/day.py",
        file=sys.stderr,
    )
    raise SystemExit(69) from None

_PASSWORD: Final = "Un-Matin-De-Classe-8!"
# How many personalise their passwords at once, before the morning.
_AT_ONCE: Final = 16
_LOOK_BACK: Final = 90
_SUPERVISOR: Final = "SPR"


def arguments_from(given: list[str]) -> argparse.Namespace:
    """Return what the command line asks for; ends the process when it makes no sense."""
    parser = argparse.ArgumentParser(prog="tools/day.py", description="A school morning.")
    parser.add_argument("--demo", action="store_true", help="a demo server of our own")
    parser.add_argument("--plain", action="store_true", help="the demo without TLS")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="where the demo keeps its data"
    )
    parser.add_argument("--settings", type=Path, metavar="FILE", help="connection settings")
    parser.add_argument("--accounts", type=Path, metavar="FILE", help="as tools/load.py")
    parser.add_argument("--sessions", type=int, default=50, metavar="N")
    parser.add_argument("--for", type=_seconds, default=20.0, dest="seconds", metavar="20s")
    parser.add_argument("--kill", type=int, default=0, metavar="N", help="by -9, N times")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args(given)
    if options.demo == (options.settings is not None):
        parser.error("either --demo, or --settings with --accounts")
    if options.settings is not None and options.accounts is None:
        parser.error("--settings goes with --accounts")
    if options.settings is not None and (options.kill or options.data):
        parser.error("--kill and --data are for --demo: we kill no server that is not ours")
    if options.sessions < 1 or options.kill < 0:
        parser.error("--sessions is at least 1, --kill at least 0")
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(2**32)
    return options


def _seconds(text: str) -> float:
    try:
        return seconds_from(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


@attrs.frozen
class _School:
    settings: ConnectionSettings
    accounts: tuple[DemoAccount, ...]
    server: MortalServer | None = None

    def of_mode(self, mode: Mode) -> list[DemoAccount]:
        return [each for each in self.accounts if each.mode is mode]

    @property
    def secretaries(self) -> list[DemoAccount]:
        office = self.of_mode(Mode.ADMINISTRATIVE)
        return [each for each in office if each.login != _SUPERVISOR]

    @asynccontextmanager
    async def supervisor(self) -> AsyncIterator[Client]:
        account = next(each for each in self.accounts if each.login == _SUPERVISOR)
        async with open_client(
            self.settings,
            login=account.login,
            password=account.password,
            workstation="POSTE-SPR",
            program="day",
            instance=Instance(),
        ) as client:
            yield client


@asynccontextmanager
async def _school(options: argparse.Namespace) -> AsyncIterator[_School]:
    if options.settings is not None:
        said = json.loads(options.accounts.read_text("utf-8"))
        items = said["accounts"] if isinstance(said, dict) else said
        yield _School(ConnectionSettings.read(options.settings), accounts_from(items))
        return
    async with mortal_server(seed=0, data=options.data, plain=options.plain) as server:
        school = _School(server.settings, server.accounts, server)
        async with school.supervisor() as client:
            more = await _everybody(client, school, options.sessions)
        yield attrs.evolve(school, accounts=(*school.accounts, *more))


async def _everybody(client: Client, school: _School, most: int) -> list[DemoAccount]:
    """Personalise the passwords of teachers and staff, as they did one by one in September."""
    found: list[DemoAccount] = []
    limiter = trio.CapacityLimiter(_AT_ONCE)

    async def personalise(login: str, old: str, mode: Mode) -> None:
        async with (
            limiter,
            open_client(
                school.settings,
                login=login,
                password=old,
                new_password=_PASSWORD,
                mode=mode,
                instance=Instance(),
            ),
        ):
            pass

    known = {each.login for each in school.accounts}
    async with trio.open_nursery() as nursery:
        for mode, share in ((Mode.TEACHER, most), (Mode.SCHOOL_LIFE, 1 + most // 8)):
            users = await client.users.list_all(mode=mode)
            chosen = [
                each
                for each in users
                if each.rank is not Rank.SUPERVISOR and each.login not in known
                if each.group is None
            ][:share]
            for user in chosen:
                found.append(DemoAccount(mode, user.login, _PASSWORD))
                if user.password == "generated":
                    old = (await client.users.password(user.login)).password
                    nursery.start_soon(personalise, user.login, old, mode)
    return found


async def _plan(client: Client, run: str) -> Ledger:
    """
    Find the day to work on: the last one of school of which no roll was called.

    Today may be a Sunday, and the demo school has called the rolls of its last days.
    """
    # The server refuses what is to come; its clock may be behind ours by a day.
    today = datetime.datetime.now(datetime.UTC).date()
    day: datetime.date | None = None
    for back in range(_LOOK_BACK):
        tried = today - datetime.timedelta(days=back)
        lessons = (await client.roll.list(tried, limit=1)).total
        if lessons and not (await client.roll.list(tried, taken=True, limit=1)).total:
            day = tried
            break
    periods = await client.periods.list_all(kind=PeriodKind.TRIMESTER)
    around = [each for each in periods if day and each.starts_on <= day <= each.ends_on]
    period = (around or list(periods))[0]
    classes = await client.resources.list_all(ResourceKind.CLASSES)
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=7)
    ids = [each.id for each in classes]
    if day is not None:
        # School life is sealed when a period ends; a last day of school may be in one before.
        for each in await client.periods.list_all():
            if each.starts_on <= day <= each.ends_on:
                await client.periods.seal(each.id, ids, [SealedMatter.SCHOOL_LIFE], at=later)
    return Ledger(run=run, period_id=period.id, first=period.starts_on, day=day)


async def play(options: argparse.Namespace) -> bool:
    """Play the morning, say how it was, and return whether it passed."""
    async with _school(options) as school:
        async with school.supervisor() as client:
            # Runs of one seed on one base must not take each other's entries for theirs.
            ledger = await _plan(client, f"Matin {secrets.token_hex(4)}")
            shown = await client.seats.show()
            since = client.entered.revision
        seats = shown.modification_total - shown.reserved_for_administrators
        morning = Morning(school.settings, ledger, options.seed, options.seconds)
        async with trio.open_nursery() as nursery:
            _send_in(nursery, morning, school, options.sessions)
            if school.server is not None:
                for number in range(options.kill):
                    share = (number + 1) / (options.kill + 1)
                    await trio.sleep_until(morning.begins_at + share * options.seconds)
                    await school.server.kill_and_restart()
        async with school.supervisor() as client:
            noon = Noon(client, ledger)
            await noon.look(seats, fought=len(school.secretaries) > seats)
            await noon.look_at(morning.news, since)
        _report(options, ledger, noon, 0 if school.server is None else school.server.deaths)
        return not noon.problems


def _send_in(nursery: trio.Nursery, morning: Morning, school: _School, sessions: int) -> None:
    secretaries = school.secretaries
    teachers = school.of_mode(Mode.TEACHER)
    staff = school.of_mode(Mode.SCHOOL_LIFE)
    for rank, account in enumerate(secretaries):
        nursery.start_soon(morning.secretary, account, 9000 + rank)
    if teachers:
        nursery.start_soon(morning.forgetful, teachers[0], 8000)
    rest = max(1, sessions - len(secretaries) - 1)
    for_staff = max(1, rest // 8) if staff else 0
    for rank in range(for_staff):
        nursery.start_soon(morning.school_life, staff[rank % len(staff)], 7000 + rank)
    many = max(1, rest - for_staff) if teachers else 0
    for rank in range(many):
        place, whose = divmod(rank, len(teachers))
        of = (many - whose + len(teachers) - 1) // len(teachers)
        nursery.start_soon(morning.teacher, teachers[whose], rank, (place, of))


def _report(options: argparse.Namespace, ledger: Ledger, noon: Noon, deaths: int) -> None:
    cells = sum(map(len, ledger.marks.values()))
    print(f"seed {options.seed}, {options.sessions} sessions, {options.seconds:g} s, ", end="")
    print(f"the server killed {deaths} times; day of school: {ledger.day}")
    print(
        f"acknowledged: {ledger.writes} writes ({len(ledger.titles)} assessments, {cells} "
        f"marks, {len(ledger.rolls)} roll calls, {len(ledger.follow_ups)} follow-ups)"
    )
    print(
        f"{ledger.logins} logins, {ledger.again} calls asked again, {ledger.reads} reads, "
        f"{ledger.no_seat} found no seat, {ledger.wrong_passwords} wrong passwords"
    )
    for what, count in sorted(ledger.refused.items()):
        print(f"refused {count} times: {what}")
    print(f"{noon.averages} averages computed again")
    print(
        f"{noon.told} live events, each of them once and to nobody else; "
        f"{ledger.caught_up} changes asked for after a cut"
        if not noon.problems
        else f"{noon.told} live events, {ledger.caught_up} changes asked for after a cut"
    )
    for problem in noon.lines():
        print(f"WRONG: {problem}")
    print(f"{len(noon.problems)} wrong" if noon.problems else "ok")


def main(given: list[str]) -> int:
    """Play, report, return the exit status."""
    options = arguments_from(given)
    status = 4
    try:
        status = 0 if trio.run(play, options) else 1
    except* (ServerDied, CannotConnect) as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        print(f"tools/day.py: {first}", file=sys.stderr)
    except* KeyboardInterrupt:
        status = 130
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
