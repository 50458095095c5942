"""The files a base travels in: sending them, and fetching what the server generates."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import trio

from pronote_client.families.bases import Works
from pronote_client.families.family import Asks, Family, every_row
from pronote_protocol.catalogue import base_files as calls
from pronote_protocol.catalogue.base_files import FileRow, MissingRow, SendingShown
from pronote_protocol.catalogue.works import WorkShown
from pronote_protocol.errors import Conflict, NotFound
from pronote_protocol.words import UploadPurpose

__all__ = ["BaseFiles"]

_READ_AT_ONCE = 1024 * 1024

Told = Callable[[int, int], object]


class BaseFiles(Family):
    """
    Sending a base, annexes or users (fiche 8), and generating files for another server.

    What is sent is kept by the server when the connection is cut, and when the client ends:
    sending the same file again goes on where it stopped.
    """

    def __init__(self, client: Asks) -> None:
        super().__init__(client)
        self._works = Works(client)

    async def send(
        self,
        path: Path | str,
        purpose: UploadPurpose,
        *,
        told: Told | None = None,
        working: Callable[[WorkShown], object] | None = None,
    ) -> dict[str, Any]:
        """
        Send a file and have it taken in; return the report.

        Args:
            told: Hears how many bytes are there, and of how many.
            working: Hears how far the taking in has come.

        Raises:
            OSError: The file cannot be read here.
            BaseRefused: It is no such file, damaged or foreign; nothing was changed there.
            NoSpace: The server's disk has no room for it.
        """
        upload = await self.upload(path, purpose, told=told)
        return await self.finish(upload.upload, working)

    async def upload(
        self, path: Path | str, purpose: UploadPurpose, *, told: Told | None = None
    ) -> SendingShown:
        """Send a file, or what is missing of it; it is to be finished."""
        path = Path(path)
        size, sha256 = await trio.to_thread.run_sync(_measured, path)
        upload = await self._call(
            calls.BEGIN_SENDING,
            calls.BeginSending(purpose=purpose, name=path.name, size=size, sha256=sha256),
        )
        most = min(upload.chunk_bytes, self._client.welcome.limits.chunk_bytes)
        received = upload.received
        async with await trio.open_file(path, "rb") as file:
            while received < size:
                await file.seek(received)
                piece = await file.read(min(most, size - received))
                if not piece:
                    raise Conflict("Le fichier a changé entre-temps.", "The file changed.")
                taken = await self._call(
                    calls.SEND_PIECE,
                    calls.SendPiece(upload=upload.upload, offset=received, data=piece),
                )
                received = taken.received
                if told is not None:
                    told(received, size)
        return upload

    async def finish(
        self, upload: str, working: Callable[[WorkShown], object] | None = None
    ) -> dict[str, Any]:
        """Have what was sent checked and taken in; return the report."""
        begun = await self._call(calls.FINISH_SENDING, calls.SendingRef(upload=upload))
        return (await self._works.finish(begun.work, working)).report

    async def sendings(self) -> tuple[SendingShown, ...]:
        """Return the files that are being sent."""
        return (await self._call(calls.LIST_SENDINGS)).sendings

    async def cancel(self, upload: str) -> None:
        """Give up sending a file."""
        await self._call(calls.CANCEL_SENDING, calls.SendingRef(upload=upload))

    async def generate(
        self, working: Callable[[WorkShown], object] | None = None
    ) -> dict[str, Any]:
        """Have the files of the base generated; return the report."""
        begun = await self._call(calls.GENERATE_FILES)
        return (await self._works.finish(begun.work, working)).report

    async def generate_users(self) -> str:
        """Have the file of the users generated; return its name."""
        return (await self._call(calls.GENERATE_USERS)).file

    async def list(self) -> tuple[FileRow, ...]:
        """Return the generated files."""
        return (await self._call(calls.LIST_FILES)).files

    async def download(
        self, name: str, folder: Path | str, *, told: Told | None = None
    ) -> Path:
        """
        Fetch a generated file into *folder*, and return where it is.

        What was fetched before a cut (``NAME.part``) is gone on with.

        Raises:
            NotFound: There is none of that name.
            Conflict: What came is not what the server has: fetch it again.
            OSError: It cannot be written here.
        """
        row = next((each for each in await self.list() if each.name == name), None)
        if row is None or Path(name).name != name:
            raise NotFound(what=name)
        path, part = Path(folder) / name, Path(folder) / f"{name}.part"
        # Marks, names, proofs of passwords: for this user only.
        async with await trio.open_file(part, "ab", opener=_for_its_owner) as file:
            received = await file.tell()
            while received < row.size:
                piece = await self._call(
                    calls.READ_FILE, calls.ReadFile(name=name, offset=received)
                )
                if not piece.data:
                    break
                await file.write(piece.data)
                received += len(piece.data)
                if told is not None:
                    told(received, row.size)
        measured = await trio.to_thread.run_sync(_measured, part)
        if measured != (row.size, row.sha256):
            await trio.to_thread.run_sync(part.unlink)
            raise Conflict(
                "Le fichier reçu n'est pas celui du serveur ; recommencez.",
                "What came is not the server's file; fetch it again.",
            )
        await trio.to_thread.run_sync(partial(part.replace, path))
        return path

    async def delete(self) -> int:
        """Delete the generated files; return how many there were."""
        return (await self._call(calls.DELETE_FILES)).files

    async def missing(self) -> tuple[MissingRow, ...]:
        """Return the documents and photos of the base that the server does not have."""
        return await every_row(
            lambda offset: self._call(calls.LIST_MISSING, calls.ListMissing(offset=offset))
        )


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _measured(path: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_READ_AT_ONCE):
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()
