from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pronote_protocol.errors import TransferRefused
from pronote_server.domain.school_data import Group, Lesson, Room, Teacher, TimeGrid
from pronote_server.timetable_files import ReadTimetable, read_any, read_fet

SAMPLES = Path(__file__).parent / "samples"
REAL = Path(__file__).parents[4] / "shared" / "data" / "fet"
FET = (SAMPLES / "school.fet").read_text("utf-8")
SOLUTION = (SAMPLES / "school_activities.xml").read_text("utf-8")


def read(fet: str = FET, solution: str | None = SOLUTION) -> ReadTimetable:
    placed = None if solution is None else solution.encode()
    return read_fet(fet.encode(), placed, school_year=2020)


def refusal_of(reading: Callable[[], ReadTimetable]) -> TransferRefused:
    with pytest.raises(TransferRefused) as refusal:
        reading()
    return refusal.value


def lesson(number: str, reading: ReadTimetable) -> Lesson:
    return next(lesson for lesson in reading.data.lessons if lesson.code == number)


def test_the_whole_school_is_read() -> None:
    reading = read()
    data = reading.data

    assert data.name == "Collège de la Lande"
    assert data.school_year == 2020
    assert data.teachers == (
        Teacher("MARTIN Lucie", "MARTIN", "Lucie"),
        Teacher("DE LA TOUR Jean Paul", "DE LA TOUR", "Jean Paul"),
        Teacher("PET", "Petit", "Anne"),
    )
    assert [(s.code, s.name) for s in data.subjects] == [("FRANC", "FRANCAIS"), ("EPS", "EPS")]
    assert [c.code for c in data.classes] == ["6A", "6B"]
    assert data.rooms[:2] == (Room("101", "101", 30), Room("GYM", "GYM", None))
    assert reading.summary.lessons == 3
    assert reading.summary.placed_lessons == 2
    assert data.check() == []


def test_hours_that_are_times_make_the_grid() -> None:
    assert read().data.grid == TimeGrid(
        (0, 1, 3, 4), (480, 535, 605, 660), 55, ("M1", "M2", "M3", "M4")
    )


def test_a_double_lesson_lasts_until_the_end_of_its_second_hour() -> None:
    double = lesson("1", read())

    assert (double.day, double.start_minute, double.duration_minutes) == (1, 535, 125)


def test_rooms_come_from_the_solution_else_from_the_preferred_room() -> None:
    reading = read()

    assert lesson("1", reading).room_codes == ("101",)
    assert lesson("2", reading).room_codes == ()
    assert lesson("3", reading).room_codes == ("GYM", "GYM2")


def test_students_are_classes_groups_or_subgroups() -> None:
    reading = read()
    mixed = lesson("2", reading)

    assert mixed.class_codes == ("6B",)
    assert mixed.group_codes == ("LATIN", "6A1x")
    assert mixed.teacher_codes == ("MARTIN Lucie", "PET")
    assert reading.data.groups == (
        Group("6A g1", "6A g1", ("6A",)),
        Group("LATIN", "LATIN", ("6A", "6B")),
        Group("6A1x", "6A1x", ("6A",)),
    )


def test_inactive_and_unplaced_activities_are_told() -> None:
    said = [remark.fr for remark in read().warnings]

    assert said == ["1 activités inactives laissées de côté", "1 cours ne sont pas placés"]


def test_without_a_solution_fixed_times_place_and_mere_wishes_do_not() -> None:
    reading = read(solution=None)

    assert [lesson.code for lesson in reading.data.lessons if lesson.placed] == ["3"]
    assert (lesson("3", reading).day, lesson("3", reading).start_minute) == (4, 660)


@pytest.mark.parametrize(
    ("names", "days"),
    [
        (("Mo", "Di", "Mi", "Do"), (0, 1, 2, 3)),
        (("Di", "Mi", "Do", "Fr"), (1, 2, 3, 4)),
        (("Monday", "Tuesday", "Thursday", "Friday"), (0, 1, 3, 4)),
        (("lu", "ma", "me", "je"), (0, 1, 2, 3)),
        (("A", "B", "C", "D"), (0, 1, 2, 3)),
        (("Mo", "Mo 2", "Mi", "Do"), (0, 1, 2, 3)),
    ],
)
def test_days_are_recognised_or_taken_in_order(
    names: tuple[str, ...], days: tuple[int, ...]
) -> None:
    fet = FET
    for old, long, new in zip(
        ("Lun.", "Mar.", "Jeu.", "Ven."),
        ("Lundi", "Mardi", "Jeudi", "Vendredi"),
        names,
        strict=True,
    ):
        fet = fet.replace(
            f"<Name>{old}</Name><Long_Name>{long}</Long_Name>", f"<Name>{new}</Name>"
        )
        fet = fet.replace(f"<Preferred_Day>{old}<", f"<Preferred_Day>{new}<")

    assert read(fet, None).data.grid.days == days


@pytest.mark.parametrize(
    ("names", "starts", "slot_minutes"),
    [
        (("8:00", "9:00", "10:15", "11:15"), (480, 540, 615, 675), 60),
        (("08h", "09h", "10h", "14h"), (480, 540, 600, 840), 60),
        (("8.00-8.45", "8.45-9.30", "9.45-10.30", "10.30-11.15"), (480, 525, 585, 630), 45),
        (("1", "2", "3", "4"), (480, 540, 600, 660), 60),
        (("9:00", "8:00", "10:00", "11:00"), (480, 540, 600, 660), 60),
        (("8:00", "8:99", "10:00", "11:00"), (480, 540, 600, 660), 60),
        (("21:00", "22:00", "23:00", "23:50"), (480, 540, 600, 660), 60),
    ],
)
def test_hours_are_times_when_all_of_them_are_and_ascend(
    names: tuple[str, ...], starts: tuple[int, ...], slot_minutes: int
) -> None:
    start, end = FET.index("<Hours_List>"), FET.index("</Hours_List>")
    hours = "".join(f"<Hour><Name>{name}</Name></Hour>" for name in names)
    fet = FET[:start] + "<Hours_List>" + hours + FET[end:]
    fet = fet.replace("<Preferred_Hour>M4", f"<Preferred_Hour>{names[3]}")
    grid = read(fet, None).data.grid

    assert grid.slot_starts == starts
    assert grid.slot_minutes == slot_minutes
    assert grid.labels == names


@pytest.mark.parametrize(
    ("old", "new", "fr"),
    [
        ("<Teacher>PET<", "<Teacher>NOBODY<", "activité 2 : « NOBODY » n'est pas déclaré"),
        ("<Students>LATIN<", "<Students>GREC<", "activité 2 : « GREC » n'est pas déclaré"),
        ("<Subject>EPS<", "<Subject>X<", "activité 3 : « X » n'est pas déclaré"),
        ("<Subject>EPS</Subject><St", "<St", "activité 3 : <Subject> manque"),
        ("<Duration>2<", "<Duration>5<", "activité 1 : durée de 5 heures impossible"),
        ("<Duration>2<", "<Duration>-1<", "<Duration> devrait être un nombre : -1"),
        ("<Id>2<", "<Id>1<", "l'activité 1 existe deux fois"),
        ("<Name>EPS<", "<Name>FRANC<", "FRANC existe deux fois"),
        ("<Name>M2<", "<Name>M1<", "M1 existe deux fois"),
        ("<Activity_Id>1<", "<Activity_Id>77<", "l'activité 77 n'existe pas"),
        (">Official<", ">Mornings-Afternoons<", "mode FET Mornings-Afternoons"),
        ("<Capacity>40<", "<Capacity>many<", "<Capacity> devrait être un nombre : many"),
        ("<Name>PET</Name>", "", "<Name> manque"),
        ("<Name>PET</Name>", f"<Name>{'P' * 600}</Name>", "texte de 600 caractères"),
    ],
)
def test_a_wrong_fet_file_is_refused_with_the_line(old: str, new: str, fr: str) -> None:
    assert old in FET
    refusal = refusal_of(lambda: read(FET.replace(old, new)))

    assert fr in refusal.fr
    assert refusal.details["line"] > 2 or "mode" in fr
    assert refusal.details["file"] == "FET"


@pytest.mark.parametrize(
    ("old", "new", "fr"),
    [
        ("<Id>1<", "<Id>9<", "l'activité 9 n'est pas dans le fichier FET"),
        ("<Id>1<", "<Id>3<", "l'activité 3 est placée deux fois"),
        ("<Day>Mar.<", "<Day>Dim.<", "jour « Dim. » ou heure « M2 » absents du fichier FET"),
        ("<Day>Mar.<", "<Day><", "jour «  » ou heure « M2 »"),
        ("<Hour>M2<", "<Hour>M4<", "activité 1 : dépasse la fin de la journée"),
        ("<Room>SPORT<", "<Room>POOL<", "« POOL » n'est pas déclaré"),
        ("Activities_Timetable", "Students_Timetable", "<Activities_Timetable>"),
    ],
)
def test_a_solution_of_another_school_is_refused(old: str, new: str, fr: str) -> None:
    assert fr in refusal_of(lambda: read(solution=SOLUTION.replace(old, new))).fr


@pytest.mark.skipif(not REAL.exists(), reason="../shared/data/fet is not beside the project")
def test_the_real_secondary_school_is_read_whole() -> None:
    files = [
        (path, (REAL / path).read_bytes())
        for path in ("GYR_activities_solved.xml.gz", "GYR.fet.gz")
    ]
    reading = read_any(files, school_year=2020)
    summary = reading.summary

    assert (summary.teachers, summary.classes, summary.groups) == (82, 31, 354)
    assert (summary.lessons, summary.placed_lessons) == (1477, 1458)
    assert (summary.subjects, summary.rooms) == (37, 83)
    assert reading.data.grid.days == (0, 1, 2, 3, 4)
    assert reading.data.check() == []
    _no_teacher_is_in_two_places(reading)


def _no_teacher_is_in_two_places(reading: ReadTimetable) -> None:
    """The solver guarantees it, so a mistake in days, hours or lengths would show here."""
    busy: set[tuple[str, int, int]] = set()
    for placed in reading.data.lessons:
        if placed.day is None or placed.start_minute is None:
            continue
        for minute in range(
            placed.start_minute, placed.start_minute + placed.duration_minutes, 60
        ):
            for teacher in placed.teacher_codes:
                assert (teacher, placed.day, minute) not in busy
                busy.add((teacher, placed.day, minute))
    assert len(busy) > 1500
