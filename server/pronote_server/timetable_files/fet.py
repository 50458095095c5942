"""
FET (lalescu.ro/liviu/fet): a free timetabling program, its files from version 5 to 7.

A ``.fet`` file holds the school and the solver's constraints; the solver writes where it
put each activity into ``NAME_activities.xml``. Year gives class, group gives group. What
FET does not have is decided here:

* **Placing**: by the solution when there is one; else by the constraints that fix an
  activity at one time (this is how FET itself saves a school with its timetable).
* **Rooms**: those of the solution, else the one preferred room of the activity.
* **Days**: recognised in French, German or English, else Monday onwards.
* **Hours**: names such as ``8h55`` or ``08:00-08:50`` are times; any other hours are slots
  of 60 minutes from 8:00.
* **Subgroups** are the solver's atoms (in the real school of the tests, 724 for 31 years).
  One that an activity names becomes a group of its own: giving the activity to every
  group that holds the subgroup would give it to pupils who do not have it.
* **Inactive** activities are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NoReturn

import attrs

from pronote_server.domain.school_data import (
    Class_,
    Group,
    Lesson,
    Room,
    SchoolData,
    Subject,
    Teacher,
)
from pronote_server.timetable_files.document import Element, parse_document
from pronote_server.timetable_files.fet_grid import FetGrid
from pronote_server.timetable_files.reading import ReadTimetable, Remarks, finish, shown

__all__ = ["FET_ROOT", "SOLUTION_ROOT", "read_fet", "read_fet_documents"]

FET_ROOT: Final = "fet"
SOLUTION_ROOT: Final = "Activities_Timetable"
UNLIMITED_CAPACITY: Final = 30_000  # what FET writes for a room without limit
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


def read_fet(
    fet: bytes,
    solution: bytes | None,
    *,
    school_year: int,
    file_names: tuple[str, str] = ("FET", "activities.xml"),
) -> ReadTimetable:
    """
    Read a FET school and, when given, the timetable its solver found.

    Args:
        school_year: FET files do not say theirs.
        file_names: What to call the two files in a refusal.

    Raises:
        TransferRefused: Either file cannot be used, or they are not of the same school.
    """
    placed = None if solution is None else parse_document(solution, file_names[1])
    return read_fet_documents(
        parse_document(fet, file_names[0]), placed, school_year=school_year
    )


def read_fet_documents(
    fet: Element, solution: Element | None, *, school_year: int
) -> ReadTimetable:
    """Do the same for files that were parsed already."""
    _expect_root(fet, FET_ROOT)
    if solution is not None:
        _expect_root(solution, SOLUTION_ROOT)
    if fet.text_of("Mode") not in ("", "Official"):
        fet.refuse(
            f"mode FET {shown(fet.text_of('Mode'))} non pris en charge (Official seulement)",
            f"unsupported FET mode {shown(fet.text_of('Mode'))} (Official only)",
        )
    remarks = Remarks()
    school = _School(fet)
    grid = FetGrid.of(fet, remarks)
    placements = _Placements.of(fet, solution, school, grid)
    lessons = school.lessons(grid, placements, remarks)
    data = SchoolData(
        name=fet.text_of("Institution_Name"),
        school_year=school_year,
        grid=grid.time_grid,
        teachers=tuple(school.teachers.values()),
        subjects=tuple(school.subjects.values()),
        classes=tuple(school.classes.values()),
        groups=school.all_groups(),
        rooms=tuple(school.rooms.values()),
        lessons=lessons,
    )
    return finish("FET", data, remarks)


def _expect_root(document: Element, tag: str) -> None:
    if document.tag != tag:
        document.refuse(
            f"la racine devrait être <{tag}>", f"the root element should be <{tag}>"
        )


def person_name(name: str) -> tuple[str, str]:
    """
    Split FET's one name into last and first name.

    Only what is obvious is split: a name written ``DE LA TOUR Anne`` (capitals first, then
    not) or ``TOUR, Anne``. Anything else is all last name.
    """
    last, comma, first = name.partition(",")
    if comma and last.strip() and first.strip():
        return last.strip(), first.strip()
    words = name.split()
    capitals = 0
    for word in words:
        if not _in_capitals(word):
            break
        capitals += 1
    if 0 < capitals < len(words):
        return " ".join(words[:capitals]), " ".join(words[capitals:])
    return name, ""


def _in_capitals(word: str) -> bool:
    return word.isupper() and (len(word) > 1 and not word.endswith("."))


class _School:
    """What the FET file declares, by name: FET refers to everything by name."""

    def __init__(self, fet: Element) -> None:
        self.teachers: dict[str, Teacher] = {}
        self.subjects: dict[str, Subject] = {}
        self.rooms: dict[str, Room] = {}
        self.classes: dict[str, Class_] = {}
        self._groups: dict[str, Group] = {}
        self._subgroup_years: dict[str, dict[str, None]] = {}
        self._used_subgroups: dict[str, Group] = {}
        self.activities: dict[str, Element] = {}
        for element in fet.list_of("Teachers_List", "Teacher"):
            code = _new_name(element, self.teachers)
            self.teachers[code] = Teacher(code, *person_name(_long_name(element, code)))
        for element in fet.list_of("Subjects_List", "Subject"):
            code = _new_name(element, self.subjects)
            self.subjects[code] = Subject(code, _long_name(element, code))
        for element in fet.list_of("Rooms_List", "Room"):
            code = _new_name(element, self.rooms)
            self.rooms[code] = Room(code, _long_name(element, code), _capacity(element))
        for element in fet.list_of("Students_List", "Year"):
            self._read_year(element)
        for element in fet.list_of("Activities_List", "Activity"):
            self._read_activity(element)

    def _read_year(self, element: Element) -> None:
        year = _new_name(element, self.classes)
        self.classes[year] = Class_(year, _long_name(element, year))
        for below in element.children_named("Group"):
            name = below.required("Name")
            group = self._groups.get(name) or Group(name, _long_name(below, name))
            if year not in group.class_codes:  # FET lets years share a group
                group = attrs.evolve(group, class_codes=(*group.class_codes, year))
            self._groups[name] = group
            for atom in below.children_named("Subgroup"):
                self._subgroup_years.setdefault(atom.required("Name"), {})[year] = None

    def _read_activity(self, element: Element) -> None:
        number = element.required("Id")
        if number in self.activities:
            element.refuse(
                f"l'activité {shown(number)} existe deux fois",
                f"activity {shown(number)} is there twice",
            )
        self.activities[number] = element

    def all_groups(self) -> tuple[Group, ...]:
        """Return the groups, and the subgroups that :meth:`lessons` met."""
        return (*self._groups.values(), *self._used_subgroups.values())

    def lessons(
        self, grid: FetGrid, placements: _Placements, remarks: Remarks
    ) -> tuple[Lesson, ...]:
        lessons: list[Lesson] = []
        inactive = 0
        for number, element in self.activities.items():
            if element.text_of("Active") == "false":
                inactive += 1
                continue
            lessons.append(self._lesson(number, element, grid, placements))
        if inactive:
            remarks.add(
                f"{inactive} activités inactives laissées de côté",
                f"{inactive} inactive activities left out",
            )
        if unplaced := sum(not lesson.placed for lesson in lessons):
            remarks.add(
                f"{unplaced} cours ne sont pas placés", f"{unplaced} lessons are not placed"
            )
        return tuple(lessons)

    def _lesson(
        self, number: str, element: Element, grid: FetGrid, placements: _Placements
    ) -> Lesson:
        slots = _whole_number(element, "Duration")
        time = placements.times.get(number)
        day, start_minute, minutes = grid.span(time, slots, element, number)
        class_codes: dict[str, None] = {}
        group_codes: dict[str, None] = {}
        for students in element.children_named("Students"):
            name = students.bounded_text()
            if name in self.classes:
                class_codes[name] = None
            elif name in self._groups:
                group_codes[name] = None
            elif name in self._subgroup_years:
                self._used_subgroups[name] = Group(
                    name, name, tuple(self._subgroup_years[name])
                )
                group_codes[name] = None
            else:
                _unknown(students, number, name)
        return Lesson(
            number,
            _known(element, "Subject", self.subjects, number)[0],
            _known(element, "Teacher", self.teachers, number, optional=True),
            tuple(class_codes),
            tuple(group_codes),
            placements.rooms.get(number, ()),
            day,
            start_minute,
            minutes,
            label=", ".join(
                tag.bounded_text() for tag in element.children_named("Activity_Tag")
            )[:200],
        )


@attrs.frozen
class _Placements:
    """
    Where activities are, by activity number.

    Args:
        times: Index of the day and of the hour, in the order of the FET file.
    """

    times: Mapping[str, tuple[int, int]]
    rooms: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(
        cls, fet: Element, solution: Element | None, school: _School, grid: FetGrid
    ) -> _Placements:
        times: dict[str, tuple[int, int]] = {}
        rooms: dict[str, tuple[str, ...]] = {}
        for element in fet.list_of("Space_Constraints_List", "ConstraintActivityPreferredRoom"):
            if _is_active(element):
                number = _activity_of(element, school)
                rooms[number] = _rooms(element, school, number) or rooms.get(number, ())
        if solution is None:
            for element in fet.list_of(
                "Time_Constraints_List", "ConstraintActivityPreferredStartingTime"
            ):
                # A wish of less than 100 % fixes nothing.
                if not _is_active(element) or not _is_certain(element):
                    continue
                number = _activity_of(element, school)
                time = grid.time(element, ("Preferred_Day", "Day"), ("Preferred_Hour", "Hour"))
                if time is not None:
                    times[number] = time
            return cls(times, rooms)
        seen: set[str] = set()
        for element in solution.children_named("Activity"):
            number = element.required("Id")
            if number not in school.activities:
                element.refuse(
                    f"l'activité {shown(number)} n'est pas dans le fichier FET",
                    f"activity {shown(number)} is not in the FET file",
                )
            if number in seen:
                element.refuse(
                    f"l'activité {shown(number)} est placée deux fois",
                    f"activity {shown(number)} is placed twice",
                )
            seen.add(number)
            if time := grid.time(element, ("Day",), ("Hour",)):
                times[number] = time
            rooms[number] = _rooms(element, school, number) or rooms.get(number, ())
        return cls(times, rooms)


def _is_active(constraint: Element) -> bool:
    return constraint.text_of("Active") != "false"


def _is_certain(constraint: Element) -> bool:
    return constraint.text_of("Weight_Percentage") in ("", "100", "100.0")


def _activity_of(constraint: Element, school: _School) -> str:
    number = constraint.required("Activity_Id")
    if number not in school.activities:
        constraint.refuse(
            f"l'activité {shown(number)} n'existe pas", f"activity {shown(number)} is unknown"
        )
    return number


def _rooms(element: Element, school: _School, number: str) -> tuple[str, ...]:
    """Return the rooms of a placement; a virtual room stands for its real ones."""
    real = _known(element, "Real_Room", school.rooms, number, optional=True)
    named = _known(element, "Room", school.rooms, number, optional=True)
    return real or named


def _known(
    element: Element,
    tag: str,
    known: Mapping[str, object],
    number: str,
    *,
    optional: bool = False,
) -> tuple[str, ...]:
    """Return the names that the children *tag* give, each once, all of them known."""
    names: dict[str, None] = {}
    for child in element.children_named(tag):
        name = child.bounded_text()
        if name in known:
            names[name] = None
        elif name or not optional:
            _unknown(child, number, name)
    if not names and not optional:
        element.refuse(
            f"activité {shown(number)} : <{tag}> manque",
            f"activity {shown(number)}: <{tag}> is missing",
        )
    return tuple(names)


def _unknown(element: Element, number: str, name: str) -> NoReturn:
    element.refuse(
        f"activité {shown(number)} : « {shown(name)} » n'est pas déclaré dans le fichier FET",
        f'activity {shown(number)}: "{shown(name)}" is not declared in the FET file',
    )


def _new_name(element: Element, known: Iterable[str]) -> str:
    name = element.required("Name")
    if name in known:
        element.refuse(f"{shown(name)} existe deux fois", f"{shown(name)} is there twice")
    return name


def _long_name(element: Element, name: str) -> str:
    """FET 6 added a long name; the short one stays what the file refers by."""
    return element.text_of("Long_Name") or name


def _whole_number(element: Element, tag: str) -> int:
    text = element.required(tag)
    if not _NUMBER.fullmatch(text):
        element.refuse(
            f"<{tag}> devrait être un nombre : {shown(text)}",
            f"<{tag}> should be a number: {shown(text)}",
        )
    return int(text)


def _capacity(element: Element) -> int | None:
    if not element.text_of("Capacity"):
        return None
    capacity = _whole_number(element, "Capacity")
    return capacity if capacity < UNLIMITED_CAPACITY else None
