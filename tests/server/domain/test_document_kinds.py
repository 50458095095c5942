"""What a document is, from its bytes."""

from __future__ import annotations

import contextlib
import io
import stat
import struct
import zipfile
import zlib
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronote_protocol.errors import DocumentRefused
from pronote_server.domain.document_kinds import (
    DOCX,
    JPEG,
    KINDS,
    ODT,
    PDF,
    PNG,
    TEXT,
    check_name,
    media_type_of,
)

PDF_FILE: Final = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    return (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    )


def png(width: int = 1, height: int = 1) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )


def jpeg(width: int = 1, height: int = 1, frame: int = 0xC0) -> bytes:
    return (
        b"\xff\xd8\xff\xe0\x00\x04JF"
        + bytes([0xFF, frame])
        + struct.pack(">HBHHB", 11, 8, height, width, 1)
        + b"\x01\x11\x00"
        + b"\xff\xda\x00\x02data\xff\xd9"
    )


def zipped(
    members: list[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


ODT_MEMBERS: Final[list[tuple[str | zipfile.ZipInfo, bytes]]] = [
    ("mimetype", ODT.encode()),
    ("content.xml", b"<office:document-content/>"),
]
DOCX_MEMBERS: Final[list[tuple[str | zipfile.ZipInfo, bytes]]] = [
    ("[Content_Types].xml", b"<Types/>"),
    ("word/", b""),
    ("word/document.xml", b"<w:document/>"),
]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF_FILE, PDF),
        (png(), PNG),
        (jpeg(), JPEG),
        (jpeg(frame=0xC2), JPEG),
        ("Leçon n° 1\r\n\tà lire".encode(), TEXT),
        ("\ufeffavec marque".encode(), TEXT),
        (zipped(ODT_MEMBERS), ODT),
        (zipped(ODT_MEMBERS, zipfile.ZIP_STORED), ODT),
        (zipped(DOCX_MEMBERS), DOCX),
    ],
)
def test_it_is_what_its_bytes_say(content: bytes, kind: str) -> None:
    assert media_type_of(content) == kind


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00\x03",
        b"\x7fELF\x02",
        b"GIF89a\x01\x00",
        b"<svg>\x00</svg>",
        "é".encode("latin-1"),
        b"\x1b]0;title\x07",
        PDF_FILE[:-8],
        png()[:-8],
        b"\x89PNG\r\n\x1a\n",
        png(0, 1),
        jpeg()[:8],
        b"\xff\xd8\xff\xe0\x00\x00" + b"\0" * 100,
        zipped([("a.txt", b"x")]),
        zipped([("mimetype", b"application/zip"), ("content.xml", b"x")]),
        zipped([("mimetype", ODT.encode())]),
    ],
)
def test_what_is_of_no_kind_or_damaged_is_refused(content: bytes) -> None:
    with pytest.raises(DocumentRefused):
        media_type_of(content)


def test_a_picture_that_unfolds_to_gigabytes_is_refused() -> None:
    for picture in (png(60_000, 60_000), png(20_000, 20_000), jpeg(65_000, 10)):
        with pytest.raises(DocumentRefused, match="too large"):
            media_type_of(picture)


# Zips made to harm


def test_a_bomb_is_refused_by_its_ratio() -> None:
    bomb = zipped([*ODT_MEMBERS, ("Pictures/a", b"\0" * 2_000_000)])

    assert len(bomb) < 5_000
    with pytest.raises(DocumentRefused, match="too much"):
        media_type_of(bomb)


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    bomb = bytearray(zipped([*ODT_MEMBERS, ("Pictures/a", b"\0" * 50_000)]))
    lie = struct.pack("<L", 90)
    truth = struct.pack("<L", 50_000)
    while (at := bomb.find(truth)) >= 0:
        bomb[at : at + 4] = lie

    with pytest.raises(DocumentRefused, match="damaged"):
        media_type_of(bytes(bomb))


def test_too_many_members_are_refused_before_they_are_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crowd = zipped([*ODT_MEMBERS, *((f"{n}", b"") for n in range(1000))], zipfile.ZIP_STORED)

    def listed(*_: object) -> None:
        raise AssertionError("listed")

    monkeypatch.setattr(zipfile.ZipFile, "_RealGetContents", listed)
    with pytest.raises(DocumentRefused, match="too much"):
        media_type_of(crowd)


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "a/../../evil",
        "/etc/passwd",
        "C:/evil",
        "a\\..\\evil",
        "a//b",
        "./a",
        "x" * 300,
        "content.XML",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(DocumentRefused, match="dangerous paths"):
        media_type_of(zipped([*ODT_MEMBERS, (name, b"x")]))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_a_member_that_is_no_plain_file_is_refused(kind: int) -> None:
    member = zipfile.ZipInfo("link")
    member.external_attr = (kind | 0o777) << 16

    with pytest.raises(DocumentRefused, match="dangerous paths"):
        media_type_of(zipped([*ODT_MEMBERS, (member, b"/etc/passwd")]))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_to_compress_are_refused(method: int) -> None:
    with pytest.raises(DocumentRefused, match="a way that is not taken"):
        media_type_of(zipped(ODT_MEMBERS, method))


def test_what_is_before_or_behind_a_zip_makes_it_refused() -> None:
    """Two programs could see two files in it."""
    good = zipped(ODT_MEMBERS)
    for bad in (good + b"x", zipped(DOCX_MEMBERS) + good, b"PK\x03\x04" + good, good[:-30]):
        with pytest.raises(DocumentRefused):
            media_type_of(bad)


def test_a_document_with_macros_is_refused() -> None:
    with pytest.raises(DocumentRefused, match="macros"):
        media_type_of(zipped([*DOCX_MEMBERS, ("word/vbaProject.bin", b"x")]))


@given(st.binary(max_size=200), st.integers(0, 400), st.sampled_from(["odt", "png", "jpeg"]))
def test_a_damaged_file_is_refused_or_taken_and_never_a_crash(
    noise: bytes, at: int, which: str
) -> None:
    good = {"odt": zipped(ODT_MEMBERS), "png": png(), "jpeg": jpeg()}[which]
    content = good[:at] + noise + good[at + len(noise) :]

    with contextlib.suppress(DocumentRefused):
        assert media_type_of(content) in KINDS


# Names


@pytest.mark.parametrize(
    ("name", "kind", "kept"),
    [
        (" Leçon 1.PDF ", PDF, "Leçon 1.PDF"),
        ("photo.jpeg", JPEG, "photo.jpeg"),
        ("notes.v2.txt", TEXT, "notes.v2.txt"),
    ],
)
def test_a_name_that_agrees_is_kept(name: str, kind: str, kept: str) -> None:
    assert check_name(name, kind) == kept


@pytest.mark.parametrize(
    "name",
    [
        "a.exe",
        "pdf",
        "a.pdf.exe",
        "../a.pdf",
        "a/b.pdf",
        "a\\b.pdf",
        "C:a.pdf",
        "a\0.pdf",
        "a\u202efdp.pdf",
        "..",
        "  ",
        "a\n.pdf",
    ],
)
def test_a_name_with_tricks_is_refused(name: str) -> None:
    with pytest.raises(DocumentRefused):
        check_name(name, PDF)
