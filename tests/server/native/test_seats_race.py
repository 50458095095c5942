"""
Seats under racing logins, logouts, kicks, cuts, mode changes, resumes and exclusive use.

Actors do what a seed says, all at once, and after every step of every task the seats are
held against the plan and against the sessions: never oversold, never leaked.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from pathlib import Path

import attrs
import trio
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from pronote_protocol.catalogue import sessions as calls
from pronote_protocol.errors import LocalProtocolError, Refused
from pronote_protocol.messages import Enter, Entered, Nothing
from pronote_protocol.records import unstructure
from pronote_protocol.words import Access, Mode, Pool
from pronote_server.config import Contract, Limits, Suspension
from pronote_server.hosting.school import School
from pronote_server.testing import TestDoor, WireClient, open_test_door, open_test_school

OFFICE = ("SPR", "admin", "sec1", "sec2", "sec3", "sec4", "guest")
GONE = (EOFError, trio.BrokenResourceError, trio.ClosedResourceError, LocalProtocolError)

contracts = st.builds(
    lambda modification, reserved, teachers, consultation: Contract(
        modification=modification,
        reserved_for_administrators=min(reserved, modification),
        teachers=teachers,
        consultation=consultation,
    ),
    st.integers(0, 4),
    st.integers(0, 2),
    st.sampled_from([None, 0, 1, 2]),
    st.booleans(),
)


class Watch(trio.abc.Instrument):
    """Looks at the seats after every step of every task; tells the first thing wrong."""

    def __init__(self, school: School) -> None:
        self.wrong: str | None = None
        self.most = 0
        self._school = school

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        if self.wrong is None:
            self.wrong = self._what_is_wrong()

    def _what_is_wrong(self) -> str | None:
        counted = self._school.seats.statistics()
        plan, used = counted.plan, counted.in_use
        sessions = list(self._school.sessions)
        self.most = max(self.most, len(sessions))
        seats = [session.seat for session in sessions if session.seat is not None]
        if len(seats) != len(sessions):
            return "a session has no seat"
        held = Counter(seat.pool for seat in seats)
        if any(not seat.held for seat in seats):
            return "a session sits on a seat that was given back"
        if dict(held) != {pool: count for pool, count in used.items() if count}:
            return f"sessions hold {held}, the pool counts {used}"
        others = sum(
            seat.pool is Pool.MODIFICATION and not session.administrator
            for seat, session in zip(seats, sessions, strict=True)
        )
        if used[Pool.MODIFICATION] > plan.modification:
            return f"{used[Pool.MODIFICATION]} of {plan.modification} in modification"
        if others > plan.modification - plan.reserved_for_administrators:
            return f"{others} who are no administrators took a reserved seat"
        if plan.teachers is not None and used[Pool.TEACHER] > plan.teachers:
            return f"{used[Pool.TEACHER]} of {plan.teachers} teachers"
        if used[Pool.CONSULTATION] and not plan.consultation:
            return "consultation was not bought"
        return None


@attrs.define
class Actor:
    """One person at one workstation, with at most one client open at a time."""

    door: TestDoor
    name: str
    draw: random.Random
    client: WireClient | None = None
    cut: Entered | None = None

    async def play(self, steps: int) -> None:
        moves = [
            *([self.come_in] * 6),
            *([self.change_access] * 3),
            self.come_and_cut,
            self.leave,
            self.be_cut,
            self.be_cut_while_asking,
            self.resume,
            self.resume,
            self.kick,
            self.begin_exclusive,
            self.end_exclusive,
            self.wait,
        ]
        for _ in range(steps):
            try:
                await self.draw.choice(moves)()
            except Refused:
                pass
            except GONE:
                if self.client is not None:
                    await self.client.aclose()
                self.client = None
            # Others get their turn here, sometimes in the same tick.
            await trio.sleep(self.draw.choice((0, 0, 0.01, 0.5)))

    def _wish(self) -> Enter:
        mode = Mode.ADMINISTRATIVE
        if self.name in ("teacher", "cpe"):
            mode = Mode.TEACHER if self.name == "teacher" else Mode.SCHOOL_LIFE
        return Enter(
            mode=mode,
            access=self.draw.choice((Access.MODIFICATION,) * 3 + (Access.CONSULTATION,)),
            resumable=self.draw.random() < 0.6,
            fall_back=self.draw.random() < 0.3,
        )

    async def _known(self) -> WireClient:
        client = WireClient.connect(self.door, f"192.0.2.{self.draw.randint(1, 3)}")
        self.client = client
        await client.greet(workstation=f"PC-{self.draw.randint(1, 3)}")
        await client.log_in(self.name)
        return client

    async def come_in(self) -> None:
        if self.client is None:
            client = await self._known()
            client.entered = await client.ask("session.enter", self._wish(), Entered)

    async def come_and_cut(self) -> None:
        """Nobody reads whether there was a seat."""
        if self.client is None:
            client = await self._known()
            _, data = client.wire.ask("session.enter", unstructure(self._wish()))
            await client.stream.send_all(data)
            await self.be_cut()

    async def leave(self) -> None:
        if self.client is not None:
            client, self.client = self.client, None
            await client.leave()

    async def be_cut(self) -> None:
        if self.client is not None:
            client, self.client = self.client, None
            self.cut = getattr(client, "entered", None)
            await client.aclose()

    async def be_cut_while_asking(self) -> None:
        if self.client is not None:
            for _ in range(self.draw.randint(1, 5)):
                access = self.draw.choice(list(Access))
                _, data = self.client.wire.ask(
                    "session.change_access", unstructure(calls.ChangeAccess(access=access))
                )
                await self.client.stream.send_all(data)
            await self.be_cut()

    async def resume(self) -> None:
        """Also while the old connection lives: then it is superseded."""
        entered = self.cut or getattr(self.client, "entered", None)
        if entered is None or entered.resume_token is None:
            return
        old, self.client = self.client, None
        self.cut = None
        client = WireClient.connect(self.door)
        self.client = client
        await client.greet()
        client.entered = await client.resume(entered)
        if old is not None:
            await old.last_words()
            await old.aclose()

    async def change_access(self) -> None:
        if self.client is not None:
            access = self.draw.choice(list(Access))
            await self.client.call(calls.CHANGE_ACCESS, calls.ChangeAccess(access=access))

    async def kick(self) -> None:
        if self.client is None or self.name not in ("SPR", "admin"):
            return
        page = await self.client.call(calls.LIST_CONNECTIONS, calls.ListConnections())
        chosen = self.draw.sample(page.rows, k=min(len(page.rows), self.draw.randint(1, 3)))
        await self.client.call(
            calls.DISCONNECT,
            calls.Disconnect(
                sessions=tuple(row.session for row in chosen),
                delay_seconds=self.draw.choice((0.0, 0.0, 1.5)),
            ),
        )

    async def begin_exclusive(self) -> None:
        if self.client is not None and self.name in ("SPR", "admin"):
            await self.client.call(calls.BEGIN_EXCLUSIVE, Nothing())

    async def end_exclusive(self) -> None:
        if self.client is not None and self.name in ("SPR", "admin"):
            await self.client.call(calls.END_EXCLUSIVE, calls.EndExclusiveUse())

    async def wait(self) -> None:
        await trio.sleep(self.draw.choice((1.0, 5.0, 40.0, 95.0)))


async def race(folder: Path, contract: Contract, seed: int, steps: int) -> int:
    """Return how many sessions there were at the same time, at most."""
    async with (
        open_test_school(
            folder, contract=contract, suspension=Suspension(level="off"), inline=True
        ) as school,
        open_test_door(school, limits=Limits(stop_grace_seconds=0.01)) as door,
    ):
        watch = Watch(school)
        trio.lowlevel.add_instrument(watch)
        try:
            actors = [
                Actor(door, name, random.Random(f"{seed} {number}"))
                for number, name in enumerate((*OFFICE, *OFFICE, *("teacher",) * 4, "cpe"))
            ]
            async with trio.open_nursery() as nursery:
                for actor in actors:
                    nursery.start_soon(actor.play, steps)
            for actor in actors:
                await actor.be_cut()
            # Longer than a session is kept for a client that was cut, and than any delay.
            await trio.sleep(100)
        finally:
            trio.lowlevel.remove_instrument(watch)
        assert watch.wrong is None
        assert len(school.sessions) == 0
        assert set(school.seats.statistics().in_use.values()) == {0}
        assert school.exclusive.holder is None
        assert not school.departures
        counted = door.statistics()
        assert (counted.connections, counted.unauthenticated) == (0, 0)
        peak, plan = school.seats.statistics().peak, school.seats.statistics().plan
        assert peak[Pool.MODIFICATION] <= plan.modification
        if plan.modification:
            await WireClient.inside(door, "SPR")
        return watch.most


@given(contract=contracts, seed=st.integers(0, 2**32))
@example(Contract(), 0)
@example(Contract(consultation=True, teachers=1), 1)
# A smaller seed is not a simpler race: nothing to shrink.
@settings(max_examples=15, phases=[Phase.explicit, Phase.generate])
def test_seats_are_never_oversold_and_never_leaked(contract: Contract, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trio.run(race, Path(folder), contract, seed, 12, clock=MockClock(autojump_threshold=0))


def test_the_race_is_one() -> None:
    """Or the property above would say nothing."""
    with tempfile.TemporaryDirectory() as folder:
        most = trio.run(
            race,
            Path(folder),
            Contract(consultation=True),
            5,
            25,
            clock=MockClock(autojump_threshold=0),
        )

    assert most >= 8
