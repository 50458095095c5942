"""
Some ask for much and read little. The server has to hang up on them, and nobody else may
notice: not in the answers of a witness.

What they do not read fills the buffers of both systems first (the server's takes some 4 MB
on Linux), and only then is the server's patience (``limits.stall_seconds``) tried. A server of
our own is given a short one; one of others has 15 s by default, and a second more for each
16 KiB that wait: make ``asleep`` longer then. At the end the readers wake up and read on:
``hung up`` is who finds then that the session is over.
"""

from __future__ import annotations

from contextlib import suppress

import trio

from loading.scenario import Closed, Errand, Mix, Objective, Open, People, Phase, Scenario
from loading.visit import Visit
from pronote_client import CallTimedOut, Mode, SessionEnded
from pronote_protocol.catalogue.resources import LIST_RESOURCES, ListResources
from pronote_protocol.words import ResourceKind

# Answers of some 13 KiB each: more than the buffers of both systems hold.
_CALLS = 420
# Seconds between two of them, so that the asking is no burst.
_PACE = 0.02
# For reading on, and for what is still on its way.
_AWAKE_SECONDS = 20.0


def asking_for_much(asleep: float) -> Errand:
    async def ask_for_much(visit: Visit) -> None:
        """Ask for every pupil again and again; read on *asleep* seconds after the last."""

        async def ask(number: int) -> None:
            wish = ListResources(kind=ResourceKind.PUPILS, offset=500 * (number % 2), limit=500)
            with suppress(SessionEnded):
                await visit.client.call(LIST_RESOURCES, wish, seconds=600.0)

        with visit.timed("hung up"):
            async with trio.open_nursery() as nursery:
                for number in range(_CALLS):
                    nursery.start_soon(ask, number)
                    await trio.sleep(_PACE)
                await trio.sleep(asleep)
                visit.read_as_it_comes()
            with suppress(SessionEnded), trio.move_on_after(_AWAKE_SECONDS):
                await visit.client.session.show()
            if visit.client.goodbye is None:
                # Counted as an error: such a client was served to the end.
                raise CallTimedOut("hung up", asleep, sent=True)

    return ask_for_much


def scenario(
    readers: int = 10,
    bytes_per_second: float = 2000.0,
    asleep: float = 8.0,
    stall: float = 2.0,
    rate: float = 40.0,
) -> Scenario:
    """``rate``: of the witness, calls a second; ``stall``: the server's patience, if ours."""
    slow = People(name="slow", count=readers, mode=Mode.SCHOOL_LIFE, reads=bytes_per_second)
    witness = People(name="witness", count=10, mode=Mode.SCHOOL_LIFE)
    watching = Open(
        people=witness, does=Mix({"session.show": 3, "resources.list": 1}), rate=rate
    )
    asking = Closed(people=slow, does=asking_for_much(asleep), once=True, think=3.0)
    seconds = 3.0 + _CALLS * _PACE + asleep + 4.0
    return Scenario(
        what="who asks for much and reads little is hung up on, and nobody else notices",
        phases=[
            Phase(name="before", seconds=4.0, loads=[watching]),
            Phase(name="slow readers", seconds=seconds, loads=[watching, asking], grace=30.0),
        ],
        objectives=[
            Objective(bounds="p99=50ms,err=0", phase="before", people="witness"),
            Objective(bounds="p99=100ms,err=0", phase="slow readers", people="witness"),
            Objective(bounds=f"calls={readers},err=0", people="slow", call="hung up"),
        ],
        settings={"LIMITS__STALL_SECONDS": f"{stall}", "LIMITS__OUTBOX_BYTES": "262144"},
    )
