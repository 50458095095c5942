"""A small school, written by hand, and files to put it in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

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
from pronote_server.storage.base_file import create_base, replace_school_data
from pronote_server.storage.sqlite import writing_engine


@pytest.fixture
def now() -> datetime:
    return datetime(2020, 7, 2, 14, 55, tzinfo=UTC)


@pytest.fixture
def grid() -> TimeGrid:
    return TimeGrid(
        days=(0, 1, 2, 3, 4), slot_starts=(480, 535), slot_minutes=55, labels=("M1", "M2")
    )


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
    created = datetime(2020, 6, 27, 17, 6, tzinfo=UTC)
    create_base(path, name="Base", rne="0330001G", school_year=2020, grid=grid, now=created)
    return path


@pytest.fixture
def base(base_path: Path) -> Iterator[Connection]:
    """An open connection to the empty base, within a transaction."""
    with writing_engine(base_path).connect() as conn, conn.begin():
        yield conn


@pytest.fixture
def filled(base: Connection, school: SchoolData, now: datetime) -> Connection:
    """The base with the small school in it."""
    replace_school_data(base, school, now)
    return base
