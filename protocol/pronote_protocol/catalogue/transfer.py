"""The transfer of a timetable by EDT (fiche 6, *Transfert assisté*)."""

from __future__ import annotations

from typing import Final

import attrs

from pronote_protocol.catalogue.call import Call
from pronote_protocol.catalogue.sessions import ADMINISTRATIVE
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Mode, Right, Space


@attrs.frozen(kw_only=True)
class FileAnnounced:
    """A file to come: its name (for messages only) and its size in bytes."""

    name: str = attrs.field(validator=attrs.validators.max_len(120))
    size: int = attrs.field(
        validator=[attrs.validators.ge(1), attrs.validators.le(16 * 1024 * 1024)]
    )


@attrs.frozen(kw_only=True)
class BeginTransfer:
    """
    Attributes:
        files: A FET file and its solved timetable, or the two files of an STS-WEB pair,
            in any order, compressed with gzip or not.
        modes: The modes opened to the teachers and staff that come with the timetable.
        spaces: The Spaces to publish (fiche 6: *dès le transfert*).
    """

    files: tuple[FileAnnounced, ...] = attrs.field(
        validator=[attrs.validators.min_len(1), attrs.validators.max_len(8)]
    )
    modes: tuple[Mode, ...] = (Mode.TEACHER,)
    spaces: tuple[Space, ...] = ()


@attrs.frozen(kw_only=True)
class TransferBegun:
    transfer: str
    chunk_bytes: int


@attrs.frozen(kw_only=True)
class TransferChunk:
    """The bytes of file number ``file`` at ``offset``; sent in order."""

    transfer: str
    file: int
    offset: int
    data: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class TransferRef:
    transfer: str


@attrs.frozen(kw_only=True)
class TransferDone:
    """
    What the base holds now.

    Attributes:
        accounts_created: Accounts made for new teachers and staff; their passwords are
            generated (see ``users.password``).
        warnings: What was removed with what the files do not have any more, and what was
            understood with a doubt, in French.
    """

    format: str
    teachers: int
    subjects: int
    classes: int
    groups: int
    pupils: int
    rooms: int
    staff: int
    lessons: int
    placed_lessons: int
    accounts_created: int
    warnings: tuple[str, ...]
    revision: int


BEGIN_TRANSFER: Final = Call(
    name="transfer.begin",
    params=BeginTransfer,
    result=TransferBegun,
    right=Right.TRANSFER_TIMETABLE,
    modes=ADMINISTRATIVE,
    writes=True,
    summary="Announce the files of a timetable; only from application EDT.",
)
SEND_CHUNK: Final = Call(
    name="transfer.chunk",
    params=TransferChunk,
    result=Nothing,
    right=Right.TRANSFER_TIMETABLE,
    modes=ADMINISTRATIVE,
    writes=True,
    summary="Send a piece of an announced file.",
)
COMMIT_TRANSFER: Final = Call(
    name="transfer.commit",
    params=TransferRef,
    result=TransferDone,
    right=Right.TRANSFER_TIMETABLE,
    modes=ADMINISTRATIVE,
    writes=True,
    summary="Replace the resources and the timetable, in one step, under exclusive use.",
)
CANCEL_TRANSFER: Final = Call(
    name="transfer.cancel",
    params=TransferRef,
    result=Nothing,
    right=Right.TRANSFER_TIMETABLE,
    modes=ADMINISTRATIVE,
    writes=True,
    summary="Forget a transfer that was begun.",
)
