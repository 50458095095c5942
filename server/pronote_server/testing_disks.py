"""
Disks that fail at a chosen call, or forget what was not synced; for tests, and public.

`BreakingDisk` counts every call that is made of it. One of them fails, in one of the ways of
disks: with an error, full after half of what was to be written, or by the machine stopping
there. After a stop nothing reaches the disk any more, cleaning up included; then `forget` makes
of the files what a power cut may have left.
"""

from __future__ import annotations

import enum
import errno
import os
from pathlib import Path

import attrs

from pronote_server.storage.whole_files import OpenFile, RealDisk

__all__ = ["BreakingDisk", "Failure", "Names", "Stopped"]


class Stopped(BaseException):
    """The machine stopped here. Not an Exception: no program catches that."""


class Failure(enum.Enum):
    """How a call fails."""

    ERROR = "error"
    FULL = "full"
    SHORT = "short"
    STOP = "stop"


class Names(enum.Enum):
    """What became of the names that were not synced; a disk may do either."""

    AS_SYNCED = "as synced"
    AS_SEEN = "as seen"


@attrs.define(eq=False)
class _File:
    """What the disk surely has of a file; None: never synced, so perhaps nothing."""

    synced: bytes | None = None


@attrs.define(eq=False)
class BreakingDisk(RealDisk):
    """
    Attributes:
        at: Which call fails, counted from 1; None for none.
        calls: What was asked so far.
    """

    at: int | None = None
    failure: Failure = Failure.ERROR
    calls: list[str] = attrs.field(factory=list)
    stopped: bool = False
    _now: dict[Path, _File] = attrs.field(factory=dict)
    _kept: dict[Path, _File] = attrs.field(factory=dict)

    @property
    def broke(self) -> bool:
        """Whether the call that was to fail was made."""
        return self.at is not None and len(self.calls) >= self.at

    def forget(self, names: Names) -> None:
        """Leave on the disk what a power cut at this moment may leave."""
        there = self._kept if names is Names.AS_SYNCED else self._now
        for path in {*self._kept, *self._now}:
            file = there.get(path)
            if file is None:
                path.unlink(missing_ok=True)
            elif path.parent.exists():
                path.write_bytes(file.synced or b"")

    # What is asked

    def create(self, path: Path, mode: int) -> OpenFile:
        self._asked(f"create {path.name}")
        file = _Watched(self, path, super().create(path, mode))
        self._now[path] = _File()
        return file

    def open(self, path: Path) -> OpenFile:
        self._asked(f"open {path.name}")
        return _Watched(self, path, super().open(path))

    def sync(self, file: OpenFile) -> None:
        assert isinstance(file, _Watched)
        self._asked(f"sync {file.path.name}")
        super().sync(file.file)
        self._now.setdefault(file.path, _File()).synced = file.path.read_bytes()

    def sync_file(self, path: Path) -> None:
        self._asked(f"sync {path.name}")
        super().sync_file(path)
        self._now.setdefault(path, _File()).synced = path.read_bytes()

    def sync_folder(self, path: Path) -> None:
        self._asked(f"sync folder {path.name}")
        RealDisk.sync_file(self, path)
        for known in (self._kept, self._now):
            for file in [file for file in known if file.parent == path]:
                if file in self._now:
                    self._kept[file] = self._now[file]
                else:
                    self._kept.pop(file, None)

    def make_folder(self, path: Path) -> None:
        self._asked(f"make {path.name}")
        super().make_folder(path)

    def replace(self, source: Path, target: Path) -> None:
        self._asked(f"replace {target.name}")
        self._remember(target)
        super().replace(source, target)
        self._now[target] = self._now.pop(source, _File())

    def link(self, source: Path, target: Path) -> None:
        self._asked(f"link {target.name}")
        self._remember(source)
        super().link(source, target)
        self._now[target] = self._now[source]

    def unlink(self, path: Path) -> None:
        self._asked(f"unlink {path.name}")
        self._remember(path)
        super().unlink(path)
        self._now.pop(path, None)

    def asked(self, what: str, data: bytes | None = None) -> int | None:
        """Count a call; return how much of *data* still gets through before it fails."""
        if self.stopped:
            raise Stopped(what)
        self.calls.append(what)
        if len(self.calls) != self.at:
            return None
        if self.failure is Failure.STOP:
            self.stopped = True
            raise Stopped(what)
        if data and self.failure in (Failure.SHORT, Failure.FULL):
            return len(data) // 2
        self._fail(what)
        return None

    def fail(self, what: str) -> None:
        """Fail as a disk does."""
        self._fail(what)

    def _asked(self, what: str) -> None:
        self.asked(what)

    def _fail(self, what: str) -> None:
        number = errno.EIO if self.failure is Failure.ERROR else errno.ENOSPC
        raise OSError(number, os.strerror(number), what)

    def _remember(self, path: Path) -> None:
        """Whatever was there before this disk heard of it, the disk has."""
        if path not in self._now and path.is_file():
            self._now[path] = self._kept[path] = _File(path.read_bytes())


@attrs.define(eq=False)
class _Watched:
    disk: BreakingDisk
    path: Path
    file: OpenFile

    def write(self, data: bytes, /) -> int | None:
        half = self.disk.asked(f"write {self.path.name}", data)
        if half is None:
            return self.file.write(data)
        self.file.write(data[:half])
        if self.disk.failure is Failure.SHORT:
            return half  # a short write is no error; the next one says why
        self.disk.fail(f"write {self.path.name}")
        return None

    def read(self, size: int, /) -> bytes | None:
        self.disk.asked(f"read {self.path.name}")
        return self.file.read(size)

    def close(self) -> None:
        self.file.close()
        if not self.disk.stopped:
            self.disk.asked(f"close {self.path.name}")
