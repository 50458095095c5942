"""
What a package says of itself, in its first member, ``manifest.json``.

JSON for everybody; for this program moreover one line a file, so that a long list is read piece
by piece, without a moment in which nobody else gets a turn, and a hostile one costs little.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import attrs

from pronote_server.storage.base_header import BaseHeader
from pronote_server.storage.errors import BaseFileRefused

__all__ = [
    "BASE_MEMBER",
    "FORMAT",
    "MOST_FILES",
    "VERSION",
    "Manifest",
    "PackageKind",
    "PackageRefused",
    "PackagedFile",
    "damaged",
    "document_member",
    "manifest_bytes",
    "read_manifest_bytes",
    "sha256_of_document",
]

FORMAT: Final = "pronote-emulator"
# Grows when a program of before could not read the packages any more.
VERSION: Final = 1
BASE_MEMBER: Final = "base.not"

MOST_FILES: Final = 100_000
_LONGEST_LINE: Final = 4_096
_MOST_COUNTERS: Final = 64
_LARGEST: Final = 2**53
_COUNTER: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
# Whatever is in a package becomes at most a file two folders deep, with a name of ours.
_DOCUMENTS: Final = r"documents/[0-9a-f]{2}/[0-9a-f]{62}"
_RECORDS: Final = r"[a-z][a-z0-9-]{0,39}\.json"


class PackageRefused(BaseFileRefused):
    """This package is not used, and nothing was changed; the sentences say why."""


class PackageKind(enum.Enum):
    """What is in a package; the value is written in its manifest."""

    BACKUP = "backup"
    ARCHIVE = "archive"
    HOSTING_BASE = "hosting-base"
    LETTERS = "letters"
    DOCUMENTS = "documents"
    PHOTOS = "photos"
    USERS = "users"
    NEXT_YEAR = "next-year"

    @property
    def extension(self) -> str:
        """How the names of such files end."""
        return _EXTENSIONS[self]

    def may_hold(self, name: str) -> bool:
        """Tell whether a member of that name belongs in such a package."""
        return _MEMBERS[self].fullmatch(name) is not None


_EXTENSIONS: Final[Mapping[PackageKind, str]] = {
    PackageKind.BACKUP: ".sauvs",
    PackageKind.ARCHIVE: ".archs",
    PackageKind.HOSTING_BASE: ".HNOT",
    PackageKind.LETTERS: ".HCOURRIERS",
    PackageKind.DOCUMENTS: ".HDOCJOINTS",
    PackageKind.PHOTOS: ".HPHOTOS",
    PackageKind.USERS: ".profils",
    PackageKind.NEXT_YEAR: "_PreparerLAnneeSuivante.zip",
}
_BASE: Final = re.escape(BASE_MEMBER)
_MEMBERS: Final[Mapping[PackageKind, re.Pattern[str]]] = {
    PackageKind.BACKUP: re.compile(_BASE),
    PackageKind.ARCHIVE: re.compile(f"{_BASE}|{_DOCUMENTS}"),
    PackageKind.HOSTING_BASE: re.compile(_BASE),
    PackageKind.LETTERS: re.compile(f"{_RECORDS}|{_DOCUMENTS}"),
    PackageKind.DOCUMENTS: re.compile(f"{_RECORDS}|{_DOCUMENTS}"),
    PackageKind.PHOTOS: re.compile(f"{_RECORDS}|{_DOCUMENTS}"),
    PackageKind.USERS: re.compile(_RECORDS),
    PackageKind.NEXT_YEAR: re.compile(f"{_BASE}|{_RECORDS}|{_DOCUMENTS}"),
}


@attrs.frozen
class PackagedFile:
    """A member; ``size`` in bytes, before it was packed."""

    name: str
    size: int
    sha256: str


@attrs.frozen(kw_only=True)
class Manifest:
    """
    Attributes:
        rne: Of the school it comes from; None when the base does not say.
        base, school_year, base_format, revision, created_at, last_entry_at: Of the base.
        made_at: School time.
        counters: The seventeen of fiche 9, and whatever else was counted.
        files: The other members, in their order.
    """

    kind: PackageKind
    rne: str | None
    base: str
    school_year: int
    base_format: int
    revision: int
    made_at: datetime
    created_at: datetime | None = None
    last_entry_at: datetime | None = None
    counters: Mapping[str, int] = attrs.field(factory=dict)
    files: tuple[PackagedFile, ...] = ()
    version: int = VERSION

    @classmethod
    def of_base(
        cls,
        kind: PackageKind,
        header: BaseHeader,
        *,
        rne: str,
        made_at: datetime,
        counters: Mapping[str, int],
    ) -> Manifest:
        """Return the manifest of a package that is made of the base with that header."""
        return cls(
            kind=kind,
            rne=rne,
            base=header.name,
            school_year=header.school_year,
            base_format=header.format_version,
            revision=header.revision,
            made_at=made_at,
            created_at=header.created_at,
            last_entry_at=header.last_entry_at,
            counters=counters,
        )

    def size_of(self, name: str) -> int | None:
        """Return the size of that member; None when there is none."""
        return next((file.size for file in self.files if file.name == name), None)


def document_member(sha256: str) -> str:
    """Return what a document is called in a package."""
    return f"documents/{sha256[:2]}/{sha256[2:]}"


def sha256_of_document(member: str) -> str | None:
    """Return which document a member is; None when it is none."""
    folder, *rest = member.split("/")
    return "".join(rest) if folder == "documents" else None


def manifest_bytes(manifest: Manifest) -> bytes:
    """Return ``manifest.json``."""
    head = {
        "format": FORMAT,
        "kind": manifest.kind.value,
        "version": manifest.version,
        "rne": manifest.rne,
        "base": manifest.base,
        "school_year": manifest.school_year,
        "base_format": manifest.base_format,
        "revision": manifest.revision,
        "made_at": _instant_text(manifest.made_at),
        "created_at": _instant_text(manifest.created_at),
        "last_entry_at": _instant_text(manifest.last_entry_at),
        "counters": dict(manifest.counters),
    }
    text = json.dumps(head, ensure_ascii=False)
    lines = [f'{text[:-1]}, "files": [']
    last = len(manifest.files) - 1
    for rank, file in enumerate(manifest.files):
        entry = json.dumps(attrs.asdict(file), ensure_ascii=False)
        lines.append(entry if rank == last else f"{entry},")
    lines.append("]}\n")
    return "\n".join(lines).encode()


def read_manifest_bytes(data: bytes) -> Manifest:
    """
    Raises:
        PackageRefused: It is no manifest of ours, of a later version, or contradicts itself.
    """
    try:
        return _manifest(data)
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        raise damaged() from None


def damaged() -> PackageRefused:
    """Return the refusal of what is not as it was written."""
    return PackageRefused(
        "Ce fichier est endommagé ou incomplet.", "This file is damaged or incomplete."
    )


def _manifest(data: bytes) -> Manifest:
    head_line, _, rest = data.partition(b"\n")
    if not head_line.endswith(b"[") or len(head_line) > _LONGEST_LINE * 2:
        raise ValueError
    head = _object(head_line + b"]}")
    if head.pop("format") != FORMAT:
        raise PackageRefused(
            "Ce fichier n'a pas été fait par ce programme.",
            "This file was not made by this program.",
        )
    version = _count(head.pop("version"))
    if version > VERSION:
        raise PackageRefused(
            "Ce fichier provient d'une version plus récente du programme.",
            "This file comes from a later version of the program.",
        )
    head.pop("files")
    kind = PackageKind(head.pop("kind"))
    manifest = Manifest(
        kind=kind,
        version=version,
        rne=None if head["rne"] is None else _word(head["rne"], 16),
        base=_word(head["base"], 200),
        school_year=_count(head["school_year"]),
        base_format=_count(head["base_format"]),
        revision=_count(head["revision"]),
        made_at=_instant(head["made_at"]),
        created_at=_optional_instant(head["created_at"]),
        last_entry_at=_optional_instant(head["last_entry_at"]),
        counters=_counters(head["counters"]),
        files=tuple(_files(kind, rest)),
    )
    if manifest_bytes(manifest) != data:  # something besides, or written in another way
        raise ValueError
    return manifest


def _files(kind: PackageKind, rest: bytes) -> Iterator[PackagedFile]:
    seen: set[str] = set()
    start = 0
    while True:
        end = rest.find(b"\n", start, start + _LONGEST_LINE)
        if end < 0:
            raise ValueError
        line = rest[start:end]
        start = end + 1
        if line == b"]}":
            break
        entry = _object(line.removesuffix(b","))
        file = PackagedFile(
            _word(entry["name"], 200), _count(entry["size"]), _word(entry["sha256"], 64)
        )
        if not _SHA256.fullmatch(file.sha256) or file.name in seen:
            raise ValueError
        if sha256_of_document(file.name) not in (None, file.sha256):
            raise ValueError
        if not kind.may_hold(file.name):
            raise PackageRefused(
                "Ce fichier contient autre chose que ce qu'il devrait.",
                "This file holds something that does not belong in it.",
            )
        if len(seen) == MOST_FILES:
            raise ValueError
        seen.add(file.name)
        yield file
    if start != len(rest):
        raise ValueError


def _object(line: bytes) -> dict[str, Any]:
    if line.count(b"{") + line.count(b"[") > 4:  # nothing of ours is deeper
        raise ValueError
    found = json.loads(line)
    if not isinstance(found, dict):
        raise ValueError
    return found


def _counters(value: Any) -> dict[str, int]:
    if not isinstance(value, dict) or len(value) > _MOST_COUNTERS:
        raise ValueError
    if not all(_COUNTER.fullmatch(name) for name in value):
        raise ValueError
    return {name: _count(count) for name, count in value.items()}


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise ValueError
    return value


def _word(value: Any, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise ValueError
    return value


def _instant(value: Any) -> datetime:
    if not isinstance(value, str) or not value.endswith("Z"):
        raise ValueError
    return datetime.fromisoformat(value[:-1] + "+00:00")


def _optional_instant(value: Any) -> datetime | None:
    return None if value is None else _instant(value)


def _instant_text(instant: datetime | None) -> str | None:
    if instant is None:
        return None
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
