"""
Documents attached to what is entered: sent in pieces, kept once, read in ranges.

The bytes are on disk before the row that refers to them, and stay until nothing refers to them
any more: a crash in between leaves a file nobody names, which `collect` takes away.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

import attrs
import trio
from sqlalchemy import Connection

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import documents as calls
from pronote_protocol.errors import Conflict, DocumentRefused, NotFound
from pronote_protocol.limits import WireLimits
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Mode
from pronote_server.domain.document_kinds import check_name, media_type_of
from pronote_server.domain.sessions import Session
from pronote_server.hosting.document_owners import audience_of_owner, check_owner
from pronote_server.hosting.entries import Entry, enter, who
from pronote_server.hosting.school import OpenBase, School
from pronote_server.storage import base_documents as kept
from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.settings import get_setting

__all__ = [
    "KEPT_UNREFERRED",
    "MOST_DOCUMENTS",
    "add_chunk",
    "attach",
    "begin_upload",
    "cancel_upload",
    "collect",
    "delete_document",
    "list_documents",
    "read_document",
    "read_piece",
    "store_upload",
]

T = TypeVar("T")

# Of one thing.
MOST_DOCUMENTS: Final = 50
# How long the bytes of a deleted document stay, for a base that is put back as it was.
KEPT_UNREFERRED: Final = timedelta(days=7)
_UNREFERRED: Final = "documents.unreferred"
_FAMILY: Final = "documents"


# What is sent


def begin_upload(school: School, session: Session, size: int) -> calls.UploadBegun:
    """
    Raises:
        Conflict: Too many others are sending.
    """
    name = school.document_uploads.begin(session, None, [size], trio.current_time())
    return calls.UploadBegun(upload=name, chunk_bytes=WireLimits().chunk_bytes)


def add_chunk(school: School, session: Session, chunk: calls.UploadChunk) -> None:
    """
    Raises:
        NotFound, Conflict: See `Uploads.add`.
    """
    school.document_uploads.add(
        session, chunk.upload, 0, chunk.offset, chunk.data, trio.current_time()
    )


def cancel_upload(school: School, session: Session, name: str) -> None:
    """
    Raises:
        NotFound: This session has no such upload.
    """
    school.document_uploads.forget(session, name)


async def store_upload(
    school: School, session: Session, name: str, check: Callable[[bytes], str]
) -> kept.Content | None:
    """
    Put what was uploaded on disk; None when there is no such upload.

    That is for an entry to say, which may have been made already: see `entries.enter`. The
    upload stays until it is made. The caller holds ``school.storing``.

    Args:
        check: Returns the media type of the bytes, or refuses them; runs in a thread.

    Raises:
        DocumentRefused: It is not complete, or *check* refuses it.
        StorageFailed: The disk said no.
    """
    try:
        upload = school.document_uploads.get(session, name)
    except NotFound:
        return None
    if upload.incomplete() is not None:
        raise DocumentRefused(
            "Document refusé : il en manque une partie.",
            "Document refused: part of it is missing.",
            problem="il en manque une partie",
        )
    files = DocumentFiles.beside(school.base_in_service().file)
    content = bytes(upload.received[0])

    def store() -> kept.Content:
        media_type = check(content)
        return kept.Content(files.store(content), len(content), media_type)

    return await _in_thread(school, store)


# Documents


async def list_documents(
    school: School, session: Session, wish: calls.ListDocuments
) -> Page[calls.DocumentRow]:
    """
    Raises:
        NotFound: What they are attached to is not for *session* to see.
    """

    def read(conn: Connection) -> Page[calls.DocumentRow]:
        check_owner(conn, session, wish.owner_kind, wish.owner_id, adding=False)
        total, lines = kept.documents_of(
            conn, wish.owner_kind, wish.owner_id, wish.offset, wish.limit
        )
        return Page(total=total, offset=wish.offset, rows=tuple(map(_row, lines)))

    return await school.base_in_service().database.read(read)


async def read_document(
    school: School, session: Session, wish: calls.ReadDocument
) -> calls.PieceShown:
    """
    Return a range of a document.

    Raises:
        NotFound: It is not for *session* to see.
        Conflict: Its bytes are not there: the base was put back without them.
    """
    base = school.base_in_service()

    def find(conn: Connection) -> kept.Content:
        line = _the_document(conn, session, wish.id, adding=False)
        return kept.Content(line.sha256, line.size, line.media_type)

    content = await base.database.read(find)
    return await read_piece(school, base, content, wish.offset, wish.length)


async def read_piece(
    school: School, base: OpenBase, content: kept.Content, offset: int, length: int
) -> calls.PieceShown:
    """
    Raises:
        Conflict: The bytes are not there.
    """
    files = DocumentFiles.beside(base.file)
    data: bytes | None = b""
    if offset < content.size:
        data = await _in_thread(school, lambda: files.read(content.sha256, offset, length))
    if data is None:
        raise Conflict(
            "Le contenu de ce document manque sur le serveur.",
            "The content of this document is missing on the server.",
        )
    return calls.PieceShown(
        size=content.size, sha256=content.sha256, media_type=content.media_type, data=data
    )


async def attach(
    school: School, session: Session, wish: calls.AttachDocument, key: str | None
) -> calls.DocumentShown:
    """
    Make what was uploaded a document.

    Raises:
        NotFound: The upload, or what it is attached to, is not there for *session*.
        DocumentRefused: The bytes or the name are not what is taken.
        Conflict: Enough is attached to it.
    """
    name = wish.name

    def check(content: bytes) -> str:
        nonlocal name
        media_type = media_type_of(content)
        name = check_name(wish.name, media_type)
        return media_type

    async with school.storing:
        # Before the work is done, and again when it is entered.
        await _check_may_add(school, session, wish)
        content = await store_upload(school, session, wish.upload, check)

        def command(entry: Entry) -> calls.DocumentShown:
            conn = entry.conn
            if content is None:
                raise NotFound(what=f"upload {wish.upload}")
            facts = check_owner(conn, session, wish.owner_kind, wish.owner_id, adding=True)
            count, _ = kept.documents_of(conn, wish.owner_kind, wish.owner_id, 0, 1)
            if count >= MOST_DOCUMENTS:
                raise Conflict(
                    "Il y a déjà {most} documents.",
                    "There are {most} documents already.",
                    most=MOST_DOCUMENTS,
                )
            line = kept.DocumentLine(
                id=0,
                **attrs.asdict(content),
                name=name,
                owner_kind=wish.owner_kind,
                owner_id=wish.owner_id,
                added_by=who(session),
                added_at=entry.at,
                revision=entry.revision,
            )
            line = attrs.evolve(line, id=kept.insert_document(conn, line))
            audience = audience_of_owner(conn, wish.owner_kind, facts)
            entry.changed(_FAMILY, "document", line.id, None, line.values, audience)
            return calls.DocumentShown(document=_row(line))

        shown = await enter(school, session, calls.ATTACH_DOCUMENT, key, command)
    school.document_uploads.forget_all_of(session)
    return shown


async def delete_document(
    school: School, session: Session, wish: calls.DeleteDocument, key: str | None
) -> Nothing:
    """
    Delete a document *session*'s person has added; in mode Administratif, any.

    Raises:
        NotFound, StaleRevision: There is none to see, or it was changed meanwhile.
        Conflict: Somebody else has added it.
    """

    def command(entry: Entry) -> Nothing:
        conn = entry.conn
        line = _the_document(conn, session, wish.id, adding=True)
        entry.check_fresh("document", line.id, line.revision, wish.if_revision)
        if session.mode is not Mode.ADMINISTRATIVE and line.added_by != who(session):
            raise Conflict(
                "Ce document a été ajouté par quelqu'un d'autre.",
                "Somebody else has added this document.",
            )
        facts = check_owner(conn, session, line.owner_kind, line.owner_id, adding=True)
        kept.delete_document(conn, line.id)
        audience = audience_of_owner(conn, line.owner_kind, facts)
        entry.changed(_FAMILY, "document", line.id, line.values, None, audience)
        return Nothing()

    return await enter(school, session, calls.DELETE_DOCUMENT, key, command)


async def collect(school: School, *, unreferred_for: timedelta = timedelta(0)) -> int:
    """
    Remove the bytes nothing refers to any more, and return how many files that were.

    Under exclusive use nothing is removed: the base may yet be put back as it was, with the
    documents that were deleted meanwhile.

    Args:
        unreferred_for: Since when, at least, that has been noticed here: until then a copy of
            the base made earlier finds its documents.

    Raises:
        NotInService, BaseUnavailable: There is no base.
    """
    async with school.storing:
        base, now = school.base_in_service(), school.now()
        if school.exclusive.holder is not None:
            return 0
        referred = await base.database.read(kept.referred_contents)
        files = DocumentFiles.beside(base.file)
        noticed: dict[str, str] = {}
        if unreferred_for:
            key = f"{_UNREFERRED}:{base.file.name}"
            before = await school.records.read(lambda conn: get_setting(conn, key, {}))
            stored = await _in_thread(school, lambda: set(files.stored()))
            noticed = {
                name: before.get(name, now.isoformat()) for name in stored - set(referred)
            }
            gone = [
                name
                for name, since in noticed.items()
                if datetime.fromisoformat(since) <= now - unreferred_for
            ]
            for name in gone:
                del noticed[name]
            if noticed != before:
                await school.keep(key, noticed)
        spared = {*referred, *noticed}
        return await _in_thread(school, lambda: files.collect(spared))


async def _check_may_add(school: School, session: Session, wish: calls.AttachDocument) -> None:
    await school.base_in_service().database.read(
        lambda conn: check_owner(conn, session, wish.owner_kind, wish.owner_id, adding=True)
    )


def _the_document(
    conn: Connection, session: Session, document_id: int, *, adding: bool
) -> kept.DocumentLine:
    line = kept.document(conn, document_id)
    if line is not None:
        try:
            check_owner(conn, session, line.owner_kind, line.owner_id, adding=adding)
        except NotFound:
            line = None
    if line is None:
        raise NotFound(what=f"document {document_id}")
    return line


def _row(line: kept.DocumentLine) -> calls.DocumentRow:
    return calls.DocumentRow(**attrs.asdict(line))


async def _in_thread(school: School, function: Callable[[], T]) -> T:
    if school.inline:
        return function()
    return await trio.to_thread.run_sync(function)
