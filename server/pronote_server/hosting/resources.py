"""What connected clients read of the base: resources, weeks, counters (fiche 9)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from pronote_protocol.catalogue import resources as calls
from pronote_protocol.errors import NotFound
from pronote_protocol.words import ResourceKind
from pronote_server.domain.sessions import Session
from pronote_server.hosting.hot_answers import Plain
from pronote_server.hosting.school import School
from pronote_server.storage import base_file
from pronote_server.storage.base_resources import resource_rows, searched
from pronote_server.storage.base_timetable import timetable_rows
from pronote_server.storage.short_reads import Query

__all__ = ["counters", "is_short_list", "list_resources", "own_timetable", "timetable"]

# Rows; a third of a millisecond.
_SHORT_PAGE: Final = 100


async def counters(school: School) -> tuple[base_file.BaseHeader, base_file.Counters]:
    """Return the header of the base in service and its counters (fiche 9), of one moment."""
    base = school.base_in_service()
    return await base.database.read(
        lambda conn: (base_file.read_header(conn), base_file.counters(conn))
    )


def list_resources(wish: calls.ListResources) -> Query[Plain]:
    """Ask how many resources match, and a page of them, by name."""

    def read(conn: Connection) -> Plain:
        total, rows = resource_rows(conn, wish.kind, wish.search, wish.offset, wish.limit)
        return Plain({"total": total, "offset": wish.offset, "rows": rows})

    return read


def is_short_list(wish: calls.ListResources) -> bool:
    """Whether it is found by an index: names are searched by going through all of them."""
    return wish.limit <= _SHORT_PAGE and not searched(wish.search)


def timetable(
    kind: ResourceKind, ident: int | None, code: str | None, week: int | None
) -> Query[Plain]:
    """
    Ask whose week it is, and for its lessons by day and hour.

    Raises:
        NotFound: (when asked) No such resource, or one that has no timetable.
    """

    def read(conn: Connection) -> Plain:
        owner = (
            base_file.resource(conn, kind, ident)
            if ident is not None
            else base_file.resource_by_code(conn, kind, code or "")
        )
        if owner is None:
            raise NotFound(what=f"{kind.value} {code if ident is None else ident}")
        return Plain({"owner": owner.name, "rows": timetable_rows(conn, kind, owner.id, week)})

    return read


def own_timetable(session: Session, week: int | None) -> Query[Plain]:
    """
    Ask for the week of the teacher who asks.

    Raises:
        NotFound: The account is of nobody in this base.
    """
    family, _, code = (session.person or "").partition(":")
    if family != "teacher" or not code:
        raise NotFound(
            "Ce compte n'est celui d'aucun professeur de la base.",
            "This account belongs to no teacher of the base.",
        )
    return timetable(ResourceKind.TEACHERS, None, code, week)
