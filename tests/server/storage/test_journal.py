"""The journal: in order, page by page, and never changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from pronote_server.storage.journal import (
    JournalEntry,
    append_journal,
    journal_page,
    purge_journal,
)
from pronote_server.storage.school_records import create_school_records
from pronote_server.storage.sqlite import writing_engine

NOW = datetime(2020, 7, 2, 14, 55, tzinfo=UTC)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Connection]:
    with writing_engine(tmp_path / "school.sqlite").connect() as conn, conn.begin():
        create_school_records(conn)
        yield conn


def entry(kind: str = "session.began", actor: str = "serveur", **given: Any) -> JournalEntry:
    return JournalEntry(**{"id": 0, "at": NOW, "kind": kind, "actor": actor, **given})


def ids(page: tuple[list[JournalEntry], int | None]) -> list[int]:
    return [one.id for one in page[0]]


def found(records: Connection, search: str, kind: str | None = None) -> list[str]:
    return [one.actor for one in journal_page(records, None, 100, kind, search)[0]]


def test_a_line_comes_back_as_it_was_written(records: Connection) -> None:
    draft = entry(
        actor="DUPAS Nicole",
        address="192.0.2.1",
        details={"sessions": [1, "é"], "nested": {"none": None}, "wish": True},
    )

    append_journal(records, draft)

    assert journal_page(records, None, 10) == ([attrs.evolve(draft, id=1)], None)


def test_pages_follow_each_other_newest_first(records: Connection) -> None:
    for _ in range(5):
        append_journal(records, entry())

    first = journal_page(records, None, 2)
    append_journal(records, entry())  # what comes meanwhile shifts nothing
    second = journal_page(records, first[1], 2)
    third = journal_page(records, second[1], 2)

    assert (ids(first), ids(second), ids(third)) == ([5, 4], [3, 2], [1])
    assert third[1] is None
    assert journal_page(records, 3, 2) == (second[0][1:] + third[0], None)


def test_a_kind_is_one_event_or_everything_of_a_noun(records: Connection) -> None:
    for kind in ("session.began", "session.ended", "sessions.counted", "base.stopped"):
        append_journal(records, entry(kind))

    def kinds(wanted: str) -> list[str]:
        return [one.kind for one in journal_page(records, None, 10, wanted)[0]]

    assert kinds("session.began") == ["session.began"]
    assert kinds("session") == ["session.ended", "session.began"]
    assert kinds("s%") == []


def test_search_looks_into_everything_but_the_date(records: Connection) -> None:
    append_journal(records, entry(actor="DUPAS Nicole", address="192.0.2.1"))
    append_journal(
        records,
        entry("user.created", "ÉTIENNE Œdipe", details={"login": "zoé", "n": {"of": [42]}}),
    )

    assert found(records, "nicole DUPAS") == ["DUPAS Nicole"]
    assert found(records, "192.0.2") == ["DUPAS Nicole"]
    assert found(records, "etienne oedipe") == ["ÉTIENNE Œdipe"]
    assert found(records, "ZOE 42 user.created") == ["ÉTIENNE Œdipe"]
    assert found(records, "2020") == []
    assert found(records, "%") == []
    assert found(records, "nicole", "user") == []
    assert found(records, " ") == ["ÉTIENNE Œdipe", "DUPAS Nicole"]


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE journal SET actor = 'nobody' WHERE id = 1",
        "DELETE FROM journal WHERE id = 1",
        "DELETE FROM journal",
        "INSERT OR REPLACE INTO journal SELECT id, at, kind, 'me', address, details, search "
        "FROM journal WHERE id = 1",
    ],
)
def test_a_line_is_never_changed_nor_taken_away(records: Connection, harm: str) -> None:
    append_journal(records, entry())
    before = journal_page(records, None, 10)

    with pytest.raises(IntegrityError, match="append-only"):
        records.exec_driver_sql(harm)

    assert journal_page(records, None, 10) == before


def test_a_purge_takes_what_is_older_and_nothing_else(records: Connection) -> None:
    for days in (400, 366, 365, 0):
        append_journal(records, entry(at=NOW - timedelta(days=days)))

    assert purge_journal(records, NOW - timedelta(days=365)) == 2

    assert ids(journal_page(records, None, 10)) == [4, 3]


def test_a_purge_leaves_the_door_closed(records: Connection) -> None:
    purge_journal(records, NOW)
    append_journal(records, entry(at=NOW - timedelta(days=400)))

    with pytest.raises(IntegrityError, match="append-only"):
        records.exec_driver_sql("DELETE FROM journal")


def test_ids_go_on_after_a_purge_of_everything(records: Connection) -> None:
    append_journal(records, entry())
    purge_journal(records, NOW + timedelta(days=1))

    append_journal(records, entry())

    assert ids(journal_page(records, None, 10)) == [2]


@pytest.mark.parametrize("kind", ["session", ".began", "session."])
def test_a_kind_says_what_happened_to_what(records: Connection, kind: str) -> None:
    with pytest.raises(IntegrityError):
        append_journal(records, entry(kind))
