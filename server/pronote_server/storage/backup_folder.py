"""
The folder of a school's backups: which files there are, their names, and which ones go.

``backups.json`` beside them says of each what its proof found, so that the list costs no
reading. It is believed only of the very file it speaks of: one that was put there by somebody,
or changed since, is not proven until it is read again.

Everything here blocks on the disk; one thread at a time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import structlog

from pronote_server.storage.errors import BaseFileRefused, StorageFailed
from pronote_server.storage.manifests import Manifest, PackageKind
from pronote_server.storage.packages import read_manifest
from pronote_server.storage.whole_files import (
    REAL_DISK,
    Disk,
    remove_drafts,
    saying_what_the_disk_said,
    write_whole,
)

__all__ = ["RING", "BackupFile", "BackupFolder", "archive_name", "backup_file"]

log = structlog.get_logger()

# The guide's list has the backups 01 to 12 of a base.
RING: Final = 12
_LIST: Final = "backups.json"
_LONGEST_LIST: Final = 16 * 1024 * 1024
_KINDS: Final = {
    PackageKind.BACKUP.extension: PackageKind.BACKUP,
    PackageKind.ARCHIVE.extension: PackageKind.ARCHIVE,
}
_UNSAFE: Final = re.compile(r"[^\w .()'-]")


@attrs.frozen(kw_only=True)
class BackupFile:
    """
    A backup or an archive.

    Attributes:
        size: In bytes; with *written_ns* it tells whether the file is still the same.
        base, school_year, revision, created_at, last_entry_at: Of the base in it; None when
            the file cannot be read.
        proven_at: When it was last read to its end, and its base checked; None: not proven.
        problem: Why it cannot be opened, as far as that is known.
    """

    name: str
    kind: PackageKind
    size: int
    written_ns: int
    made_at: datetime
    base: str | None = None
    school_year: int | None = None
    revision: int | None = None
    created_at: datetime | None = None
    last_entry_at: datetime | None = None
    counters: Mapping[str, int] = attrs.field(factory=dict)
    proven_at: datetime | None = None
    problem: str | None = None

    def is_of(self, path: Path) -> bool:
        """Whether the file there is the one this speaks of."""
        status = path.stat()
        return (status.st_size, status.st_mtime_ns) == (self.size, self.written_ns)


def archive_name(base: str, school_year: int, at: datetime, *, label: str = "") -> str:
    """Return ``Base_2020_20200701_02h16.archs``; *at* is on the school's clock."""
    words = [_safe(base), str(school_year), f"{at:%Y%m%d_%Hh%M}"]
    if label:
        words.insert(2, label)
    return "_".join(words).replace(" ", "_") + PackageKind.ARCHIVE.extension


@attrs.define(eq=False, kw_only=True)
class BackupFolder:
    """
    Attributes:
        key: With which new files are encrypted, and read.
        archive_days: How long archives are kept, and backups of bases that are not made any
            more.
    """

    folder: Path
    disk: Disk = REAL_DISK
    key: bytes | None = attrs.field(default=None, repr=False)
    archive_days: int = 120

    def prepare(self) -> None:
        """
        Make the folder, and remove what a crash left half written.

        Raises:
            StorageFailed: The disk said no.
        """
        with saying_what_the_disk_said():
            self.disk.make_folder(self.folder)
            self.disk.sync_folder(self.folder.parent)
            remove_drafts(self.folder, disk=self.disk)

    def path_of(self, name: str) -> Path | None:
        """Return the file of that name, if it is one of the list."""
        return next((path for path in self._paths() if path.name == name), None)

    def files(self) -> list[BackupFile]:
        """
        Return every backup and archive, newest first.

        Raises:
            StorageFailed: The disk said no.
        """
        known: dict[str, list[BackupFile]] = {}
        for each in self._read_list():
            known.setdefault(each.name, []).append(each)
        found = []
        with saying_what_the_disk_said():
            for path in self._paths():
                try:
                    same = (one for one in known.get(path.name, ()) if one.is_of(path))
                    found.append(next(same, None) or self._unknown(path))
                except FileNotFoundError:
                    continue  # somebody has just removed it
        return sorted(found, key=lambda each: (each.made_at, each.name), reverse=True)

    def remember(self, one: BackupFile) -> None:
        """
        Put *one* into the list, for the file that will have its name next.

        What the list says of the one that has it now is kept: either may be there after a
        power cut.

        Raises:
            StorageFailed: The disk said no; the list is as it was.
        """
        there = {path.name: path for path in self._paths()}
        kept = [
            each
            for each in self._read_list()
            if each.name in there and each.is_of(there[each.name]) and each != one
        ]
        text = json.dumps(
            {"version": 1, "files": [_plain(each) for each in [*kept, one]]},
            ensure_ascii=False,
            indent=1,
        )
        with saying_what_the_disk_said():
            write_whole(self.folder / _LIST, text.encode(), disk=self.disk)

    def next_in_ring(self, base: str, school_year: int) -> str:
        """Return ``Base 202010.sauvs``: the number behind that of the newest of this base."""
        name = re.compile(
            re.escape(f"{_safe(base)} {school_year}")
            + r"(\d\d)"
            + re.escape(PackageKind.BACKUP.extension)
        )
        numbers = (found[1] for each in self.files() if (found := name.fullmatch(each.name)))
        newest = int(next(numbers, "0"))
        following = newest % RING + 1
        return f"{_safe(base)} {school_year}{following:02}{PackageKind.BACKUP.extension}"

    def free_name(self, name: str) -> str:
        """Return *name*, or one like it that no file has."""
        stem, extension = name.rsplit(".", 1)
        taken = {path.name for path in self._paths()}
        number, free = 2, name
        while free in taken:
            free = f"{stem}_{number}.{extension}"
            number += 1
        return free

    def prune(self, now: datetime, new: BackupFile, keep: Iterable[str] = ()) -> list[str]:
        """
        Remove the archives that are too old, and as old backups of other bases than *new*'s.

        The backups of its own base have their ring. Only after *new* is proven and kept.

        Args:
            keep: Names that stay all the same.

        Returns:
            The names of what is gone.

        Raises:
            StorageFailed: The disk said no; some may be gone, the others stay for next time.
        """
        oldest = now - timedelta(days=self.archive_days)
        kept = {new.name, *keep}
        gone = []
        with saying_what_the_disk_said():
            for each in self.files():
                ring = each.kind is PackageKind.BACKUP and each.base in (new.base, None)
                if each.made_at < oldest and not ring and each.name not in kept:
                    self.disk.unlink(self.folder / each.name)
                    gone.append(each.name)
            if gone:
                self.disk.sync_folder(self.folder)
        return gone

    def _paths(self) -> list[Path]:
        with saying_what_the_disk_said():
            if not self.folder.exists():
                return []
            return sorted(
                path
                for path in self.folder.iterdir()
                if path.suffix in _KINDS and not path.name.startswith(".") and path.is_file()
            )

    def _unknown(self, path: Path) -> BackupFile:
        """Return what the file says of itself, which is not proven."""
        try:
            manifest = read_manifest(path, key=self.key)
        except BaseFileRefused as refusal:
            return attrs.evolve(_bare(path), problem=refusal.fr)
        except StorageFailed as failed:
            return attrs.evolve(
                _bare(path), problem=f"Le disque refuse de le lire ({failed.code})."
            )
        return backup_file(path, manifest)

    def _read_list(self) -> list[BackupFile]:
        try:
            with (self.folder / _LIST).open("rb") as file:
                said = json.loads(file.read(_LONGEST_LIST))
            return [_from_plain(each) for each in said["files"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            # Everything in it can be found again, by proving.
            log.warning("backups.list_not_read", folder=str(self.folder), error=str(error))
            return []


def backup_file(
    path: Path,
    manifest: Manifest,
    *,
    name: str | None = None,
    proven_at: datetime | None = None,
) -> BackupFile:
    """Return what the list says of the file at *path*, which is or will be called *name*."""
    return attrs.evolve(
        _bare(path),
        name=name or path.name,
        kind=manifest.kind,
        made_at=manifest.made_at,
        base=manifest.base,
        school_year=manifest.school_year,
        revision=manifest.revision,
        created_at=manifest.created_at,
        last_entry_at=manifest.last_entry_at,
        counters=dict(manifest.counters),
        proven_at=proven_at,
    )


def _bare(path: Path) -> BackupFile:
    status = path.stat()
    return BackupFile(
        name=path.name,
        kind=_KINDS.get(path.suffix, PackageKind.BACKUP),
        size=status.st_size,
        written_ns=status.st_mtime_ns,
        made_at=datetime.fromtimestamp(status.st_mtime, UTC),
    )


def _safe(base: str) -> str:
    # A base from elsewhere brings its name along; a file of ours is not called just anything.
    return _UNSAFE.sub("_", base)[:60].strip(" .") or "Base"


_INSTANTS: Final = ("made_at", "created_at", "last_entry_at", "proven_at")


def _plain(file: BackupFile) -> dict[str, Any]:
    said = attrs.asdict(file)
    said["kind"] = file.kind.value
    for name in _INSTANTS:
        said[name] = None if said[name] is None else said[name].isoformat()
    return said


def _from_plain(said: dict[str, Any]) -> BackupFile:
    said = {**said, "kind": PackageKind(said["kind"])}
    for name in _INSTANTS:
        said[name] = None if said[name] is None else datetime.fromisoformat(said[name])
    return BackupFile(**said)
