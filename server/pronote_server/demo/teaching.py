"""Who teaches what to whom in the demo school, and where: the input of the placement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pronote_server.demo.placement import Busy, Part, Teaching
from pronote_server.demo.structure import (
    DEPARTMENT_OF,
    LABORATORY_OF,
    LEVELS,
    ROOM_KIND_OF,
    Block,
    Level,
    blocks_of,
    halves_of,
)
from pronote_server.domain.school_data import Room

__all__ = ["Rooms", "Staffing", "department_sizes", "teachings"]

_WEEKS_OF_LESSONS: Final = 44  # from September to the first week of July
_EVEN_WEEKS: Final = sum(1 << week for week in range(0, _WEEKS_OF_LESSONS, 2))
_ODD_WEEKS: Final = _EVEN_WEEKS << 1

# Rooms that are not a class's own: kind, code prefix, name, how many, capacity.
_SPECIAL_ROOMS: Final = (
    ("libre", "C", "Salle C", 8, 32),
    ("physique", "PHY", "Laboratoire de physique-chimie ", 6, 24),
    ("sciences", "SVT", "Laboratoire de SVT ", 6, 24),
    ("technologie", "TEC", "Salle de technologie ", 4, 24),
    ("informatique", "INF", "Salle informatique ", 4, 32),
    ("arts", "ART", "Salle d'arts plastiques ", 3, 30),
    ("musique", "MUS", "Salle de musique ", 3, 30),
    ("sport", "EPS", "Installation sportive ", 9, None),
)


class Rooms:
    """One room for each class, and the special ones by kind."""

    def __init__(self) -> None:
        self.rooms: list[Room] = []
        self._own: dict[str, Busy] = {}
        self._by_kind: dict[str, list[Busy]] = {}
        class_codes = [code for level in LEVELS for code in level.class_codes]
        for number, class_code in enumerate(class_codes):
            code = f"{'AB'[number // 30]}{number % 30 // 10 + 1}{number % 10 + 1:02}"
            self._own[class_code] = self._add(Room(code, f"Salle {code}", 32))
        for kind, prefix, name, count, capacity in _SPECIAL_ROOMS:
            self._by_kind[kind] = [
                self._add(Room(f"{prefix}{n:02}", f"{name}{n}", capacity))
                for n in range(1, count + 1)
            ]
        self._add(Room("CDI", "Centre de documentation et d'information", 60))

    def _add(self, room: Room) -> Busy:
        self.rooms.append(room)
        return Busy(room.code)

    def for_classes(self, class_codes: Sequence[str], subject: str) -> list[Busy]:
        """Return where *subject* can be taught to (groups of) these classes."""
        if kind := ROOM_KIND_OF.get(subject):
            return self._by_kind[kind]
        return [*(self._own[code] for code in class_codes), *self._by_kind["libre"]]

    def laboratories(self, subject: str) -> list[Busy]:
        return self._by_kind[LABORATORY_OF[subject]]


class Staffing:
    """The teachers by department; gives each service to the one with fewest hours."""

    def __init__(self, departments: Mapping[str, Sequence[str]]) -> None:
        self._departments = {
            name: [Busy(code) for code in codes] for name, codes in departments.items()
        }
        self._promised: Counter[str] = Counter()

    def colleagues(self, subject: str) -> list[Busy]:
        return self._departments[DEPARTMENT_OF[subject]]

    def teacher(self, subject: str, hours: int, besides: Sequence[Busy] = ()) -> Busy:
        """Return who takes *hours* of *subject* a week, at the same time as *besides*."""
        taken = {busy.code for busy in besides}
        teacher = min(
            (busy for busy in self.colleagues(subject) if busy.code not in taken),
            key=lambda busy: self._promised[busy.code],
        )
        self._promised[teacher.code] += hours
        return teacher


def department_sizes(teachers: int) -> dict[str, int]:
    """Share *teachers* among the departments by their hours; at least four each."""
    hours: Counter[str] = Counter()
    for subject, count in _hours_by_subject():
        hours[DEPARTMENT_OF[subject]] += count
    sizes = dict.fromkeys(hours, 4)
    for _ in range(teachers - sum(sizes.values())):
        sizes[max(hours, key=lambda name: hours[name] / sizes[name])] += 1
    return sizes


def _hours_by_subject() -> Iterator[tuple[str, int]]:
    for level in LEVELS:
        for course in level.courses:
            yield course.subject, sum(course.lengths) * len(level.class_codes)
        for subject in level.halves:
            yield subject, 2 * len(level.class_codes)
        for block in blocks_of(level):
            for bar, groups in block.bars:
                for _, subject in groups:
                    yield subject, sum(bar.lengths)


def teachings(staffing: Staffing, rooms: Rooms) -> list[Teaching]:
    """Return everything to be placed, the hardest first: many parts, then long ones."""
    classes = {code: Busy(code) for level in LEVELS for code in level.class_codes}
    found: list[Teaching] = []
    for level in LEVELS:
        for block in blocks_of(level):
            found += _bars(block, classes, staffing, rooms)
        for code in level.class_codes:
            found += _of_class(level, classes[code], staffing, rooms)
    return sorted(found, key=lambda teaching: (-len(teaching.parts), -teaching.length))


def _bars(
    block: Block, classes: Mapping[str, Busy], staffing: Staffing, rooms: Rooms
) -> Iterator[Teaching]:
    for bar, groups in block.bars:
        parts: list[Part] = []
        for group, subject in groups:
            teacher = staffing.teacher(
                subject, sum(bar.lengths), [part.teacher for part in parts]
            )
            parts.append(
                Part(
                    subject,
                    teacher,
                    staffing.colleagues(subject),
                    rooms.for_classes(block.class_codes, subject),
                    group.code,
                )
            )
        for length in bar.lengths:
            yield Teaching([classes[code] for code in block.class_codes], parts, length)


def _of_class(
    level: Level, class_: Busy, staffing: Staffing, rooms: Rooms
) -> Iterator[Teaching]:
    for course in level.courses:
        part = Part(
            course.subject,
            staffing.teacher(course.subject, sum(course.lengths)),
            staffing.colleagues(course.subject),
            rooms.for_classes([class_.code], course.subject),
        )
        weeks = 0
        if course.fortnightly:
            weeks = _EVEN_WEEKS if level.class_codes.index(class_.code) % 2 else _ODD_WEEKS
        for length in course.lengths:
            yield Teaching([class_], [part], length, weeks)
    # Each half has one subject while the other half has the other, then they change over.
    first, second = (
        (subject, staffing.teacher(subject, 2), rooms.laboratories(subject))
        for subject in level.halves
    )
    for ones, others in ((first, second), (second, first)):
        yield Teaching(
            [class_],
            [
                Part(subject, teacher, staffing.colleagues(subject), places, group.code)
                for (subject, teacher, places), group in zip(
                    (ones, others), halves_of(class_.code), strict=True
                )
            ],
            length=1,
            label="TP",
        )
