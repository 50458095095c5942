from __future__ import annotations

import datetime
import unicodedata
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronote_server.domain.school_data import (
    WEEKS_IN_SCHOOL_YEAR,
    Class_,
    Group,
    Lesson,
    Pupil,
    Room,
    SchoolData,
    Subject,
    Teacher,
    TimeGrid,
    first_monday,
    week_number,
)
from pronote_server.domain.search import fold

GRID = TimeGrid((0, 1, 2, 3, 4), (480, 535), 55, ("M1", "M2"))
LESSON = Lesson("c1", "FRANC", ("dupas",), ("3A",), ("3A_G1",), ("101",), 0, 480, 55)
SCHOOL = SchoolData(
    name="Collège de la Lande",
    school_year=2020,
    grid=GRID,
    teachers=(Teacher("dupas", "DUPAS", "Nicole", "Mme"),),
    subjects=(Subject("FRANC", "FRANCAIS"),),
    classes=(Class_("3A", "3A", "3EME"), Class_("3B", "3B", "3EME")),
    groups=(Group("3A_G1", "3A gr. 1", ("3A",)),),
    rooms=(Room("101", "Salle 101", 30),),
    pupils=(
        Pupil("e1", "PETIT", "Jade", "3A", ("3A_G1",), datetime.date(2006, 3, 2)),
        Pupil("e2", "GARNIER", "Léo", left_on=datetime.date(2020, 7, 4)),
    ),
    lessons=(LESSON, Lesson("c2", "FRANC", duration_minutes=55)),
)


def test_a_consistent_school_has_no_problem() -> None:
    assert SCHOOL.check() == []
    assert [pupil.code for pupil in SCHOOL.present_pupils] == ["e1"]
    assert [pupil.code for pupil in SCHOOL.former_pupils] == ["e2"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"teachers": ()}, "cours c1 : le professeur dupas n'existe pas"),
        ({"subjects": ()}, "cours c1 : la matière FRANC n'existe pas"),
        ({"rooms": ()}, "cours c1 : la salle 101 n'existe pas"),
        ({"classes": ()}, "groupe 3A_G1 : la classe 3A n'existe pas"),
        ({"groups": ()}, "élève e1 : le groupe 3A_G1 n'existe pas"),
        ({"teachers": SCHOOL.teachers * 2}, "le professeur dupas existe deux fois"),
        ({"rooms": (Room("", "nulle part"),)}, "la salle sans code"),
        ({"lessons": (LESSON, LESSON)}, "le cours c1 existe deux fois"),
        (
            {"pupils": (Pupil("e3", "PETIT", "Lou", "3B", ("3A_G1",)),)},
            "élève e3 : sa classe n'est pas de celles du groupe 3A_G1",
        ),
        (
            {"pupils": (Pupil("e3", "P", "L", "3A", left_on=datetime.date(2020, 7, 4)),)},
            "élève e3 : un ancien élève n'a plus ni classe ni groupe",
        ),
        ({"grid": attrs.evolve(GRID, labels=("M1",))}, "autant de libellés"),
        ({"grid": attrs.evolve(GRID, days=(0, 7))}, "jours impossibles [0, 7]"),
        ({"grid": attrs.evolve(GRID, slot_starts=(535, 480))}, "créneaux impossibles"),
        ({"grid": attrs.evolve(GRID, slot_minutes=0)}, "créneaux de 0 minutes"),
    ],
)
def test_each_problem_is_said_with_its_place(change: dict[str, Any], said: str) -> None:
    problems = attrs.evolve(SCHOOL, **change).check()

    assert any(said in problem for problem in problems), problems


@pytest.mark.parametrize(
    "change",
    [
        {"day": 7},
        {"day": None},
        {"start_minute": None},
        {"start_minute": -1},
        {"start_minute": 1439},
        {"duration_minutes": 0},
        {"duration_minutes": 1000},
        {"weeks": -1},
        {"weeks": 1 << WEEKS_IN_SCHOOL_YEAR},
        {"teacher_codes": ("dupas", "dupas")},
    ],
)
def test_an_impossible_lesson_is_one_problem_naming_the_lesson(
    change: dict[str, Any],
) -> None:
    lesson = attrs.evolve(LESSON, **change)
    (problem,) = attrs.evolve(SCHOOL, lessons=(lesson,)).check()

    assert problem.startswith("cours c1 : ")


@pytest.mark.parametrize(
    ("school_year", "expected"),
    [
        (2018, datetime.date(2018, 9, 3)),
        (2019, datetime.date(2019, 9, 2)),
        (2020, datetime.date(2020, 8, 31)),
        (2021, datetime.date(2021, 8, 30)),
        (2025, datetime.date(2025, 9, 1)),
    ],
)
def test_week_0_holds_the_first_working_day_of_september(
    school_year: int, expected: datetime.date
) -> None:
    assert first_monday(school_year) == expected


@given(st.integers(1990, 2090))
def test_weeks_are_counted_from_the_first_monday(school_year: int) -> None:
    monday = first_monday(school_year)

    assert monday.weekday() == 0
    assert week_number(monday, school_year) == 0
    assert week_number(monday + datetime.timedelta(days=6), school_year) == 0
    assert week_number(monday + datetime.timedelta(days=7), school_year) == 1
    assert week_number(monday - datetime.timedelta(days=1), school_year) is None
    assert week_number(datetime.date(2200, 1, 1), school_year) is None


def test_a_lesson_takes_place_in_its_weeks_only() -> None:
    fortnightly = attrs.evolve(LESSON, weeks=0b101)

    assert [fortnightly.takes_place_in(week) for week in range(4)] == [True, False, True, False]
    assert all(LESSON.takes_place_in(week) for week in range(WEEKS_IN_SCHOOL_YEAR))


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Zoé LEFÈVRE", "zoe lefevre"),
        ("CŒUR", "coeur"),
        ("  Éducation   physique\n", "education physique"),
        ("l’anglais", "L'ANGLAIS"),
        ("Straße", "STRASSE"),
        ("BIÜ", "biu"),
    ],
)
def test_search_ignores_case_accents_and_spaces(written: str, asked: str) -> None:
    assert fold(written) == fold(asked)


@given(st.text())
def test_folding_is_idempotent_and_blind_to_composition(text: str) -> None:
    key = fold(text)

    assert fold(key) == key
    assert fold(unicodedata.normalize("NFD", text)) == key
