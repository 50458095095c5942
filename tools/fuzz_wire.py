#!/usr/bin/env python3
"""
Send a server of our own frames no friend would send, before and after the login.

It must not die, log an error, answer `internal`, grow, fall silent, or keep a well-behaved
witness waiting. `tools/README.md` says what is sent and how to read the summary.

Exit status: 0 nothing found, 1 something was found, 98 out of time before all was sent,
2 bad usage, 4 the server did not start.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import shlex
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

try:
    import attrs
    import psutil
    import trio

    from fuzzing.attacker import Attack, Counts, Finding
    from fuzzing.frames import script
    from loading.demo_server import DemoAccount, DemoServer, ServerDied, demo_server
    from loading.measure import seconds_from
    from pronote_client import Mode
except ImportError as missing:
    print(
        f"tools/fuzz_wire.py: {missing}; run it in an environment with the project and the "
        "group `test`: tools/test makes one, then .venv/bin/python tools/fuzz_wire.py",
        file=sys.stderr,
    )
    raise SystemExit(69) from None

EXIT_INCOMPLETE: Final = 98
_LONG_FRAMES: Final = 10_000_000
# A cache that is full is emptied and filled by what is asked; the C library gives pages back
# when it likes. From one run to the next of the same server both came to 4 MiB at most.
_GROWTH_BYTES: Final = 8 * 1024 * 1024
# Until then the server fills its caches (server/README.md lists them, with their bounds).
_WARM_FRAMES: Final = 60_000
_JUDGED_FRAMES: Final = 100_000
_SAMPLES: Final = 60
_SHOWN: Final = 20
_WATCHING_SECONDS: Final = 60.0


def arguments_from(given: list[str]) -> argparse.Namespace:
    """Return what the command line asks for; ends the process when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="tools/fuzz_wire.py", description="A fuzzer of the native door."
    )
    parser.add_argument("--frames", type=int, default=200_000, metavar="N")
    parser.add_argument("--long", action="store_true", help=f"{_LONG_FRAMES} frames")
    parser.add_argument("--seed", type=int, help="drawn and printed otherwise")
    parser.add_argument(
        "--witness", action="store_true", help="also fail when the witness had to wait"
    )
    parser.add_argument("--at-once", type=int, default=8, metavar="N", help="connections")
    parser.add_argument(
        "--at-most", type=seconds_from, metavar="30m", help="then stop (30m; 12h with --long)"
    )
    parser.add_argument(
        "--connection", type=int, metavar="N", help="only this one, as a finding names it"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="the summary, for programs")
    parser.add_argument("--keep-log", type=Path, metavar="FILE", help="the server's log")
    options = parser.parse_args(given)
    if options.frames < 1 or options.at_once < 1:
        parser.error("--frames and --at-once are at least 1")
    if options.long:
        options.frames = _LONG_FRAMES
    if options.at_most is None:
        options.at_most = 43_200.0 if options.long else 1_800.0
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(2**32)
    return options


@attrs.define
class Run:
    """
    Everything about one run.

    Attributes:
        memory: Resident bytes of the server, by how many frames had been sent.
        witness: What the witness said; see `fuzzing.witness.Notes`.
        faults: What was found besides what connections found.
    """

    options: argparse.Namespace
    counts: Counts = attrs.field(factory=Counts)
    memory: list[tuple[int, int]] = attrs.field(factory=list)
    witness: dict[str, Any] = attrs.field(factory=dict)
    faults: list[str] = attrs.field(factory=list)
    seconds: float = 0.0

    @property
    def sent(self) -> int:
        """How many frames have left."""
        return self.counts.frames.total()

    @property
    def complete(self) -> bool:
        return self.options.connection is not None or self.sent >= self.options.frames

    @property
    def findings(self) -> list[str]:
        """Return a line for everything wrong, with how to see it again."""
        lines = [
            f"connection {each.number}: {each.what} (again: {self._again(each)})"
            for each in self.counts.findings
        ]
        lines += self.faults
        if growth := self._growth():
            lines.append(growth)
        if self.options.witness and self.witness.get("slow_own", 0):
            lines.append(
                f"the witness waited {self.witness['longest_own'] * 1e3:.0f} ms for an answer, "
                f"and {self.witness['slow_own']} times more than 50 ms"
            )
        if not self.witness.get("calls"):
            lines.append("the witness saw nothing")
        return lines

    @property
    def status(self) -> int:
        """The exit status."""
        if self.findings:
            return 1
        return 0 if self.complete else EXIT_INCOMPLETE

    def _again(self, finding: Finding) -> str:
        return f"tools/fuzz_wire.py --seed {self.options.seed} --connection {finding.number}"

    def _growth(self) -> str | None:
        grown = self.growth()
        if grown is None or grown[1] - grown[0] <= _GROWTH_BYTES:
            return None
        before, after = grown
        frames = (self.sent - _warm(self.sent)) / 2
        return (
            f"the server grows with its caches full: from {_mib(before)} to {_mib(after)}, "
            f"{(after - before) / frames:.0f} bytes a frame"
        )

    def growth(self) -> tuple[int, int] | None:
        """
        Return the resident bytes in the two halves of what came after the warm-up.

        Medians: one large answer that is being made when we look is no growth. None when
        too little was sent to tell.
        """
        if self.sent < _JUDGED_FRAMES:
            return None
        warm = [size for sent, size in self.memory if sent >= _warm(self.sent)]
        if len(warm) < 10:
            return None
        middle = len(warm) // 2
        return int(statistics.median(warm[:middle])), int(statistics.median(warm[middle:]))


def _warm(sent: int) -> int:
    """Return after how many frames of a run of *sent* the caches of the server are full."""
    return max(_WARM_FRAMES, sent // 3)


async def fuzz(options: argparse.Namespace) -> Run:
    """
    Make one run.

    Raises:
        ServerDied: It did not start; that it died later is a finding.
    """
    run = Run(options)
    async with demo_server(plain=True) as server:
        players: dict[Mode, list[DemoAccount]] = {mode: [] for mode in Mode}
        for account in server.accounts:
            players[account.mode].append(account)
        # The witness is nobody the fuzzer plays.
        witness = players[Mode.TEACHER].pop()
        process = _start_witness(server, witness)
        try:
            with trio.move_on_after(_WATCHING_SECONDS):
                await trio.to_thread.run_sync(_first_word, process, abandon_on_cancel=True)
            begun = trio.current_time()
            with trio.move_on_after(options.at_most):
                await _attack(run, server, players)
            run.seconds = trio.current_time() - begun
            with trio.move_on_after(_WATCHING_SECONDS):
                run.witness = await trio.to_thread.run_sync(
                    _last_words, process, abandon_on_cancel=True
                )
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
        await _look_at(server, run)
        if options.keep_log is not None:
            options.keep_log.write_bytes(server.log.read_bytes())
    return run


async def _attack(run: Run, server: DemoServer, players: dict[Mode, list[DemoAccount]]) -> None:
    only = run.options.connection
    numbers: Iterator[int] = itertools.count() if only is None else iter([only])
    watched = psutil.Process(server.pid)
    every = max(1, run.options.frames // _SAMPLES)

    async def work() -> None:
        for number in numbers:
            if run.sent >= run.options.frames or not server.alive:
                return
            attack = Attack(
                script(run.options.seed, number), server.settings, players, run.counts
            )
            await attack.run()
            if run.sent >= every * len(run.memory) and server.alive:
                run.memory.append((run.sent, watched.memory_info().rss))

    async with trio.open_nursery() as nursery:
        for _ in range(run.options.at_once):
            nursery.start_soon(work)
    if server.alive:
        run.memory.append((run.sent, watched.memory_info().rss))


async def _look_at(server: DemoServer, run: Run) -> None:
    """Note what the server did to itself: died, or complained."""
    if not server.alive:
        run.faults.append(f"the server died with status {server.process.returncode}")
    complaints = await trio.to_thread.run_sync(server.complaints)
    # One bug met a thousand times is one line, with the first of its entries.
    seen = Counter(_event_of(line) for line in complaints)
    for event, count in seen.most_common():
        first = next(line for line in complaints if _event_of(line) == event)
        run.faults.append(f"in its log {count} times: {first[:2000]}")


def _event_of(line: str) -> str:
    try:
        entry = json.loads(line)
    except ValueError:
        return line[:80]
    last = (entry.get("exception") or [{}])[-1]
    return f"{entry.get('event')} {entry.get('method')} {last.get('exc_type')}"


def _start_witness(server: DemoServer, account: DemoAccount) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "fuzzing" / "witness.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    task = {
        "settings_file": str(server.settings_file),
        "mode": account.mode.value,
        "login": account.login,
        "password": account.password,
        "pid": server.pid,
    }
    process.stdin.write(json.dumps(task) + "\n")
    process.stdin.flush()
    return process


def _first_word(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    process.stdout.readline()


def _last_words(process: subprocess.Popen[str]) -> dict[str, Any]:
    said, _ = process.communicate()
    notes: dict[str, Any] = json.loads(said) if said else {}
    return notes


def summary(run: Run) -> dict[str, Any]:
    """Return the whole summary as plain values."""
    counts, options = run.counts, run.options
    grown = run.growth()
    return {
        "command": shlex.join(["tools/fuzz_wire.py", *sys.argv[1:]]),
        "seed": options.seed,
        "frames": run.sent,
        "asked": options.frames,
        "seconds": round(run.seconds, 1),
        "frames_per_second": round(run.sent / max(run.seconds, 1e-9)),
        "connections": counts.connections,
        "lanes": dict(counts.lanes.most_common()),
        "kinds": dict(counts.frames.most_common()),
        "results": counts.results,
        "refusals": dict(counts.refusals.most_common()),
        "goodbyes": dict(counts.goodbyes.most_common()),
        "events": dict(counts.events.most_common()),
        "not_admitted": dict(counts.not_admitted.most_common()),
        "memory": {
            "first_half": None if grown is None else grown[0],
            "second_half": None if grown is None else grown[1],
            "samples": run.memory,
        },
        "witness": run.witness,
        "findings": run.findings,
        "complete": run.complete,
        "status": run.status,
    }


def show(run: Run) -> None:
    """Print the summary, the verdict first."""
    said = summary(run)
    verdict = {0: "nothing found", 1: "FOUND", EXIT_INCOMPLETE: "INCOMPLETE, out of time"}
    print(f"verdict      {verdict[run.status]}")
    for line in said["findings"][:_SHOWN]:
        print(f"             {line}")
    if (more := len(said["findings"]) - _SHOWN) > 0:
        print(f"             and {more} more")
    print(f"command      {said['command']} (seed {said['seed']})")
    print(
        f"frames       {said['frames']} of {said['asked']} in {said['seconds']} s, "
        f"{said['frames_per_second']}/s, on {said['connections']} connections"
    )
    for name in ("lanes", "kinds", "refusals", "goodbyes", "events", "not_admitted"):
        listed = ", ".join(f"{key} {count}" for key, count in said[name].items())
        print(f"{name:<13}{listed or 'none'}")
    print(f"results      {said['results']}")
    if (grown := run.growth()) is not None:
        told = f"after the warm-up {_mib(grown[0])}, then {_mib(grown[1])}"
    else:
        told = f"not judged below {_JUDGED_FRAMES} frames"
    last = run.memory[-1][1] if run.memory else 0
    print(f"memory       {_mib(last)} at the end; {told}")
    witness = run.witness
    if witness:
        print(
            f"witness      {witness['calls']} calls, longest "
            f"{witness['longest'] * 1e3:.1f} ms, "
            f"{witness['slow']} over 50 ms; without the waits for a processor: longest "
            f"{witness['longest_own'] * 1e3:.1f} ms, {witness['slow_own']} over 50 ms; "
            f"interrupted: {witness['interruptions'] or 'never'}"
        )
        for stall in sorted(witness["stalls"], key=lambda each: -each["own"])[:5]:
            print(f"             {stall}")


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"


def main(given: list[str]) -> int:
    """Run, print, return the exit status."""
    options = arguments_from(given)
    run, status = None, 130
    try:
        run = trio.run(fuzz, options)
    except* ServerDied as group:
        print(f"tools/fuzz_wire.py: {group.exceptions[0]}", file=sys.stderr)
        status = 4
    except* KeyboardInterrupt:
        pass
    if run is None:
        return status
    show(run)
    if options.json is not None:
        text = json.dumps(summary(run), ensure_ascii=False, indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")
    return run.status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
