"""
The demo school: invented, complete, of the size the guide shows (fiche 9).

Everything follows from the seed. Nothing here may depend on the order of a set, on the
clock or on the machine, or two runs of one seed would not be the same school.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator
from typing import Final

import attrs

from pronote_server.demo.people import NameDrawer, read_rows
from pronote_server.demo.placement import GRID, Placement
from pronote_server.demo.structure import LEVELS, Level, blocks_of, halves_of
from pronote_server.demo.teaching import Rooms, Staffing, department_sizes, teachings
from pronote_server.domain.school_data import (
    Group,
    Lesson,
    Pupil,
    Room,
    SchoolData,
    Staff,
    Subject,
    Teacher,
)

__all__ = [
    "DEMO_RNE",
    "DEMO_SCHOOL_LIFE_CODE",
    "DEMO_SCHOOL_NAME",
    "DEMO_TEACHER_CODES",
    "demo_school",
]

DEMO_SCHOOL_NAME: Final = "Cité scolaire de la Lande"
DEMO_RNE: Final = "0990001N"  # a number of no school, with the right control letter
# Whose credentials the demo prints; the same people whatever the seed.
DEMO_TEACHER_CODES: Final = ("P001", "P002")
DEMO_SCHOOL_LIFE_CODE: Final = "V001"

TEACHERS: Final = 141
LIBRARIANS: Final = 2  # teachers too, without lessons
PUPILS: Final = 1030
FORMER_PUPILS: Final = 888

# Seen connected in the guide (fiche 11), but for the second teacher, whom the demo needs.
_KNOWN_TEACHERS: Final = {
    "lettres": ("DUPAS", "Nicole", "Mme"),
    "mathématiques": ("GARNIER", "Paul", "M."),
}
_KNOWN_STAFF: Final = (
    Staff(DEMO_SCHOOL_LIFE_CODE, "BOURDON", "Emma", "Assistant d'éducation"),
    Staff("CPE71", "CPE", "", "Conseiller principal d'éducation"),
)
_STAFF_FUNCTIONS: Final = (
    ("V", "Assistant d'éducation", 9),
    ("C", "Conseiller principal d'éducation", 2),
    ("D", "Chef d'établissement", 1),
    ("D", "Chef d'établissement adjoint", 2),
    ("D", "Adjoint gestionnaire", 1),
    ("S", "Secrétaire", 4),
    ("S", "Infirmier", 1),
    ("S", "Psychologue de l'Éducation nationale", 1),
    ("S", "Accompagnant d'élèves en situation de handicap", 4),
)


def demo_school(seed: int = 0, school_year: int = 2020) -> SchoolData:
    """
    Return the school of *seed*: the same seed gives equal schools, anywhere.

    141 teachers, 228 subjects, 53 classes, 205 groups, 1030 pupils, 888 former pupils,
    and a timetable in which nobody and no room is in two places at once. It takes some
    50 ms of processor.
    """
    chance = random.Random(seed)
    drawer = NameDrawer(chance, {known[:2] for known in _KNOWN_TEACHERS.values()})
    teachers, departments = _teachers(drawer)
    staff = _staff(drawer)
    lessons, rooms = _timetable(departments, chance)
    pupils = [*_pupils(drawer, chance, school_year), *_former(drawer, chance, school_year)]
    return SchoolData(
        name=DEMO_SCHOOL_NAME,
        rne=DEMO_RNE,
        school_year=school_year,
        grid=GRID,
        teachers=tuple(teachers),
        subjects=tuple(Subject(row["code"], row["name"]) for row in read_rows("subjects.csv")),
        classes=tuple(class_ for level in LEVELS for class_ in level.classes()),
        groups=tuple(_groups()),
        rooms=rooms,
        pupils=tuple(pupils),
        staff=staff,
        lessons=lessons,
    )


def _teachers(drawer: NameDrawer) -> tuple[list[Teacher], dict[str, list[str]]]:
    """Return the teachers, and the codes of those of each department."""
    known = iter(DEMO_TEACHER_CODES)
    teachers = [Teacher(next(known), *names) for names in _KNOWN_TEACHERS.values()]
    departments = {
        name: [teacher.code] for name, teacher in zip(_KNOWN_TEACHERS, teachers, strict=True)
    }
    for name, size in department_sizes(TEACHERS - LIBRARIANS).items():
        codes = departments.setdefault(name, [])
        while len(codes) < size:
            teachers.append(_teacher(drawer, len(teachers) + 1))
            codes.append(teachers[-1].code)
    while len(teachers) < TEACHERS:
        teachers.append(_teacher(drawer, len(teachers) + 1))
    return teachers, departments


def _teacher(drawer: NameDrawer, number: int) -> Teacher:
    person = drawer.adult()
    return Teacher(f"P{number:03}", person.last_name, person.first_name, person.civility)


def _staff(drawer: NameDrawer) -> tuple[Staff, ...]:
    staff = list(_KNOWN_STAFF)
    for prefix, function, count in _STAFF_FUNCTIONS:
        for _ in range(count):
            person = drawer.adult()
            code = f"{prefix}{len(staff):03}"
            staff.append(Staff(code, person.last_name, person.first_name, function))
    return tuple(staff)


def _timetable(
    departments: dict[str, list[str]], chance: random.Random
) -> tuple[tuple[Lesson, ...], tuple[Room, ...]]:
    rooms = Rooms()
    placement = Placement(chance)
    for teaching in teachings(Staffing(departments), rooms):
        placement.place(teaching)
    return tuple(placement.lessons), tuple(rooms.rooms)


def _groups() -> Iterator[Group]:
    for level in LEVELS:
        for code in level.class_codes:
            yield from halves_of(code)
        for block in blocks_of(level):
            for _, groups in block.bars:
                yield from (group for group, _ in groups)


def _pupils(drawer: NameDrawer, chance: random.Random, school_year: int) -> list[Pupil]:
    sizes = _class_sizes()
    pupils: list[Pupil] = []
    for level in LEVELS:
        by_class: dict[str, list[Pupil]] = {}
        for class_code in level.class_codes:
            people = sorted(
                (drawer.pupil() for _ in range(sizes[class_code])),
                key=lambda person: (person.last_name, person.first_name),
            )
            halves = halves_of(class_code)
            by_class[class_code] = [
                Pupil(
                    "",
                    person.last_name,
                    person.first_name,
                    class_code,
                    (halves[index * 2 // len(people)].code,),
                    _birthday(chance, school_year - level.age - (chance.random() < 0.08)),
                )
                for index, person in enumerate(people)
            ]
        _join_groups(level, by_class, chance)
        pupils += (pupil for members in by_class.values() for pupil in members)
    return [
        attrs.evolve(pupil, code=f"E{number:04}")
        for number, pupil in enumerate(pupils, start=1)
    ]


def _class_sizes() -> dict[str, int]:
    codes = [code for level in LEVELS for code in level.class_codes]
    least, more = divmod(PUPILS, len(codes))
    return {code: least + (index < more) for index, code in enumerate(codes)}


def _join_groups(level: Level, by_class: dict[str, list[Pupil]], chance: random.Random) -> None:
    """Send every pupil of a block to one group of each bar; of some bars, a third of them."""
    for block in blocks_of(level):
        places = [
            (code, index) for code in block.class_codes for index in range(len(by_class[code]))
        ]
        for bar, groups in block.bars:
            chance.shuffle(places)
            going = places[: len(places) // 3] if bar.for_some else places
            for number, (code, index) in enumerate(going):
                group, _ = groups[number % len(groups)]
                pupil = by_class[code][index]
                by_class[code][index] = attrs.evolve(
                    pupil, group_codes=(*pupil.group_codes, group.code)
                )


def _former(drawer: NameDrawer, chance: random.Random, school_year: int) -> Iterator[Pupil]:
    """Yield those who left in the five summers before this school year, mostly the last."""
    for number in range(1, FORMER_PUPILS + 1):
        person = drawer.pupil()
        years_ago = chance.choice((0, 0, 0, 1, 1, 2, 3, 4))
        left = datetime.date(school_year - years_ago, 7, 4)
        age = chance.choice((15, 16, 18, 18, 18, 19))
        yield Pupil(
            f"A{number:04}",
            person.last_name,
            person.first_name,
            born=_birthday(chance, left.year - age),
            left_on=left,
        )


def _birthday(chance: random.Random, year: int) -> datetime.date:
    return datetime.date(year, 1, 1) + datetime.timedelta(days=chance.randrange(365))
