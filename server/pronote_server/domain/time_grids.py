"""The frame of the week of a new base, from what one is asked for it (fiche 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pronote_protocol.errors import BadRequest

from .school_data import MINUTES_IN_DAY, TimeGrid

__all__ = ["regular_grid"]


def regular_grid(
    *,
    first_day: int = 0,
    days: Sequence[int] = (0, 1, 2, 3, 4),
    sequences: int = 10,
    starts_at: int = 480,
    sequence_minutes: int = 60,
    step_minutes: int | None = None,
    breaks: Mapping[int, int] | None = None,
    labels: Sequence[str] = (),
) -> TimeGrid:
    """
    Return the grid of days that are all alike.

    Args:
        first_day: With which the week begins, 0 for Monday.
        starts_at: Minutes since midnight.
        breaks: Minutes between a sequence, by its number from 1, and the next one.
        labels: None: each is called by its hour, ``8h00``.

    Raises:
        BadRequest: It is no frame of a week.
    """
    pauses = dict(breaks or {})
    starts, start = [], starts_at
    for number in range(1, sequences + 1):
        starts.append(start)
        start += sequence_minutes + pauses.pop(number, 0)
    problems = []
    if not days or len(set(days)) != len(days) or not set(days) <= set(range(7)):
        problems.append("days: of 0 (Monday) to 6, each once, at least one")
    if not 0 <= first_day <= 6:
        problems.append("first_day: 0 (Monday) to 6")
    if sequences < 1 or sequence_minutes < 1:
        problems.append("sequences: at least one, of at least a minute")
    elif starts_at < 0 or starts[-1] + sequence_minutes > MINUTES_IN_DAY:
        problems.append("sequences: they do not fit in a day")
    if pauses or any(minutes < 0 for minutes in (breaks or {}).values()):
        problems.append("breaks: each after one of the sequences")
    if step_minutes is not None and (step_minutes < 1 or sequence_minutes % step_minutes):
        problems.append("step_minutes: must divide the length of a sequence")
    if labels and len(labels) != sequences:
        problems.append("labels: as many as there are sequences, or none")
    if problems:
        raise BadRequest(
            "Grille horaire incorrecte : {problems}.",
            problems="; ".join(f"grid.{each}" for each in problems),
        )
    return TimeGrid(
        days=tuple(sorted(days)),
        slot_starts=tuple(starts),
        slot_minutes=sequence_minutes,
        labels=tuple(labels) or tuple(f"{at // 60}h{at % 60:02}" for at in starts),
        first_day=first_day,
        step_minutes=step_minutes,
    )
