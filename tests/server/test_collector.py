"""What survives a long collection is walked by few later ones."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator

import attrs
import pytest

from pronote_server.collector import freezing_what_stays


@attrs.define
class Slow:
    """A clock by which every collection takes as long as it says."""

    seconds: float = 0.05
    now: float = 1_000.0

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def growth_of_the_frozen(times: int, after_each: Callable[[], object] = int) -> list[bool]:
    """Return, of so many collections, whether what a thousand lists took was frozen."""
    kept: list[object] = []
    grew: list[bool] = []
    for _ in range(times):
        before = gc.get_freeze_count()
        kept.append([[] for _ in range(1_000)])
        gc.collect()
        grew.append(gc.get_freeze_count() > before + 500)
        after_each()
    return grew


def test_what_survives_a_long_collection_is_frozen_eight_times_at_once() -> None:
    with freezing_what_stays(clock=Slow()):
        assert growth_of_the_frozen(10) == [True] * 8 + [False] * 2


def test_it_is_frozen_once_more_in_half_a_minute() -> None:
    clock = Slow()

    def a_while() -> None:
        clock.now += 30.0

    with freezing_what_stays(clock=clock):
        growth_of_the_frozen(20)
        assert growth_of_the_frozen(5, a_while) == [False] + [True] * 4


def test_now_and_then_everything_is_walked_and_what_died_meanwhile_is_found() -> None:
    class Node:
        other: object

    gone: list[str] = []
    with freezing_what_stays(clock=Slow(), thawed_after=3):
        one, two = Node(), Node()
        one.other, two.other = two, one
        weakref.finalize(one, gone.append, "found")
        growth_of_the_frozen(1)
        del one, two
        growth_of_the_frozen(2)
        assert gone == []
        growth_of_the_frozen(1)
        assert gone == ["found"]


def test_a_short_collection_freezes_nothing_nor_does_a_young_one() -> None:
    before = gc.get_freeze_count()
    with freezing_what_stays(clock=Slow(0.001)):
        gc.collect()
    with freezing_what_stays(clock=Slow()):
        gc.collect(1)

    assert gc.get_freeze_count() == before


def test_it_is_told_no_more_behind_the_block() -> None:
    before, usual = list(gc.callbacks), gc.get_threshold()
    with freezing_what_stays():
        assert len(gc.callbacks) == len(before) + 1
        assert gc.get_threshold() > usual
    assert gc.callbacks == before
    assert gc.get_threshold() == usual
