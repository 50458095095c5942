"""Answers on the files a base travels in."""

from __future__ import annotations

from functools import partial
from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import base_files as calls
from pronote_protocol.catalogue.works import WorkShown
from pronote_protocol.limits import WireLimits
from pronote_protocol.messages import Nothing
from pronote_server.hosting import annexes, hosting_files, sent_files, users_files
from pronote_server.native.calls.visit import Visit, answers
from pronote_server.native.calls.works import shown
from pronote_server.storage.upload_files import UploadFile


async def begin(visit: Visit, wish: calls.BeginSending) -> calls.SendingShown:
    school = visit.school
    beginning = partial(
        school.sent.begin,
        purpose=wish.purpose,
        name=wish.name,
        size=wish.size,
        sha256=wish.sha256,
        by=visit.session.name,
        now=school.now(),
    )
    return _sending(await school.in_thread(beginning))


async def list_sendings(visit: Visit, _: Nothing) -> calls.SendingsShown:
    found = await visit.school.in_thread(visit.school.sent.uploads)
    return calls.SendingsShown(sendings=tuple(map(_sending, found)))


async def add(visit: Visit, piece: calls.SendPiece) -> calls.PieceTaken:
    school = visit.school
    adding = partial(school.sent.add, piece.upload, piece.offset, piece.data)
    return calls.PieceTaken(received=await school.in_thread(adding))


async def finish(visit: Visit, ref: calls.SendingRef) -> WorkShown:
    # What does not exist is refused now, and not in a report.
    await visit.school.in_thread(partial(visit.school.sent.get, ref.upload))
    return shown(sent_files.begin_finishing(visit.school, ref.upload, visit.asker))


async def cancel(visit: Visit, ref: calls.SendingRef) -> Nothing:
    await visit.school.in_thread(partial(visit.school.sent.forget, ref.upload))
    return Nothing()


def generate(visit: Visit, _: Nothing) -> WorkShown:
    session = visit.session
    return shown(
        hosting_files.begin_generating(visit.school, by=session.name, address=session.address)
    )


async def generate_users(visit: Visit, _: Nothing) -> calls.UsersWritten:
    session = visit.session
    made = await users_files.generate_users_file(
        visit.school, by=session.name, address=session.address
    )
    return calls.UsersWritten(file=made["file"], accounts=made["accounts"])


async def list_files(visit: Visit, _: Nothing) -> calls.FilesShown:
    files = await hosting_files.exports(visit.school)
    return calls.FilesShown(
        files=tuple(
            calls.FileRow(each.name, each.kind.value, each.size, each.sha256, each.made_at)
            for each in files
        )
    )


async def read(visit: Visit, wish: calls.ReadFile) -> calls.FilePiece:
    size, data = await hosting_files.read_piece(
        visit.school, wish.name, wish.offset, wish.length
    )
    return calls.FilePiece(size=size, data=data)


async def delete(visit: Visit, _: Nothing) -> calls.FilesDeleted:
    session = visit.session
    gone = await hosting_files.delete_files(
        visit.school, by=session.name, address=session.address
    )
    return calls.FilesDeleted(files=gone)


async def list_missing(visit: Visit, wish: calls.ListMissing) -> Page[calls.MissingRow]:
    return await annexes.list_missing(visit.school, wish.offset, wish.limit)


def _sending(upload: UploadFile) -> calls.SendingShown:
    return calls.SendingShown(
        upload=upload.id,
        purpose=upload.purpose,
        name=upload.name,
        size=upload.size,
        sha256=upload.sha256,
        received=upload.received,
        chunk_bytes=WireLimits().chunk_bytes,
        by=upload.by,
        begun_at=upload.begun_at,
    )


ANSWERS: Final = (
    answers(calls.BEGIN_SENDING, begin),
    answers(calls.LIST_SENDINGS, list_sendings),
    answers(calls.SEND_PIECE, add),
    answers(calls.FINISH_SENDING, finish),
    answers(calls.CANCEL_SENDING, cancel),
    answers(calls.GENERATE_FILES, generate),
    answers(calls.GENERATE_USERS, generate_users),
    answers(calls.LIST_FILES, list_files),
    answers(calls.READ_FILE, read),
    answers(calls.DELETE_FILES, delete),
    answers(calls.LIST_MISSING, list_missing),
)
