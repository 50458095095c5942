"""
Writing: teachers, each with a column of his own, and marks that differ each time.

Every request has a key of its own, so that each is an entry and none the answer to an
earlier one; values alternate, so that each changes something.
"""

from __future__ import annotations

import itertools
import secrets
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import attrs

from bench.driving.sessions import Account, Address, ask, come_in, request
from bench.measuring.ours import Ours
from pronote_protocol.catalogue.periods import PeriodRow
from pronote_protocol.words import Mode

__all__ = ["Column", "columns_of", "entries", "teachers_of"]

_KEY: Final = b"k" * 24
_VALUES: Final = ("8.5", "12")


@attrs.frozen
class Column:
    """
    An assessment that is one teacher's alone.

    Attributes:
        actor: The teacher, as the base writes him.
    """

    account: Account
    actor: str
    service: int
    assessment: int
    pupils: tuple[int, ...]


def teachers_of(server: Ours) -> Iterator[Account]:
    """Yield the demo's teachers; most of them have yet to choose a password."""
    school = server.settings_file.parent / "school.sqlite"
    with closing(sqlite3.connect(f"file:{school}?mode=ro", uri=True)) as base:
        found = base.execute(
            "SELECT login, generated_password FROM account WHERE person LIKE 'teacher:%'"
            " AND generated_password IS NOT NULL ORDER BY id"
        ).fetchall()
    return (Account(Mode.TEACHER, login, password) for login, password in found)


def columns_of(server: Ours, count: int) -> list[Column]:
    """Return *count* columns of as many teachers, made by themselves."""
    address, found = Address.of(server), list[Column]()
    for account in teachers_of(server):
        with come_in(address, account) as sock:
            column = _column(sock, account)
        if column is not None:
            found.append(column)
        if len(found) == count:
            return found
    raise LookupError(f"{len(found)} teachers have somebody to give marks to, not {count}")


def _column(sock: socket.socket, account: Account) -> Column | None:
    (period, *_) = ask(sock, "periods.list")["rows"]
    fields = _by_name(period)
    for service in ask(sock, "services.list", limit=500)["rows"]:
        made: list[Any] = ask(
            sock,
            "assessments.create",
            service_id=service[0],
            period_id=fields["id"],
            date=fields["starts_on"],
        )["assessment"]
        rows = ask(sock, "marks.read", assessment_id=made[0])["rows"]
        if rows:
            pupils = tuple(row[0] for row in rows)
            return Column(account, account.login, service[0], made[0], pupils)
    return None


def _by_name(row: list[Any]) -> dict[str, Any]:
    return dict(zip([field.name for field in attrs.fields(PeriodRow)], row, strict=True))


def entries(column: Column) -> Iterator[bytes]:
    """Yield requests that each enter one mark of *column*, pupil after pupil."""
    method, templates = "marks.enter", []
    for value, pupil in itertools.product(_VALUES, column.pupils):
        params = {
            "assessment_id": column.assessment,
            "if_revision": None,
            "entries": [[pupil, value, None]],
            "key": _KEY.decode(),
        }
        templates.append(request(1, method, params).split(_KEY))
    first = secrets.randbits(80) << 16
    for number, (before, after) in zip(itertools.count(first), itertools.cycle(templates)):
        yield b"%s%024x%s" % (before, number, after)
