"""The lessons of an up file of STS-WEB, and the grid they are drawn on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs

from pronote_server.domain.school_data import Lesson, TimeGrid
from pronote_server.timetable_files.document import Element
from pronote_server.timetable_files.reading import shown

__all__ = ["StsLessons"]

_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9])")
_DAY: Final = re.compile(r"[1-7]")
_DEFAULT_HOURS: Final = (8 * 60, 18 * 60)
_DEFAULT_SLOT_MINUTES: Final = 60
_SENSIBLE_SLOTS: Final = range(30, 121)
_MINUTES_IN_DAY: Final = 24 * 60


@attrs.frozen
class StsLessons:
    lessons: tuple[Lesson, ...]
    grid: TimeGrid

    @classmethod
    def of(cls, up: Element, weeks: Mapping[str, int]) -> StsLessons:
        """Read every ``COURS`` of *up*; *weeks* are the bits of each alternation."""
        lessons = _merged(_Course.all_of(up, weeks))
        return cls(lessons, _grid(up, lessons))

    @staticmethod
    def person_code(element: Element) -> str:
        """
        Return the code of an ``INDIVIDU`` or ``ENSEIGNANT``.

        Identifiers are unique within a type only; ``epp``, the ministry's own staff, is by
        far the commonest and goes without prefix.
        """
        kind = element.attributes.get("TYPE", "").strip()
        number = element.attribute("ID")
        return number if kind in ("", "epp") else f"{shown(kind)}-{number}"

    def subject_codes(self) -> Iterator[str]:
        return (lesson.subject_code for lesson in self.lessons)

    def teacher_codes(self) -> Iterator[str]:
        return (code for lesson in self.lessons for code in lesson.teacher_codes)

    def room_codes(self) -> Iterator[str]:
        return (code for lesson in self.lessons for code in lesson.room_codes)


@attrs.frozen
class _Course:
    """One ``COURS``: the part of a lesson that one teacher gives."""

    service: Element
    structure: str
    is_group: bool
    teacher: str
    weeks: int
    day: int
    start_minute: int
    duration_minutes: int
    room: str

    @classmethod
    def all_of(cls, up: Element, weeks: Mapping[str, int]) -> Iterator[_Course]:
        path = ("DONNEES", "STRUCTURE")
        for structure in (
            *up.list_of(*path, "DIVISIONS", "DIVISION"),
            *up.list_of(*path, "GROUPES", "GROUPE"),
        ):
            for service in structure.list_of("SERVICES", "SERVICE"):
                for teacher in service.list_of("ENSEIGNANTS", "ENSEIGNANT"):
                    for course in teacher.list_of("COURS_RATTACHES", "COURS"):
                        yield cls._read(structure, service, teacher, course, weeks)

    @classmethod
    def _read(
        cls,
        structure: Element,
        service: Element,
        teacher: Element,
        course: Element,
        weeks: Mapping[str, int],
    ) -> _Course:
        alternation = course.text_of("CODE_ALTERNANCE")
        if alternation and alternation not in weeks:
            course.refuse(
                f"alternance inconnue : {shown(alternation)}",
                f"unknown alternation: {shown(alternation)}",
            )
        day = course.required("JOUR")
        if not _DAY.fullmatch(day):
            course.refuse(f"jour impossible : {shown(day)}", f"impossible day: {shown(day)}")
        start, duration = _minutes(course, "HEURE_DEBUT"), _minutes(course, "DUREE")
        if not 0 < duration <= _MINUTES_IN_DAY - start:
            course.refuse(
                f"durée impossible : {course.text_of('DUREE')}",
                f"impossible duration: {course.text_of('DUREE')}",
            )
        return cls(
            service,
            structure.attribute("CODE"),
            structure.tag == "GROUPE",
            StsLessons.person_code(teacher),
            weeks.get(alternation, 0),
            int(day) - 1,
            start,
            duration,
            course.text_of("CODE_SALLE"),
        )


def _minutes(element: Element, tag: str) -> int:
    """Return the minutes of an HHMM such as 0830."""
    text = element.required(tag)
    match = _CLOCK.fullmatch(text)
    if match is None:
        element.refuse(
            f"<{tag}> devrait être HHMM : {shown(text)}",
            f"<{tag}> should be HHMM: {shown(text)}",
        )
    return int(match[1]) * 60 + int(match[2])


def _merged(courses: Iterator[_Course]) -> tuple[Lesson, ...]:
    """Make one lesson of the courses that differ by their teacher only."""
    together: dict[object, list[_Course]] = {}
    for course in courses:
        same = (
            id(course.service),
            course.weeks,
            course.day,
            course.start_minute,
            course.duration_minutes,
            course.room,
        )
        together.setdefault(same, []).append(course)
    return tuple(
        _lesson(str(number), parts) for number, parts in enumerate(together.values(), start=1)
    )


def _lesson(code: str, parts: Sequence[_Course]) -> Lesson:
    course = parts[0]
    structure = (course.structure,)
    return Lesson(
        code,
        course.service.attribute("CODE_MATIERE"),
        tuple(dict.fromkeys(part.teacher for part in parts)),
        () if course.is_group else structure,
        structure if course.is_group else (),
        (course.room,) if course.room else (),
        course.day,
        course.start_minute,
        course.duration_minutes,
        course.weeks,
        course.service.attributes.get("CODE_MOD_COURS", "").strip()[:20],
    )


def _grid(up: Element, lessons: Sequence[Lesson]) -> TimeGrid:
    days = {lesson.day for lesson in lessons if lesson.day is not None}
    starts = [lesson.start_minute for lesson in lessons if lesson.start_minute is not None]
    ends = [
        lesson.start_minute + lesson.duration_minutes
        for lesson in lessons
        if lesson.start_minute is not None
    ]
    for element in up.list_of("DONNEES", "HORAIRES", "HORAIRE"):
        day = element.attribute("JOUR")
        if not _DAY.fullmatch(day):
            element.refuse(f"jour impossible : {shown(day)}", f"impossible day: {shown(day)}")
        opening, closing = _minutes(element, "DEBUT_COURS"), _minutes(element, "FIN_COURS")
        if opening >= closing:
            element.refuse("la fin précède le début", "the end comes before the beginning")
        days.add(int(day) - 1)
        starts.append(opening)
        ends.append(closing)
    durations = Counter(
        lesson.duration_minutes
        for lesson in lessons
        if lesson.duration_minutes in _SENSIBLE_SLOTS
    )
    slot_minutes = durations.most_common(1)[0][0] if durations else _DEFAULT_SLOT_MINUTES
    first = min(starts, default=_DEFAULT_HOURS[0])
    last = max(ends, default=_DEFAULT_HOURS[1])
    slot_starts = tuple(range(first, last, slot_minutes))
    return TimeGrid(
        tuple(sorted(days)) or (0, 1, 2, 3, 4),
        slot_starts,
        slot_minutes,
        tuple(f"{start // 60:02}h{start % 60:02}" for start in slot_starts),
    )
