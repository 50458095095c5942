"""Files that clients send in pieces, kept in memory for the session that sends them."""

from __future__ import annotations

import secrets

import attrs

from pronote_protocol.catalogue.transfer import BeginTransfer, FileAnnounced, TransferChunk
from pronote_protocol.errors import Conflict, NotFound, TransferRefused
from pronote_server.domain.sessions import Session

__all__ = ["Upload", "Uploads", "refused"]

# The largest timetable at hand is 6 MiB; two files of 12 MiB leave room.
_MOST_FILES = 2
_MOST_BYTES = 24 * 1024 * 1024
# All transfers of one school together: the third one does not wait, it is refused.
_MOST_UPLOADS = 2


def refused(fr: str, en: str) -> TransferRefused:
    """Return the refusal of a transfer, saying why and that nothing happened."""
    return TransferRefused(
        f"Transfert refusé : {fr}. La base n'a pas été modifiée.",
        f"Transfer refused: {en}. The base was not changed.",
        problem=fr,
    )


@attrs.define(eq=False)
class Upload:
    """The files of one transfer, as far as they have come."""

    owner: Session
    wish: BeginTransfer
    received: list[bytearray]

    def incomplete(self) -> FileAnnounced | None:
        """Return a file of which something is missing."""
        for file, announced in zip(self.received, self.wish.files, strict=True):
            if len(file) != announced.size:
                return announced
        return None


@attrs.define(eq=False)
class Uploads:
    """The transfers one school is being sent; bounded in number and size."""

    _uploads: dict[str, Upload] = attrs.field(factory=dict, init=False)

    def begin(self, session: Session, wish: BeginTransfer) -> str:
        """
        Return the name of a new transfer; what this session had begun is forgotten.

        Raises:
            TransferRefused: Too many files, or too large.
            Conflict: Others are being sent.
        """
        if not 1 <= len(wish.files) <= _MOST_FILES:
            raise refused("un ou deux fichiers sont attendus", "one or two files expected")
        if sum(file.size for file in wish.files) > _MOST_BYTES:
            raise refused("les fichiers sont trop volumineux", "the files are too large")
        for name, upload in list(self._uploads.items()):
            if upload.owner is session or upload.owner.ended:
                del self._uploads[name]
        if len(self._uploads) >= _MOST_UPLOADS:
            raise Conflict("D'autres transferts sont en cours.", "Other transfers are running.")
        name = f"t-{secrets.token_hex(4)}"
        self._uploads[name] = Upload(session, wish, [bytearray() for _ in wish.files])
        return name

    def add(self, session: Session, chunk: TransferChunk) -> None:
        """
        Raises:
            NotFound: This session has no such transfer, or the transfer no such file.
            Conflict: The piece is not the next one of its file, or is too much.
        """
        upload = self.get(session, chunk.transfer)
        if not 0 <= chunk.file < len(upload.received):
            raise NotFound(what=f"file {chunk.file}")
        file, announced = upload.received[chunk.file], upload.wish.files[chunk.file]
        if chunk.offset != len(file) or len(file) + len(chunk.data) > announced.size:
            raise Conflict(
                "Ce morceau n'est pas celui attendu (position {expected}).",
                "This piece is not the one expected (offset {expected}).",
                expected=len(file),
            )
        file += chunk.data

    def get(self, session: Session, name: str) -> Upload:
        """
        Raises:
            NotFound: This session has no such transfer.
        """
        upload = self._uploads.get(name)
        if upload is None or upload.owner is not session:
            raise NotFound(what=f"transfer {name}")
        return upload

    def forget(self, session: Session, name: str) -> None:
        """
        Raises:
            NotFound: This session has no such transfer.
        """
        self.get(session, name)
        del self._uploads[name]

    def forget_all_of(self, session: Session) -> None:
        """Free what a session that ends had sent."""
        for name, upload in list(self._uploads.items()):
            if upload.owner is session:
                del self._uploads[name]
