"""
What PostgreSQL does as SQLite does, and where it is told so differently.

The other tests of a base run there as they are; see ``backend`` in the conftest.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import IntegrityError

from pronote_protocol.words import ResourceKind
from pronote_server.domain.school_data import SchoolData, TimeGrid
from pronote_server.storage import base_schema as schema
from pronote_server.storage import migrations
from pronote_server.storage.base_content import replace_school_data
from pronote_server.storage.base_header import (
    FORMAT_VERSION,
    fill_base,
    read_header,
    upgrade_base,
)
from pronote_server.storage.base_resources import list_resources
from pronote_server.storage.base_writes import (
    AuditEntry,
    append_audit,
    audit_of,
    bump_revision,
    recall_answer,
    remember_answer,
)
from pronote_server.storage.database import open_database
from pronote_server.storage.errors import (
    ConstraintBroken,
    NewerThanThisProgram,
    StorageFailed,
    in_our_words,
)
from pronote_server.storage.group_commit import Job, commit_together
from pronote_server.storage.migrations import BASE_FAMILY
from pronote_server.storage.postgresql import PostgresqlBase

NOW: Final = datetime(2020, 9, 15, 8, 25, tzinfo=UTC)

# What the catalogue of the database says of a schema, names of the schema itself left out.
_STRUCTURE: Final = (
    "SELECT table_name, column_name, data_type, is_nullable, character_maximum_length, "
    "column_default FROM information_schema.columns WHERE table_schema = current_schema()",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = current_schema()::regnamespace",
    "SELECT indexname, replace(indexdef, current_schema() || '.', '') FROM pg_indexes "
    "WHERE schemaname = current_schema()",
    "SELECT tgname, replace(pg_get_triggerdef(t.oid), current_schema() || '.', '') "
    "FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid "
    "WHERE c.relnamespace = current_schema()::regnamespace AND NOT tgisinternal",
    "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace",
)


def described(conn: Connection) -> set[tuple[str, ...]]:
    return {
        tuple(map(str, row)) for question in _STRUCTURE for row in conn.execute(text(question))
    }


@pytest.fixture
def old(postgresql_url: str) -> Iterator[Connection]:
    """A connection to an empty schema."""
    place = PostgresqlBase(postgresql_url, f"pronote_upgraded_{os.getpid()}")
    place.create()
    try:
        with place.writing_engine().connect() as conn:
            yield conn
    finally:
        place.drop()


@pytest.fixture
def place(postgresql_url: str, grid: TimeGrid) -> Iterator[PostgresqlBase]:
    """A base of its own, for what commits."""
    place = PostgresqlBase(postgresql_url, f"pronote_committed_{os.getpid()}")
    place.create()
    try:
        with place.writing_engine().connect() as conn, conn.begin():
            fill_base(conn, name="Base", rne="0330001G", school_year=2020, grid=grid, now=NOW)
        yield place
    finally:
        place.drop()


def test_the_revisions_lead_to_what_the_schema_says(
    postgresql_base: Connection, old: Connection
) -> None:
    with postgresql_base.begin():
        expected = described(postgresql_base)
    with old.begin():
        BASE_FAMILY.upgrade(old)
    with old.begin():
        assert described(old) == expected
        assert BASE_FAMILY.version(old) == BASE_FAMILY.head
        assert BASE_FAMILY.differences(old) == []


def test_an_old_base_is_brought_up_to_date_with_what_is_in_it(
    old: Connection, postgresql_base: Connection
) -> None:
    folder = str(migrations.__path__[0]) + "/base"
    with old.begin():
        config = Config(attributes={"connection": old, "metadata": schema.BASE})
        config.set_main_option("script_location", folder)
        command.upgrade(config, "0001")
        for sql in (
            "INSERT INTO header (id, kind, name, school_year, created_at, revision) "
            "VALUES (1, 'base', 'Base', 2020, '2020-06-27', 7)",
            "INSERT INTO subject VALUES (1, 'MA|TH', 'Maths', 'maths', 'maths')",
            "INSERT INTO school_class (id, code, name, level, sort_name, search) "
            "VALUES (1, '3A', '3e A', '3e', '3e a', '3e a')",
            "INSERT INTO lesson (id, code, subject_id, duration_minutes, weeks, label) "
            "VALUES (1, 'L1', 1, 55, 0, '')",
            "INSERT INTO lesson_class (lesson_id, class_id) VALUES (1, 1)",
            "INSERT INTO staff (code, last_name, first_name, function, sort_name, search) "
            "VALUES ('S1', 'VIGIE', 'Paule', 'CPE', 'vigie paule', 'vigie paule s1')",
        ):
            old.exec_driver_sql(sql)
    with old.begin():
        upgrade_base(old)
    with old.begin():
        assert read_header(old).format_version == FORMAT_VERSION
        assert read_header(old).revision == 7
        service = old.execute(select(schema.service)).one()
        assert (service.code, service.class_id, service.from_lessons) == (
            "MA\\|TH||C:3A",
            1,
            True,
        )
        more = {"code": "S2", "last_name": "B", "first_name": "", "sort_name": "b"}
        old.execute(insert(schema.staff), {**more, "search": "b"})
        assert old.execute(select(schema.staff.c.id)).scalars().all() == [1, 2]


def test_an_upgrade_that_is_rolled_back_leaves_nothing(old: Connection) -> None:
    with old.begin() as transaction:
        BASE_FAMILY.upgrade(old)
        transaction.rollback()

    with old.begin():
        assert described(old) == set()


def test_a_base_of_a_later_program_is_refused(old: Connection) -> None:
    with old.begin():
        BASE_FAMILY.create(old)
        old.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with old.begin(), pytest.raises(NewerThanThisProgram, match="9999"):
        BASE_FAMILY.upgrade(old)


def test_both_databases_keep_the_same_by_triggers() -> None:
    def names(dialect: str) -> set[str]:
        said = schema.TRIGGERS[dialect]
        return {sql.split()[2] for sql in said if sql.startswith("CREATE TRIGGER")}

    # TRUNCATE is a word of one of them only.
    assert names("postgresql") == names("sqlite") | {"audit_is_never_emptied"}


def test_commands_that_share_a_commit_share_no_fate(place: PostgresqlBase) -> None:
    line = AuditEntry(
        revision=1, at=NOW, actor="T1", method="m", entity="mark", entity_id="1/2", after={}
    )

    def entry(key: str, **values: Any) -> Any:
        def write(conn: Connection) -> int:
            revision = bump_revision(conn, NOW)
            append_audit(conn, [line])
            remember_answer(conn, "T1", key, "m", NOW, b"\x01")
            if values:
                conn.execute(insert(schema.period), values)
            return revision

        return Job(write)

    backwards: dict[str, Any] = {"code": "X", "name": "X", "kind": "trimester"}
    backwards |= {"starts_on": NOW.date(), "ends_on": datetime(2019, 1, 1, tzinfo=UTC).date()}
    jobs = [entry("a"), entry("b", **backwards), entry("a"), entry("c")]
    with place.writing_engine().connect() as conn:
        commit_together(conn, jobs)
        assert [jobs[0].outcome(), jobs[3].outcome()] == [1, 2]
        for refused in jobs[1:3]:
            with pytest.raises(ConstraintBroken):
                refused.outcome()
        with conn.begin():
            assert read_header(conn).revision == 2
            assert len(audit_of(conn, "mark", "1/2")) == 2
            assert recall_answer(conn, "T1", "b") is None
            assert recall_answer(conn, "T1", "c") is not None


async def test_what_is_written_is_read_by_all_and_readers_cannot_write(
    place: PostgresqlBase, school: SchoolData
) -> None:
    async with open_database(place) as database:
        await database.write(lambda conn: replace_school_data(conn, school, NOW))

        def names(conn: Connection) -> list[str]:
            return [
                line.name for line in list_resources(conn, ResourceKind.TEACHERS, None, 0, 9)[1]
            ]

        assert await database.read(names) == ["100%_SÛR", "DUPAS Nicole", "ÉTIENNE Œdipe"]
        with pytest.raises(Exception, match="read-only"):
            await database.read(lambda conn: bump_revision(conn, NOW))
        assert (await database.read(read_header)).revision == 1


async def test_a_database_that_goes_away_is_a_failure_of_the_storage(
    place: PostgresqlBase,
) -> None:
    async with open_database(place) as database:

        def end_the_others(conn: Connection) -> None:
            conn.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND application_name = current_schema()"
            )

        await database.write(end_the_others)
        with pytest.raises(StorageFailed, match="POSTGRESQL_"):
            await database.read(read_header)


def test_a_broken_constraint_has_the_same_word(worked: Connection, backend: str) -> None:
    with pytest.raises(IntegrityError) as broken:
        worked.exec_driver_sql("UPDATE assessment SET scale = 1000")

    assert isinstance(in_our_words(broken.value), ConstraintBroken)


@pytest.mark.parametrize("name", ["", "1a", "A", "a b", 'a"', "a;drop", "x" * 64])
def test_a_schema_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        PostgresqlBase("postgresql+psycopg://nobody@/nowhere", name)
