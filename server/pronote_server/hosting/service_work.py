"""
What assessments and evaluations share: work of a service, on a day of a period, that is
created, changed and noted alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from pronote_protocol.errors import BadRequest, NotFound
from pronote_protocol.words import SealedMatter
from pronote_server.domain.sessions import Session
from pronote_server.hosting.entries import Entry
from pronote_server.hosting.scope import service_of
from pronote_server.hosting.sealing import check_open, the_period
from pronote_server.hosting.services import audience_of
from pronote_server.storage.base_service_settings import class_ids_of_service

__all__ = [
    "ServiceWork",
    "check_line_open",
    "check_on_its_day",
    "for_session",
    "note",
    "wished",
]


class ServiceWork(Protocol):
    """An assessment, or an evaluation, as the storage has it."""

    @property
    def id(self) -> int: ...

    @property
    def service_id(self) -> int: ...

    @property
    def period_id(self) -> int: ...

    @property
    def date(self) -> date: ...

    @property
    def values(self) -> dict[str, Any]: ...


W = TypeVar("W", bound=ServiceWork)


def for_session(conn: Connection, session: Session, found: W | None, what: str) -> W:
    """
    Return what was *found*, if it is for *session* to see.

    Raises:
        NotFound: There is none, or its service is not for *session*: the two look alike.
    """
    if found is not None:
        try:
            service_of(conn, session, found.service_id)
        except NotFound:
            found = None
    if found is None:
        raise NotFound(what=what)
    return found


def wished(wish: Any, names: Iterable[str]) -> dict[str, Any]:
    """Return what a change sets: what is not nil, and the day of publication taken away."""
    given = {name: value for name in names if (value := getattr(wish, name)) is not None}
    if wish.unpublish:
        given["published_on"] = None
    return given


def check_on_its_day(entry: Entry, line: ServiceWork, matter: SealedMatter) -> None:
    """
    Raises:
        NotFound: There is no such period.
        BadRequest: The day is not one of the period.
        Conflict: The period is sealed.
    """
    period = the_period(entry.conn, line.period_id)
    if line.date not in period.period:
        raise BadRequest(
            "Le {date} n'est pas dans la période {period}.",
            "{date} is not within the period {period}.",
            date=line.date.isoformat(),
            period=period.name,
        )
    check_line_open(entry, line, matter)


def check_line_open(entry: Entry, line: ServiceWork, matter: SealedMatter) -> None:
    """
    Raises:
        Conflict: The period is sealed for a class of the service.
    """
    check_open(
        entry.conn,
        class_ids_of_service(entry.conn, line.service_id),
        the_period(entry.conn, line.period_id),
        matter,
        entry.at,
    )


def note(
    entry: Entry, family: str, entity: str, old: ServiceWork | None, new: ServiceWork | None
) -> None:
    """Note what was created, changed or deleted."""
    line = new or old
    assert line is not None
    entry.changed(
        family,
        entity,
        line.id,
        None if old is None else old.values,
        None if new is None else new.values,
        audience_of(entry.conn, line.service_id),
    )
