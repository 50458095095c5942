"""Calls on the files a base travels in (fiche 8): sending, generating and fetching them."""

from __future__ import annotations

import datetime
from typing import Any, Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0
from pronote_protocol.catalogue.call import ADMINISTRATION, Call, Page
from pronote_protocol.catalogue.works import WorkShown
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import Right, UploadPurpose

# In bytes.
LARGEST_PIECE: Final = 512 * 1024

_FILE: Final[Any] = (attrs.validators.min_len(1), attrs.validators.max_len(200))
_PIECE: Final[Any] = (attrs.validators.ge(1), attrs.validators.le(LARGEST_PIECE))
_UPLOAD: Final[Any] = attrs.validators.max_len(40)


@attrs.frozen(kw_only=True)
class BeginSending:
    """
    Attributes:
        name: Of the file, for persons.
        size: In bytes.
        sha256: Of all of it; what was begun with the same goes on.
    """

    purpose: UploadPurpose
    name: str = attrs.field(validator=[*_FILE])
    size: int = attrs.field(validator=FROM_0)
    sha256: str = attrs.field(validator=attrs.validators.max_len(64))


@attrs.frozen(kw_only=True)
class SendingShown:
    """
    A file that is being sent: go on at ``received``.

    It is kept when the session ends, and when the server does.
    """

    upload: str
    purpose: UploadPurpose
    name: str
    size: int
    sha256: str
    received: int
    chunk_bytes: int
    by: str
    begun_at: datetime.datetime


@attrs.frozen(kw_only=True)
class SendingsShown:
    sendings: tuple[SendingShown, ...]


@attrs.frozen(kw_only=True)
class SendPiece:
    """The bytes at ``offset``, at most ``chunk_bytes`` of them; sent in order."""

    upload: str = attrs.field(validator=_UPLOAD)
    offset: int = attrs.field(validator=FROM_0)
    data: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class PieceTaken:
    received: int


@attrs.frozen(kw_only=True)
class SendingRef:
    upload: str = attrs.field(validator=_UPLOAD)


@row
@attrs.frozen
class FileRow:
    """A generated file; ``kind`` is that of its package."""

    name: str
    kind: str
    size: int
    sha256: str
    made_at: datetime.datetime


@attrs.frozen(kw_only=True)
class FilesShown:
    files: tuple[FileRow, ...]


@attrs.frozen(kw_only=True)
class ReadFile:
    """The bytes from ``offset`` on, ``length`` of them at most."""

    name: str = attrs.field(validator=[*_FILE])
    offset: int = attrs.field(default=0, validator=FROM_0)
    length: int = attrs.field(default=LARGEST_PIECE, validator=[*_PIECE])


@attrs.frozen(kw_only=True)
class FilePiece:
    """``data`` is empty at the end; ``size`` is that of the whole file."""

    size: int
    data: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class FilesDeleted:
    files: int


@attrs.frozen(kw_only=True)
class UsersWritten:
    """``file`` is one of ``files.list``."""

    file: str
    accounts: int


@row
@attrs.frozen
class MissingRow:
    """A ``document`` or ``photo`` the base refers to, of which there are no bytes."""

    kind: str
    name: str
    size: int
    sha256: str


@attrs.frozen(kw_only=True)
class ListMissing:
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


BEGIN_SENDING: Final = Call(
    name="sending.begin",
    params=BeginSending,
    result=SendingShown,
    right=Right.MANAGE_BASES,
    modes=ADMINISTRATION,
    summary="Begin, or go on, sending a base, an annex or a users' file (fiche 8).",
)
LIST_SENDINGS: Final = Call(
    name="sending.list",
    params=Nothing,
    result=SendingsShown,
    right=Right.MANAGE_BASES,
    modes=ADMINISTRATION,
    summary="List the files that are being sent.",
)
SEND_PIECE: Final = Call(
    name="sending.piece",
    params=SendPiece,
    result=PieceTaken,
    right=Right.MANAGE_BASES,
    modes=ADMINISTRATION,
    summary="Send the next piece; bytes that came before are passed over.",
)
FINISH_SENDING: Final = Call(
    name="sending.finish",
    params=SendingRef,
    result=WorkShown,
    right=Right.MANAGE_BASES,
    modes=ADMINISTRATION,
    summary="Have what was sent checked and taken in; the report has, of a base, base, name, "
    "school_year, counters; of documents and photos added, already, unknown, missing; of "
    "users added, kept, refused, groups, profiles, lowered, refusals.",
)
CANCEL_SENDING: Final = Call(
    name="sending.cancel",
    params=SendingRef,
    result=Nothing,
    right=Right.MANAGE_BASES,
    modes=ADMINISTRATION,
    summary="Give up sending a file.",
)
GENERATE_FILES: Final = Call(
    name="files.generate",
    params=Nothing,
    result=WorkShown,
    right=Right.MANAGE_BASES,
    modes=ADMINISTRATION,
    summary="Generate the files of the base for another server (*Générer les fichiers*); the "
    "report has folder, base, files, missing_documents.",
)
GENERATE_USERS: Final = Call(
    name="files.generate_users",
    params=Nothing,
    result=UsersWritten,
    right=Right.MANAGE_USERS,
    modes=ADMINISTRATION,
    summary="Generate the file of the users and their rights (`.profils`).",
)
LIST_FILES: Final = Call(
    name="files.list",
    params=Nothing,
    result=FilesShown,
    right=Right.MANAGE_BASES,
    modes=ADMINISTRATION,
    summary="List the generated files, with their hashes.",
)
READ_FILE: Final = Call(
    name="files.read",
    params=ReadFile,
    result=FilePiece,
    right=Right.MANAGE_BASES,
    modes=ADMINISTRATION,
    summary="Read a range of a generated file.",
)
DELETE_FILES: Final = Call(
    name="files.delete",
    params=Nothing,
    result=FilesDeleted,
    right=Right.MANAGE_BASES,
    modes=ADMINISTRATION,
    summary="Delete the generated files.",
)
LIST_MISSING: Final = Call(
    name="annexes.missing",
    params=ListMissing,
    result=Page[MissingRow],
    right=Right.SEE_BASES,
    modes=ADMINISTRATION,
    summary="List the documents and photos of the base that the server does not have.",
)
