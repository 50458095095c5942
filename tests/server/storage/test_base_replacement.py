"""A transfer into a base that people have worked in: what stays, what goes, what is said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
import pytest
from sqlalchemy import Connection

from pronote_server.domain.school_data import Class_, Lesson, Pupil, SchoolData
from pronote_server.storage.base_file import (
    Replaced,
    changes_since,
    counters,
    replace_school_data,
)


def rows(conn: Connection, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in conn.exec_driver_sql(sql)]


def dangling(conn: Connection) -> list[tuple[Any, ...]]:
    """Return what refers to nothing; PostgreSQL has no such question, and no way to do it."""
    return rows(conn, "PRAGMA foreign_key_check") if conn.dialect.name == "sqlite" else []


def without_pupil(school: SchoolData, code: str) -> SchoolData:
    kept = tuple(one for one in school.pupils if one.code != code)
    return attrs.evolve(school, pupils=kept)


def without_lessons(school: SchoolData, *codes: str) -> SchoolData:
    kept = tuple(one for one in school.lessons if one.code not in codes)
    return attrs.evolve(school, lessons=kept)


def test_the_same_school_again_loses_nothing(
    worked: Connection, school: SchoolData, now: datetime
) -> None:
    before = counters(worked), rows(worked, "SELECT * FROM service")

    done = replace_school_data(worked, school, now)

    assert done == Replaced(revision=2, removed={}, new_services=0, orphan_services=0)
    assert (counters(worked), rows(worked, "SELECT * FROM service")) == before


def test_services_come_from_the_lessons(filled: Connection) -> None:
    assert rows(
        filled,
        "SELECT service.code, subject.code, teacher.code, school_class.code, "
        "school_group.code, from_lessons, orphan, service.revision, coefficient FROM service "
        "JOIN subject ON subject.id = subject_id LEFT JOIN teacher ON teacher.id = teacher_id "
        "LEFT JOIN school_class ON school_class.id = class_id "
        "LEFT JOIN school_group ON school_group.id = group_id ORDER BY 1",
    ) == [
        ("ALL|T1|G:GALL", "ALL", "T1", None, "GALL", 1, 0, 1, 100),
        ("ALL|T2|G:GALL", "ALL", "T2", None, "GALL", 1, 0, 1, 100),
        ("MATH|T1|C:3A", "MATH", "T1", "3A", None, 1, 0, 1, 100),
        ("MATH|T1|C:3B", "MATH", "T1", "3B", None, 1, 0, 1, 100),
        ("MATH|T1|G:G3A1", "MATH", "T1", None, "G3A1", 1, 0, 1, 100),
    ]


def test_a_lesson_without_teacher_makes_a_service_without_one(
    filled: Connection, school: SchoolData, now: datetime
) -> None:
    alone = Lesson("L9", "ALL", (), ("3A",))

    done = replace_school_data(
        filled, attrs.evolve(school, lessons=(*school.lessons, alone)), now
    )

    assert done.new_services == 1
    assert rows(filled, "SELECT teacher_id FROM service WHERE code = 'ALL||C:3A'") == [(None,)]


def test_what_was_entered_about_a_pupil_goes_with_him_and_is_counted(
    worked: Connection, school: SchoolData, now: datetime
) -> None:
    done = replace_school_data(worked, without_pupil(school, "P1"), now)

    assert done.removed == {
        "mark": 1,
        "appraisal": 1,
        "evaluation_level": 1,
        "absence": 1,
        "lateness": 1,
        "punishment": 1,
        "sanction": 1,
        "follow_up": 1,
        # his own, and those of his absence, lateness, punishment, sanction and follow-up
        "document": 6,
        "photo": 1,
        "guardian": 1,
    }
    assert rows(worked, "SELECT annotation FROM mark") == [("absent",)]
    assert dangling(worked) == []


def test_a_guardian_of_somebody_else_too_stays(
    worked: Connection, school: SchoolData, now: datetime
) -> None:
    worked.exec_driver_sql(
        "INSERT INTO pupil_guardian (pupil_id, guardian_id, legal) "
        "SELECT id, 1, TRUE FROM pupil WHERE code = 'P3'"
    )

    done = replace_school_data(worked, without_pupil(school, "P1"), now)

    assert "guardian" not in done.removed
    assert rows(worked, "SELECT code, legal FROM guardian, pupil_guardian") == [("R1", 1)]


def test_a_pupil_who_leaves_keeps_what_was_entered(
    worked: Connection, school: SchoolData, now: datetime
) -> None:
    left = [
        attrs.evolve(one, class_code=None, group_codes=(), left_on=now.date())
        if one.code == "P1"
        else one
        for one in school.pupils
    ]

    done = replace_school_data(worked, attrs.evolve(school, pupils=tuple(left)), now)

    assert done.removed == {}
    assert counters(worked).marks == 2


def test_a_service_whose_lessons_are_gone_stays_for_its_marks(
    worked: Connection, school: SchoolData, now: datetime
) -> None:
    done = replace_school_data(worked, without_lessons(school, "L1", "L4", "L5"), now)

    assert done.orphan_services == 1
    assert done.removed == {"service": 1, "roll_call": 1}
    assert rows(worked, "SELECT code, orphan, revision FROM service WHERE orphan") == [
        ("MATH|T1|C:3A", 1, 2)
    ]
    assert rows(worked, "SELECT lesson_id FROM notebook_entry") == [(None,)]


def test_an_orphan_service_comes_back_with_its_lesson(
    worked: Connection, school: SchoolData, now: datetime
) -> None:
    before = rows(worked, "SELECT id FROM service WHERE code = 'MATH|T1|C:3A'")
    replace_school_data(worked, without_lessons(school, "L1", "L5"), now)

    done = replace_school_data(worked, school, now)

    assert (done.new_services, done.orphan_services) == (0, 0)
    assert rows(worked, "SELECT id FROM service WHERE code = 'MATH|T1|C:3A'") == before


def test_an_orphan_that_was_emptied_goes_at_the_next_transfer(
    worked: Connection, school: SchoolData, now: datetime
) -> None:
    fewer = without_lessons(school, "L1", "L5")
    replace_school_data(worked, fewer, now)
    for table in ("mark", "assessment", "evaluation_level", "evaluation", "appraisal"):
        worked.exec_driver_sql(f"DELETE FROM {table}")
    worked.exec_driver_sql("DELETE FROM notebook_entry")

    done = replace_school_data(worked, fewer, now)

    assert done.removed == {"service": 1}
    assert done.orphan_services == 0


@pytest.mark.parametrize("entered", ["assessment", "evaluation", "appraisal", "notebook_entry"])
def test_each_kind_of_entry_keeps_a_service(
    worked: Connection, school: SchoolData, now: datetime, entered: str
) -> None:
    for table in ("mark", "assessment", "evaluation_level", "evaluation", "appraisal"):
        if not table.startswith(entered) and not (table == "mark" and entered == "assessment"):
            worked.exec_driver_sql(f"DELETE FROM {table}")
    if entered != "notebook_entry":
        worked.exec_driver_sql("DELETE FROM notebook_entry")

    done = replace_school_data(worked, without_lessons(school, "L1", "L5"), now)

    assert done.orphan_services == 1
    assert "service" not in done.removed


def test_a_service_without_its_teacher_keeps_its_marks(
    worked: Connection, school: SchoolData, now: datetime
) -> None:
    """The successor gets a service of his own; which of them goes on is for people to say."""
    teachers = tuple(one for one in school.teachers if one.code != "T1")
    lessons = tuple(
        attrs.evolve(
            one,
            teacher_codes=tuple("T3" if code == "T1" else code for code in one.teacher_codes),
        )
        for one in school.lessons
    )

    done = replace_school_data(
        worked, attrs.evolve(school, teachers=teachers, lessons=lessons), now
    )

    assert counters(worked).marks == 2
    assert done.removed == {"service": 3}
    assert rows(worked, "SELECT code, teacher_id FROM service WHERE orphan") == [
        ("MATH|T1|C:3A", None)
    ]


def test_the_entries_of_a_class_go_with_it_but_not_those_about_its_pupils(
    worked: Connection, school: SchoolData, now: datetime
) -> None:
    """The class has another code: the pupils moved on, the services are other ones."""
    renamed = attrs.evolve(
        school,
        classes=(Class_("3E1", "3e 1", "3e"), school.classes[1]),
        groups=tuple(attrs.evolve(one, class_codes=()) for one in school.groups),
        pupils=tuple(
            attrs.evolve(one, class_code="3E1") if one.class_code == "3A" else one
            for one in school.pupils
        ),
        lessons=tuple(
            attrs.evolve(one, class_codes=("3E1",)) if "3A" in one.class_codes else one
            for one in school.lessons
        ),
    )
    assert renamed.check() == []

    done = replace_school_data(worked, renamed, now)

    assert done.removed == {
        "service": 1,
        "sealing": 1,
        "assessment": 1,
        "mark": 2,
        "appraisal": 1,
        "evaluation": 1,
        "evaluation_level": 1,
        "notebook_entry": 1,
        "homework": 1,
        "document": 4,
    }
    assert done.new_services == 1
    assert counters(worked).absences == 1


def test_a_service_made_by_hand_is_left_alone_as_long_as_its_class_exists(
    worked: Connection, school: SchoolData, now: datetime
) -> None:
    worked.exec_driver_sql(
        "INSERT INTO service (code, subject_id, teacher_id, class_id, group_id, parent_id, "
        "coefficient, evaluates_in, bring_to_20, above_average_only, highest_weight, "
        "lowest_weight, from_lessons, orphan, revision) "
        "SELECT 'oral', subject_id, teacher_id, class_id, group_id, id, 100, 'marks', FALSE, "
        "FALSE, 100, 100, FALSE, FALSE, 1 FROM service WHERE code = 'MATH|T1|C:3B'"
    )

    fewer = replace_school_data(worked, without_lessons(school, "L4"), now)

    assert fewer.orphan_services == 1, "the parent stays for its sub-service"
    nobody = attrs.evolve(
        school,
        classes=school.classes[:1],
        groups=tuple(attrs.evolve(one, class_codes=("3A",)) for one in school.groups),
        pupils=tuple(one for one in school.pupils if one.code != "P3"),
        lessons=without_lessons(school, "L4").lessons,
    )
    assert replace_school_data(worked, nobody, now).removed == {"service": 2}


def test_nothing_at_all_can_be_transferred(
    worked: Connection, school: SchoolData, now: datetime
) -> None:
    empty = SchoolData(name="", school_year=2020, grid=school.grid)

    done = replace_school_data(worked, empty, now)

    assert done.removed["mark"] == 2
    assert done.removed["document"] == 10
    assert set(attrs.astuple(counters(worked))) == {0}
    assert dangling(worked) == []


def test_whoever_was_away_is_told_to_read_everything_again(
    worked: Connection, school: SchoolData, now: datetime
) -> None:
    replace_school_data(worked, school, now)

    (change,) = changes_since(worked, 1, 10).changes
    assert (change.revision, change.entity, change.audience) == (2, "base", "all")


def test_a_new_pupil_never_gets_the_id_of_one_who_is_there(
    worked: Connection, school: SchoolData, now: datetime
) -> None:
    before = dict(rows(worked, "SELECT code, id FROM pupil"))
    data = attrs.evolve(school, pupils=(Pupil("P0", "NEUF", "Ève", "3A"), *school.pupils))

    replace_school_data(worked, data, now)

    after = dict(rows(worked, "SELECT code, id FROM pupil"))
    assert after.pop("P0") not in before.values()
    assert after == before
