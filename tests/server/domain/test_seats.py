"""Seats: who gets in when, and that no order of events sells or loses one."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pronote_protocol.errors import Conflict, NotInContract, Refused, SeatsExhausted
from pronote_protocol.words import Access, Mode, Pool
from pronote_server.domain.seats import Seat, SeatPlan, SeatPool, pool_for

ADMINISTRATOR, ORDINARY = True, False


def can_all_sit(plan: SeatPlan, holders: tuple[bool, ...]) -> bool:
    """
    Whether numbered chairs can be found for *holders* (True for an administrator).

    The first ``reserved_for_administrators`` chairs are for administrators; every way of
    sitting down is tried.
    """
    reserved = plan.reserved_for_administrators
    return any(
        all(
            administrator or chair >= reserved
            for administrator, chair in zip(holders, chairs, strict=True)
        )
        for chairs in itertools.permutations(range(plan.modification), len(holders))
    )


PLANS = [
    SeatPlan(modification=total, reserved_for_administrators=reserved)
    for total in range(5)
    for reserved in range(total + 1)
]


@pytest.mark.parametrize(
    "plan", PLANS, ids=lambda p: f"{p.reserved_for_administrators}of{p.modification}"
)
def test_whoever_can_be_given_a_chair_is_let_in_and_nobody_else(plan: SeatPlan) -> None:
    for arrivals in itertools.product((ADMINISTRATOR, ORDINARY), repeat=6):
        pool = SeatPool(plan)
        inside: tuple[bool, ...] = ()
        for administrator in arrivals:
            expected = can_all_sit(plan, (*inside, administrator))
            if expected:
                pool.take(Pool.MODIFICATION, administrator)
                inside = (*inside, administrator)
                continue
            with pytest.raises(SeatsExhausted) as refused:
                pool.take(Pool.MODIFICATION, administrator)
            reserved = 0 if administrator else plan.reserved_for_administrators
            assert refused.value.details["total"] == plan.modification - reserved
        assert pool.statistics().in_use[Pool.MODIFICATION] == len(inside)


def test_school_of_the_guide_lets_five_in_then_only_an_administrator() -> None:
    pool = SeatPool(SeatPlan())
    for _ in range(5):
        pool.take(Pool.MODIFICATION, ORDINARY)

    with pytest.raises(SeatsExhausted) as refused:
        pool.take(Pool.MODIFICATION, ORDINARY)
    pool.take(Pool.MODIFICATION, ADMINISTRATOR)

    assert refused.value.details == {
        "pool": "modification",
        "total": 5,
        "consultation_possible": False,
    }
    assert refused.value.fr == "Toutes les licences disponibles (5) sont utilisées."
    assert pool.statistics().refused[Pool.MODIFICATION] == 1
    assert pool.statistics().plan == pool.plan == SeatPlan()


def test_refusal_says_when_consultation_is_possible_instead() -> None:
    pool = SeatPool(SeatPlan(modification=0, reserved_for_administrators=0, consultation=True))

    with pytest.raises(SeatsExhausted) as refused:
        pool.take(Pool.MODIFICATION, ADMINISTRATOR)

    assert refused.value.details["consultation_possible"] is True


def test_consultation_is_an_option_and_then_without_limit() -> None:
    with pytest.raises(NotInContract) as refused:
        SeatPool(SeatPlan()).take(Pool.CONSULTATION, ADMINISTRATOR)
    assert refused.value.details == {"option": "consultation"}

    pool = SeatPool(SeatPlan(consultation=True))
    for _ in range(300):
        pool.take(Pool.CONSULTATION, ORDINARY)


def test_teachers_are_counted_against_their_own_cap() -> None:
    pool = SeatPool(SeatPlan(modification=1, reserved_for_administrators=1, teachers=2))
    pool.take(Pool.TEACHER, ORDINARY)
    pool.take(Pool.TEACHER, ADMINISTRATOR)

    with pytest.raises(SeatsExhausted) as refused:
        pool.take(Pool.TEACHER, ADMINISTRATOR)

    assert (refused.value.details["pool"], refused.value.details["total"]) == ("teacher", 2)


@pytest.mark.parametrize("pool", [Pool.TEACHER, Pool.SCHOOL_LIFE])
def test_unlimited_pool_never_refuses(pool: Pool) -> None:
    seats = SeatPool(SeatPlan(teachers=None))

    for _ in range(300):
        seats.take(pool, ORDINARY)

    assert seats.statistics().in_use[pool] == 300


def test_releasing_twice_frees_one_seat() -> None:
    """A kick and the end of the session both release; the count stays right."""
    pool = SeatPool(SeatPlan())
    with (
        pool.take(Pool.MODIFICATION, ORDINARY) as kicked,
        pool.take(Pool.MODIFICATION, ORDINARY),
    ):
        kicked.release()
        kicked.release()

        assert pool.statistics().in_use[Pool.MODIFICATION] == 1

    assert pool.statistics().in_use[Pool.MODIFICATION] == 0
    assert pool.statistics().peak[Pool.MODIFICATION] == 2


def test_refused_exchange_leaves_the_old_seat() -> None:
    pool = SeatPool(SeatPlan(modification=1, reserved_for_administrators=0, consultation=True))
    pool.take(Pool.MODIFICATION, ORDINARY)
    reading = pool.take(Pool.CONSULTATION, ORDINARY)

    with pytest.raises(SeatsExhausted):
        pool.exchange(reading, Pool.MODIFICATION, ORDINARY)

    assert reading.held
    assert pool.statistics().in_use[Pool.CONSULTATION] == 1


def test_exchange_within_a_full_pool_keeps_its_place() -> None:
    """Rights that change ask for the seat again; nobody may lose it by that."""
    pool = SeatPool(SeatPlan(modification=1, reserved_for_administrators=1))
    old = pool.take(Pool.MODIFICATION, ADMINISTRATOR)

    new = pool.exchange(old, Pool.MODIFICATION, ADMINISTRATOR)

    assert (old.held, new.held) == (False, True)
    assert pool.statistics().peak[Pool.MODIFICATION] == 1


def test_seat_of_a_session_that_is_over_cannot_be_exchanged() -> None:
    """Else a disconnection that comes just before would leak the new seat."""
    pool = SeatPool(SeatPlan())
    seat = pool.take(Pool.MODIFICATION, ORDINARY)
    seat.release()

    with pytest.raises(Conflict):
        pool.exchange(seat, Pool.MODIFICATION, ORDINARY)

    assert pool.statistics().in_use[Pool.MODIFICATION] == 0


def test_seat_of_another_school_is_not_exchanged() -> None:
    seat = SeatPool(SeatPlan()).take(Pool.MODIFICATION, ORDINARY)

    with pytest.raises(ValueError, match="another school"):
        SeatPool(SeatPlan()).exchange(seat, Pool.TEACHER, ORDINARY)


def test_smaller_plan_expels_nobody_and_grants_nothing_until_they_leave() -> None:
    pool = SeatPool(SeatPlan(modification=3, reserved_for_administrators=0))
    first, second, _third = (pool.take(Pool.MODIFICATION, ORDINARY) for _ in range(3))
    pool.replan(SeatPlan(modification=2, reserved_for_administrators=0))
    first.release()

    with pytest.raises(SeatsExhausted):
        pool.take(Pool.MODIFICATION, ADMINISTRATOR)
    second.release()

    pool.take(Pool.MODIFICATION, ORDINARY)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"modification": 4, "reserved_for_administrators": 5}, r"outside 0\.\.4"),
        ({"modification": 4, "reserved_for_administrators": -1}, r"outside 0\.\.4"),
        ({"modification": -1, "reserved_for_administrators": 0}, "below 0"),
        ({"teachers": -1}, "below 0"),
    ],
)
def test_impossible_plan_is_a_mistake(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SeatPlan(**wrong)  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize(
    ("mode", "access", "pool"),
    [
        (Mode.ADMINISTRATIVE, Access.MODIFICATION, Pool.MODIFICATION),
        (Mode.TEACHER, Access.MODIFICATION, Pool.TEACHER),
        (Mode.SCHOOL_LIFE, Access.MODIFICATION, Pool.SCHOOL_LIFE),
        (Mode.ADMINISTRATIVE, Access.CONSULTATION, Pool.CONSULTATION),
        (Mode.TEACHER, Access.CONSULTATION, Pool.CONSULTATION),
        (Mode.SCHOOL_LIFE, Access.CONSULTATION, Pool.CONSULTATION),
    ],
)
def test_every_session_has_one_pool(mode: Mode, access: Access, pool: Pool) -> None:
    assert pool_for(mode, access) is pool


class AnyOrderOfEvents(RuleBasedStateMachine):
    """
    Whatever happens in whatever order, no pool is oversold and no seat is lost.

    The model is the plain list of who sits where; a seat is granted exactly when the chairs
    of the plan allow it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.plan = SeatPlan(modification=3, reserved_for_administrators=1, teachers=2)
        self.pool = SeatPool(self.plan)
        self.seats: list[Seat] = []
        self.gone: list[Seat] = []

    def allowed(self, pool: Pool, administrator: bool, holders: list[Seat]) -> bool:
        match pool:
            case Pool.MODIFICATION:
                held = [seat.administrator for seat in holders if seat.pool is pool]
                ordinary = held.count(False) + (not administrator)
                # Over the plan after a replan, chairs cannot be dealt out again: whoever
                # comes needs room by both counts, a holder needs none.
                return len(held) < self.plan.modification and (
                    administrator
                    or ordinary
                    <= self.plan.modification - self.plan.reserved_for_administrators
                )
            case Pool.TEACHER:
                taken = sum(seat.pool is pool for seat in holders)
                return self.plan.teachers is None or taken < self.plan.teachers
            case Pool.CONSULTATION:
                return self.plan.consultation
            case Pool.SCHOOL_LIFE:
                return True

    @staticmethod
    def refusal_of(pool: Pool) -> type[Refused]:
        return NotInContract if pool is Pool.CONSULTATION else SeatsExhausted

    @rule(pool=st.sampled_from(Pool), administrator=st.booleans())
    def somebody_arrives(self, pool: Pool, administrator: bool) -> None:
        if self.allowed(pool, administrator, self.seats):
            self.seats.append(self.pool.take(pool, administrator))
        else:
            with pytest.raises(self.refusal_of(pool)):
                self.pool.take(pool, administrator)

    @precondition(lambda self: self.seats)
    @rule(data=st.data())
    def somebody_leaves(self, data: st.DataObject) -> None:
        seat = data.draw(st.sampled_from(self.seats))
        seat.release()
        self.seats.remove(seat)
        self.gone.append(seat)

    @precondition(lambda self: self.gone)
    @rule(data=st.data())
    def somebody_gone_leaves_again(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.gone)).release()

    @precondition(lambda self: self.gone)
    @rule(data=st.data(), pool=st.sampled_from(Pool))
    def somebody_gone_asks_for_another(self, data: st.DataObject, pool: Pool) -> None:
        with pytest.raises(Conflict):
            self.pool.exchange(data.draw(st.sampled_from(self.gone)), pool, False)

    @precondition(lambda self: self.seats)
    @rule(data=st.data(), pool=st.sampled_from(Pool), administrator=st.booleans())
    def somebody_changes(self, data: st.DataObject, pool: Pool, administrator: bool) -> None:
        old = data.draw(st.sampled_from(self.seats))
        others = [seat for seat in self.seats if seat is not old]
        if self.allowed(pool, administrator, others):
            self.seats = [*others, self.pool.exchange(old, pool, administrator)]
            self.gone.append(old)
        else:
            with pytest.raises(self.refusal_of(pool)):
                self.pool.exchange(old, pool, administrator)

    @rule(
        modification=st.integers(0, 5),
        reserved=st.integers(0, 5),
        teachers=st.none() | st.integers(0, 4),
        consultation=st.booleans(),
    )
    def contract_changes(
        self, modification: int, reserved: int, teachers: int | None, consultation: bool
    ) -> None:
        self.plan = SeatPlan(
            modification=modification,
            reserved_for_administrators=min(reserved, modification),
            teachers=teachers,
            consultation=consultation,
        )
        self.pool.replan(self.plan)

    @invariant()
    def counts_are_the_people_inside(self) -> None:
        statistics = self.pool.statistics()
        for pool in Pool:
            inside = sum(seat.pool is pool for seat in self.seats)
            assert statistics.in_use[pool] == inside <= statistics.peak[pool]
        assert all(seat.held for seat in self.seats)
        assert not any(seat.held for seat in self.gone)


TestAnyOrderOfEvents = AnyOrderOfEvents.TestCase
