"""
School time: the one clock that dates what happens and decides when it is due.

Two kinds of time live in the server and must not be confused.

*School time*, kept here, is for backups, archives, contract expiry, inactivity,
suspensions and the journal. It starts at an origin, runs with Trio's clock, and can be
moved and frozen, so that a demonstration or a test goes to the 21st of August at once.

*Transport time* is plain Trio deadlines, for greetings, heartbeats, stalled writes and
farewells. It never jumps: going two hours forward does not hang up every connection.

The origin is read from the machine once. From then on the machine's own clock may be set
without the school noticing; it follows what ``trio.current_time()`` follows. Under
``trio.testing.MockClock`` both kinds move together.
"""

from __future__ import annotations

import bisect
import itertools
import math
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs
import trio

__all__ = ["Clock", "ClockStatistics", "machine_time", "sleep_until_or"]


@attrs.frozen(kw_only=True)
class ClockStatistics:
    """
    A snapshot of a :class:`Clock`.

    Args:
        now: School time.
        frozen: Whether it stands still.
        travelled: How far it is from a clock nobody touched; negative when behind.
        sleepers: How many tasks wait for an instant.
        next_instant: The earliest instant somebody waits for.
    """

    now: datetime
    frozen: bool
    travelled: timedelta
    sleepers: int
    next_instant: datetime | None


@attrs.define(order=True)
class _Sleeper:
    instant: datetime
    number: int
    nudged: trio.Event = attrs.field(factory=trio.Event, eq=False, order=False)


class Clock:
    """
    School time, in UTC, to the microsecond.

    Make it inside ``trio.run`` and use it from Trio tasks only; a thread is told the time
    by who starts it. Everything but :meth:`sleep_until` is synchronous, so that no task
    sees the clock half moved.

    Args:
        origin: School time now, timezone-aware. None takes the machine's clock.

    Raises:
        ValueError: *origin* has no timezone.
    """

    def __init__(self, origin: datetime | None = None) -> None:
        origin = machine_time() if origin is None else _in_utc(origin)
        self._origin: Final = origin
        self._started: Final = trio.current_time()
        self._set_base(origin)
        self._transport_base = self._started
        self._frozen = False
        self._sleepers: list[_Sleeper] = []
        self._numbers = itertools.count()

    def now(self) -> datetime:
        """Return school time, timezone-aware in UTC."""
        if self._frozen:
            return self._school_base
        return self._school_base + timedelta(seconds=trio.current_time() - self._transport_base)

    def timestamp(self, transport_now: float | None = None) -> float:
        """
        Return school time in seconds since 1970, for what only compares and subtracts.

        Args:
            transport_now: What ``trio.current_time()`` gave a moment ago; None asks it.
        """
        if self._frozen:
            return self._school_seconds
        if transport_now is None:
            transport_now = trio.current_time()
        return self._school_seconds + (transport_now - self._transport_base)

    async def sleep_until(self, instant: datetime) -> None:
        """
        Wait for school time to reach *instant*. Always a checkpoint, even when it has.

        When the clock jumps over several instants, their sleepers return one by one in the
        order of the instants, each running up to its next checkpoint before the following
        one returns; one who comes back at once for an instant that was crossed too, as a
        two-hourly task does, takes its place in that order. The clock already shows the
        time after the jump: to date what was due then, use *instant*.

        A clock that goes back makes whoever has not returned yet wait again. Cancelling
        leaves nothing behind.

        Raises:
            ValueError: *instant* has no timezone.
        """
        sleeper = _Sleeper(_in_utc(instant), next(self._numbers))
        bisect.insort(self._sleepers, sleeper)
        try:
            await trio.lowlevel.checkpoint()
            while not self._is_due(sleeper):
                with trio.move_on_at(self._deadline_of(sleeper)):
                    await sleeper.nudged.wait()
                sleeper.nudged = trio.Event()
        finally:
            del self._sleepers[bisect.bisect_left(self._sleepers, sleeper)]
            self._nudge_first()

    def advance(self, duration: timedelta) -> None:
        """Move school time by *duration*; a negative one goes back."""
        self._set_base(self._school_base + duration)
        self._nudge_first()

    def travel_to(self, instant: datetime) -> None:
        """
        Make *instant* the present; a running clock runs on from there.

        Raises:
            ValueError: *instant* has no timezone.
        """
        self.advance(_in_utc(instant) - self.now())

    def freeze(self) -> None:
        """Stop school time where it is. It can still be moved. Idempotent."""
        self._set_base(self.now())
        self._frozen = True
        self._nudge_first()

    def resume(self) -> None:
        """Let school time run on from where it stands. Idempotent."""
        if self._frozen:
            self._frozen = False
            self._transport_base = trio.current_time()
            self._nudge_first()

    def statistics(self) -> ClockStatistics:
        """Return a snapshot, for the console, the logs and the tests."""
        now = self.now()
        untouched = self._origin + timedelta(seconds=trio.current_time() - self._started)
        return ClockStatistics(
            now=now,
            frozen=self._frozen,
            travelled=now - untouched,
            sleepers=len(self._sleepers),
            next_instant=self._sleepers[0].instant if self._sleepers else None,
        )

    def _set_base(self, instant: datetime) -> None:
        self._school_base = instant
        self._school_seconds = instant.timestamp()  # asked for with every call

    def _is_due(self, sleeper: _Sleeper) -> bool:
        return self._sleepers[0] is sleeper and sleeper.instant <= self.now()

    def _deadline_of(self, sleeper: _Sleeper) -> float:
        # Whoever is not first is nudged by the one before; a deadline of its own would
        # already be over whenever both instants are, and it would spin until its turn.
        if self._frozen or self._sleepers[0] is not sleeper:
            return math.inf
        remaining = (sleeper.instant - self._school_base).total_seconds()
        return self._transport_base + remaining

    def _nudge_first(self) -> None:
        """Make whoever waits for the earliest instant plan again."""
        if self._sleepers:
            self._sleepers[0].nudged.set()


async def sleep_until_or(clock: Clock, instant: datetime | None, event: trio.Event) -> None:
    """
    Wait for *event*, or for school time to reach *instant* if there is one.

    Raises:
        ValueError: *instant* has no timezone.
    """
    async with trio.open_nursery() as nursery:

        async def sleep() -> None:
            assert instant is not None
            await clock.sleep_until(instant)
            nursery.cancel_scope.cancel(reason="the instant is reached")

        if instant is not None:
            nursery.start_soon(sleep)
        await event.wait()
        nursery.cancel_scope.cancel(reason="the event came first")


def machine_time() -> datetime:
    """
    Return the time of the machine, in UTC: the only reading of its clock in the server.

    For what strangers check against their own clocks, such as certificates; everything of
    the school asks :meth:`Clock.now`.
    """
    return datetime.now(UTC)


def _in_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no timezone: is it UTC or Paris?")
    return instant.astimezone(UTC)
