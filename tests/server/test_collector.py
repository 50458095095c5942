"""What survives a long collection is walked by no later one."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from pronote_server.collector import freezing_what_stays


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_survives_a_long_collection_is_frozen_so_many_times() -> None:
    with freezing_what_stays(long_seconds=0.0, most=2):
        kept: list[object] = []
        frozen = [gc.get_freeze_count()]
        for _ in range(3):
            kept.append([[] for _ in range(1000)])
            gc.collect()
            frozen.append(gc.get_freeze_count())

    assert frozen[0] + 1000 < frozen[1] < frozen[2]
    assert frozen[2] - 100 < frozen[3] < frozen[2] + 100


def test_a_short_collection_freezes_nothing_nor_does_a_young_one() -> None:
    before = gc.get_freeze_count()
    with freezing_what_stays(long_seconds=3600.0):
        gc.collect()
    with freezing_what_stays(long_seconds=0.0):
        gc.collect(1)

    assert gc.get_freeze_count() == before


def test_it_is_told_no_more_behind_the_block() -> None:
    before = list(gc.callbacks)
    with freezing_what_stays():
        assert len(gc.callbacks) == len(before) + 1
    assert gc.callbacks == before
