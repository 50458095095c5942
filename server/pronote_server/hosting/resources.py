"""What connected clients read of the base: resources, weeks, counters (fiche 9)."""

from __future__ import annotations

from sqlalchemy import Connection

from pronote_protocol.errors import NotFound
from pronote_protocol.words import ResourceKind
from pronote_server.domain.sessions import Session
from pronote_server.hosting.school import School
from pronote_server.storage import base_file

__all__ = ["counters", "list_resources", "own_timetable", "timetable"]


async def counters(school: School) -> tuple[base_file.BaseHeader, base_file.Counters]:
    """Return the header of the base in service and its counters (fiche 9), of one moment."""
    base = school.base_in_service()
    return await base.database.read(
        lambda conn: (base_file.read_header(conn), base_file.counters(conn))
    )


async def list_resources(
    school: School, kind: ResourceKind, search: str | None, offset: int, limit: int
) -> tuple[int, list[base_file.ResourceLine]]:
    """Return how many resources match, and a page of them, by name."""
    base = school.base_in_service()
    return await base.database.read(
        lambda conn: base_file.list_resources(conn, kind, search, offset, limit)
    )


async def timetable(
    school: School,
    kind: ResourceKind,
    ident: int | None,
    code: str | None,
    week: int | None,
) -> tuple[str, list[base_file.LessonLine]]:
    """
    Return whose week it is, and its lessons by day and hour.

    Raises:
        NotFound: No such resource, or one that has no timetable.
    """
    base = school.base_in_service()

    def read(conn: Connection) -> tuple[str, list[base_file.LessonLine]] | None:
        owner = (
            base_file.resource(conn, kind, ident)
            if ident is not None
            else base_file.resource_by_code(conn, kind, code or "")
        )
        if owner is None:
            return None
        return owner.name, base_file.timetable(conn, kind, owner.id, week)

    found = await base.database.read(read)
    if found is None:
        raise NotFound(what=f"{kind.value} {code if ident is None else ident}")
    return found


async def own_timetable(
    school: School, session: Session, week: int | None
) -> tuple[str, list[base_file.LessonLine]]:
    """
    Return the week of the teacher who asks.

    Raises:
        NotFound: The account is of nobody in this base.
    """
    family, _, code = (session.person or "").partition(":")
    if family != "teacher" or not code:
        raise NotFound(
            "Ce compte n'est celui d'aucun professeur de la base.",
            "This account belongs to no teacher of the base.",
        )
    return await timetable(school, ResourceKind.TEACHERS, None, code, week)
