"""What is to leave, in the school's records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from pronote_server.domain.outgoing import (
    MOST_ATTEMPTS,
    Channel,
    OutgoingMessage,
    OutgoingState,
    wait_after,
)
from pronote_server.storage.migrations import SCHOOL_FAMILY
from pronote_server.storage.outbox import (
    due_messages,
    find_message,
    forget_messages,
    insert_message,
    list_messages,
    next_due,
    update_message,
    waiting_messages,
)
from pronote_server.storage.sqlite import writing_engine

NOW = datetime(2021, 3, 1, 8, tzinfo=UTC)


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    with writing_engine(tmp_path / "file").connect() as connection, connection.begin():
        SCHOOL_FAMILY.create(connection)
        yield connection


def message(name: str, due: datetime = NOW) -> OutgoingMessage:
    return OutgoingMessage(
        message_id=name,
        channel=Channel.SMS,
        recipient="+33639980100",
        subject="Mot de passe",
        body="secret",
        created_at=NOW,
        due_at=due,
    )


def test_a_message_comes_back_as_it_was(conn: Connection) -> None:
    written = insert_message(conn, message("a1"))
    assert written.id > 0
    assert find_message(conn, "a1") == written
    assert "secret" not in repr(written)


def test_the_one_that_has_waited_longest_is_tried_first(conn: Connection) -> None:
    late = insert_message(conn, message("late", NOW + timedelta(minutes=1)))
    first = insert_message(conn, message("first", NOW - timedelta(minutes=1)))
    second = insert_message(conn, message("second"))

    assert due_messages(conn, NOW, 10) == [first, second]
    assert due_messages(conn, NOW, 1) == [first]
    assert next_due(conn) == first.due_at
    assert waiting_messages(conn) == 3
    assert list_messages(conn, 2) == [second, first]
    assert due_messages(conn, late.due_at, 10) == [first, second, late]


def test_what_was_done_is_not_due_and_is_forgotten_in_time(conn: Connection) -> None:
    waiting = insert_message(conn, message("waiting"))
    sent = insert_message(conn, message("sent"))
    done = attrs.evolve(sent, state=OutgoingState.SENT, body=None, done_at=NOW, attempts=1)
    assert update_message(conn, done)

    assert due_messages(conn, NOW, 10) == [waiting]
    assert forget_messages(conn, NOW) == 0
    assert forget_messages(conn, NOW + timedelta(seconds=1)) == 1
    assert list_messages(conn, 10) == [waiting]
    assert not update_message(conn, done)


def test_an_id_is_found_by_its_beginning_when_only_one_has_it(conn: Connection) -> None:
    one = insert_message(conn, message("abc1"))
    insert_message(conn, message("abd2"))

    assert find_message(conn, "abc") == one
    assert find_message(conn, "ab") is None
    assert find_message(conn, "%") is None


@pytest.mark.parametrize(
    "change",
    [
        {"state": OutgoingState.SENT, "done_at": NOW},
        {"body": None},
        {"state": OutgoingState.FAILED},
        {"done_at": NOW},
    ],
)
def test_a_secret_that_was_sent_is_not_kept(conn: Connection, change: dict[str, Any]) -> None:
    written = insert_message(conn, message("a"))
    with pytest.raises(IntegrityError):
        update_message(conn, attrs.evolve(written, **change))


def test_each_wait_is_twice_the_one_before_and_ends() -> None:
    waits = [wait_after(n) for n in range(1, MOST_ATTEMPTS + 1)]

    assert waits[:3] == [timedelta(seconds=s) for s in (30, 60, 120)]
    assert waits[-2] == timedelta(hours=6)
    assert waits[-1] is None
    told = [wait for wait in waits if wait is not None]
    assert timedelta(days=2) < sum(told, timedelta()) < timedelta(days=5)
