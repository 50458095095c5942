#!/usr/bin/env python3
"""
Kill a server of our own with -9 while marks are entered, again and again, and count.

Every write that was acknowledged must be in the base once; every other, once or not at all.
The base is looked at after each kill, as the dead server left it. `tools/README.md` says more.

Exit status: 0 nothing lost and nothing doubled, 1 something was, 2 bad usage, 4 the server
did not start.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

try:
    import attrs
    import trio

    from loading.demo_server import DemoAccount, DemoServer, ServerDied, demo_server
    from pronote_client import (
        Client,
        ClientError,
        Instance,
        Mode,
        open_client,
    )
    from pronote_protocol.catalogue.marks import ENTER_MARKS, EnterMarks, MarkEntry
    from pronote_protocol.errors import BaseUnavailable, SeatsExhausted, ServerBusy
    from torturing.ledger import HIGHEST, Ledger, Write, faults_of
except ImportError as missing:
    print(
        f"tools/torture.py: {missing}; run it in an environment with the project and the "
        "group `test`: tools/test makes one, then .venv/bin/python tools/torture.py",
        file=sys.stderr,
    )
    raise SystemExit(69) from None

# A write is asked again by another session, or given up; half of each.
_ASKED_AGAIN: Final = 0.5
_PUPILS: Final = 3
# A cycle in which nothing is acknowledged for so long is a finding.
_PATIENCE_SECONDS: Final = 60.0


def arguments_from(given: list[str]) -> argparse.Namespace:
    """Return what the command line asks for; ends the process when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="tools/torture.py", description="Kill a server while marks are entered."
    )
    parser.add_argument("--cycles", type=int, default=100, metavar="N", help="kills")
    parser.add_argument("--seed", type=int, help="drawn and printed otherwise")
    parser.add_argument(
        "--writes", type=int, default=200, metavar="N", help="at most so many before a kill"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="the summary, for programs")
    options = parser.parse_args(given)
    if options.cycles < 1 or options.writes < 1:
        parser.error("--cycles and --writes are at least 1")
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(2**32)
    return options


@attrs.define
class Run:
    """
    Everything about one run.

    Attributes:
        repeated: How many writes of unknown outcome were asked again with their key.
        found_done: How many of those had been done by the server that was killed.
    """

    options: argparse.Namespace
    draw: random.Random
    ledger: Ledger = attrs.field(factory=Ledger)
    columns: dict[str, tuple[int, tuple[int, ...]]] = attrs.field(factory=dict)
    kills: int = 0
    acknowledged: int = 0
    repeated: int = 0
    found_done: int = 0
    faults: list[str] = attrs.field(factory=list)
    progress: trio.Event = attrs.field(factory=trio.Event)

    def acknowledge(self, write: Write, revision: int) -> None:
        write.revision = revision
        self.acknowledged += 1
        self.progress.set()
        self.progress = trio.Event()


async def torture(options: argparse.Namespace) -> Run:
    """
    Make one run.

    Raises:
        ServerDied: It did not start.
    """
    run = Run(options, random.Random(options.seed))
    with tempfile.TemporaryDirectory(prefix="pronote-torture-") as folder:
        data, port = Path(folder) / "data", _free_port()
        for cycle in range(options.cycles):
            async with demo_server(plain=True, data=data, port=port) as server:
                await _cycle(run, server)
                run.faults += await trio.to_thread.run_sync(server.complaints)
            found = await trio.to_thread.run_sync(faults_of, _base_in(data), run.ledger)
            run.faults += [f"after kill {cycle + 1}: {fault}" for fault in found]
            if run.faults:
                break
    return run


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _base_in(data: Path) -> Path:
    (base,) = data.glob("*/bases/*.not")
    return base


async def _cycle(run: Run, server: DemoServer) -> None:
    """Let everybody write, and kill the server in the middle of it."""
    wanted = run.acknowledged + run.draw.randrange(run.options.writes + 1)
    async with trio.open_nursery() as nursery:
        for account in server.accounts:
            if account.mode is not Mode.SCHOOL_LIFE:
                nursery.start_soon(_write, run, server, account)
        while run.acknowledged < wanted:
            with trio.move_on_after(_PATIENCE_SECONDS) as scope:
                await run.progress.wait()
            if scope.cancelled_caught:
                run.faults.append(f"no write was acknowledged for {_PATIENCE_SECONDS} s")
                break
        await trio.sleep(run.draw.random() * 0.02)
        server.process.kill()
        run.kills += 1
        await trio.to_thread.run_sync(server.process.wait)
        # Each notices by himself; who does not, hears of it here.
        nursery.cancel_scope.deadline = trio.current_time() + _PATIENCE_SECONDS


async def _write(run: Run, server: DemoServer, account: DemoAccount) -> None:
    """Enter marks until the server is gone."""
    try:
        async with open_client(
            server.settings,
            login=account.login,
            password=account.password,
            mode=account.mode,
            instance=Instance(),
        ) as client:
            assessment, pupils = await _column(run, client, account)
            await _ask_again(run, client, assessment)
            while True:
                key = f"{run.draw.getrandbits(96):024x}"
                chosen = run.draw.sample(pupils, min(_PUPILS, len(pupils)))
                write = run.ledger.ask(account.login, assessment, key, chosen)
                run.acknowledge(write, await _enter(client, write))
    except (ClientError, ServerBusy, BaseUnavailable, SeatsExhausted):
        return  # killed; or one office too many for the seats of the school


async def _enter(client: Client, write: Write) -> int:
    params = EnterMarks(
        assessment_id=write.assessment,
        entries=tuple(MarkEntry(pupil, write.value, None) for pupil in write.pupils),
    )
    return (await client.call(ENTER_MARKS, params, key=write.key)).revision


async def _ask_again(run: Run, client: Client, assessment: int) -> None:
    """Ask what the last server did not answer, or give it up."""
    for write in run.ledger.writes[assessment]:
        if write.revision is not None or write.given_up:
            continue
        if run.draw.random() < _ASKED_AGAIN:
            before = client.entered.revision
            revision = await _enter(client, write)
            run.acknowledge(write, revision)
            run.repeated += 1
            run.found_done += revision <= before
        else:
            write.given_up = True


async def _column(
    run: Run, client: Client, account: DemoAccount
) -> tuple[int, tuple[int, ...]]:
    """Return an assessment that is this account's alone, and its pupils."""
    if account.login not in run.columns:
        services = (await client.services.list(limit=500)).rows
        period = (await client.periods.list()).rows[0]
        while True:
            service = run.draw.choice(services)
            made = await client.assessments.create(
                service.id, period.id, period.starts_on, scale=Decimal(HIGHEST)
            )
            rows = (await client.marks.read(made.id)).rows
            if rows:
                break
        run.columns[account.login] = made.id, tuple(row.pupil_id for row in rows)
    return run.columns[account.login]


def summary(run: Run) -> dict[str, Any]:
    """Return the whole summary as plain values."""
    writes = run.ledger.all
    return {
        "seed": run.options.seed,
        "kills": run.kills,
        "asked": len(writes),
        "acknowledged": run.acknowledged,
        "unknown": sum(write.revision is None for write in writes),
        "asked_again": run.repeated,
        "found_done": run.found_done,
        "faults": run.faults,
    }


def main(given: list[str]) -> int:
    """Run, print, return the exit status."""
    options = arguments_from(given)
    run, status = None, 130
    try:
        run = trio.run(torture, options)
    except* ServerDied as group:
        print(f"tools/torture.py: {group.exceptions[0]}", file=sys.stderr)
        status = 4
    except* KeyboardInterrupt:
        pass
    if run is None:
        return status
    said = summary(run)
    print(
        f"verdict      {'LOST OR DOUBLED' if run.faults else 'nothing lost, nothing doubled'}"
    )
    for fault in run.faults[:20]:
        print(f"             {fault[:2000]}")
    for name, value in said.items():
        if name != "faults":
            print(f"{name:<13}{value}")
    if options.json is not None:
        text = json.dumps(said, ensure_ascii=False, indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 1 if run.faults else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
