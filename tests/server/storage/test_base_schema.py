"""What the tables of the daily work refuse, and that their questions find an index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import (
    Connection,
    ForeignKeyConstraint,
    Table,
    UniqueConstraint,
    event,
    exc,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, StatementError

from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_file import pupils_of_service, services_of


@pytest.mark.parametrize(
    "wrong",
    [
        # the year
        "UPDATE period SET ends_on = '2020-08-31'",
        "UPDATE period SET kind = 'decade'",
        "UPDATE period SET code = ''",
        "UPDATE holiday SET ends_on = '2020-09-14'",
        "UPDATE sealing SET what = 'lunch'",
        "DELETE FROM period",
        # services
        "UPDATE service SET group_id = 1 WHERE class_id IS NOT NULL",
        "UPDATE service SET class_id = NULL",
        "UPDATE service SET coefficient = -1",
        "UPDATE service SET parent_id = id",
        "UPDATE service SET parent_id = 2 WHERE id = 1",
        "UPDATE service SET orphan = TRUE, from_lessons = FALSE",
        "UPDATE service SET evaluates_in = 'stars'",
        "UPDATE service SET code = 'ALL|T1|G:GALL'",
        "DELETE FROM service WHERE code = 'MATH|T1|C:3A'",
        # marks
        "UPDATE assessment SET scale = 0",
        "UPDATE assessment SET scale = 100000",
        "UPDATE assessment SET scale = 1000",  # there is a 12.5
        "UPDATE assessment SET coefficient = -1",
        "UPDATE mark SET value = NULL",
        "UPDATE mark SET value = 0 WHERE annotation IS NOT NULL",
        "UPDATE mark SET value = -1 WHERE value IS NOT NULL",
        "UPDATE mark SET value = 2001 WHERE value IS NOT NULL",
        "UPDATE mark SET annotation = 'lost' WHERE annotation IS NOT NULL",
        "INSERT INTO mark SELECT * FROM mark",
        "INSERT INTO mark VALUES (1, 3, 2001, NULL, 1)",
        "INSERT INTO mark VALUES (1, 99, 1, NULL, 1)",
        "DELETE FROM assessment",
        "DELETE FROM pupil WHERE code = 'P2'",
        "UPDATE mark SET revision = -1",
        "INSERT INTO appraisal (pupil_id, service_id, period_id, text, revision) "
        "SELECT pupil_id, service_id, period_id, 'Non.', 1 FROM appraisal",
        # skills
        "UPDATE evaluation_level SET level = 'genius'",
        "INSERT INTO evaluation_level SELECT 1, 2, pupil_id, level, 1 FROM evaluation_level",
        "DELETE FROM evaluation_skill",
        "DELETE FROM evaluation",
        # notebook
        "INSERT INTO notebook_entry (lesson_id, service_id, date, content, revision) "
        "SELECT lesson_id, service_id, date, 'x', 1 FROM notebook_entry",
        "UPDATE homework SET text = ''",
        # school life
        "UPDATE absence SET ends_at = '2020-09-15T08:25'",
        "UPDATE absence SET starts_at = '2020-09-15 08:25'",
        "UPDATE absence SET motive_id = 2",
        "UPDATE lateness SET motive_id = 1",
        "UPDATE punishment SET motive_id = 4",
        "UPDATE sanction SET motive_id = 5",
        "UPDATE follow_up SET motive_id = 1",
        "UPDATE absence SET motive_id = 99",
        "UPDATE motive SET kind = 'lateness', name = 'autre' WHERE id = 1",
        "UPDATE motive SET kind = 'caprice' WHERE id = 1",
        "DELETE FROM motive WHERE id = 1",
        "INSERT INTO absence (pupil_id, starts_at, ends_at, justified, settled, revision) "
        "SELECT pupil_id, starts_at, '2020-09-16T10:00', FALSE, FALSE, 1 FROM absence",
        "INSERT INTO absence (pupil_id, starts_at, justified, settled, revision) "
        "SELECT pupil_id, '2020-09-16T10:00', FALSE, FALSE, 1 FROM absence",
        "UPDATE lateness SET minutes = 0",
        "INSERT INTO roll_call SELECT * FROM roll_call",
        "UPDATE punishment SET duration_minutes = 0",
        "UPDATE punishment SET kind = 'cane'",
        "UPDATE punishment SET given_by = ''",
        "UPDATE sanction SET ends_on = '2020-09-30'",
        "UPDATE sanction SET starts_on = '2020-10-01', ends_on = '2020-09-30'",
        "UPDATE follow_up SET kind = 'gossip'",
        # documents
        "UPDATE document SET owner_id = 99",
        "UPDATE document SET owner_kind = 'dream'",
        "INSERT INTO document (sha256, size, media_type, name, owner_kind, owner_id, added_by, "
        "added_at, revision) SELECT sha256, size, media_type, name, 'message', 99, added_by, "
        "added_at, 1 FROM document LIMIT 1",
        "UPDATE document SET sha256 = 'abc'",
        "UPDATE document SET sha256 = replace(sha256, '0', 'A')",
        "UPDATE document SET size = -1",
        "UPDATE document SET media_type = 'png'",
        "UPDATE photo SET pupil_id = 99",
        # communication
        "UPDATE receipt SET answer = 'oui'",
        "INSERT INTO receipt SELECT * FROM receipt",
        "INSERT INTO message (discussion_id, by, at, text) "
        "VALUES (1, 'teacher:T2', '2020-09-15 08:25:00', 'Moi')",
        "UPDATE message SET text = ''",
        "DELETE FROM participant",
        "DELETE FROM guardian",
    ],
)
def test_the_schema_refuses_what_cannot_be(worked: Connection, wrong: str) -> None:
    with pytest.raises(IntegrityError):
        worked.exec_driver_sql(wrong)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "wrong",
    ["UPDATE service SET bring_to_20 = 2", "UPDATE assessment SET optional = 'often'"],
)
def test_a_flag_is_one_where_the_database_has_none(worked: Connection, wrong: str) -> None:
    with pytest.raises(IntegrityError):
        worked.exec_driver_sql(wrong)


@pytest.mark.parametrize(
    "right",
    [
        "UPDATE assessment SET scale = 1250",
        "UPDATE mark SET value = 2000 WHERE value IS NOT NULL",
        "UPDATE absence SET ends_at = '2020-09-15T08:26'",
        "UPDATE sanction SET starts_on = '2020-10-01', ends_on = '2020-10-01', motive_id = 4",
        "UPDATE receipt SET answer = 'oui', read_at = '2020-09-15 08:25:00'",
        "INSERT INTO appraisal (pupil_id, period_id, text, revision) "
        "SELECT pupil_id, period_id, 'Bien.', 1 FROM appraisal",
    ],
)
def test_the_schema_accepts_what_is_at_its_limit(worked: Connection, right: str) -> None:
    worked.exec_driver_sql(right)


def test_a_pupil_has_one_general_appraisal_a_period(worked: Connection) -> None:
    general = (
        "INSERT INTO appraisal (pupil_id, period_id, text, revision) "
        "SELECT pupil_id, period_id, 'Bien.', 1 FROM appraisal LIMIT 1"
    )
    worked.exec_driver_sql(general)

    with pytest.raises(IntegrityError):
        worked.exec_driver_sql(general)


@pytest.mark.parametrize("owner", list(schema.DOCUMENT_OWNERS))
def test_a_document_goes_with_what_it_is_attached_to(worked: Connection, owner: Any) -> None:
    table = schema.DOCUMENT_OWNERS[owner]
    worked.exec_driver_sql("DELETE FROM document")
    row = {
        "sha256": "f" * 64,
        "size": 0,
        "media_type": "text/plain",
        "name": "mot.txt",
        "owner_kind": owner.value,
        "owner_id": 4 if table is schema.pupil else 1,  # P4 has left, nothing is about him
        "added_by": "staff:S1",
        "added_at": datetime(2020, 9, 15, tzinfo=UTC),
        "revision": 1,
    }
    worked.execute(insert(schema.document), row)
    for parts in ("mark", "evaluation_level"):
        worked.exec_driver_sql(f"DELETE FROM {parts}")

    worked.exec_driver_sql(f"DELETE FROM {table.name} WHERE id = {row['owner_id']}")

    assert worked.execute(select(schema.document)).all() == []


def test_an_id_of_an_entry_is_never_given_again(worked: Connection) -> None:
    worked.exec_driver_sql("DELETE FROM sanction")

    worked.exec_driver_sql(
        "INSERT INTO sanction (pupil_id, kind, decided_on, decided_by, revision) "
        "VALUES (1, 'warning', '2020-09-16', 'staff:S1', 2)"
    )

    assert worked.exec_driver_sql("SELECT id FROM sanction").scalar() == 2


def test_marks_are_exact_decimals(worked: Connection) -> None:
    value = schema.mark.c.value
    stored = worked.execute(select(value).where(value.is_not(None))).scalar()

    assert isinstance(stored, Decimal)
    assert stored == Decimal("12.5")
    assert worked.execute(select(value).where(value > Decimal("12.49"))).all() == [(stored,)]


@pytest.mark.parametrize(
    "value", [12.5, True, "12", Decimal("12.345"), Decimal("NaN"), Decimal("1e9")]
)
def test_what_is_no_exact_decimal_is_refused(worked: Connection, value: Any) -> None:
    with pytest.raises((StatementError, exc.SQLAlchemyError), match=r"exact|decimals|range"):
        worked.execute(update(schema.mark).values(value=value))


def test_hours_are_those_of_the_school(worked: Connection) -> None:
    hour = worked.execute(select(schema.absence.c.starts_at)).scalar()

    assert hour == datetime(2020, 9, 15, 8, 25)  # noqa: DTZ001
    assert worked.exec_driver_sql("SELECT starts_at FROM absence").scalar() == (
        "2020-09-15T08:25"
    )


@pytest.mark.parametrize(
    "value",
    [
        datetime(2020, 9, 15, 8, 25, tzinfo=UTC),
        datetime(2020, 9, 15, 8, 25, 1),  # noqa: DTZ001
    ],
)
def test_an_instant_is_no_hour_of_the_school(worked: Connection, value: datetime) -> None:
    with pytest.raises(StatementError, match="local time"):
        worked.execute(update(schema.absence).values(starts_at=value))


def references() -> Iterator[Any]:
    """Every reference to what a transfer or a person may delete."""
    kept_for_the_year = {schema.period, schema.skill}
    for table in schema.BASE.sorted_tables:
        for reference in sorted(table.foreign_key_constraints, key=lambda one: str(one.name)):
            if reference.referred_table not in kept_for_the_year:
                yield pytest.param(table, reference, id=f"{table.name}-{reference.name}")


@pytest.mark.parametrize(("table", "reference"), list(references()))
def test_deleting_never_goes_through_a_table_to_find_who_refers(
    table: Table, reference: ForeignKeyConstraint
) -> None:
    found = [list(table.primary_key.columns)]
    found += [
        list(one.columns) for one in table.constraints if isinstance(one, UniqueConstraint)
    ]
    # An index on some of the rows only would not do.
    found += [
        list(one.columns)
        for one in table.indexes
        if one.dialect_options["sqlite"]["where"] is None
    ]
    wanted = list(reference.columns)
    assert wanted in [columns[: len(wanted)] for columns in found]


@contextmanager
def plans(conn: Connection) -> Iterator[list[str]]:
    """Collect the query plan of every statement run in the block."""
    found: list[str] = []

    def explain(
        connection: Connection, _: Any, statement: str, parameters: Any, *__: Any
    ) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        lines = driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        found.extend(line[3] for line in lines)

    event.listen(conn, "before_cursor_execute", explain)
    yield found
    event.remove(conn, "before_cursor_execute", explain)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "question",
    [
        # the gradebook of a service, of a pupil, of a class
        "SELECT * FROM assessment WHERE service_id = 1 AND period_id = 1 ORDER BY date",
        "SELECT * FROM mark WHERE assessment_id = 1",
        "SELECT * FROM mark WHERE assessment_id = 1 AND pupil_id = 2",
        "SELECT * FROM mark JOIN assessment ON assessment.id = assessment_id "
        "WHERE pupil_id = 1 AND period_id = 1",
        "SELECT * FROM assessment WHERE date BETWEEN '2020-09-01' AND '2020-09-08' "
        "ORDER BY date",
        "SELECT * FROM appraisal WHERE pupil_id = 1 AND period_id = 1",
        "SELECT * FROM appraisal WHERE service_id = 1 AND period_id = 1",
        # competencies
        "SELECT * FROM evaluation WHERE service_id = 1 AND period_id = 1 ORDER BY date",
        "SELECT * FROM evaluation_level WHERE evaluation_id = 1",
        "SELECT * FROM evaluation_level WHERE pupil_id = 1 AND skill_id = 1",
        # what was done, what is to be done
        "SELECT * FROM notebook_entry WHERE service_id = 1 AND date >= '2020-09-01' "
        "ORDER BY date",
        "SELECT * FROM notebook_entry WHERE date = '2020-09-01'",
        "SELECT * FROM homework WHERE due_on BETWEEN '2020-09-01' AND '2020-09-08' "
        "ORDER BY due_on",
        "SELECT * FROM homework WHERE notebook_entry_id = 1",
        # school life, of a pupil and of a day
        "SELECT * FROM absence WHERE pupil_id = 1 ORDER BY starts_at",
        "SELECT * FROM absence WHERE pupil_id = 1 AND ends_at IS NULL",
        "SELECT * FROM absence WHERE ends_at IS NULL",
        "SELECT * FROM absence WHERE starts_at >= '2020-09-15' AND starts_at < '2020-09-16' "
        "ORDER BY starts_at",
        "SELECT * FROM lateness WHERE pupil_id = 1 ORDER BY at",
        "SELECT * FROM lateness WHERE at >= '2020-09-15' ORDER BY at",
        "SELECT * FROM roll_call WHERE date = '2020-09-15'",
        "SELECT * FROM roll_call WHERE lesson_id = 1 AND date = '2020-09-15'",
        "SELECT * FROM punishment WHERE pupil_id = 1 ORDER BY given_on",
        "SELECT * FROM punishment WHERE scheduled_at >= '2020-09-15' ORDER BY scheduled_at",
        "SELECT * FROM sanction WHERE pupil_id = 1 ORDER BY decided_on",
        "SELECT * FROM follow_up WHERE pupil_id = 1 ORDER BY date",
        # documents, communication
        "SELECT * FROM document WHERE owner_kind = 'absence' AND owner_id = 1",
        "SELECT 1 FROM document WHERE sha256 = 'x'",
        "SELECT 1 FROM photo WHERE sha256 = 'x'",
        "SELECT * FROM pupil_guardian WHERE guardian_id = 1",
        "SELECT * FROM receipt WHERE person = 'staff:S1' ORDER BY information_id DESC",
        "SELECT * FROM information WHERE published_at <= 'x' ORDER BY published_at DESC",
        "SELECT * FROM participant WHERE person = 'staff:S1' ORDER BY discussion_id DESC",
        "SELECT * FROM message WHERE discussion_id = 1 AND id > 7 ORDER BY id",
        # writes
        "SELECT * FROM entry_key WHERE account = '1' AND \"key\" = 'x'",
        "DELETE FROM entry_key WHERE at < 'x'",
        "SELECT * FROM change_log WHERE revision > 7 "
        "ORDER BY revision, entity, entity_id, audience",
        "SELECT * FROM audit WHERE entity = 'mark' AND entity_id = '1/2' ORDER BY id",
    ],
)
def test_a_question_of_every_day_finds_its_way_by_an_index(
    worked: Connection, question: str
) -> None:
    with plans(worked) as found:
        worked.exec_driver_sql(question)

    assert found
    # The index of open absences holds nothing else, and is read from end to end.
    scans = [line for line in found if line.startswith("SCAN")]
    assert not [line for line in scans if "uq_absence_open" not in line], found
    assert not [line for line in found if "TEMP B-TREE" in line], found


@pytest.mark.sqlite
def test_services_and_their_pupils_are_found_without_going_through_a_table(
    worked: Connection,
) -> None:
    with plans(worked) as found:
        services_of(worked, teacher_code="T1")
        services_of(worked, class_id=1)
        services_of(worked, group_id=1)
        for service in (1, 2, 3):
            pupils_of_service(worked, service)

    tables = "service|teacher|subject|school_class|school_group|pupil|pupil_group|group_class"
    assert [line for line in found if re.match(rf"SCAN ({tables})\b", line)] == []
