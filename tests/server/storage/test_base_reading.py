"""Lists, searches and weeks; and that each of them finds its way by an index."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection

from pronote_protocol.errors import NotFound
from pronote_protocol.words import ResourceKind
from pronote_server.storage.base_file import (
    LessonLine,
    ResourceLine,
    list_resources,
    resource,
    resource_by_code,
    timetable,
)


def codes(conn: Connection, kind: ResourceKind, search: str | None = None) -> list[str]:
    total, lines = list_resources(conn, kind, search, 0, 100)
    assert total == len(lines)
    return [line.code for line in lines]


def id_of(conn: Connection, kind: ResourceKind, code: str) -> int:
    found = resource_by_code(conn, kind, code)
    assert found is not None
    return found.id


def week_of(
    conn: Connection, kind: ResourceKind, code: str, week: int | None = None
) -> list[tuple[int, int, str]]:
    lines = timetable(conn, kind, id_of(conn, kind, code), week)
    return [(line.day, line.start_minute, line.subject) for line in lines]


def test_resources_are_listed_by_name_whatever_its_accents(filled: Connection) -> None:
    assert codes(filled, ResourceKind.TEACHERS) == ["T3", "T1", "T2"]
    assert codes(filled, ResourceKind.PUPILS) == ["P2", "P1", "P3"]
    assert codes(filled, ResourceKind.FORMER_PUPILS) == ["P4"]


@pytest.mark.parametrize(
    ("kind", "code", "name", "detail"),
    [
        (ResourceKind.TEACHERS, "T1", "DUPAS Nicole", "Mme"),
        (ResourceKind.TEACHERS, "T3", "100%_SÛR", ""),
        (ResourceKind.SUBJECTS, "ALL", "Allemand", ""),
        (ResourceKind.CLASSES, "3A", "3e A", "3e"),
        (ResourceKind.GROUPS, "GALL", "3e allemand", "3e A, 3e B"),
        (ResourceKind.ROOMS, "101", "Salle 101", "30 places"),
        (ResourceKind.ROOMS, "GYM", "Gymnase", ""),
        (ResourceKind.PUPILS, "P1", "ALBERT Zoé", "3e A"),
        (ResourceKind.FORMER_PUPILS, "P4", "ANCIEN Élève", "31/01/2020"),
        (ResourceKind.STAFF, "S1", "VIGIE Paule", "CPE"),
    ],
)
def test_a_resource_is_found_by_code_by_id_and_in_its_list(
    filled: Connection, kind: ResourceKind, code: str, name: str, detail: str
) -> None:
    line = resource_by_code(filled, kind, code)

    assert line is not None
    assert line == ResourceLine(line.id, code, name, detail)
    assert resource(filled, kind, line.id) == line
    assert line in list_resources(filled, kind, None, 0, 100)[1]


def test_what_does_not_exist_is_none(filled: Connection) -> None:
    former = id_of(filled, ResourceKind.FORMER_PUPILS, "P4")

    assert resource(filled, ResourceKind.TEACHERS, 99) is None
    assert resource_by_code(filled, ResourceKind.TEACHERS, "t1") is None
    assert resource(filled, ResourceKind.PUPILS, former) is None


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("dupas", ["T1"]),
        ("DÙPÀS", ["T1"]),
        ("nicole dupas", ["T1"]),
        ("nic pas", ["T1"]),
        ("nicole etienne", []),
        ("etienne œdipe", ["T2"]),
        ("oedipe", ["T2"]),
        ("t2", ["T2"]),
        ("%", ["T3"]),
        ("_", ["T3"]),
        ("/", []),
        ("\\", []),
        ("'", []),
        ("0%_s", ["T3"]),
        ("  ", ["T3", "T1", "T2"]),
    ],
)
def test_search_ignores_case_accents_and_order(
    filled: Connection, search: str, found: list[str]
) -> None:
    assert codes(filled, ResourceKind.TEACHERS, search) == found


def test_pages_follow_each_other(filled: Connection) -> None:
    pages = [
        list_resources(filled, ResourceKind.PUPILS, "al", offset, 1) for offset in range(3)
    ]

    assert [total for total, _ in pages] == [2, 2, 2]
    assert [[line.code for line in lines] for _, lines in pages] == [["P2"], ["P1"], []]


def test_a_lesson_is_shown_with_its_names(filled: Connection) -> None:
    group = id_of(filled, ResourceKind.GROUPS, "GALL")

    assert timetable(filled, ResourceKind.GROUPS, group) == [
        LessonLine(
            day=0,
            start_minute=535,
            duration_minutes=55,
            subject="Allemand",
            teachers="DUPAS Nicole, ÉTIENNE Œdipe",
            audience="3e allemand",
            rooms="Gymnase, Salle 101",
            weeks=0,
        )
    ]


def test_a_teacher_has_his_placed_lessons_by_day_and_hour(filled: Connection) -> None:
    assert week_of(filled, ResourceKind.TEACHERS, "T1") == [
        (0, 480, "Mathématiques"),
        (0, 535, "Allemand"),
        (0, 535, "Mathématiques"),
        (1, 480, "Mathématiques"),
    ]


def test_a_class_has_the_lessons_of_its_groups(filled: Connection) -> None:
    assert week_of(filled, ResourceKind.CLASSES, "3A") == [
        (0, 480, "Mathématiques"),
        (0, 535, "Allemand"),
        (1, 480, "Mathématiques"),
    ]
    assert week_of(filled, ResourceKind.CLASSES, "3B") == [
        (0, 535, "Allemand"),
        (0, 535, "Mathématiques"),
    ]


def test_a_pupil_has_the_lessons_of_his_class_and_of_his_own_groups(
    filled: Connection,
) -> None:
    assert week_of(filled, ResourceKind.PUPILS, "P1") == [
        (0, 535, "Allemand"),
        (1, 480, "Mathématiques"),
    ]
    assert week_of(filled, ResourceKind.PUPILS, "P2") == [
        (0, 480, "Mathématiques"),
        (1, 480, "Mathématiques"),
    ]
    assert week_of(filled, ResourceKind.PUPILS, "P3") == [(0, 535, "Mathématiques")]
    assert week_of(filled, ResourceKind.FORMER_PUPILS, "P4") == []


def test_a_room_has_what_takes_place_in_it(filled: Connection) -> None:
    assert week_of(filled, ResourceKind.ROOMS, "GYM") == [(0, 535, "Allemand")]
    assert timetable(filled, ResourceKind.ROOMS, 99) == []


@pytest.mark.parametrize(
    ("week", "lessons"), [(None, 1), (2, 1), (0, 0), (3, 0), (62, 0), (63, 0), (-1, 0)]
)
def test_a_lesson_of_some_weeks_is_in_those_only(
    filled: Connection, week: int | None, lessons: int
) -> None:
    assert len(week_of(filled, ResourceKind.GROUPS, "G3A1", week)) == lessons
    assert len(week_of(filled, ResourceKind.GROUPS, "GALL", week)) == 1


@pytest.mark.parametrize("kind", [ResourceKind.SUBJECTS, ResourceKind.STAFF])
def test_subjects_and_staff_have_no_timetable(filled: Connection, kind: ResourceKind) -> None:
    with pytest.raises(NotFound):
        timetable(filled, kind, 1)


@contextmanager
def plans(conn: Connection) -> Iterator[list[str]]:
    """Collect the query plan of every SELECT run in the block."""
    found: list[str] = []
    statements: list[str] = []
    driver: Any = conn.connection.driver_connection
    driver.set_trace_callback(statements.append)
    yield found
    driver.set_trace_callback(None)
    for statement in statements:
        if statement.startswith("SELECT"):
            lines = driver.execute(f"EXPLAIN QUERY PLAN {statement}")
            found.extend(line[3] for line in lines)


@pytest.mark.sqlite
@pytest.mark.parametrize("kind", ResourceKind)
def test_a_page_of_a_list_comes_in_the_order_of_an_index(
    filled: Connection, kind: ResourceKind
) -> None:
    with plans(filled) as found:
        list_resources(filled, kind, None, 0, 30)

    # The classes of the groups of one page are few; they may be sorted.
    page = [line for line in found if "group_class" not in line and "school_class" not in line]
    listed = found if kind is ResourceKind.CLASSES else page
    assert any("USING INDEX" in line or "COVERING INDEX" in line for line in listed)
    if kind is not ResourceKind.GROUPS:
        assert not any("TEMP B-TREE" in line for line in found)


@pytest.mark.sqlite
@pytest.mark.parametrize("look", [resource, resource_by_code])
@pytest.mark.parametrize("kind", ResourceKind)
def test_one_resource_is_looked_up_not_searched(
    filled: Connection, kind: ResourceKind, look: Callable[..., object]
) -> None:
    with plans(filled) as found:
        look(filled, kind, 1 if look is resource else "x")

    assert found
    assert not [line for line in found if line.startswith("SCAN")]


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "kind",
    [
        ResourceKind.TEACHERS,
        ResourceKind.CLASSES,
        ResourceKind.GROUPS,
        ResourceKind.ROOMS,
        ResourceKind.PUPILS,
    ],
)
def test_a_week_is_read_without_going_through_a_table(
    filled: Connection, kind: ResourceKind
) -> None:
    """However many lessons the school has, only those of the owner are touched."""
    with plans(filled) as found:
        timetable(filled, kind, 1, week=5)

    tables = "lesson|teacher|subject|school_class|school_group|room|pupil|group_class"
    assert len(found) > 5
    assert [line for line in found if re.match(rf"SCAN ({tables})\b", line)] == []
