"""Calls on documents attached to what is entered, and on the photos of pupils."""

from __future__ import annotations

import datetime
from typing import Any, Final

import attrs

from pronote_protocol.catalogue.bounds import A_PAGE, FROM_0
from pronote_protocol.catalogue.call import Call, Page
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import DocumentOwner, Mode, Right

# In bytes.
LARGEST_DOCUMENT: Final = 10 * 1024 * 1024
LARGEST_PHOTO: Final = 1024 * 1024
LARGEST_PIECE: Final = 512 * 1024

_OFFICE: Final = frozenset({Mode.ADMINISTRATIVE, Mode.SCHOOL_LIFE})
_NAME: Final[Any] = (attrs.validators.min_len(1), attrs.validators.max_len(120))
_PIECE: Final[Any] = (attrs.validators.ge(1), attrs.validators.le(LARGEST_PIECE))


@attrs.frozen(kw_only=True)
class BeginUpload:
    """``size`` in bytes. A session has one upload at a time: what it had begun is forgotten."""

    size: int = attrs.field(
        validator=[attrs.validators.ge(1), attrs.validators.le(LARGEST_DOCUMENT)]
    )


@attrs.frozen(kw_only=True)
class UploadBegun:
    upload: str
    chunk_bytes: int


@attrs.frozen(kw_only=True)
class UploadChunk:
    """The bytes at ``offset``; sent in order."""

    upload: str
    offset: int
    data: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class UploadRef:
    upload: str


@row
@attrs.frozen
class DocumentRow:
    """
    A document; ``media_type`` is what it was seen to be, whatever its name says.

    Two documents with the same ``sha256`` are byte for byte the same.
    """

    id: int
    name: str
    media_type: str
    size: int
    sha256: str
    owner_kind: DocumentOwner
    owner_id: int
    added_by: str
    added_at: datetime.datetime
    revision: int


@attrs.frozen(kw_only=True)
class ListDocuments:
    """Of what they are attached to; the oldest first."""

    owner_kind: DocumentOwner
    owner_id: int
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class AttachDocument:
    """
    What was uploaded becomes a document.

    Attributes:
        name: Of the file, without folders. What comes after its last point must agree with
            what the file is: PDF, PNG, JPEG, plain text, ODT or DOCX.
    """

    upload: str
    owner_kind: DocumentOwner
    owner_id: int
    name: str = attrs.field(validator=[*_NAME])


@attrs.frozen(kw_only=True)
class DocumentShown:
    document: DocumentRow


@attrs.frozen(kw_only=True)
class ReadDocument:
    """The bytes from ``offset`` on, ``length`` of them at most."""

    id: int
    offset: int = attrs.field(default=0, validator=FROM_0)
    length: int = attrs.field(default=LARGEST_PIECE, validator=[*_PIECE])


@attrs.frozen(kw_only=True)
class PieceShown:
    """``data`` is empty at the end; ``sha256`` tells whether the pieces are of one file."""

    size: int
    sha256: str
    media_type: str
    data: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class DeleteDocument:
    id: int
    if_revision: int | None = None


@row
@attrs.frozen
class PhotoRow:
    """The photo of a pupil; another ``sha256`` is another photo."""

    pupil_id: int
    pupil: str
    media_type: str
    size: int
    sha256: str
    revision: int


@attrs.frozen(kw_only=True)
class ListPhotos:
    """Of the pupils of a class; nil: of all that may be seen. By name."""

    class_id: int | None = None
    offset: int = attrs.field(default=0, validator=FROM_0)
    limit: int = attrs.field(default=100, validator=[*A_PAGE])


@attrs.frozen(kw_only=True)
class PutPhoto:
    """What was uploaded, JPEG or PNG of at most 1 MiB, becomes the photo of a pupil."""

    upload: str
    pupil_id: int
    if_revision: int | None = None


@attrs.frozen(kw_only=True)
class PhotoShown:
    photo: PhotoRow


@attrs.frozen(kw_only=True)
class ReadPhoto:
    pupil_id: int
    offset: int = attrs.field(default=0, validator=FROM_0)
    length: int = attrs.field(default=LARGEST_PIECE, validator=[*_PIECE])


@attrs.frozen(kw_only=True)
class DeletePhoto:
    pupil_id: int
    if_revision: int | None = None


BEGIN_UPLOAD: Final = Call(
    name="uploads.begin",
    params=BeginUpload,
    result=UploadBegun,
    right=Right.ADD_DOCUMENTS,
    writes=True,
    summary="Announce a file to come.",
)
SEND_CHUNK: Final = Call(
    name="uploads.chunk",
    params=UploadChunk,
    result=Nothing,
    right=Right.ADD_DOCUMENTS,
    writes=True,
    summary="Send a piece of an announced file.",
)
CANCEL_UPLOAD: Final = Call(
    name="uploads.cancel",
    params=UploadRef,
    result=Nothing,
    right=Right.ADD_DOCUMENTS,
    writes=True,
    summary="Forget an upload that was begun.",
)
LIST_DOCUMENTS: Final = Call(
    name="documents.list",
    params=ListDocuments,
    result=Page[DocumentRow],
    right=Right.READ_DOCUMENTS,
    summary="List the documents attached to something.",
)
READ_DOCUMENT: Final = Call(
    name="documents.read",
    params=ReadDocument,
    result=PieceShown,
    right=Right.READ_DOCUMENTS,
    summary="Read a range of a document.",
)
ATTACH_DOCUMENT: Final = Call(
    name="documents.attach",
    params=AttachDocument,
    result=DocumentShown,
    right=Right.ADD_DOCUMENTS,
    writes=True,
    keyed=True,
    summary="Attach what was uploaded.",
)
DELETE_DOCUMENT: Final = Call(
    name="documents.delete",
    params=DeleteDocument,
    result=Nothing,
    right=Right.ADD_DOCUMENTS,
    writes=True,
    keyed=True,
    summary="Delete a document one has added; in mode Administratif, any.",
)
LIST_PHOTOS: Final = Call(
    name="photos.list",
    params=ListPhotos,
    result=Page[PhotoRow],
    right=Right.READ_DOCUMENTS,
    summary="List the photos of pupils.",
)
READ_PHOTO: Final = Call(
    name="photos.read",
    params=ReadPhoto,
    result=PieceShown,
    right=Right.READ_DOCUMENTS,
    summary="Read a range of the photo of a pupil.",
)
PUT_PHOTO: Final = Call(
    name="photos.put",
    params=PutPhoto,
    result=PhotoShown,
    right=Right.ADD_DOCUMENTS,
    modes=_OFFICE,
    writes=True,
    keyed=True,
    summary="Give a pupil the photo that was uploaded.",
)
DELETE_PHOTO: Final = Call(
    name="photos.delete",
    params=DeletePhoto,
    result=Nothing,
    right=Right.ADD_DOCUMENTS,
    modes=_OFFICE,
    writes=True,
    keyed=True,
    summary="Delete the photo of a pupil.",
)
