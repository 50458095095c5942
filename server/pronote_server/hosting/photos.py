"""The photos of pupils: one each, JPEG or PNG, kept as documents are."""

from __future__ import annotations

from typing import Final

import attrs
from sqlalchemy import Connection

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import documents as calls
from pronote_protocol.errors import DocumentRefused, NotFound
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Mode
from pronote_server.domain.document_kinds import IMAGES, media_type_of
from pronote_server.domain.sessions import Session
from pronote_server.hosting.documents import read_piece, store_upload
from pronote_server.hosting.entries import Audience, Entry, enter
from pronote_server.hosting.school import School
from pronote_server.hosting.scope import check_pupil, services_for
from pronote_server.storage import base_documents as kept
from pronote_server.storage.base_events import teachers_of_pupil
from pronote_server.storage.base_services import pupils_of_service

__all__ = ["delete_photo", "list_photos", "put_photo", "read_photo"]

_FAMILY: Final = "photos"


async def list_photos(
    school: School, session: Session, wish: calls.ListPhotos
) -> Page[calls.PhotoRow]:
    """Return a page of the photos of pupils *session* may see, by name."""

    def read(conn: Connection) -> Page[calls.PhotoRow]:
        pupils = None
        if session.mode is Mode.TEACHER:
            pupils = {
                pupil.id
                for service in services_for(conn, session)
                for pupil in pupils_of_service(conn, service.id)
            }
        total, lines = kept.photos(
            conn,
            class_id=wish.class_id,
            pupil_ids=pupils,
            offset=wish.offset,
            limit=wish.limit,
        )
        return Page(total=total, offset=wish.offset, rows=tuple(map(_row, lines)))

    return await school.base_in_service().database.read(read)


async def read_photo(
    school: School, session: Session, wish: calls.ReadPhoto
) -> calls.PieceShown:
    """
    Return a range of the photo of a pupil.

    Raises:
        NotFound: The pupil is not for *session* to see, or has none.
        Conflict: Its bytes are not there.
    """
    base = school.base_in_service()

    def find(conn: Connection) -> kept.Content:
        check_pupil(conn, session, wish.pupil_id)
        line = _the_photo(conn, wish.pupil_id)
        return kept.Content(line.sha256, line.size, line.media_type)

    content = await base.database.read(find)
    return await read_piece(school, base, content, wish.offset, wish.length)


async def put_photo(
    school: School, session: Session, wish: calls.PutPhoto, key: str | None
) -> calls.PhotoShown:
    """
    Make what was uploaded the photo of a pupil, instead of the one he has.

    Raises:
        NotFound: The upload or the pupil is not there.
        DocumentRefused: It is no JPEG and no PNG, or too large.
        StaleRevision: The photo was changed meanwhile.
    """
    async with school.storing:
        content = await store_upload(school, session, wish.upload, _check)

        def command(entry: Entry) -> calls.PhotoShown:
            conn = entry.conn
            if content is None:
                raise NotFound(what=f"upload {wish.upload}")
            check_pupil(conn, session, wish.pupil_id)
            name = kept.pupil_name(conn, wish.pupil_id)
            if name is None:
                raise NotFound(what=f"pupil {wish.pupil_id}")
            old = kept.photo(conn, wish.pupil_id)
            if old is not None:
                entry.check_fresh("photo", wish.pupil_id, old.revision, wish.if_revision)
            line = kept.PhotoLine(
                pupil_id=wish.pupil_id,
                pupil=name,
                **attrs.asdict(content),
                revision=entry.revision,
            )
            kept.put_photo(conn, wish.pupil_id, content, entry.revision, new=old is None)
            _note(entry, old, line)
            return calls.PhotoShown(photo=_row(line))

        shown = await enter(school, session, calls.PUT_PHOTO, key, command)
    school.document_uploads.forget_all_of(session)
    return shown


async def delete_photo(
    school: School, session: Session, wish: calls.DeletePhoto, key: str | None
) -> Nothing:
    """
    Raises:
        NotFound, StaleRevision: There is none to see, or it was changed meanwhile.
    """

    def command(entry: Entry) -> Nothing:
        check_pupil(entry.conn, session, wish.pupil_id)
        old = _the_photo(entry.conn, wish.pupil_id)
        entry.check_fresh("photo", wish.pupil_id, old.revision, wish.if_revision)
        kept.delete_photo(entry.conn, wish.pupil_id)
        _note(entry, old, None)
        return Nothing()

    return await enter(school, session, calls.DELETE_PHOTO, key, command)


def _check(content: bytes) -> str:
    if len(content) > calls.LARGEST_PHOTO:
        raise DocumentRefused(
            "Photo refusée : plus de {most} octets.",
            "Photo refused: more than {most} bytes.",
            most=calls.LARGEST_PHOTO,
        )
    media_type = media_type_of(content)
    if media_type not in IMAGES:
        raise DocumentRefused(
            "Photo refusée : ni JPEG ni PNG.", "Photo refused: neither JPEG nor PNG."
        )
    return media_type


def _the_photo(conn: Connection, pupil_id: int) -> kept.PhotoLine:
    line = kept.photo(conn, pupil_id)
    if line is None:
        raise NotFound(what=f"photo of pupil {pupil_id}")
    return line


def _note(entry: Entry, old: kept.PhotoLine | None, new: kept.PhotoLine | None) -> None:
    line = new or old
    assert line is not None
    entry.changed(
        _FAMILY,
        "photo",
        line.pupil_id,
        None if old is None else old.values,
        None if new is None else new.values,
        Audience(school_life=True, teachers=teachers_of_pupil(entry.conn, line.pupil_id)),
    )


def _row(line: kept.PhotoLine) -> calls.PhotoRow:
    return calls.PhotoRow(**attrs.asdict(line))
