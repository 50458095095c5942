"""Replacing a whole school, and counting it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError

from pronote_protocol.words import ResourceKind
from pronote_server.domain.school_data import Pupil, SchoolData, Subject, TimeGrid
from pronote_server.storage.base_file import (
    Counters,
    counters,
    read_grid,
    read_header,
    replace_school_data,
    resource_by_code,
)


def rows(conn: Connection, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in conn.exec_driver_sql(sql)]


def test_the_counters_of_an_empty_base_are_zero(base: Connection) -> None:
    assert set(attrs.astuple(counters(base))) == {0}


def test_the_counters_tell_pupils_from_former_ones(filled: Connection) -> None:
    assert counters(filled) == Counters(
        **dict.fromkeys((field.name for field in attrs.fields(Counters)), 0)
        | {
            "teachers": 3,
            "subjects": 2,
            "classes": 2,
            "groups": 2,
            "pupils": 3,
            "former_pupils": 1,
        }
    )


def test_there_are_seventeen_counters() -> None:
    assert len(attrs.fields(Counters)) == 17


def test_everything_is_written_with_its_links(filled: Connection) -> None:
    assert rows(filled, "SELECT code, civility, search FROM teacher ORDER BY code")[:2] == [
        ("T1", "Mme", "dupas nicole t1"),
        ("T2", "M.", "etienne oedipe t2"),
    ]
    assert rows(
        filled,
        "SELECT lesson.code, day, start_minute, duration_minutes, weeks, subject.code "
        "FROM lesson JOIN subject ON subject_id = subject.id ORDER BY 1",
    ) == [
        ("L1", 1, 480, 55, 0, "MATH"),
        ("L2", 0, 535, 55, 0, "ALL"),
        ("L3", 0, 480, 55, 4, "MATH"),
        ("L4", 0, 535, 30, 0, "MATH"),
        ("L5", None, None, 60, 0, "MATH"),
    ]
    assert rows(
        filled,
        "SELECT lesson.code, teacher.code FROM lesson JOIN lesson_teacher l "
        "ON l.lesson_id = lesson.id JOIN teacher ON teacher.id = l.teacher_id "
        "WHERE lesson.code = 'L2' ORDER BY 2",
    ) == [("L2", "T1"), ("L2", "T2")]
    assert rows(
        filled,
        "SELECT pupil.code, school_class.code, CAST(born AS TEXT), CAST(left_on AS TEXT) "
        "FROM pupil "
        "LEFT JOIN school_class ON class_id = school_class.id ORDER BY 1",
    ) == [
        ("P1", "3A", "2006-05-01", None),
        ("P2", "3A", None, None),
        ("P3", "3B", None, None),
        ("P4", None, None, "2020-01-31"),
    ]


def test_replacing_makes_a_revision_and_keeps_what_the_base_is(
    filled: Connection, school: SchoolData, now: datetime
) -> None:
    before = read_header(filled)

    replace_school_data(
        filled, attrs.evolve(school, name="Autre", rne="9999999Z", school_year=2031), now
    )

    assert before.revision == 1
    assert before.last_entry_at == now
    assert read_header(filled) == attrs.evolve(before, revision=2)


def test_replacing_leaves_nothing_of_before(filled: Connection, now: datetime) -> None:
    grid = TimeGrid(days=(0,), slot_starts=(600,), slot_minutes=60, labels=("H",))

    replace_school_data(filled, SchoolData(name="", school_year=2020, grid=grid), now)

    assert set(attrs.astuple(counters(filled))) == {0}
    assert read_grid(filled) == grid
    assert rows(filled, "SELECT * FROM lesson_teacher") == []


def test_an_id_means_the_same_thing_after_a_replacement(
    filled: Connection, school: SchoolData, now: datetime
) -> None:
    before = resource_by_code(filled, ResourceKind.SUBJECTS, "ALL")
    assert before is not None

    replace_school_data(
        filled,
        attrs.evolve(school, subjects=(Subject("AAA", "Arabe"), *school.subjects)),
        now,
    )

    after = resource_by_code(filled, ResourceKind.SUBJECTS, "ALL")
    new = resource_by_code(filled, ResourceKind.SUBJECTS, "AAA")
    assert after == before
    assert new is not None
    assert new.id > before.id


def test_a_large_school_costs_no_more_statements_than_a_small_one(
    base: Connection, school: SchoolData, now: datetime
) -> None:
    def statements(data: SchoolData) -> int:
        counted = 0

        def count(*_: Any) -> None:
            nonlocal counted
            counted += 1

        event.listen(base, "before_cursor_execute", count)
        replace_school_data(base, data, now)
        event.remove(base, "before_cursor_execute", count)
        return counted

    def pupils(letter: str, number: int) -> tuple[Pupil, ...]:
        return tuple(
            Pupil(f"{letter}{n}", "NOM", str(n), "3A", ("GALL",)) for n in range(number)
        )

    statements(attrs.evolve(school, pupils=pupils("A", 2)))
    large = statements(attrs.evolve(school, pupils=pupils("B", 500)))
    small = statements(attrs.evolve(school, pupils=pupils("C", 2)))

    assert small == large < 100


def test_a_dangling_code_is_an_error(
    base: Connection, school: SchoolData, now: datetime
) -> None:
    wrong = attrs.evolve(school, pupils=(Pupil("P1", "SEUL", "Tout", "4Z"),))

    with pytest.raises(KeyError, match="4Z"):
        replace_school_data(base, wrong, now)


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE lesson SET day = 7 WHERE code = 'L1'",
        "UPDATE lesson SET day = NULL WHERE code = 'L1'",
        "UPDATE lesson SET start_minute = 1400 WHERE code = 'L1'",
        "UPDATE lesson SET duration_minutes = 0 WHERE code = 'L1'",
        "UPDATE lesson SET weeks = -1 WHERE code = 'L1'",
        "UPDATE lesson SET subject_id = 99 WHERE code = 'L1'",
        "UPDATE lesson SET code = 'L2' WHERE code = 'L1'",
        "UPDATE teacher SET code = '' WHERE code = 'T1'",
        "UPDATE pupil SET class_id = 1 WHERE code = 'P4'",
        "DELETE FROM teacher WHERE code = 'T1'",
        "DELETE FROM school_class WHERE code = '3B'",
        "UPDATE header SET id = 2",
        "UPDATE header SET kind = 'backup'",
    ],
)
def test_the_schema_refuses_what_cannot_be(filled: Connection, wrong: str) -> None:
    with pytest.raises(IntegrityError):
        filled.exec_driver_sql(wrong)
