"""Services of a teacher, of a class; and whom they are taught to."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from pronote_protocol.words import ResourceKind
from pronote_server.domain.school_data import Lesson
from pronote_server.storage.base_file import pupils_of_service, resource_by_code, services_of
from pronote_server.storage.base_services import ServiceKey, service_code, services_of_lessons


def id_of(conn: Connection, kind: ResourceKind, code: str) -> int:
    found = resource_by_code(conn, kind, code)
    assert found is not None
    return found.id


def service_id(conn: Connection, code: str) -> int:
    return next(one.id for one in services_of(conn) if one.code == code)


def test_a_teacher_has_his_services_by_subject_and_audience(filled: Connection) -> None:
    assert [one.code for one in services_of(filled, teacher_code="T1")] == [
        "ALL|T1|G:GALL",
        "MATH|T1|C:3A",
        "MATH|T1|G:G3A1",
        "MATH|T1|C:3B",
    ]
    assert services_of(filled, teacher_code="T3") == []
    assert services_of(filled, teacher_code="nobody") == []


def test_a_class_has_the_services_of_its_groups(filled: Connection) -> None:
    class_id = id_of(filled, ResourceKind.CLASSES, "3B")

    found = services_of(filled, class_id=class_id)

    assert [one.code for one in found] == ["ALL|T1|G:GALL", "ALL|T2|G:GALL", "MATH|T1|C:3B"]


def test_what_is_asked_narrows_together(filled: Connection) -> None:
    class_id = id_of(filled, ResourceKind.CLASSES, "3B")
    group_id = id_of(filled, ResourceKind.GROUPS, "GALL")

    assert [one.code for one in services_of(filled, teacher_code="T2", class_id=class_id)] == [
        "ALL|T2|G:GALL"
    ]
    assert len(services_of(filled, group_id=group_id)) == 2
    assert services_of(filled, service_id=99) == []


def test_a_service_is_shown_with_its_names(filled: Connection) -> None:
    (line,) = services_of(filled, service_id=service_id(filled, "ALL|T2|G:GALL"))

    assert (line.subject, line.teacher, line.audience) == (
        "Allemand",
        "ÉTIENNE Œdipe",
        "3e allemand",
    )
    assert (line.class_id, line.orphan, line.evaluates_in) == (None, False, "both")


@pytest.mark.parametrize(
    ("code", "pupils"),
    [
        ("MATH|T1|C:3A", ["alBert Émile", "ALBERT Zoé"]),
        ("ALL|T1|G:GALL", ["ALBERT Zoé"]),
        ("MATH|T1|G:G3A1", ["alBert Émile"]),
    ],
)
def test_its_pupils_are_those_of_its_class_or_group(
    filled: Connection, code: str, pupils: list[str]
) -> None:
    found = pupils_of_service(filled, service_id(filled, code))

    assert [one.name for one in found] == pupils


def test_a_service_that_does_not_exist_has_no_pupils(filled: Connection) -> None:
    assert pupils_of_service(filled, 99) == []


def test_a_class_and_a_group_of_one_code_are_two_audiences() -> None:
    both = [Lesson("L1", "M", ("T",), ("X",)), Lesson("L2", "M", ("T",), (), ("X",))]

    assert [key.code for key in services_of_lessons(both)] == ["M|T|C:X", "M|T|G:X"]


def test_codes_with_bars_cannot_be_taken_for_one_another() -> None:
    one = ServiceKey("A|B", "C", "X", None)
    other = ServiceKey("A", "B|C", "X", None)
    third = ServiceKey("A\\", "B|C", "X", None)

    assert len({service_code(key) for key in (one, other, third)}) == 3


def test_lessons_without_anybody_to_teach_make_no_service() -> None:
    assert services_of_lessons([Lesson("L1", "M", ("T",))]) == []
