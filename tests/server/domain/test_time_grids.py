"""The frame of the week of a new base (fiche 4)."""

from __future__ import annotations

from typing import Any

import pytest

from pronote_protocol.errors import BadRequest
from pronote_server.domain.time_grids import regular_grid


def test_sequences_follow_one_another_with_the_breaks_between() -> None:
    grid = regular_grid(
        sequences=4, starts_at=8 * 60, sequence_minutes=55, breaks={2: 15}, step_minutes=5
    )

    assert grid.slot_starts == (480, 535, 605, 660)
    assert grid.labels == ("8h00", "8h55", "10h05", "11h00")
    assert (grid.slot_minutes, grid.step_minutes, grid.first_day) == (55, 5, 0)


def test_a_week_may_begin_on_sunday_and_sequences_have_names() -> None:
    grid = regular_grid(first_day=6, days=(6, 0, 1), sequences=2, labels=("M1", "M2"))

    assert grid.days == (0, 1, 6)
    assert grid.first_day == 6
    assert grid.labels == ("M1", "M2")


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        ({"days": ()}, "days"),
        ({"days": (1, 1)}, "days"),
        ({"days": (7,)}, "days"),
        ({"first_day": 7}, "first_day"),
        ({"sequences": 0}, "sequences"),
        ({"sequences": 24}, "do not fit"),
        ({"starts_at": -1}, "do not fit"),
        ({"breaks": {10: 0, 11: 5}}, "breaks"),
        ({"breaks": {1: -5}}, "breaks"),
        ({"step_minutes": 7}, "step_minutes"),
        ({"labels": ("M1",)}, "labels"),
    ],
)
def test_what_is_no_week_is_refused_with_the_field(wish: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadRequest, match=problem):
        regular_grid(**wish)
