"""A file is there whole or as it was, whatever the disk does meanwhile."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from pronote_server.storage.copying import put_back
from pronote_server.storage.whole_files import (
    WholeFile,
    draft_of,
    remove_drafts,
    scratch_folder,
    whole_file,
    write_whole,
)
from pronote_server.testing_disks import BreakingDisk, Failure, Names, Stopped

OLD, NEW = b"old " * 100, b"new " * 100


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_synced_named_and_kept(tmp_path: Path) -> None:
    disk = BreakingDisk()

    write_whole(tmp_path / "a.json", NEW, disk=disk)

    verbs = [call.split()[0] for call in disk.calls]
    assert verbs == ["create", "write", "sync", "close", "replace", "sync"]
    assert (tmp_path / "a.json").read_bytes() == NEW
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("failure", [Failure.ERROR, Failure.FULL, Failure.SHORT])
@pytest.mark.parametrize("at", range(1, 7))
def test_whatever_fails_leaves_the_old_one_or_the_new_one_and_is_told(
    tmp_path: Path, failure: Failure, at: int
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(OLD)
    disk = BreakingDisk(at=at, failure=failure)

    try:
        write_whole(path, NEW, disk=disk)
    except OSError:
        told = True
    else:
        told = False

    assert disk.broke
    # A short write is gone on with; everything else is told.
    assert told == (not (failure is Failure.SHORT and at == 2))
    assert path.read_bytes() == (NEW if at == 6 or not told else OLD)
    assert visible(tmp_path) == ["a.json"]


@pytest.mark.parametrize("names", Names)
@pytest.mark.parametrize("at", range(1, 7))
def test_a_power_cut_at_any_call_leaves_the_old_one_or_the_new_one(
    tmp_path: Path, at: int, names: Names
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(OLD)
    disk = BreakingDisk(at=at, failure=Failure.STOP)

    with pytest.raises(Stopped):
        write_whole(path, NEW, disk=disk)
    disk.forget(names)

    assert path.read_bytes() in (OLD, NEW)
    remove_drafts(tmp_path)
    assert visible(tmp_path) == ["a.json"]


def test_what_was_written_survives_a_power_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(OLD)
    disk = BreakingDisk()

    write_whole(path, NEW, disk=disk)
    disk.forget(Names.AS_SYNCED)

    assert path.read_bytes() == NEW


def test_the_forgetting_disk_forgets_what_was_not_synced(tmp_path: Path) -> None:
    """The tests above would prove nothing with a disk that keeps everything."""
    path = tmp_path / "a.json"
    path.write_bytes(OLD)
    disk = BreakingDisk()

    with whole_file(path, disk=disk, sync=False) as file:
        file.write(NEW)
    disk.forget(Names.AS_SEEN)
    assert path.read_bytes() == b""
    disk.forget(Names.AS_SYNCED)
    assert path.read_bytes() == OLD


def test_a_block_that_raises_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(OLD)

    def write() -> None:
        with whole_file(path) as file:
            file.write(NEW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()

    assert path.read_bytes() == OLD
    assert visible(tmp_path) == ["a.json"]


def test_a_disk_that_takes_nothing_is_no_endless_loop(tmp_path: Path) -> None:
    class Full:
        def write(self, data: bytes, /) -> int:
            return 0

        def read(self, size: int, /) -> bytes:
            return b""

        def close(self) -> None: ...

    with pytest.raises(OSError, match="takes no more"):
        WholeFile(tmp_path / "draft", Full()).write(b"abc")


def test_the_log_of_a_base_is_gone_for_good_before_another_takes_its_place(
    tmp_path: Path,
) -> None:
    """SQLite would read what a power cut brings back of it into the new base."""
    copy, target = tmp_path / "copy", tmp_path / "Base.not"
    for path in (copy, target, tmp_path / "Base.not-wal"):
        path.write_bytes(path.name.encode())
    disk = BreakingDisk(at=4, failure=Failure.STOP)

    with pytest.raises(Stopped):
        put_back(copy, target, disk=disk)
    disk.forget(Names.AS_SYNCED)

    assert disk.calls[3] == "replace Base.not"
    assert not (tmp_path / "Base.not-wal").exists()


def test_drafts_have_names_a_folder_takes_and_are_cleared_away(tmp_path: Path) -> None:
    long = tmp_path / ("é" * 127)
    draft_of(long).write_bytes(b"half")
    with scratch_folder(long) as folder:
        (folder / "base.not").write_bytes(b"half")
        (tmp_path / "kept.part").write_bytes(b"somebody's")

        remove_drafts(tmp_path)

        assert visible(tmp_path) == ["kept.part"]
