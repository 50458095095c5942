from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pronote_server.demo import (
    DEMO_RNE,
    DEMO_SCHOOL_LIFE_CODE,
    DEMO_TEACHER_CODES,
    demo_school,
    school,
)
from pronote_server.demo.people import read_rows
from pronote_server.domain.school_data import Lesson, SchoolData

SEEDS = (0, 1, 2, 7, 2020)
MORE_SEEDS = range(100, 112)


@pytest.fixture(scope="module")
def demo() -> SchoolData:
    return demo_school()


def minutes_of(lesson: Lesson) -> Iterator[tuple[int, int]]:
    assert lesson.day is not None
    assert lesson.start_minute is not None
    for minute in range(lesson.start_minute, lesson.start_minute + lesson.duration_minutes, 5):
        yield lesson.day, minute


def clashes(lessons: Iterator[tuple[str, Lesson]]) -> list[tuple[str, int, int]]:
    """Return who is at two lessons at one moment, weeks left out: no alternation excuses."""
    times = Counter(
        (who, day, minute) for who, lesson in lessons for day, minute in minutes_of(lesson)
    )
    return [moment for moment, count in times.items() if count > 1]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_school_has_the_size_of_the_guide(seed: int) -> None:
    data = demo_school(seed)

    assert len(data.teachers) == 141
    assert len(data.subjects) == len({subject.name for subject in data.subjects}) == 228
    assert len(data.classes) == 53
    assert len(data.groups) == 205
    assert len(data.present_pupils) == 1030
    assert len(data.former_pupils) == 888
    assert data.check() == []


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_and_no_room_is_in_two_places(seed: int) -> None:
    data = demo_school(seed)
    lessons = data.lessons

    assert not clashes((code, x) for x in lessons for code in x.teacher_codes)
    assert not clashes((code, x) for x in lessons for code in x.room_codes)
    assert not clashes((code, x) for x in lessons for code in x.group_codes)
    assert not clashes((code, x) for x in lessons for code in x.class_codes)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_pupil_is_in_two_places(seed: int) -> None:
    """Which covers class against group, and group against group of the same class."""
    data = demo_school(seed)
    by_class: dict[str, list[Lesson]] = {}
    by_group: dict[str, list[Lesson]] = {}
    for lesson in data.lessons:
        for code in lesson.class_codes:
            by_class.setdefault(code, []).append(lesson)
        for code in lesson.group_codes:
            by_group.setdefault(code, []).append(lesson)

    assert not clashes(
        (pupil.code, lesson)
        for pupil in data.present_pupils
        for lesson in (
            *by_class[pupil.class_code or ""],
            *(lesson for code in pupil.group_codes for lesson in by_group[code]),
        )
    )


@pytest.mark.parametrize("seed", [*SEEDS, *MORE_SEEDS])
def test_every_lesson_is_placed_in_the_grid(seed: int) -> None:
    data = demo_school(seed)
    slots = {
        (day, start)
        for day in data.grid.days
        for start in data.grid.slot_starts[: 4 if day == 2 else None]
    }

    assert len(data.lessons) > 1400
    assert all((lesson.day, lesson.start_minute) in slots for lesson in data.lessons)


def test_lessons_have_one_teacher_one_room_and_somebody_to_teach(demo: SchoolData) -> None:
    for lesson in demo.lessons:
        assert len(lesson.teacher_codes) == len(lesson.room_codes) == 1
        assert len(lesson.class_codes) + len(lesson.group_codes) == 1


def test_rooms_are_large_enough(demo: SchoolData) -> None:
    capacity = {room.code: room.capacity for room in demo.rooms}
    size = Counter(
        code for pupil in demo.present_pupils for code in (pupil.class_code, *pupil.group_codes)
    )
    for lesson in demo.lessons:
        (room,) = lesson.room_codes
        (audience,) = (*lesson.class_codes, *lesson.group_codes)
        assert 0 < size[audience] <= (capacity[room] or 1000), lesson


def test_teachers_work_sensible_hours(demo: SchoolData) -> None:
    minutes: Counter[str] = Counter()
    for lesson in demo.lessons:
        minutes[lesson.teacher_codes[0]] += lesson.duration_minutes

    assert len(minutes) == school.TEACHERS - school.LIBRARIANS
    assert max(minutes.values()) <= 20 * 60
    assert all(minutes[code] > 10 * 55 for code in DEMO_TEACHER_CODES)


def test_pupils_are_in_a_class_and_in_groups_that_hold_it(demo: SchoolData) -> None:
    classes_of = {group.code: group.class_codes for group in demo.groups}
    sizes = Counter(pupil.class_code for pupil in demo.present_pupils)

    assert {class_.code for class_ in demo.classes} == set(sizes)
    assert set(sizes.values()) == {19, 20}
    assert {code for pupil in demo.pupils for code in pupil.group_codes} == set(classes_of)
    for pupil in demo.present_pupils:
        assert sum(code.endswith(("-G1", "-G2")) for code in pupil.group_codes) == 1
        assert all(pupil.class_code in classes_of[code] for code in pupil.group_codes)


def test_former_pupils_left_before_the_year_began(demo: SchoolData) -> None:
    for pupil in demo.former_pupils:
        assert pupil.left_on is not None
        assert pupil.left_on.year <= demo.school_year
        assert pupil.left_on.month == 7


def test_some_lessons_are_every_other_week(demo: SchoolData) -> None:
    weeks = {lesson.weeks for lesson in demo.lessons}

    assert len(weeks) == 3
    assert 0 in weeks


def test_the_people_of_the_guide_are_there_for_any_seed() -> None:
    for seed in SEEDS:
        data = demo_school(seed)
        teachers = {teacher.code: teacher.name for teacher in data.teachers}
        staff = {person.code: person.name for person in data.staff}

        assert [teachers[code] for code in DEMO_TEACHER_CODES] == [
            "DUPAS Nicole",
            "GARNIER Paul",
        ]
        assert staff[DEMO_SCHOOL_LIFE_CODE] == "BOURDON Emma"
        assert "CPE" in staff.values()


def test_nobody_has_the_name_of_somebody_else(demo: SchoolData) -> None:
    names = Counter(
        person.name for people in (demo.teachers, demo.staff, demo.pupils) for person in people
    )

    assert names.most_common(1)[0][1] == 1


def test_one_seed_is_one_school_and_another_seed_another() -> None:
    assert demo_school(3) == demo_school(3)
    assert demo_school(3) != demo_school(4)
    assert demo_school(3, school_year=2024).school_year == 2024


def test_the_order_of_sets_does_not_show() -> None:
    """Another hash seed gives every set and dict of text another order."""
    program = (
        "import hashlib; from pronote_server.demo import demo_school;"
        "print(hashlib.sha256(repr(demo_school(5)).encode()).hexdigest())"
    )
    here = hashlib.sha256(repr(demo_school(5)).encode()).hexdigest()
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
            text=True,
        )
        assert done.stdout.strip() == here


def test_the_number_of_the_school_has_its_control_letter() -> None:
    assert DEMO_RNE[-1] == "ABCDEFGHJKLMNPRSTUVWXYZ"[int(DEMO_RNE[:-1]) % 23]


def test_the_packaged_tables_say_where_they_are_from() -> None:
    folder = Path(school.__file__).parent
    sources = (folder / "SOURCES.md").read_text("utf-8")

    for table in sorted((folder / "data").iterdir()):
        assert f"`data/{table.name}`" in sources
    assert f"{len(read_rows('surnames.txt'))} common French surnames" in sources
    assert len(read_rows("subjects.csv")) == 228
