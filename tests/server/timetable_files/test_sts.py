from __future__ import annotations

from pathlib import Path

import pytest

from pronote_protocol.errors import TransferRefused
from pronote_server.domain.school_data import Class_, Group, Room, Staff, Subject, Teacher
from pronote_server.timetable_files import ReadTimetable, read_any, read_sts

SAMPLES = Path(__file__).parent / "samples"
REAL = Path(__file__).parents[4] / "shared" / "data" / "sts"
DOWN = (SAMPLES / "sts_emp.xml").read_bytes()
UP = (SAMPLES / "emp_sts.xml").read_bytes()

needs_real_files = pytest.mark.skipif(
    not REAL.exists(), reason="../shared/data/sts is not beside the project"
)


def real(case: str) -> list[tuple[str, bytes]]:
    names = f"{case}_emp_sts.xml", f"{case}_sts_emp.xml"
    return [(name, (REAL / name).read_bytes()) for name in names]


def said(reading: ReadTimetable) -> set[str]:
    return {remark.fr for remark in reading.warnings}


def test_the_whole_school_is_read() -> None:
    data = read_sts(DOWN, UP).data

    assert (data.name, data.rne, data.school_year) == ("COLLEGE DE LA LANDE", "0990001W", 2020)
    assert data.subjects == (Subject("020700", "Français"), Subject("020300", "020300"))
    assert data.classes == (Class_("3A", "3EMEA", "3ème"), Class_("3B", "3B"))
    assert data.groups == (Group("3LAT", "LATINISTES", ("3A", "3B")),)
    assert data.rooms == (Room("101", "101"), Room("CDI", "CDI"))
    assert data.check() == []


def test_people_are_teachers_by_function_or_because_they_have_lessons() -> None:
    data = read_sts(DOWN, UP).data

    assert data.teachers == (
        Teacher("11", "MARTIN", "Lucie", "Mme"),
        Teacher("local-11", "GIRARD", "Éric", "M."),
        Teacher("12", "MOREL", "Anne"),
        Teacher("99", "99"),
    )
    assert data.staff == (Staff("12", "MOREL", "Anne", "EDU"),)


def test_lessons_have_days_times_weeks_and_all_their_teachers() -> None:
    together, hebdo, latin, alone = read_sts(DOWN, UP).data.lessons

    assert together.teacher_codes == ("11", "local-11")
    assert together.class_codes == ("3A",)
    assert (together.day, together.start_minute, together.duration_minutes) == (0, 510, 55)
    assert together.weeks == 0b101
    assert (hebdo.day, hebdo.start_minute, hebdo.weeks) == (1, 607, 0)
    assert (latin.group_codes, latin.class_codes) == (("3LAT",), ())
    assert (latin.day, latin.start_minute, latin.duration_minutes) == (3, 810, 90)
    assert (alone.teacher_codes, alone.room_codes) == (("99",), ())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<CODE_SALLE>101<", "<CODE_SALLE>102<"),
        ("<CODE_ALTERNANCE>Q1<", "<CODE_ALTERNANCE>H<"),
        ("<HEURE_DEBUT>0830<", "<HEURE_DEBUT>0900<"),
        ("<JOUR>1<", "<JOUR>5<"),
    ],
)
def test_teachers_in_other_rooms_weeks_or_times_are_not_co_teaching(old: str, new: str) -> None:
    head, teacher, tail = UP.partition(b'<ENSEIGNANT TYPE="local" ID="11">')
    up = head + teacher + tail.replace(old.encode(), new.encode(), 1)
    lessons = read_sts(DOWN, up).data.lessons

    assert len(lessons) == 5
    assert all(len(lesson.teacher_codes) == 1 for lesson in lessons)


def test_the_grid_goes_from_the_first_opening_to_the_last_lesson() -> None:
    grid = read_sts(DOWN, UP).data.grid

    assert grid.days == (0, 1, 3, 4)
    assert grid.slot_minutes == 55
    assert (grid.slot_starts[0], grid.slot_starts[-1], grid.labels[0]) == (510, 895, "08h30")


def test_what_was_decided_instead_of_refusing_is_told() -> None:
    assert said(read_sts(DOWN, UP)) == {
        "alternances sans semaine dans l'année, cours mis chaque semaine : H",
        "semaines hors de l'année scolaire, ignorées : 2021-09-13",
        "classes inconnues, créées : 3B",
        "matières inconnues, créées : 020300",
        "salles inconnues, créées : CDI",
        "professeurs inconnus, créés : 99",
    }


def test_the_order_of_the_files_does_not_matter() -> None:
    assert read_sts(UP, DOWN) == read_sts(DOWN, UP)
    assert read_any([("u", UP), ("d", DOWN)], school_year=2020) == read_sts(DOWN, UP)


def test_files_of_another_year_than_the_base_are_told() -> None:
    reading = read_any([("u", UP), ("d", DOWN)], school_year=2021)

    assert reading.data.school_year == 2020
    assert "les fichiers sont de l'année 2020-2021, la base de 2021-2022" in said(reading)


@pytest.mark.parametrize(
    ("old", "new", "fr"),
    [
        ("<UAJ>0990001W<", "<UAJ>0990002X<", "l'établissement 0990002X n'est pas celui"),
        ("<ANNEE_SCOLAIRE>2020<", "<ANNEE_SCOLAIRE>2019<", "l'année scolaire 2019 n'est pas"),
        ("<CODE_ALTERNANCE>Q1<", "<CODE_ALTERNANCE>Z<", "alternance inconnue : Z"),
        ("<JOUR>2<", "<JOUR>8<", "jour impossible : 8"),
        ("<HEURE_DEBUT>1007<", "<HEURE_DEBUT>2460<", "<HEURE_DEBUT> devrait être HHMM : 2460"),
        ("<DUREE>0055<", "<DUREE>0000<", "durée impossible : 0000"),
        ("<DUREE>0130<", "<DUREE>1200<", "durée impossible : 1200"),
        ("<JOUR>2</JOUR>", "", "<JOUR> manque"),
        (">2020-09-14<", ">14/09/2020<", "date impossible : 14/09/2020"),
        (' ID="99"', "", "l'attribut ID manque"),
        ('HORAIRE JOUR="2"', 'HORAIRE JOUR="x"', "jour impossible : x"),
        ("<FIN_COURS>1215<", "<FIN_COURS>0800<", "la fin précède le début"),
        ("EDT_STS>", "STS_EDT>", "la racine devrait être <EDT_STS>"),
    ],
)
def test_a_wrong_up_file_is_refused_with_the_line(old: str, new: str, fr: str) -> None:
    assert old.encode() in UP
    with pytest.raises(TransferRefused) as refusal:
        read_sts(DOWN, UP.replace(old.encode(), new.encode()))

    assert fr in refusal.value.fr
    assert refusal.value.details["file"] == "EDT_STS"
    assert isinstance(refusal.value.details["line"], int)


@pytest.mark.parametrize(
    ("old", "new", "fr"),
    [
        ('CODE="0990001W"', 'CODE="099"', "UAJ impossible : 099"),
        ('ANNEE="2020"', 'ANNEE="20"', "année impossible : 20"),
        ("PARAMETRES", "PARAM", "<PARAMETRES> manque"),
        ('MATIERE CODE="020700"', "MATIERE", "l'attribut CODE manque"),
    ],
)
def test_a_wrong_down_file_is_refused(old: str, new: str, fr: str) -> None:
    with pytest.raises(TransferRefused) as refusal:
        read_sts(DOWN.replace(old.encode(), new.encode()), UP)

    assert fr in refusal.value.fr


def test_an_unclosed_element_is_named_with_the_line_it_was_opened_on() -> None:
    broken = UP.replace(
        b"<FIN_COURS>1215</FIN_COURS></HORAIRE>", b"<FIN_COURS>1215</FIN_COURS>"
    )
    with pytest.raises(TransferRefused) as refusal:
        read_sts(DOWN, broken)

    assert "<HORAIRE> ouvert à la ligne 10 n'est pas fermé" in refusal.value.fr


@needs_real_files
@pytest.mark.parametrize(
    ("case", "group_codes", "start_minute"),
    [("case1", (), 14 * 60 + 2), ("case2", ("3B_G2",), 15 * 60 + 13)],
)
def test_real_pairs_are_read(
    case: str, group_codes: tuple[str, ...], start_minute: int
) -> None:
    reading = read_any(real(case), school_year=2018)
    (lesson,) = reading.data.lessons

    assert (reading.data.rne, reading.data.school_year) == ("0771991W", 2018)
    assert reading.data.name == "COLLEGE LOUIS ARAGON"
    assert lesson.group_codes == group_codes
    assert (lesson.day, lesson.start_minute, lesson.duration_minutes) == (3, start_minute, 60)


@needs_real_files
def test_the_real_broken_pair_is_refused_saying_what_is_broken_and_where() -> None:
    """Its first HORAIRE of Friday is never closed; the parser only notices 56 lines later."""
    with pytest.raises(TransferRefused) as refusal:
        read_any(real("parsing-error-case"), school_year=2018)

    assert refusal.value.fr == (
        "Transfert refusé : parsing-error-case_emp_sts.xml, ligne 82 : cette balise fermante "
        "ne correspond pas à l'élément ouvert ; <HORAIRE> ouvert à la ligne 26 n'est pas "
        "fermé. La base n'a pas été modifiée."
    )
    assert "<HORAIRE> opened on line 26 is not closed" in refusal.value.en
