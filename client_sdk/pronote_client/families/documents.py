"""Documents attached to what is entered, and the photos of pupils."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from pronote_client.errors import PronoteError
from pronote_client.families.family import Family
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import documents as calls
from pronote_protocol.catalogue.documents import DocumentRow, PhotoRow, PieceShown
from pronote_protocol.errors import Conflict
from pronote_protocol.words import DocumentOwner

__all__ = ["Documents", "Photos"]

T = TypeVar("T")


class _Sending(Family):
    async def _send(self, content: bytes, use: Callable[[str], Awaitable[T]]) -> T:
        """Upload *content*, then *use* the upload; the server forgets it if that fails."""
        begun = await self._call(calls.BEGIN_UPLOAD, calls.BeginUpload(size=len(content)))
        most = min(begun.chunk_bytes, self._client.welcome.limits.chunk_bytes)
        try:
            for offset in range(0, len(content), most):
                piece = content[offset : offset + most]
                await self._call(
                    calls.SEND_CHUNK,
                    calls.UploadChunk(upload=begun.upload, offset=offset, data=piece),
                )
            return await use(begun.upload)
        except BaseException:
            with trio.move_on_after(self._client.patience.farewell_seconds, shield=True):
                # Forgotten already, or nobody there: what matters is on its way.
                with contextlib.suppress(PronoteError):
                    await self._call(calls.CANCEL_UPLOAD, calls.UploadRef(upload=begun.upload))
            raise

    async def _whole(self, piece_at: Callable[[int], Awaitable[PieceShown]]) -> bytes:
        """Return all bytes; begins anew, once, when the file is replaced meanwhile."""
        for _ in range(2):
            content = bytearray()
            first = piece = await piece_at(0)
            while piece.sha256 == first.sha256:
                content += piece.data
                if len(content) >= piece.size or not piece.data:
                    return bytes(content)
                piece = await piece_at(len(content))
        raise Conflict("Le fichier change sans cesse.", "The file keeps changing.")


class Documents(_Sending):
    """PDF, PNG, JPEG, text, ODT and DOCX files of at most 10 MiB."""

    async def list(
        self, owner: DocumentOwner, owner_id: int, *, offset: int = 0, limit: int = 100
    ) -> Page[DocumentRow]:
        """Return a page of what is attached to something, the oldest first."""
        return await self._call(
            calls.LIST_DOCUMENTS,
            calls.ListDocuments(
                owner_kind=owner, owner_id=owner_id, offset=offset, limit=limit
            ),
        )

    async def add(
        self, owner: DocumentOwner, owner_id: int, name: str, content: bytes
    ) -> DocumentRow:
        """Upload *content* and attach it; *name* must agree with what it is."""

        async def attach(upload: str) -> DocumentRow:
            wish = calls.AttachDocument(
                upload=upload, owner_kind=owner, owner_id=owner_id, name=name
            )
            return (await self._call(calls.ATTACH_DOCUMENT, wish)).document

        return await self._send(content, attach)

    async def read(
        self, document: int, *, offset: int = 0, length: int = calls.LARGEST_PIECE
    ) -> PieceShown:
        """Return a range of a document."""
        return await self._call(
            calls.READ_DOCUMENT,
            calls.ReadDocument(id=document, offset=offset, length=length),
        )

    async def download(self, document: int) -> bytes:
        """Return a whole document."""
        return await self._whole(lambda offset: self.read(document, offset=offset))

    async def delete(self, document: int, *, if_revision: int | None = None) -> None:
        """Delete a document one has added; in mode Administratif, any."""
        await self._call(
            calls.DELETE_DOCUMENT,
            calls.DeleteDocument(id=document, if_revision=if_revision),
        )


class Photos(_Sending):
    """JPEG or PNG of at most 1 MiB, one a pupil."""

    async def list(
        self, *, class_id: int | None = None, offset: int = 0, limit: int = 100
    ) -> Page[PhotoRow]:
        """Return a page of what photos there are, by the names of pupils."""
        return await self._call(
            calls.LIST_PHOTOS,
            calls.ListPhotos(class_id=class_id, offset=offset, limit=limit),
        )

    async def put(
        self, pupil: int, content: bytes, *, if_revision: int | None = None
    ) -> PhotoRow:
        """Give a pupil this photo instead of the one he has."""

        async def put(upload: str) -> PhotoRow:
            wish = calls.PutPhoto(upload=upload, pupil_id=pupil, if_revision=if_revision)
            return (await self._call(calls.PUT_PHOTO, wish)).photo

        return await self._send(content, put)

    async def read(
        self, pupil: int, *, offset: int = 0, length: int = calls.LARGEST_PIECE
    ) -> PieceShown:
        """Return a range of the photo of a pupil."""
        return await self._call(
            calls.READ_PHOTO, calls.ReadPhoto(pupil_id=pupil, offset=offset, length=length)
        )

    async def download(self, pupil: int) -> bytes:
        """Return a whole photo."""
        return await self._whole(lambda offset: self.read(pupil, offset=offset))

    async def delete(self, pupil: int, *, if_revision: int | None = None) -> None:
        """Delete the photo of a pupil."""
        await self._call(
            calls.DELETE_PHOTO, calls.DeletePhoto(pupil_id=pupil, if_revision=if_revision)
        )
