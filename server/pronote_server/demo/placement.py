"""
Placing the demo school's lessons: greedy, once over, the hardest to place first.

No solver: times are bits of one integer, so that what is free for a class, a teacher and a
room at once is two operations. The school is built with enough slack (32 of 40 hours at
most) for this to place everything; the tests see to it for many seeds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from pronote_server.domain.school_data import Lesson, TimeGrid

__all__ = ["GRID", "Busy", "Part", "Placement", "Teaching"]

# 55-minute hours with a break after the second and the sixth, lunch from 11:55 to 13:00.
GRID: Final = TimeGrid(
    days=(0, 1, 2, 3, 4),
    slot_starts=(480, 535, 605, 660, 780, 835, 905, 960, 1015),
    slot_minutes=55,
    labels=("M1", "M2", "M3", "M4", "S1", "S2", "S3", "S4", "S5"),
)
_SLOTS: Final = len(GRID.slot_starts)
_WEDNESDAY: Final = 2
_WEDNESDAY_SLOTS: Final = 4
_FOLLOWED_AT_ONCE: Final = (0, 2, 4, 6, 7)  # slots whose next one comes without a break
_LATE: Final = (0, 0, 0, 0, 2, 0, 0, 8, 20)  # how unwelcome each slot is
_SAME_DAY_AGAIN: Final = 50


def _bit(day: int, slot: int) -> int:
    return 1 << (day * _SLOTS + slot)


def _open_slots(day: int) -> int:
    return _WEDNESDAY_SLOTS if day == _WEDNESDAY else _SLOTS


_OPEN: Final = sum(_bit(day, slot) for day in GRID.days for slot in range(_open_slots(day)))
_DOUBLE_STARTS: Final = sum(_bit(day, slot) for day in GRID.days for slot in _FOLLOWED_AT_ONCE)


@attrs.define(eq=False)
class Busy:
    """When something or somebody is taken, as bits, and how many hours a week."""

    code: str
    bits: int = 0
    hours: int = 0

    def take(self, bits: int) -> None:
        self.bits |= bits
        self.hours += bits.bit_count()

    def hours_on(self, day: int) -> int:
        return (self.bits >> (day * _SLOTS) & ((1 << _SLOTS) - 1)).bit_count()


@attrs.frozen(eq=False)
class Part:
    """
    What one teacher gives at one time.

    Args:
        colleagues: Who could stand in for *teacher*, when no time suits.
        rooms: Any of these will do, the first ones first.
        group_code: None when it is for the whole class.
    """

    subject_code: str
    teacher: Busy
    colleagues: Sequence[Busy]
    rooms: Sequence[Busy]
    group_code: str | None = None


@attrs.frozen(eq=False)
class Teaching:
    """
    Parts that take place together and fill the time of *classes*.

    Args:
        length: In slots, 1 or 2.
        weeks: As in Lesson.
    """

    classes: Sequence[Busy]
    parts: Sequence[Part]
    length: int
    weeks: int = 0
    label: str = ""


class Placement:
    """The week as far as it is placed; every :meth:`place` adds to it for good."""

    def __init__(self, chance: random.Random) -> None:
        # Without some whim, every class would have the same empty Friday evening.
        self._whim = [chance.random() * 3 for _ in range(len(GRID.days) * _SLOTS)]
        self._days_of: dict[tuple[str, str], int] = {}
        self.lessons: list[Lesson] = []

    def place(self, teaching: Teaching) -> bool:
        """
        Give *teaching* a time and rooms, and return whether there was one.

        When there is none, its lessons are kept without a place, as in a real school.
        """
        for attempt in _with_stand_ins(teaching):
            for start in self._times(attempt):
                if (rooms := _rooms(attempt, start)) is not None:
                    self._settle(attempt, start, rooms)
                    return True
        self._write(teaching, None, None, [])
        return False

    def _times(self, teaching: Teaching) -> list[int]:
        """Return the numbers of the slots that suit everybody, the most welcome first."""
        taken = 0
        for busy in (*teaching.classes, *(part.teacher for part in teaching.parts)):
            taken |= busy.bits
        free = _OPEN & ~taken
        if teaching.length == 2:
            free &= (free >> 1) & _DOUBLE_STARTS
        by_day = [self._unwelcome_on(teaching, day) for day in GRID.days]
        return sorted(
            (start for start in range(len(self._whim)) if free >> start & 1),
            key=lambda start: (
                by_day[start // _SLOTS] + _LATE[start % _SLOTS] + self._whim[start]
            ),
        )

    def _unwelcome_on(self, teaching: Teaching, day: int) -> float:
        again = any(
            self._days_of.get((busy.code, teaching.parts[0].subject_code), 0) >> day & 1
            for busy in teaching.classes
        )
        load = max(busy.hours_on(day) for busy in teaching.classes)
        teachers_load = max(part.teacher.hours_on(day) for part in teaching.parts)
        return again * _SAME_DAY_AGAIN + load * 60 / _open_slots(day) + teachers_load

    def _settle(self, teaching: Teaching, start: int, rooms: Sequence[Busy]) -> None:
        bits = _time_bits(start, teaching.length)
        day, slot = divmod(start, _SLOTS)
        for busy in (*teaching.classes, *(part.teacher for part in teaching.parts), *rooms):
            busy.take(bits)
        for busy in teaching.classes:
            key = busy.code, teaching.parts[0].subject_code
            self._days_of[key] = self._days_of.get(key, 0) | 1 << day
        self._write(teaching, day, GRID.slot_starts[slot], rooms)

    def _write(
        self,
        teaching: Teaching,
        day: int | None,
        start_minute: int | None,
        rooms: Sequence[Busy],
    ) -> None:
        for index, part in enumerate(teaching.parts):
            whole = part.group_code is None
            self.lessons.append(
                Lesson(
                    f"C{len(self.lessons) + 1:04}",
                    part.subject_code,
                    (part.teacher.code,),
                    tuple(busy.code for busy in teaching.classes) if whole else (),
                    () if part.group_code is None else (part.group_code,),
                    (rooms[index].code,) if rooms else (),
                    day,
                    start_minute,
                    teaching.length * GRID.slot_minutes,
                    teaching.weeks,
                    teaching.label,
                )
            )


def _with_stand_ins(teaching: Teaching) -> Iterator[Teaching]:
    """Yield *teaching*, then with one teacher replaced by each colleague in turn."""
    yield teaching
    there = {part.teacher.code for part in teaching.parts}
    for index, part in enumerate(teaching.parts):
        for colleague in sorted(part.colleagues, key=lambda busy: busy.hours):
            if colleague.code not in there:
                parts = list(teaching.parts)
                parts[index] = attrs.evolve(part, teacher=colleague)
                yield attrs.evolve(teaching, parts=parts)


def _rooms(teaching: Teaching, start: int) -> list[Busy] | None:
    bits = _time_bits(start, teaching.length)
    chosen: list[Busy] = []
    for part in teaching.parts:
        room = next((r for r in part.rooms if not r.bits & bits and r not in chosen), None)
        if room is None:
            return None
        chosen.append(room)
    return chosen


def _time_bits(start: int, length: int) -> int:
    return ((1 << length) - 1) << start
