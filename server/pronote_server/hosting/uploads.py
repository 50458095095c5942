"""Files that clients send in pieces, kept in memory for the session that sends them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Generic, TypeVar

import attrs

from pronote_protocol.errors import Conflict, NotFound, TransferRefused
from pronote_server.domain.sessions import Session

__all__ = ["SILENT_SECONDS", "Upload", "UploadBounds", "Uploads", "refused"]

W = TypeVar("W")

# An upload of which nothing came for so long makes room for another, when room is needed.
SILENT_SECONDS = 60.0


def refused(fr: str, en: str) -> TransferRefused:
    """Return the refusal of a transfer, saying why and that nothing happened."""
    return TransferRefused(
        f"Transfert refusé : {fr}. La base n'a pas été modifiée.",
        f"Transfer refused: {en}. The base was not changed.",
        problem=fr,
    )


@attrs.frozen(kw_only=True)
class UploadBounds:
    """
    What one school may be sent at the same time.

    Attributes:
        most_files: Of one upload.
        most_bytes: Of one upload, all its files together.
        most_uploads: Of all sessions; one more does not wait, it is refused.
    """

    most_files: int = 1
    most_bytes: int
    most_uploads: int


@attrs.define(eq=False)
class Upload(Generic[W]):
    """
    The files of one upload, as far as they have come.

    Attributes:
        wish: What they are for.
        sizes: Announced, in bytes.
        heard_at: Transport time of its last piece.
    """

    owner: Session
    wish: W
    sizes: tuple[int, ...]
    heard_at: float
    received: list[bytearray] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.received = [bytearray() for _ in self.sizes]

    def incomplete(self) -> int | None:
        """Return the number of a file of which something is missing."""
        for number, (file, size) in enumerate(zip(self.received, self.sizes, strict=True)):
            if len(file) != size:
                return number
        return None


@attrs.define(eq=False)
class Uploads(Generic[W]):
    """The uploads of one kind that one school is being sent; bounded in number and size."""

    bounds: UploadBounds
    _uploads: dict[str, Upload[W]] = attrs.field(factory=dict, init=False)

    def begin(self, session: Session, wish: W, sizes: Iterable[int], now: float) -> str:
        """
        Return the name of a new upload; what this session had begun is forgotten.

        Args:
            sizes: Of the files, in bytes.
            now: Transport time.

        Raises:
            TransferRefused: Too many files, or too large.
            Conflict: Others are being sent.
        """
        sizes = tuple(sizes)
        if not 1 <= len(sizes) <= self.bounds.most_files:
            raise refused("trop ou trop peu de fichiers", "too many or too few files")
        if sum(sizes) > self.bounds.most_bytes:
            raise refused("les fichiers sont trop volumineux", "the files are too large")
        for name, upload in list(self._uploads.items()):
            if upload.owner is session or upload.owner.ended:
                del self._uploads[name]
        if len(self._uploads) >= self.bounds.most_uploads:
            self._forget_silent(now)
        if len(self._uploads) >= self.bounds.most_uploads:
            raise Conflict(
                "D'autres transferts sont en cours.",
                "Other transfers are running.",
                retry_after=5.0,
            )
        name = f"t-{secrets.token_hex(4)}"
        self._uploads[name] = Upload(session, wish, sizes, now)
        return name

    def add(
        self, session: Session, name: str, number: int, offset: int, data: bytes, now: float
    ) -> None:
        """
        Add a piece to file *number*.

        Raises:
            NotFound: This session has no such upload, or the upload no such file.
            Conflict: The piece is not the next one of its file, or is too much.
        """
        upload = self.get(session, name)
        if not 0 <= number < len(upload.received):
            raise NotFound(what=f"file {number}")
        file, size = upload.received[number], upload.sizes[number]
        if offset != len(file) or len(file) + len(data) > size:
            raise Conflict(
                "Ce morceau n'est pas celui attendu (position {expected}).",
                "This piece is not the one expected (offset {expected}).",
                expected=len(file),
            )
        file += data
        upload.heard_at = now

    def get(self, session: Session, name: str) -> Upload[W]:
        """
        Raises:
            NotFound: This session has no such upload.
        """
        upload = self._uploads.get(name)
        if upload is None or upload.owner is not session:
            raise NotFound(what=f"transfer {name}")
        return upload

    def forget(self, session: Session, name: str) -> None:
        """
        Raises:
            NotFound: This session has no such upload.
        """
        self.get(session, name)
        del self._uploads[name]

    def forget_all_of(self, session: Session) -> None:
        """Free what a session that ends had sent."""
        for name, upload in list(self._uploads.items()):
            if upload.owner is session:
                del self._uploads[name]

    def _forget_silent(self, now: float) -> None:
        for name, upload in list(self._uploads.items()):
            if now - upload.heard_at > SILENT_SECONDS:
                del self._uploads[name]
