"""What a write leaves behind: revision, answer, audit, changes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from pronote_server.storage.base_file import (
    AuditEntry,
    Change,
    Changes,
    RememberedAnswer,
    append_audit,
    audit_of,
    bump_revision,
    changes_since,
    forget_old_answers,
    forget_old_changes,
    log_change,
    read_header,
    recall_answer,
    remember_answer,
)


def change(revision: int, entity_id: str = "1", audience: str = "all") -> Change:
    return Change(revision, "mark", entity_id, audience)


def at_revision(conn: Connection, now: datetime, revision: int) -> None:
    while read_header(conn).revision < revision:
        bump_revision(conn, now)


def test_every_write_has_a_revision_of_its_own(base: Connection, now: datetime) -> None:
    assert [bump_revision(base, now), bump_revision(base, now)] == [1, 2]
    assert read_header(base).revision == 2
    assert read_header(base).last_entry_at == now


def test_an_answer_is_recalled_by_its_account_only(base: Connection, now: datetime) -> None:
    remember_answer(base, "7", "key", "marks.enter", now, b"\x80")

    assert recall_answer(base, "7", "key") == RememberedAnswer("marks.enter", now, b"\x80")
    assert recall_answer(base, "8", "key") is None
    remember_answer(base, "8", "key", "marks.enter", now, b"\x81")


def test_a_key_is_answered_once(base: Connection, now: datetime) -> None:
    remember_answer(base, "7", "key", "marks.enter", now, b"")

    with pytest.raises(IntegrityError):
        remember_answer(base, "7", "key", "marks.enter", now, b"")


@pytest.mark.parametrize("key", ["", "x" * 101])
def test_a_key_without_measure_is_refused(base: Connection, now: datetime, key: str) -> None:
    with pytest.raises(IntegrityError):
        remember_answer(base, "7", key, "marks.enter", now, b"")


def test_answers_are_forgotten_after_their_time(base: Connection, now: datetime) -> None:
    remember_answer(base, "7", "old", "m", now - timedelta(hours=25), b"")
    remember_answer(base, "7", "young", "m", now - timedelta(hours=24), b"")

    assert forget_old_answers(base, now - timedelta(hours=24)) == 1
    assert recall_answer(base, "7", "old") is None
    assert recall_answer(base, "7", "young") is not None


def line(now: datetime, **values: object) -> AuditEntry:
    given = {"before": None, "after": {"value": "12.5"}} | values
    return AuditEntry(
        revision=1,
        at=now,
        actor="teacher:T1",
        method="marks.enter",
        entity="mark",
        entity_id="1/2",
        **given,  # type: ignore[arg-type]
    )


def test_the_history_of_one_thing_is_in_the_audit(base: Connection, now: datetime) -> None:
    lines = [line(now), line(now, before={"value": "12.5"}, after=None)]

    append_audit(base, lines)
    append_audit(base, [])

    assert audit_of(base, "mark", "1/2") == lines
    assert audit_of(base, "mark", "1/3") == []


def test_an_audit_line_says_something(base: Connection, now: datetime) -> None:
    with pytest.raises(IntegrityError):
        append_audit(base, [line(now, after=None)])


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit",
        "REPLACE",
    ],
)
def test_the_audit_is_append_only(base: Connection, now: datetime, harm: str) -> None:
    append_audit(base, [line(now)])
    if harm == "REPLACE":
        # Each database has one way to put another line in the place of one that is there.
        harm = (
            "INSERT OR REPLACE INTO audit SELECT * FROM audit"
            if base.dialect.name == "sqlite"
            else "TRUNCATE audit"
        )

    with pytest.raises(IntegrityError, match="append-only"), base.begin_nested():
        base.exec_driver_sql(harm)
    assert len(audit_of(base, "mark", "1/2")) == 1


def test_who_was_away_hears_what_changed_since(base: Connection, now: datetime) -> None:
    at_revision(base, now, 3)
    log_change(base, [change(1), change(2, "2", "class:1"), change(3)])
    log_change(base, [])

    assert changes_since(base, 1, 10) == Changes(
        (change(2, "2", "class:1"), change(3)), 3, False
    )
    assert changes_since(base, 3, 10) == Changes((), 3, False)


def test_a_revision_that_logged_nothing_is_passed_over(base: Connection, now: datetime) -> None:
    at_revision(base, now, 5)
    log_change(base, [change(1)])

    assert changes_since(base, 0, 10).revision == 5


def test_a_page_never_cuts_a_revision_in_two(base: Connection, now: datetime) -> None:
    at_revision(base, now, 4)
    many = [change(2, str(number)) for number in range(5)]
    log_change(base, [change(1), *many, change(3), change(4)])

    first = changes_since(base, 0, 3)
    second = changes_since(base, first.revision, 3)
    third = changes_since(base, second.revision, 3)

    assert first == Changes((change(1),), 1, True)
    assert second == Changes(tuple(many), 2, True)
    assert third == Changes((change(3), change(4)), 4, False)


def test_a_change_named_twice_is_logged_once(base: Connection, now: datetime) -> None:
    at_revision(base, now, 1)

    log_change(base, [change(1), change(1), change(1, audience="class:2")])

    assert len(changes_since(base, 0, 10).changes) == 2


def test_who_asks_from_before_the_log_is_told_to_read_again(
    base: Connection, now: datetime
) -> None:
    at_revision(base, now, 4)
    log_change(base, [change(1), change(2), change(4)])

    assert forget_old_changes(base, 4) == 2
    assert forget_old_changes(base, 1) == 0
    assert changes_since(base, 0, 10).changes == (Change(2, "base", "", "all"), change(4))
    assert changes_since(base, 2, 10).changes == (change(4),)
