"""What pupils had in earlier years, as far as it was recovered (fiche 7)."""

from __future__ import annotations

from sqlalchemy import Connection

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue.past_results import ListPastResults, PastResultRow
from pronote_protocol.errors import NotFound
from pronote_server.domain.sessions import Session
from pronote_server.hosting.school import School
from pronote_server.hosting.scope import check_pupil
from pronote_server.storage import base_past as kept

__all__ = ["list_past_results"]


async def list_past_results(
    school: School, session: Session, wish: ListPastResults
) -> Page[PastResultRow]:
    """
    Raises:
        NotFound: The pupil is not for *session* to see.
    """

    def read(conn: Connection) -> Page[PastResultRow]:
        if not kept.there_is_pupil(conn, wish.pupil_id):
            raise NotFound(what=f"pupil {wish.pupil_id}")
        check_pupil(conn, session, wish.pupil_id)
        total, rows = kept.past_results(conn, wish.pupil_id, wish.offset, wish.limit)
        return Page(
            total=total,
            offset=wish.offset,
            rows=tuple(
                PastResultRow(
                    row.school_year,
                    row.class_name,
                    row.period_name,
                    row.subject,
                    row.teacher,
                    row.out_of,
                    row.average,
                    row.class_average,
                )
                for row in rows
            ),
        )

    return await school.base_in_service().database.read(read)
