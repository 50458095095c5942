"""
Some ask for much and read little. The server has to hang up on them, and nobody else may
notice: neither in the answers of a witness, nor in memory.

``hung up`` counts from the first asking to the end of the session. A server of our own is
given a short patience (``limits.stall_seconds``); one of others has its own, 15 s by default
and a second more for each 16 KiB that wait: give it the time with ``seconds``.
"""

from __future__ import annotations

import trio

from loading.scenario import Closed, Mix, Objective, Open, People, Phase, Scenario
from loading.visit import Visit
from pronote_client import Mode, SessionEnded
from pronote_protocol.catalogue.resources import LIST_RESOURCES, ListResources
from pronote_protocol.words import ResourceKind

# Answers of some 30 KiB each: more than the buffers of both systems hold.
_CALLS = 250


async def ask_for_much(visit: Visit) -> None:
    """Ask for every pupil again and again, at once; be hung up on."""

    async def ask(everything: ListResources) -> None:
        nonlocal ended
        try:
            await visit.client.call(LIST_RESOURCES, everything, seconds=600.0)
        except SessionEnded:
            ended = True

    ended = False
    with visit.timed("hung up"):
        async with trio.open_nursery() as nursery:
            for number in range(_CALLS):
                offset = 500 * (number % 2)
                wish = ListResources(kind=ResourceKind.PUPILS, offset=offset, limit=500)
                nursery.start_soon(ask, wish)
        if not ended:
            raise AssertionError("everything was read: these readers are not slow")


def scenario(
    readers: int = 20,
    bytes_per_second: float = 2000.0,
    seconds: float = 25.0,
    stall: float = 2.0,
    rate: float = 40.0,
) -> Scenario:
    """``rate``: of the witness, calls a second; ``stall``: the server's patience, if ours."""
    slow = People(name="slow", count=readers, mode=Mode.SCHOOL_LIFE, reads=bytes_per_second)
    witness = People(name="witness", count=10, mode=Mode.SCHOOL_LIFE)
    watching = Open(
        people=witness, does=Mix({"session.show": 3, "resources.list": 1}), rate=rate
    )
    asking = Closed(people=slow, does=ask_for_much, once=True)
    return Scenario(
        what="who asks for much and reads little is hung up on, and nobody else notices",
        phases=[
            Phase(name="before", seconds=4.0, loads=[watching]),
            Phase(name="slow readers", seconds=seconds, loads=[watching, asking]),
        ],
        objectives=[
            Objective(bounds="p99=50ms,err=0", phase="before", people="witness"),
            Objective(bounds="p99=100ms,err=0", phase="slow readers", people="witness"),
            Objective(bounds=f"calls={readers},err=0", people="slow", call="hung up"),
        ],
        settings={"LIMITS__STALL_SECONDS": f"{stall}", "LIMITS__OUTBOX_BYTES": "262144"},
    )
