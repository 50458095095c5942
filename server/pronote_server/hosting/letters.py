"""The texts of models of letters; for the rest of them see `resource_entries`."""

from __future__ import annotations

from sqlalchemy import Connection

from pronote_protocol.catalogue.letters import LetterText
from pronote_protocol.errors import NotFound
from pronote_server.hosting.school import School
from pronote_server.storage.base_schema import letter

__all__ = ["read_letter"]


async def read_letter(school: School, ident: int) -> LetterText:
    """
    Raises:
        NotFound: There is none.
    """

    def read(conn: Connection) -> LetterText:
        wanted = letter.select().where(letter.c.id == ident)
        row = conn.execute(wanted).one_or_none()
        if row is None:
            raise NotFound(what=f"letter {ident}")
        return LetterText(body=row.body, revision=row.revision)

    return await school.base_in_service().database.read(read)
