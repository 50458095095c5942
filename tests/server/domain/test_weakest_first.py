"""The order in which a full table lets go, against a sorted list."""

from __future__ import annotations

import itertools

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pronote_server.domain.weakest_first import WeakestFirst


class AnyOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.order: WeakestFirst[int] = WeakestFirst(3)
        self.placed: dict[int, tuple[int, int]] = {}  # key: rank, when placed
        self.moments = itertools.count()

    @rule(key=st.integers(0, 6), rank=st.integers(0, 2))
    def place(self, key: int, rank: int) -> None:
        before = self.placed.get(key)
        self.order.place(key, rank, None if before is None else before[0])
        self.placed[key] = rank, next(self.moments)

    @precondition(lambda self: self.placed)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.placed)))
        self.order.remove(key, self.placed.pop(key)[0])

    @invariant()
    def the_weakest_is_the_oldest_of_the_lowest_rank(self) -> None:
        expected = sorted(self.placed, key=lambda key: self.placed[key])
        assert list(self.order) == expected
        assert self.order.weakest() == (expected[0] if expected else None)
        for rank in range(3):
            assert self.order.count(rank) == sum(r == rank for r, _ in self.placed.values())

    @invariant()
    def inspecting_comes_round_every_rank(self) -> None:
        shown = []
        for _ in range(3):
            shown.append(self.order.inspect())
            self.order.pass_on()
        firsts = [
            min((w, k) for k, (r, w) in self.placed.items() if r == rank)[1]
            for rank in range(3)
            if self.order.count(rank)
        ]
        assert sorted(key for key in shown if key is not None) == sorted(firsts)


TestAnyOrder = AnyOrder.TestCase


def test_going_through_a_long_table_costs_nothing_more() -> None:
    """A queue made of a plain dict would look through its deleted keys: minutes, here."""
    order: WeakestFirst[int] = WeakestFirst(2)
    for key in range(65_536):
        order.place(key, 0)

    for key in range(65_536, 265_536):
        assert order.weakest() == key - 65_536
        order.remove(key - 65_536, 0)
        order.place(key, 0)
