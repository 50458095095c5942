"""School time, to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from pronote_server.clock import Clock

RENTREE = datetime(2020, 9, 1, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Diary:
    """Notes who woke, in what order, and what the clock said then."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.notes: list[tuple[str, datetime]] = []

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.notes]

    async def wait(self, name: str, instant: datetime) -> None:
        await self.clock.sleep_until(instant)
        self.notes.append((name, self.clock.now()))

    async def every(self, name: str, period: timedelta) -> None:
        due = self.clock.now()
        while True:
            due += period
            await self.wait(f"{name} {(due - RENTREE) // HOUR}h", due)


async def test_school_time_runs_with_trio(autojump_clock: MockClock) -> None:
    clock = Clock(RENTREE)

    await trio.sleep(90.5)

    assert clock.now() == RENTREE + timedelta(seconds=90.5)
    assert clock.timestamp() == RENTREE.timestamp() + 90.5


async def test_who_knows_transport_time_need_not_have_it_asked(mock_clock: MockClock) -> None:
    clock = Clock(RENTREE)
    later = trio.current_time() + 5

    assert clock.timestamp(later) == RENTREE.timestamp() + 5
    clock.advance(HOUR)
    assert clock.timestamp(later) == (RENTREE + HOUR).timestamp() + 5
    clock.freeze()
    assert clock.timestamp(later) == (RENTREE + HOUR).timestamp()


async def test_the_origin_is_the_machines_time_unless_told() -> None:
    before = datetime.now(UTC)  # what the clock is compared with
    clock = Clock()

    assert before <= clock.now() <= datetime.now(UTC)


async def test_school_time_is_in_utc_whatever_it_was_told(mock_clock: MockClock) -> None:
    paris = timezone(timedelta(hours=2))

    assert Clock(RENTREE.astimezone(paris)).now().tzinfo is UTC


async def test_an_instant_without_timezone_is_refused() -> None:
    naive = RENTREE.replace(tzinfo=None)
    clock = Clock(RENTREE)

    for use in (Clock, clock.travel_to):
        with pytest.raises(ValueError, match="no timezone"):
            use(naive)
    with pytest.raises(ValueError, match="no timezone"):
        await clock.sleep_until(naive)
    assert clock.statistics().sleepers == 0


async def test_sleeping_ends_exactly_at_the_instant(autojump_clock: MockClock) -> None:
    clock = Clock(RENTREE)

    await clock.sleep_until(RENTREE + timedelta(days=20, microseconds=1))

    assert clock.now() == RENTREE + timedelta(days=20, microseconds=1)
    assert trio.current_time() == 20 * 86_400 + 1e-6


async def test_an_instant_gone_by_costs_one_checkpoint_and_no_time(
    mock_clock: MockClock,
) -> None:
    clock = Clock(RENTREE)

    with trio.testing.assert_checkpoints():
        await clock.sleep_until(RENTREE - HOUR)

    assert clock.now() == RENTREE


async def test_sleepers_wake_in_order_of_their_instants(autojump_clock: MockClock) -> None:
    clock = Clock(RENTREE)
    diary = Diary(clock)

    async with trio.open_nursery() as nursery:
        for name, hours in (("second", 2), ("third", 3), ("first", 1)):
            nursery.start_soon(diary.wait, name, RENTREE + hours * HOUR)

    assert diary.notes == [
        ("first", RENTREE + HOUR),
        ("second", RENTREE + 2 * HOUR),
        ("third", RENTREE + 3 * HOUR),
    ]


async def test_a_later_comer_with_an_earlier_instant_goes_first(
    autojump_clock: MockClock,
) -> None:
    clock = Clock(RENTREE)
    diary = Diary(clock)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(diary.wait, "late", RENTREE + 2 * HOUR)
        await wait_all_tasks_blocked()
        nursery.start_soon(diary.wait, "early", RENTREE + HOUR)

    assert diary.notes == [("early", RENTREE + HOUR), ("late", RENTREE + 2 * HOUR)]


async def test_what_a_jump_crosses_fires_in_order_of_instants(
    mock_clock: MockClock,
) -> None:
    """The guide's two-hourly backup and a daily archive, over one jump of a day."""
    clock = Clock(RENTREE)
    diary = Diary(clock)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(diary.every, "archive", 5 * HOUR)
        nursery.start_soon(diary.every, "backup", 2 * HOUR)
        nursery.start_soon(diary.wait, "expiry", RENTREE + 7 * HOUR)
        await wait_all_tasks_blocked()
        clock.advance(11 * HOUR)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()

    assert diary.names == [
        "backup 2h",
        "backup 4h",
        "archive 5h",
        "backup 6h",
        "expiry",
        "backup 8h",
        *diary.names[6:8],  # both at ten o'clock: no order between equals
    ]
    assert set(diary.names[6:8]) == {"backup 10h", "archive 10h"}
    assert {when for _, when in diary.notes} == {RENTREE + 11 * HOUR}


@given(st.lists(st.integers(min_value=-3, max_value=50), max_size=12), st.integers(0, 50))
def test_a_jump_wakes_exactly_whom_it_crosses(hours: list[int], jump: int) -> None:
    async def main() -> list[int]:
        clock = Clock(RENTREE)
        woken: list[int] = []

        async def wait(hour: int) -> None:
            await clock.sleep_until(RENTREE + hour * HOUR)
            woken.append(hour)

        async with trio.open_nursery() as nursery:
            for hour in hours:
                nursery.start_soon(wait, hour)
            await wait_all_tasks_blocked()
            already = len(woken)
            clock.advance(jump * HOUR)
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        assert sorted(woken[:already]) == sorted(h for h in hours if h <= 0)
        return woken[already:]

    woken = trio.run(main, clock=MockClock())

    assert woken == sorted(hour for hour in hours if 0 < hour <= jump)


async def test_going_back_makes_sleepers_wait_longer(autojump_clock: MockClock) -> None:
    clock = Clock(RENTREE)
    diary = Diary(clock)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(diary.wait, "bell", RENTREE + HOUR)
        await wait_all_tasks_blocked()
        clock.travel_to(RENTREE - timedelta(days=1))

    assert diary.notes == [("bell", RENTREE + HOUR)]
    assert trio.current_time() == 25 * 3600


async def test_travelling_sets_the_present_and_runs_on(autojump_clock: MockClock) -> None:
    clock = Clock(RENTREE)
    august = datetime(2021, 8, 21, tzinfo=UTC)

    clock.travel_to(august)
    assert clock.now() == august
    await trio.sleep(1)

    assert clock.now() == august + timedelta(seconds=1)


async def test_transport_deadlines_do_not_travel(mock_clock: MockClock) -> None:
    """Two hours forward must not hang up every connection."""
    clock = Clock(RENTREE)

    with trio.move_on_after(30) as heartbeat:
        clock.advance(2 * HOUR)
        await trio.lowlevel.checkpoint()

    assert not heartbeat.cancelled_caught


async def test_a_frozen_clock_stands_still_and_wakes_nobody(
    autojump_clock: MockClock,
) -> None:
    clock = Clock(RENTREE)
    diary = Diary(clock)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(diary.wait, "bell", RENTREE + HOUR)
        await wait_all_tasks_blocked()
        clock.freeze()
        await trio.sleep(86_400)
        assert clock.now() == RENTREE
        assert diary.notes == []
        clock.resume()

    assert diary.notes == [("bell", RENTREE + HOUR)]
    assert trio.current_time() == 86_400 + 3_600


async def test_a_frozen_clock_can_be_moved_and_fires_what_it_crosses(
    autojump_clock: MockClock,
) -> None:
    clock = Clock(RENTREE)
    clock.freeze()
    diary = Diary(clock)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(diary.wait, "bell", RENTREE + HOUR)
        await wait_all_tasks_blocked()
        clock.advance(2 * HOUR)

    assert diary.notes == [("bell", RENTREE + 2 * HOUR)]
    assert trio.current_time() == 0


async def test_freezing_and_resuming_twice_is_harmless(autojump_clock: MockClock) -> None:
    clock = Clock(RENTREE)

    await trio.sleep(3)
    clock.freeze()
    await trio.sleep(5)
    clock.freeze()
    clock.resume()
    await trio.sleep(7)
    clock.resume()

    assert clock.now() == RENTREE + timedelta(seconds=3 + 7)


async def test_cancelling_leaves_nothing_and_holds_nobody_up(
    autojump_clock: MockClock,
) -> None:
    clock = Clock(RENTREE)
    diary = Diary(clock)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(diary.wait, "bell", RENTREE + 2 * HOUR)
        with trio.move_on_after(60):
            await clock.sleep_until(RENTREE + HOUR)
        assert clock.statistics().sleepers == 1

    assert diary.notes == [("bell", RENTREE + 2 * HOUR)]
    assert clock.statistics().sleepers == 0


async def test_one_cancelled_on_its_turn_passes_it_on(mock_clock: MockClock) -> None:
    clock = Clock(RENTREE)
    diary = Diary(clock)
    first = trio.CancelScope()

    async def leave() -> None:
        with first:
            await diary.wait("never", RENTREE + HOUR)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(leave)
        nursery.start_soon(diary.wait, "bell", RENTREE + 2 * HOUR)
        await wait_all_tasks_blocked()
        first.cancel()
        clock.advance(3 * HOUR)

    assert diary.names == ["bell"]


def test_a_year_of_two_hourly_waits_takes_seconds() -> None:
    async def main() -> int:
        clock = Clock(RENTREE)
        due, waits = RENTREE, 0
        while due < RENTREE + timedelta(days=365):
            due += 2 * HOUR
            await clock.sleep_until(due)
            assert clock.now() == due
            waits += 1
        return waits

    assert trio.run(main, clock=MockClock(autojump_threshold=0)) == 365 * 12


async def test_statistics_tell_what_was_done_to_the_clock(
    autojump_clock: MockClock,
) -> None:
    clock = Clock(RENTREE)

    clock.advance(3 * HOUR)
    clock.freeze()
    await trio.sleep(3600)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clock.sleep_until, RENTREE + 9 * HOUR)
        nursery.start_soon(clock.sleep_until, RENTREE + 8 * HOUR)
        await wait_all_tasks_blocked()
        seen = clock.statistics()
        nursery.cancel_scope.cancel()

    assert (seen.now, seen.frozen) == (RENTREE + 3 * HOUR, True)
    assert seen.travelled == 2 * HOUR  # three forward, then one stood still
    assert (seen.sleepers, seen.next_instant) == (2, RENTREE + 8 * HOUR)
