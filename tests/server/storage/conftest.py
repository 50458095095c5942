"""A small school, written by hand, and files to put it in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Table, insert, select, text

from pronote_protocol.words import DocumentOwner, MotiveKind
from pronote_server.domain.school_data import (
    Class_,
    Group,
    Lesson,
    Pupil,
    Room,
    SchoolData,
    Staff,
    Subject,
    Teacher,
    TimeGrid,
)
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_file import create_base, replace_school_data
from pronote_server.storage.base_header import fill_base
from pronote_server.storage.postgresql import PostgresqlBase
from pronote_server.storage.sqlite import writing_engine

CREATED: Final = datetime(2020, 6, 27, 17, 6, tzinfo=UTC)
GRID: Final = TimeGrid(
    days=(0, 1, 2, 3, 4), slot_starts=(480, 535), slot_minutes=55, labels=("M1", "M2")
)


@pytest.fixture
def now() -> datetime:
    return datetime(2020, 7, 2, 14, 55, tzinfo=UTC)


@pytest.fixture
def grid() -> TimeGrid:
    return GRID


@pytest.fixture
def school(grid: TimeGrid) -> SchoolData:
    """Two classes, a group across both, one of 3A alone, a lesson of each sort."""
    data = SchoolData(
        name="Collège Exemple",
        rne="0330001G",
        school_year=2020,
        grid=grid,
        teachers=(
            Teacher("T1", "DUPAS", "Nicole", "Mme"),
            Teacher("T2", "ÉTIENNE", "Œdipe", "M."),
            Teacher("T3", "100%_SÛR"),
        ),
        subjects=(Subject("MATH", "Mathématiques"), Subject("ALL", "Allemand")),
        classes=(Class_("3A", "3e A", "3e"), Class_("3B", "3e B", "3e")),
        groups=(
            Group("GALL", "3e allemand", ("3B", "3A")),
            Group("G3A1", "3e A gr. 1", ("3A",)),
        ),
        rooms=(Room("101", "Salle 101", 30), Room("GYM", "Gymnase")),
        pupils=(
            Pupil("P1", "ALBERT", "Zoé", "3A", ("GALL",), date(2006, 5, 1)),
            Pupil("P2", "alBert", "Émile", "3A", ("G3A1",)),
            Pupil("P3", "ZOLA", "Jeanne", "3B"),
            Pupil("P4", "ANCIEN", "Élève", left_on=date(2020, 1, 31)),
        ),
        staff=(Staff("S1", "VIGIE", "Paule", "CPE"),),
        lessons=(
            Lesson("L1", "MATH", ("T1",), ("3A",), (), ("101",), 1, 480, 55),
            Lesson("L2", "ALL", ("T2", "T1"), (), ("GALL",), ("101", "GYM"), 0, 535, 55),
            Lesson("L3", "MATH", ("T1",), (), ("G3A1",), (), 0, 480, 55, weeks=0b100),
            Lesson("L4", "MATH", ("T1",), ("3B",), (), (), 0, 535, 30),
            Lesson("L5", "MATH", ("T1",), ("3A",)),
        ),
    )
    assert data.check() == []
    return data


@pytest.fixture
def base_path(tmp_path: Path, grid: TimeGrid) -> Path:
    """An empty base, just created."""
    path = tmp_path / "Base.not"
    create_base(path, name="Base", rne="0330001G", school_year=2020, grid=grid, now=CREATED)
    return path


@pytest.fixture(scope="module")
def postgresql_base(postgresql_place: PostgresqlBase) -> Iterator[Connection]:
    """A connection to an empty base on PostgreSQL, which takes a second to make."""
    with postgresql_place.writing_engine().connect() as conn:
        with conn.begin():
            fill_base(
                conn, name="Base", rne="0330001G", school_year=2020, grid=GRID, now=CREATED
            )
        yield conn


@pytest.fixture
def base(backend: str, request: pytest.FixtureRequest) -> Iterator[Connection]:
    """
    An open connection to the empty base, within a transaction.

    What is about a file is marked ``sqlite``; all the rest runs on each database there is.
    """
    if backend == "sqlite":
        path = request.getfixturevalue("base_path")
        with writing_engine(path).connect() as conn, conn.begin():
            yield conn
        return
    conn = request.getfixturevalue("postgresql_base")
    with conn.begin() as whole:
        # Sequences go on where they were, whatever is rolled back.
        conn.execute(
            text(
                "SELECT setval(quote_ident(schemaname) || '.' || quote_ident(sequencename), "
                "1, FALSE) FROM pg_sequences WHERE schemaname = current_schema()"
            )
        )
        yield conn
        whole.rollback()


@pytest.fixture
def filled(base: Connection, school: SchoolData, now: datetime) -> Connection:
    """The base with the small school in it."""
    replace_school_data(base, school, now)
    return base


@pytest.fixture
def worked(filled: Connection, now: datetime) -> Connection:
    """
    The filled base, and one of everything people enter.

    All of it is about P1, of 3A, and for mathematics there; P2 has a mark too. The ids of
    what is entered are 1.
    """

    def enter(table: Table, **values: Any) -> None:
        if "revision" in table.c:
            values.setdefault("revision", 1)
        filled.execute(insert(table), values)

    pupil, classmate = (
        filled.execute(select(schema.pupil.c.id).where(schema.pupil.c.code == code)).scalar()
        for code in ("P1", "P2")
    )
    service = filled.execute(
        select(schema.service.c.id).where(schema.service.c.code == "MATH|T1|C:3A")
    ).scalar()
    lesson = filled.execute(
        select(schema.lesson.c.id).where(schema.lesson.c.code == "L1")
    ).scalar()
    class_id = filled.execute(
        select(schema.school_class.c.id).where(schema.school_class.c.code == "3A")
    ).scalar()
    day, hour, me = date(2020, 9, 15), datetime(2020, 9, 15, 8, 25), "teacher:T1"  # noqa: DTZ001
    enter(
        schema.period,
        code="T1",
        name="Trimestre 1",
        kind="trimester",
        starts_on=date(2020, 9, 1),
        ends_on=date(2020, 11, 30),
    )
    enter(schema.holiday, starts_on=day, ends_on=day, name="Pont")
    enter(schema.sealing, class_id=class_id, period_id=1, what="marks", sealed_at=now)
    of_service = {"service_id": service, "period_id": 1, "date": day, "title": "Fractions"}
    enter(schema.assessment, **of_service)
    enter(schema.mark, assessment_id=1, pupil_id=pupil, value=Decimal("12.5"))
    enter(schema.mark, assessment_id=1, pupil_id=classmate, annotation="absent")
    enter(schema.appraisal, pupil_id=pupil, service_id=service, period_id=1, text="Bien.")
    enter(schema.skill, code="C1", name="Calculer", domain="Mathématiques")
    enter(schema.evaluation, **of_service)
    enter(schema.evaluation_skill, evaluation_id=1, skill_id=1)
    enter(schema.evaluation_level, evaluation_id=1, skill_id=1, pupil_id=pupil, level="fragile")
    enter(schema.notebook_entry, lesson_id=lesson, service_id=service, date=day, content="")
    enter(schema.homework, notebook_entry_id=1, due_on=day, text="Exercice 3")
    for kind in MotiveKind:
        enter(schema.motive, kind=kind.value, name="Divers")
    enter(schema.absence, pupil_id=pupil, starts_at=hour, motive_id=1)
    enter(schema.lateness, pupil_id=pupil, at=hour, minutes=5, motive_id=2)
    enter(schema.roll_call, lesson_id=lesson, date=day, taken_by=me, taken_at=now)
    enter(
        schema.punishment,
        pupil_id=pupil,
        kind="detention",
        given_on=day,
        given_by=me,
        motive_id=3,
        work="",
    )
    enter(schema.sanction, pupil_id=pupil, kind="warning", decided_on=day, decided_by=me)
    enter(schema.follow_up, pupil_id=pupil, date=day, kind="interview", text="", by=me)
    enter(
        schema.guardian,
        code="R1",
        last_name="ALBERT",
        first_name="Lise",
        sort_name="albert lise",
        search="albert lise r1",
    )
    enter(schema.pupil_guardian, pupil_id=pupil, guardian_id=1)
    content = {"sha256": "0" * 64, "size": 3, "media_type": "image/png"}
    enter(schema.photo, pupil_id=pupil, **content)
    for owner in DocumentOwner:
        owner_id = pupil if owner is DocumentOwner.PUPIL else 1
        if owner in (DocumentOwner.INFORMATION, DocumentOwner.MESSAGE):
            continue
        enter(
            schema.document,
            name="plan.png",
            owner_kind=owner.value,
            owner_id=owner_id,
            added_by=me,
            added_at=now,
            **content,
        )
    enter(schema.information, title="Réunion", text="", by=me, survey=["oui", "non"])
    enter(schema.receipt, information_id=1, person="staff:S1")
    enter(schema.discussion, subject="P1", created_by=me, created_at=now)
    enter(schema.participant, discussion_id=1, person=me)
    enter(schema.message, discussion_id=1, by=me, at=now, text="Bonjour")
    return filled
