"""The transfer of a timetable by EDT (fiche 6, *Transfert assisté*)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path

import attrs
import trio

from pronote_client.errors import PronoteError
from pronote_client.families.family import Family
from pronote_protocol.catalogue import transfer as calls
from pronote_protocol.catalogue.transfer import TransferDone
from pronote_protocol.words import Mode, Space

__all__ = ["Progress", "SourceFile", "Transfer"]


@attrs.frozen
class SourceFile:
    """A file to transfer: the name is only for messages."""

    name: str
    content: bytes = attrs.field(repr=False)


@attrs.frozen
class Progress:
    """
    How far a transfer is.

    Attributes:
        name: The file being sent; empty while the server works on what it received.
        sent_bytes, total_bytes: Over all files.
    """

    name: str
    sent_bytes: int
    total_bytes: int


class Transfer(Family):
    """Replaces the resources and the timetable of the base, all or nothing."""

    async def run(
        self,
        files: Iterable[SourceFile | Path | str],
        *,
        modes: Iterable[Mode] = (Mode.TEACHER,),
        spaces: Iterable[Space] = (),
        progress: Callable[[Progress], object] | None = None,
        commit_seconds: float = 120.0,
    ) -> TransferDone:
        """
        Send *files* and have the base replaced by what they hold.

        Args:
            files: A FET file and its solved timetable, or an STS-WEB pair; paths are read
                in a thread.
            progress: Called now and then, in the loop: it must not block.
            commit_seconds: The server reads and checks everything within this.

        Cancelled or failing before the last step, the server is told to forget what it
        received, and the base is as it was.

        Raises:
            TransferRefused: The files cannot be used.
            NotAllowed: Only EDT, by the supervisor or a superadministrator.
        """
        sources = [await _loaded(file) for file in files]
        total = sum(len(source.content) for source in sources)
        begun = await self._call(
            calls.BEGIN_TRANSFER,
            calls.BeginTransfer(
                files=tuple(
                    calls.FileAnnounced(name=source.name, size=len(source.content))
                    for source in sources
                ),
                modes=tuple(modes),
                spaces=tuple(spaces),
            ),
        )
        reference = calls.TransferRef(transfer=begun.transfer)
        most = min(begun.chunk_bytes, self._client.welcome.limits.chunk_bytes)
        sent = 0
        try:
            for number, source in enumerate(sources):
                for offset in range(0, len(source.content), most):
                    piece = source.content[offset : offset + most]
                    if progress is not None:
                        progress(Progress(source.name, sent, total))
                    await self._call(
                        calls.SEND_CHUNK,
                        calls.TransferChunk(
                            transfer=begun.transfer, file=number, offset=offset, data=piece
                        ),
                    )
                    sent += len(piece)
            if progress is not None:
                progress(Progress("", sent, total))
            return await self._call(calls.COMMIT_TRANSFER, reference, seconds=commit_seconds)
        except BaseException:
            await self._forget(reference)
            raise

    async def _forget(self, reference: calls.TransferRef) -> None:
        """Have the server drop what it received, if it still listens."""
        with trio.move_on_after(self._client.patience.farewell_seconds, shield=True):
            # Already forgotten, committed, or nobody there: what matters is on its way to
            # the caller.
            with contextlib.suppress(PronoteError):
                await self._call(calls.CANCEL_TRANSFER, reference)


async def _loaded(file: SourceFile | Path | str) -> SourceFile:
    if isinstance(file, SourceFile):
        return file
    return SourceFile(Path(file).name, await trio.Path(file).read_bytes())
