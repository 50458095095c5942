"""The bytes of documents, beside the base."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from pronote_server.storage.document_files import DocumentFiles
from pronote_server.storage.errors import StorageFailed


@pytest.fixture
def files(tmp_path: Path) -> DocumentFiles:
    return DocumentFiles.beside(tmp_path / "Base 2020.1.not")


def there(files: DocumentFiles) -> list[str]:
    return sorted(
        str(path.relative_to(files.folder))
        for path in files.folder.rglob("*")
        if path.is_file()
    )


def test_the_same_bytes_are_kept_once_under_their_hash(files: DocumentFiles) -> None:
    name = files.store(b"abc")

    assert name == hashlib.sha256(b"abc").hexdigest() == files.store(b"abc")
    assert files.folder.name == "Base 2020.1.documents"
    assert there(files) == [f"{name[:2]}/{name[2:]}"]


def test_ranges_are_read(files: DocumentFiles) -> None:
    name = files.store(b"0123456789")

    assert files.read(name, 0, 4) == b"0123"
    assert files.read(name, 8, 100) == b"89"
    assert files.read(name, 2**62, 1) == b""
    assert files.read("0" * 64, 0, 1) is None


def test_a_name_from_elsewhere_never_becomes_a_path(files: DocumentFiles) -> None:
    with pytest.raises(AssertionError):
        files.read("../" + "0" * 61, 0, 1)


def test_only_what_nobody_refers_to_is_collected(files: DocumentFiles) -> None:
    kept, gone = files.store(b"kept"), files.store(b"gone")
    (files.folder / gone[:2] / f".{gone[2:]}.abcd.part").write_bytes(b"half")
    (files.folder / "README").write_text("not ours")

    assert files.collect({kept}) == 1
    assert there(files) == sorted(["README", f"{kept[:2]}/{kept[2:]}"])
    assert files.collect({kept}) == 0


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_refuses_leaves_nothing_to_be_seen(
    files: DocumentFiles, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as broken:
        if call == "fsync":
            broken.setattr(os, "fsync", fail)
        else:
            broken.setattr(Path, "replace", fail)
        with pytest.raises(StorageFailed) as failed:
            files.store(b"abc")

    assert failed.value.disk_full
    assert there(files) == []
    assert files.read(files.store(b"abc"), 0, 9) == b"abc"
