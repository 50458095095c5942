"""The demo school's daily work: of the right size, the same for a seed, never in the future."""

from __future__ import annotations

import datetime
import hashlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs
import pytest
from sqlalchemy import select

from pronote_server.demo import DEMO_TEACHER_CODES, demo_school
from pronote_server.demo.daily_work import fill_daily_work
from pronote_server.demo.holidays import demo_holidays
from pronote_server.demo.term_documents import contents
from pronote_server.domain.document_kinds import check_name, media_type_of
from pronote_server.domain.school_calendar import usual_periods, usual_year
from pronote_server.hosting.bases import school_year_at
from pronote_server.hosting.service_averages import averages_of
from pronote_server.storage import base_file, base_periods, base_services
from pronote_server.storage import base_schema as schema
from pronote_server.storage.sqlite import writing_engine

ZONE: Final = ZoneInfo("Europe/Paris")
NOVEMBER: Final = datetime.datetime(2020, 11, 24, 9, tzinfo=datetime.UTC)
JUNE: Final = datetime.datetime(2021, 6, 22, 9, tzinfo=datetime.UTC)
AUGUST: Final = datetime.datetime(2020, 8, 25, 9, tzinfo=datetime.UTC)

# What holds when something happened, and may not say a time to come.
HAPPENED: Final = (
    ("assessment", "date"),
    ("evaluation", "date"),
    ("notebook_entry", "date"),
    ("absence", "starts_at"),
    ("absence", "ends_at"),
    ("lateness", "at"),
    ("roll_call", "date"),
    ("punishment", "given_on"),
    ("punishment", "done_on"),
    ("sanction", "decided_on"),
    ("follow_up", "date"),
)


def write_base(path: Path, seed: int, now: datetime.datetime) -> Path:
    year = school_year_at(now)
    data = demo_school(seed, year)
    base_file.create_base(
        path, name="demo", rne=None, school_year=year, grid=data.grid, now=now
    )
    with writing_engine(path).connect() as conn, conn.begin():
        base_periods.insert_periods(conn, usual_periods(year, *usual_year(year)))
        base_file.replace_school_data(conn, data, now)
        assert fill_daily_work(conn, data, seed, now=now, zone=ZONE)
    return path


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    made: dict[tuple[int, datetime.datetime], Path] = {}

    def of(seed: int = 0, now: datetime.datetime = NOVEMBER) -> Path:
        if (seed, now) not in made:
            folder = tmp_path_factory.mktemp("base")
            made[seed, now] = write_base(folder / "demo.not", seed, now)
        return made[seed, now]

    return of


def all_rows(path: Path) -> dict[str, list[Any]]:
    with sqlite3.connect(path) as conn:
        names = conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return {
            name: sorted(conn.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)
            for (name,) in names.fetchall()
        }


@pytest.mark.parametrize("now", [NOVEMBER, JUNE, AUGUST])
def test_every_counter_of_a_base_has_something_to_count(
    make: Callable[..., Path], now: datetime.datetime
) -> None:
    path = make(0, now)
    with writing_engine(path).connect() as conn:
        counted = attrs.asdict(base_file.counters(conn))
    stored = {name: len(rows) for name, rows in all_rows(path).items()}

    assert counted["attached_documents"] == stored["document"]
    assert all(counted.values()), counted
    assert {counted["marks"], counted["appraisals"], counted["absences"]} == {
        stored["mark"],
        stored["appraisal"],
        stored["absence"],
    }
    assert counted["homework_notebooks"] == stored["notebook_entry"]
    assert counted["punishments"] == stored["punishment"]
    # Less would be no school, more would keep whoever starts the demo waiting.
    assert 9_000 < counted["marks"] < 30_000
    assert 600 < counted["absences"] < 2_500


def test_the_audit_says_how_many_rows_each_table_was_given(make: Callable[..., Path]) -> None:
    rows = all_rows(make())
    with writing_engine(make()).connect() as conn:
        audit = schema.audit.c
        said = conn.execute(select(audit.entity_id, audit.after, audit.actor)).all()

    assert {line.entity_id for line in said} >= {"mark", "absence", "document", "message"}
    assert all(line.after == {"rows": len(rows[line.entity_id])} for line in said)
    assert {line.actor for line in said} == {"démonstration"}


def test_documents_are_what_the_server_takes_and_belong_to_what_they_are_about(
    make: Callable[..., Path],
) -> None:
    by_name = {hashlib.sha256(content).hexdigest(): content for content in contents()}
    document = schema.document.c
    with writing_engine(make()).connect() as conn:
        rows = conn.execute(select(schema.document)).all()
        owners = set(conn.execute(select(document.owner_kind).distinct()).scalars())

    assert {row.sha256 for row in rows} == set(by_name)
    for row in rows:
        content = by_name[row.sha256]
        assert media_type_of(content) == row.media_type
        assert check_name(row.name, row.media_type) == row.name
        assert row.size == len(content)
    assert owners == {"assessment", "notebook-entry", "absence", "information"}
    assert 100 < len(rows) < 2_000


def test_a_seed_makes_the_same_work_again(make: Callable[..., Path], tmp_path: Path) -> None:
    again = write_base(tmp_path / "again.not", 0, NOVEMBER)

    assert all_rows(again) == all_rows(make())
    assert all_rows(make(1))["mark"] != all_rows(make())["mark"]


@pytest.mark.parametrize("now", [NOVEMBER, JUNE])
@pytest.mark.parametrize(("table", "column"), HAPPENED)
def test_nothing_has_happened_later_than_now(
    make: Callable[..., Path], now: datetime.datetime, table: str, column: str
) -> None:
    latest = now.astimezone(ZONE).isoformat()[:16]
    with sqlite3.connect(make(0, now)) as conn:
        (last,) = conn.execute(f"SELECT max({column}) FROM {table}").fetchone()

    assert last <= latest


def test_some_are_absent_this_morning_and_not_back_yet(make: Callable[..., Path]) -> None:
    with sqlite3.connect(make()) as conn:
        is_open = conn.execute(
            "SELECT starts_at, settled FROM absence WHERE ends_at IS NULL"
        ).fetchall()
        settled = conn.execute("SELECT count(*) FROM absence WHERE settled").fetchone()[0]

    assert is_open
    assert settled
    assert not any(each[1] for each in is_open)


def test_no_two_absences_of_a_pupil_overlap(make: Callable[..., Path]) -> None:
    with sqlite3.connect(make()) as conn:
        overlaps = conn.execute(
            "SELECT count(*) FROM absence a JOIN absence b ON a.pupil_id = b.pupil_id "
            "AND a.id < b.id AND a.starts_at < coalesce(b.ends_at, '9') "
            "AND b.starts_at < coalesce(a.ends_at, '9')"
        ).fetchone()

    assert overlaps == (0,)


def test_there_are_annotations_and_optional_and_bonus_assessments(
    make: Callable[..., Path],
) -> None:
    with sqlite3.connect(make()) as conn:
        annotations, marks = conn.execute(
            "SELECT count(annotation), count(*) FROM mark"
        ).fetchone()
        optional, bonus = conn.execute(
            "SELECT sum(optional), sum(bonus) FROM assessment"
        ).fetchone()

    assert 0.02 < annotations / marks < 0.06
    assert optional
    assert bonus


@pytest.mark.parametrize("now", [NOVEMBER, JUNE])
def test_the_averages_of_every_service_can_be_made(
    make: Callable[..., Path], now: datetime.datetime
) -> None:
    with writing_engine(make(0, now)).connect() as conn:
        services = list(conn.execute(select(schema.service.c.id)).scalars())
        found = averages_of(conn, services, base_periods.periods(conn)[0].id)
        known = [a for each in found.values() for a in each.averages.values() if a is not None]

    assert len(known) > 4_000
    assert all(0 <= each <= 20 for each in known)
    assert 10 < sum(known) / len(known) < 15


def test_the_teachers_whose_passwords_are_shown_have_marks(make: Callable[..., Path]) -> None:
    with writing_engine(make()).connect() as conn:
        for code in DEMO_TEACHER_CODES:
            ids = [line.id for line in base_services.services_of(conn, teacher_code=code)]
            assessment = schema.assessment.c
            rows = conn.execute(
                select(assessment.id).where(assessment.service_id.in_(ids))
            ).all()
            assert len(rows) >= 4 * len(ids) > 0


def test_a_base_that_has_its_work_is_left_alone(tmp_path: Path) -> None:
    """A demo whose making was interrupted is finished, and not made twice."""
    path = write_base(tmp_path / "demo.not", 0, NOVEMBER)
    before = all_rows(path)
    with writing_engine(path).connect() as conn, conn.begin():
        assert not fill_daily_work(conn, demo_school(0, 2020), 0, now=JUNE, zone=ZONE)

    assert all_rows(path) == before


@pytest.mark.parametrize("year", range(2005, 2060))
def test_holidays_are_in_order_and_apart(year: int) -> None:
    holidays = demo_holidays(year)
    days = [
        holiday.starts_on.toordinal() + n
        for holiday in holidays
        for n in range((holiday.ends_on - holiday.starts_on).days + 1)
    ]

    assert len({holiday.starts_on for holiday in holidays}) == len(holidays)
    assert days[0] >= datetime.date(year, 9, 1).toordinal()
    if year == 2020:
        assert datetime.date(2021, 5, 13) in {each.starts_on for each in holidays}
