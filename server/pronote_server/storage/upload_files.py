"""
Large files that are being sent, kept on the disk until they are whole.

``uploads/u-1a2b3c4d.json`` says what comes, ``u-1a2b3c4d.part`` is what came. Whoever was cut
goes on where the file ends, in another session, and after the server was started again. What
came is believed only once all of it has the hash that was told.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs

from pronote_protocol.errors import BaseRefused, Conflict, NoSpace, NotFound
from pronote_protocol.words import UploadPurpose
from pronote_server.storage.package_streams import Progress
from pronote_server.storage.whole_files import (
    REAL_DISK,
    Disk,
    saying_what_the_disk_said,
    write_whole,
)

__all__ = ["LARGEST_UPLOAD", "UploadFile", "UploadFolder"]

LARGEST_UPLOAD: Final = 8 * 1024**3
_MOST_UPLOADS: Final = 4
# One of which nothing came for so long makes room for another.
_SILENT: Final = timedelta(days=7)
# What is left free for everybody else on the disk.
_KEPT_FREE: Final = 64 * 1024**2
_NAME: Final = re.compile(r"u-[0-9a-f]{8}")
_PIECE: Final = 1024 * 1024


@attrs.frozen(kw_only=True)
class UploadFile:
    """
    A file as far as it has come.

    Attributes:
        name: What the sender calls it; never that of a file here.
        size, sha256: Announced.
        received: In bytes.
    """

    id: str
    purpose: UploadPurpose
    name: str
    size: int
    sha256: str
    by: str
    begun_at: datetime
    received: int


@attrs.define(eq=False)
class UploadFolder:
    """The uploads of one school. Every method blocks; threads may call it at a time."""

    folder: Path
    disk: Disk = attrs.field(default=REAL_DISK, kw_only=True)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def begin(
        self,
        *,
        purpose: UploadPurpose,
        name: str,
        size: int,
        sha256: str,
        by: str,
        now: datetime,
    ) -> UploadFile:
        """
        Return a new upload, or the one of the same file that was begun before.

        Raises:
            BaseRefused: It is larger than anything that is taken.
            NoSpace: The disk has no room for it and for what is made of it.
            Conflict: Others are being sent.
            StorageFailed: The disk said no.
        """
        if size > LARGEST_UPLOAD:
            raise BaseRefused(
                problem=f"il dépasse {LARGEST_UPLOAD // 1024**3} Gio ({size} octets)."
            )
        with self._lock, saying_what_the_disk_said():
            self.disk.make_folder(self.folder)
            there = self._uploads()
            for each in there:
                if (each.purpose, each.size, each.sha256) == (purpose, size, sha256):
                    return each
            for each in there[: max(0, len(there) - _MOST_UPLOADS + 1)]:
                if now - self._touched(each.id) > _SILENT:
                    self._remove(each.id)
            if len(self._uploads()) >= _MOST_UPLOADS:
                raise Conflict(
                    "D'autres fichiers sont en cours d'envoi : terminez ou abandonnez-les.",
                    "Other files are being sent: finish or give them up.",
                )
            # What is unpacked of it comes beside it.
            if shutil.disk_usage(self.folder).free < 2 * size + _KEPT_FREE:
                raise NoSpace()
            upload = UploadFile(
                id=f"u-{secrets.token_hex(4)}",
                purpose=purpose,
                name=name,
                size=size,
                sha256=sha256,
                by=by,
                begun_at=now,
                received=0,
            )
            self._part(upload.id).touch(mode=0o600)
            write_whole(self._note(upload.id), _noted(upload), disk=self.disk)
            return upload

    def add(self, ident: str, offset: int, data: bytes) -> int:
        """
        Add the bytes at *offset* and return how many there are now.

        Bytes that came before are passed over: whoever was cut may not know that they came.

        Raises:
            NotFound: There is no such upload.
            Conflict: There is a gap before them, or they are too many.
            StorageFailed: The disk said no; nothing of them is kept.
        """
        with self._lock, saying_what_the_disk_said():
            upload = self._get(ident)
            end = offset + len(data)
            if offset > upload.received or end > upload.size:
                raise Conflict(
                    "Ce morceau n'est pas celui attendu (position {expected}).",
                    "This piece is not the one expected (offset {expected}).",
                    expected=upload.received,
                )
            new = data[upload.received - offset :]
            if not new:
                return upload.received
            with self._part(ident).open("r+b") as file:
                file.seek(upload.received)
                try:
                    file.write(new)
                    file.flush()
                except OSError:
                    os.ftruncate(file.fileno(), upload.received)
                    raise
            return upload.received + len(new)

    def whole(self, ident: str, progress: Progress | None = None) -> tuple[UploadFile, Path]:
        """
        Return the upload and its file, once all of it is there and is what was announced.

        Raises:
            NotFound: There is no such upload.
            Conflict: Something is missing.
            BaseRefused: It is not what was announced; it is forgotten.
            StorageFailed: The disk said no.
        """
        with saying_what_the_disk_said():
            upload = self.get(ident)
            if upload.received != upload.size:
                raise Conflict(
                    "Le fichier n'est pas entier ({received} octets sur {size}).",
                    "The file is not whole ({received} bytes of {size}).",
                    received=upload.received,
                    size=upload.size,
                )
            path = self._part(ident)
            self.disk.sync_file(path)
            if _sha256_of(path, progress) != upload.sha256:
                self.forget(ident)
                raise BaseRefused(
                    problem="il est arrivé autrement qu'annoncé (SHA-256) ; renvoyez-le."
                )
            return upload, path

    def get(self, ident: str) -> UploadFile:
        """
        Raises:
            NotFound: There is no such upload.
        """
        with self._lock, saying_what_the_disk_said():
            return self._get(ident)

    def uploads(self) -> list[UploadFile]:
        """Return what is being sent, the oldest first."""
        with self._lock, saying_what_the_disk_said():
            return self._uploads()

    def forget(self, ident: str) -> None:
        """
        Raises:
            NotFound: There is no such upload.
        """
        with self._lock, saying_what_the_disk_said():
            self._get(ident)
            self._remove(ident)

    def _get(self, ident: str) -> UploadFile:
        if _NAME.fullmatch(ident) is None or not self._note(ident).exists():
            raise NotFound(what=f"upload {ident[:40]}")
        said: dict[str, Any] = json.loads(self._note(ident).read_text(encoding="utf-8"))
        return UploadFile(
            id=ident,
            purpose=UploadPurpose(said["purpose"]),
            name=said["name"],
            size=said["size"],
            sha256=said["sha256"],
            by=said["by"],
            begun_at=datetime.fromisoformat(said["begun_at"]),
            received=self._part(ident).stat().st_size,
        )

    def _uploads(self) -> list[UploadFile]:
        names = [path.stem for path in self.folder.glob("u-*.json")]
        found = [self._get(name) for name in names if self._part(name).exists()]
        return sorted(found, key=lambda each: (each.begun_at, each.id))

    def _touched(self, ident: str) -> datetime:
        said = self._get(ident)
        moved = datetime.fromtimestamp(self._part(ident).stat().st_mtime, said.begun_at.tzinfo)
        return max(moved, said.begun_at)

    def _remove(self, ident: str) -> None:
        self.disk.unlink(self._note(ident))
        self.disk.unlink(self._part(ident))

    def _note(self, ident: str) -> Path:
        return self.folder / f"{ident}.json"

    def _part(self, ident: str) -> Path:
        return self.folder / f"{ident}.part"


def _noted(upload: UploadFile) -> bytes:
    said = attrs.asdict(upload, filter=lambda field, _: field.name not in ("id", "received"))
    said["purpose"] = upload.purpose.value
    said["begun_at"] = upload.begun_at.isoformat()
    return json.dumps(said, ensure_ascii=False).encode()


def _sha256_of(path: Path, progress: Progress | None) -> str:
    digest, done, size = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            done += len(piece)
            if progress is not None:
                progress(done, size)
    return digest.hexdigest()
