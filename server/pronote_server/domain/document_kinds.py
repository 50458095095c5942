"""
What a document is, from its bytes: a short list of kinds, and nothing else is taken.

The name a client gives proves nothing. A file is what its content says from its first byte on;
a zip (ODT, DOCX) is also unpacked once, within bounds, because those who download it will.
The bounds are those of the project's security baseline: members stored or deflated only, at
most 1000, no more than 100 times their size, no link, no way out of the folder they go to.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pronote_protocol.errors import DocumentRefused

__all__ = ["IMAGES", "KINDS", "check_name", "media_type_of"]

PDF: Final = "application/pdf"
PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
TEXT: Final = "text/plain"
ODT: Final = "application/vnd.oasis.opendocument.text"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

# What the name of a file of that kind may end in.
KINDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        PDF: ("pdf",),
        PNG: ("png",),
        JPEG: ("jpg", "jpeg"),
        TEXT: ("txt", "md", "csv"),
        ODT: ("odt",),
        DOCX: ("docx",),
    }
)
IMAGES: Final = frozenset({PNG, JPEG})

_MOST_MEMBERS: Final = 1000
_MOST_RATIO: Final = 100
# Unpacked; a text with many pictures stays far below, and unpacking it takes under a second.
_MOST_UNPACKED: Final = 64 * 1024 * 1024
# Python reads the whole list of members before anybody can count them.
_MOST_LIST_BYTES: Final = 512 * 1024
_LONGEST_MEMBER_NAME: Final = 255
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED: Final = 0x1
_STEP: Final = 64 * 1024

# A small file can say that it is a picture of gigabytes.
_LARGEST_SIDE: Final = 20_000
_MOST_PIXELS: Final = 100_000_000

_END_OF_LIST: Final = struct.Struct("<4s4H2LH")


def check_name(name: str, media_type: str) -> str:
    """
    Return the name under which a document of that kind is kept.

    Raises:
        DocumentRefused: It has folders, signs nobody sees, or belongs to another kind.
    """
    kept = name.strip()
    if not kept.strip(".") or any(sign in '/\\:*?"<>|' for sign in kept):
        raise _refused("le nom du fichier est impossible", "the file name is impossible")
    if not kept.isprintable():
        raise _refused(
            "le nom du fichier a des caractères invisibles",
            "the file name has invisible characters",
        )
    ending = kept.rpartition(".")[2].casefold() if "." in kept else ""
    if ending not in KINDS[media_type]:
        raise _refused(
            "le nom du fichier ne correspond pas à son contenu",
            "the file name does not agree with its content",
        )
    return kept


def media_type_of(content: bytes) -> str:
    """
    Return what *content* is, one of `KINDS`.

    Takes up to a second for a large zip: call it in a thread.

    Raises:
        DocumentRefused: It is something else, damaged, or made to harm who opens it.
    """
    if content.startswith(b"%PDF-"):
        if b"%%EOF" not in content[-1024:]:
            raise _damaged()
        return PDF
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        _check_png(content)
        return PNG
    if content.startswith(b"\xff\xd8\xff"):
        _check_jpeg(content)
        return JPEG
    if content.startswith(b"PK\x03\x04"):
        return _kind_of_zip(content)
    if _is_text(content):
        return TEXT
    raise _refused(
        "seuls les fichiers PDF, PNG, JPEG, texte, ODT et DOCX sont acceptés",
        "only PDF, PNG, JPEG, text, ODT and DOCX files are taken",
    )


def _refused(fr: str, en: str) -> DocumentRefused:
    return DocumentRefused(f"Document refusé : {fr}.", f"Document refused: {en}.", problem=fr)


def _damaged() -> DocumentRefused:
    return _refused("le fichier est endommagé", "the file is damaged")


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(sign >= " " or sign in "\t\n\r\f" for sign in set(text)) and "\x7f" not in text


# Pictures


def _check_png(content: bytes) -> None:
    if len(content) < 33 or content[12:16] != b"IHDR" or b"IEND" not in content[-12:]:
        raise _damaged()
    width, height = struct.unpack(">II", content[16:24])
    _check_picture(width, height)


def _check_jpeg(content: bytes) -> None:
    """Go from segment to segment up to the one that says how large the picture is."""
    at = 2
    while at + 9 <= len(content):
        if content[at] != 0xFF:
            break
        marker = content[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker in (0xD8, 0xD9, 0xDA):
            break
        # Start of frame, in any of the ways to code one.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            _check_picture(width, height)
            return
        (length,) = struct.unpack(">H", content[at + 2 : at + 4])
        if length < 2:
            break
        at += 2 + length
    raise _damaged()


def _check_picture(width: int, height: int) -> None:
    if not width or not height:
        raise _damaged()
    if max(width, height) > _LARGEST_SIDE or width * height > _MOST_PIXELS:
        raise _refused("l'image est trop grande", "the picture is too large")


# Zips


def _kind_of_zip(content: bytes) -> str:
    _check_end(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _check_members(members, len(content))
            _unpack(archive, members)
            return _kind_of(archive, members)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
        struct.error,
    ) as exc:
        raise _damaged() from exc


def _check_end(content: bytes) -> None:
    """
    Look at the record at the very end, before anything is unpacked or even listed.

    No office program writes a comment after it, and none needs a zip of more than 4 GiB.
    """
    end = content[-_END_OF_LIST.size :]
    if len(end) < _END_OF_LIST.size or not end.startswith(b"PK\x05\x06"):
        raise _damaged()
    _, disk, first_disk, here, members, list_bytes, list_at, comment = _END_OF_LIST.unpack(end)
    if disk or first_disk or comment or here != members:
        raise _damaged()
    if list_at + list_bytes + _END_OF_LIST.size != len(content):
        raise _damaged()
    if members > _MOST_MEMBERS or list_bytes > _MOST_LIST_BYTES:
        raise _too_much()


def _too_much() -> DocumentRefused:
    return _refused(
        "le fichier compressé contient beaucoup trop", "the compressed file holds far too much"
    )


def _check_members(members: list[zipfile.ZipInfo], size: int) -> None:
    if not 1 <= len(members) <= _MOST_MEMBERS:
        raise _too_much()
    seen: set[str] = set()
    for member in members:
        _check_path(member)
        name = member.filename.casefold()
        if name in seen:
            raise _dangerous()
        seen.add(name)
        if member.compress_type not in _METHODS or member.flag_bits & _ENCRYPTED:
            raise _refused(
                "le fichier compressé l'est d'une façon qui n'est pas acceptée",
                "the compressed file is so in a way that is not taken",
            )
        if member.file_size > max(member.compress_size, 1) * _MOST_RATIO:
            raise _too_much()
    unpacked = sum(member.file_size for member in members)
    if unpacked > _MOST_UNPACKED or unpacked > size * _MOST_RATIO:
        raise _too_much()


def _check_path(member: zipfile.ZipInfo) -> None:
    # What the file says, before Python makes it harmless.
    name = member.orig_filename
    mode = member.external_attr >> 16
    parts = name.rstrip("/").split("/")
    if (
        len(name) > _LONGEST_MEMBER_NAME
        or any(part in ("", ".", "..") for part in parts)
        or any(sign in name for sign in "\\:\0")
        or (stat.S_IFMT(mode) and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode))
    ):
        raise _dangerous()


def _dangerous() -> DocumentRefused:
    return _refused(
        "le fichier compressé contient des chemins dangereux",
        "the compressed file has dangerous paths in it",
    )


def _unpack(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Read every member to its end: no more comes out than it said, and its sum agrees."""
    for member in members:
        with archive.open(member) as file:
            came = 0
            while piece := file.read(_STEP):
                came += len(piece)
            if came != member.file_size:
                raise _damaged()


def _kind_of(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> str:
    names = {member.filename for member in members}
    first = members[0]
    if first.filename == "mimetype" and first.file_size <= 100:
        if archive.read(first) == ODT.encode() and "content.xml" in names:
            return ODT
    elif "[Content_Types].xml" in names and "word/document.xml" in names:
        if any(name.casefold().endswith("vbaproject.bin") for name in names):
            raise _refused("le document contient des macros", "the document has macros")
        return DOCX
    raise _refused(
        "ce fichier compressé n'est ni ODT ni DOCX",
        "this compressed file is neither ODT nor DOCX",
    )
