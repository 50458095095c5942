"""
A client that does nothing wrong, in a process of its own, and notes how long it waits.

Run by `fuzz_wire.py`; reads one JSON object on standard input, prints a line at the first
answer, works until the input is closed, and prints one JSON object.

On a machine with fewer processors than work, a slow answer may be nobody's fault. The
kernel says how long a process wanted to run and could not (``schedstat``): what the
server and the witness waited so during a call is told apart from what the server did.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final

import attrs
import trio

from pronote_client import (
    CallTimedOut,
    CannotConnect,
    Client,
    ConnectionSettings,
    Instance,
    Mode,
    SessionEnded,
    open_client,
)

STALL_SECONDS: Final = 0.050
_PAUSE_SECONDS: Final = 0.005
_KEPT_STALLS: Final = 200


@attrs.frozen
class Waited:
    """
    Attributes:
        ran: Seconds the main thread has run since its start.
        waited: Seconds any thread wanted to run and had no processor. All of them count: one
            that is put aside while it holds the interpreter's lock holds the loop up too.
    """

    ran: float
    waited: float

    @classmethod
    def of(cls, pid: int) -> Waited:
        """Return the figures of now; nothing where the kernel does not count them."""
        ran = waited = 0
        try:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                running, waiting, _ = (thread / "schedstat").read_text("ascii").split()
                waited += int(waiting)
                if thread.name == str(pid):
                    ran = int(running)
        except (OSError, ValueError):
            pass  # a thread that ended meanwhile, or a kernel that does not count
        return cls(ran / 1e9, waited / 1e9)


@attrs.define
class Notes:
    """
    What the witness saw.

    Attributes:
        longest: Of an answer, whoever's fault.
        longest_own: Less what the server and the witness waited for a processor.
        stalls: Of more than `STALL_SECONDS`, the first ones.
    """

    calls: int = 0
    longest: float = 0.0
    longest_own: float = 0.0
    slow: int = 0
    slow_own: int = 0
    stalls: list[dict[str, float]] = attrs.field(factory=list)
    interruptions: Counter[str] = attrs.field(factory=Counter)

    def note(
        self, at: float, seconds: float, witness: float, server: float, ran: float
    ) -> None:
        """
        Note one answer.

        Args:
            witness, server: What each waited for a processor meanwhile.
            ran: How long the server's loop ran meanwhile.
        """
        own = max(0.0, seconds - witness - server)
        if not self.calls:
            print("watching", flush=True)
        self.calls += 1
        self.longest, self.longest_own = max(self.longest, seconds), max(self.longest_own, own)
        self.slow += seconds > STALL_SECONDS
        self.slow_own += own > STALL_SECONDS
        if seconds > STALL_SECONDS and len(self.stalls) < _KEPT_STALLS:
            self.stalls.append(
                {
                    "at": round(at, 3),
                    "seconds": round(seconds, 4),
                    "own": round(own, 4),
                    "witness_waited": round(witness, 4),
                    "server_waited": round(server, 4),
                    "server_ran": round(ran, 4),
                }
            )


async def watch(task: dict[str, Any]) -> Notes:
    """Call until standard input is closed."""
    notes = Notes()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_call_for_ever, task, notes)
        await trio.to_thread.run_sync(sys.stdin.read)
        nursery.cancel_scope.cancel()
    return notes


async def _call_for_ever(task: dict[str, Any], notes: Notes) -> None:
    settings = ConnectionSettings.read(task["settings_file"])
    begun = trio.current_time()
    while True:
        try:
            async with open_client(
                settings,
                login=task["login"],
                password=task["password"],
                mode=Mode(task["mode"]),
                workstation="TEMOIN",
                instance=Instance(),
            ) as client:
                await _call_while_welcome(client, task["pid"], notes, begun)
        except SessionEnded as exc:
            # An administrator of the fuzzer's may disconnect everybody.
            notes.interruptions[exc.goodbye.code.value] += 1
        except CallTimedOut:
            notes.interruptions["timed_out"] += 1
        except CannotConnect:
            notes.interruptions["cannot_connect"] += 1
            await trio.sleep(0.2)


async def _call_while_welcome(client: Client, pid: int, notes: Notes, begun: float) -> None:
    me = os.getpid()
    while True:
        mine, theirs = Waited.of(me), Waited.of(pid)
        asked = trio.current_time()
        await client.session.show()
        answered = trio.current_time()
        after, server = Waited.of(me), Waited.of(pid)
        notes.note(
            asked - begun,
            answered - asked,
            # A thread that ends takes its figures along.
            max(0.0, after.waited - mine.waited),
            max(0.0, server.waited - theirs.waited),
            server.ran - theirs.ran,
        )
        await trio.sleep(_PAUSE_SECONDS)


def main() -> None:
    """Be the process."""
    task = json.loads(sys.stdin.readline())
    gc.disable()  # a collection here would look like a stall there
    notes = trio.run(watch, task)
    print(json.dumps(attrs.asdict(notes)), flush=True)


if __name__ == "__main__":
    main()
