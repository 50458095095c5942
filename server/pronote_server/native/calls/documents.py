"""Answers on documents and photos."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import documents as calls
from pronote_protocol.messages import Nothing
from pronote_server.hosting import documents, photos
from pronote_server.native.calls.visit import Visit, answers


def begin_upload(visit: Visit, wish: calls.BeginUpload) -> calls.UploadBegun:
    return documents.begin_upload(visit.school, visit.session, wish.size)


def send_chunk(visit: Visit, chunk: calls.UploadChunk) -> Nothing:
    documents.add_chunk(visit.school, visit.session, chunk)
    return Nothing()


def cancel_upload(visit: Visit, ref: calls.UploadRef) -> Nothing:
    documents.cancel_upload(visit.school, visit.session, ref.upload)
    return Nothing()


async def list_documents(visit: Visit, wish: calls.ListDocuments) -> Page[calls.DocumentRow]:
    return await documents.list_documents(visit.school, visit.session, wish)


async def read_document(visit: Visit, wish: calls.ReadDocument) -> calls.PieceShown:
    return await documents.read_document(visit.school, visit.session, wish)


async def attach(visit: Visit, wish: calls.AttachDocument) -> calls.DocumentShown:
    return await documents.attach(visit.school, visit.session, wish, visit.key)


async def delete_document(visit: Visit, wish: calls.DeleteDocument) -> Nothing:
    return await documents.delete_document(visit.school, visit.session, wish, visit.key)


async def list_photos(visit: Visit, wish: calls.ListPhotos) -> Page[calls.PhotoRow]:
    return await photos.list_photos(visit.school, visit.session, wish)


async def read_photo(visit: Visit, wish: calls.ReadPhoto) -> calls.PieceShown:
    return await photos.read_photo(visit.school, visit.session, wish)


async def put_photo(visit: Visit, wish: calls.PutPhoto) -> calls.PhotoShown:
    return await photos.put_photo(visit.school, visit.session, wish, visit.key)


async def delete_photo(visit: Visit, wish: calls.DeletePhoto) -> Nothing:
    return await photos.delete_photo(visit.school, visit.session, wish, visit.key)


ANSWERS: Final = (
    answers(calls.BEGIN_UPLOAD, begin_upload),
    answers(calls.SEND_CHUNK, send_chunk),
    answers(calls.CANCEL_UPLOAD, cancel_upload),
    answers(calls.LIST_DOCUMENTS, list_documents),
    answers(calls.READ_DOCUMENT, read_document),
    answers(calls.ATTACH_DOCUMENT, attach),
    answers(calls.DELETE_DOCUMENT, delete_document),
    answers(calls.LIST_PHOTOS, list_photos),
    answers(calls.READ_PHOTO, read_photo),
    answers(calls.PUT_PHOTO, put_photo),
    answers(calls.DELETE_PHOTO, delete_photo),
)
