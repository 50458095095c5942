"""The files a base travels in: written as any zip program reads them, refused when not so."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import sqlite3
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from pronote_server.domain.school_data import TimeGrid
from pronote_server.storage import package_zip, packages
from pronote_server.storage.base_file import create_base
from pronote_server.storage.base_proof import prove_base
from pronote_server.storage.encryption import KeyRefused, make_key_file, read_key_file
from pronote_server.storage.errors import BaseFileRefused, StorageFailed
from pronote_server.storage.packages import (
    Limits,
    Manifest,
    Member,
    PackageKind,
    PackageRefused,
    document_member,
    prove_package,
    read_manifest,
    sha256_of_document,
    unpack_package,
    write_package,
)

MADE = datetime(2020, 7, 2, 14, 55, tzinfo=UTC)
KEY = bytes(range(32))
CONTENT = b"%PDF"
DOCUMENT = document_member(hashlib.sha256(CONTENT).hexdigest())
KEPT = Path(__file__).parent / "kept"


@pytest.fixture
def base(tmp_path: Path, grid: TimeGrid) -> Path:
    path = tmp_path / "source.not"
    create_base(path, name="Base", rne=None, school_year=2020, grid=grid, now=MADE)
    return path


def manifest(base: Path, kind: PackageKind = PackageKind.BACKUP) -> Manifest:
    proof = prove_base(base)
    return Manifest(
        kind=kind,
        rne="0990001N",
        base=proof.header.name,
        school_year=proof.header.school_year,
        base_format=proof.header.format_version,
        revision=proof.header.revision,
        made_at=MADE,
        created_at=proof.header.created_at,
        counters=attrs.asdict(proof.counters),
    )


@pytest.fixture
def backup(tmp_path: Path, base: Path) -> Path:
    path = tmp_path / "Base 202001.sauvs"
    write_package(path, manifest(base), [Member("base.not", base)])
    return path


def document(content: bytes) -> Member:
    return Member(document_member(hashlib.sha256(content).hexdigest()), content)


def refused(path: Path, key: bytes | None = None) -> str:
    """Return the sentence with which the package is refused; nothing is left of it."""
    before = sorted(path.parent.iterdir())
    with pytest.raises(BaseFileRefused) as refusal:
        prove_package(path, key)
    assert sorted(path.parent.iterdir()) == before
    return refusal.value.fr


def test_any_zip_program_reads_a_package(tmp_path: Path, base: Path) -> None:
    path = tmp_path / "Base.archs"
    write_package(
        path,
        manifest(base, PackageKind.ARCHIVE),
        [Member("base.not", base), Member(DOCUMENT, CONTENT, compress=False)],
    )

    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["manifest.json", "base.not", DOCUMENT]
        assert archive.read("base.not") == base.read_bytes()
        said = json.loads(archive.read("manifest.json"))
    assert said["format"] == "pronote-emulator"
    assert said["made_at"] == "2020-07-02T14:55:00Z"
    assert said["files"][1]["size"] == 4


def test_a_package_of_very_many_and_far_members_is_a_zip_too(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_zip, "_MOST_MEMBERS", 2)
    monkeypatch.setattr(package_zip, "_MOST_BYTES", base.stat().st_size + 1)
    path = tmp_path / "Base.archs"
    members = [
        Member("base.not", base, compress=False),
        *(document(b"%d" % n) for n in range(3)),
    ]
    write_package(path, manifest(base, PackageKind.ARCHIVE), members)

    assert prove_package(path).manifest.files[3].size == 1
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 5


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
def test_what_was_written_comes_out(tmp_path: Path, base: Path, key: bytes | None) -> None:
    path, folder = tmp_path / "Base.archs", tmp_path / "out"
    written = write_package(
        path,
        manifest(base, PackageKind.ARCHIVE),
        [Member("base.not", base), Member(DOCUMENT, CONTENT)],
        key=key,
    )
    steps: list[tuple[int, int]] = []

    assert read_manifest(path, key=key) == written
    read = unpack_package(
        path,
        folder,
        expect={PackageKind.ARCHIVE},
        key=key,
        progress=lambda done, total: steps.append((done, total)),
    )

    assert read == written
    assert (folder / "base.not").read_bytes() == base.read_bytes()
    assert (folder / DOCUMENT).read_bytes() == CONTENT
    assert steps[-1][0] == steps[-1][1] == base.stat().st_size + 4
    assert prove_package(path, key).missing_documents == 0
    assert sha256_of_document(DOCUMENT) == hashlib.sha256(CONTENT).hexdigest()
    assert sha256_of_document("base.not") is None


def test_the_key_is_needed_and_must_be_the_one(tmp_path: Path, base: Path) -> None:
    path = tmp_path / "Base 202001.sauvs"
    write_package(path, manifest(base), [Member("base.not", base)], key=KEY)

    assert "data.key_file" in refused(path)
    assert "autre clé" in refused(path, bytes(32))
    assert b"manifest.json" not in path.read_bytes()


def test_an_unencrypted_package_is_read_with_a_key_too(backup: Path) -> None:
    """The school had none when that backup was made."""
    assert prove_package(backup, KEY).header is not None


def test_a_key_file_is_made_once_and_read_by_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "backup.key"
    make_key_file(path)

    assert len(read_key_file(path)) == 32
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        make_key_file(path)
    for wrong in (b"", b"pronote-key-1 AAAA", b"pronote-key-1 *", b"\xff", b"x" * 9999):
        path.write_bytes(wrong)
        with pytest.raises(KeyRefused):
            read_key_file(path)


def cut(data: bytearray) -> bytearray:
    return data[: len(data) // 2]


def longer(data: bytearray) -> bytearray:
    return data + b"\0"


def flipped(data: bytearray) -> bytearray:
    data[len(data) // 2] ^= 1
    return data


def empty(data: bytearray) -> bytearray:
    return bytearray()


def prose(data: bytearray) -> bytearray:
    return bytearray(b"Cher journal, " * 100)


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
@pytest.mark.parametrize("damage", [cut, longer, flipped, empty, prose])
def test_a_damaged_package_is_refused(
    tmp_path: Path, base: Path, key: bytes | None, damage: Callable[[bytearray], bytearray]
) -> None:
    path = tmp_path / "Base 202001.sauvs"
    write_package(path, manifest(base), [Member("base.not", base)], key=key)
    path.write_bytes(damage(bytearray(path.read_bytes())))

    assert refused(path, key)


def test_chunks_of_an_encrypted_package_cannot_be_cut_off_or_moved(
    tmp_path: Path, base: Path
) -> None:
    path = tmp_path / "Base.archs"
    long = random.Random(1).randbytes(200_000)
    write_package(
        path,
        manifest(base, PackageKind.ARCHIVE),
        [Member("base.not", base), document(long)],
        key=KEY,
    )
    data = path.read_bytes()
    head, chunk = 29, 64 * 1024 + 16
    chunks = [data[at : at + chunk] for at in range(head, len(data), chunk)]
    for order in itertools.islice(itertools.permutations(range(len(chunks))), 1, 6):
        path.write_bytes(data[:head] + b"".join(chunks[n] for n in order))
        assert refused(path, KEY)
    path.write_bytes(data[:head] + b"".join(chunks[:-1]))
    assert refused(path, KEY)


def rewritten(path: Path, **changes: object) -> None:
    """Write the package again with another manifest, as a patient enemy would."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    said = {**json.loads(members.pop("manifest.json")), **changes}
    files = said.pop("files")
    lines = [json.dumps(said, ensure_ascii=False)[:-1] + ', "files": [']
    lines += [json.dumps(f) + ("" if f is files[-1] else ",") for f in files]
    first = "\n".join([*lines, "]}\n"]).encode()
    with path.open("wb") as file:
        writer = package_zip.ZipWriter(file.write)
        for name, data in [("manifest.json", first), *members.items()]:
            writer.add(
                name,
                iter([data]),
                crc=zlib.crc32(data),
                size=len(data),
                compress=name != "manifest.json",
            )
        writer.finish()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": "PRONOTE"}, "pas été fait par ce programme"),
        ({"version": 2}, "plus récente"),
        ({"kind": "photos"}, "autre chose"),
        ({"kind": "other"}, "endommagé"),
        ({"revision": 5}, "endommagé"),
        ({"school_year": 2021}, "endommagé"),
        ({"counters": {"marks": 4}}, "endommagé"),
        ({"counters": {"../x": 4}}, "endommagé"),
        ({"counters": {"marks": -1}}, "endommagé"),
        ({"made_at": "demain"}, "endommagé"),
        ({"made_at": "2020-07-02T14:55:00"}, "endommagé"),
        ({"base": "x\n"}, "endommagé"),
        ({"base": "x" * 201}, "endommagé"),
        ({"rne": 3}, "endommagé"),
        ({"more": 1}, "endommagé"),
        ({"files": []}, "endommagé"),
    ],
    ids=str,
)
def test_a_manifest_that_lies_is_refused(
    backup: Path, changes: dict[str, object], sentence: str
) -> None:
    rewritten(backup, **changes)

    assert sentence in refused(backup)


def test_a_member_is_the_one_whose_hash_was_told(backup: Path) -> None:
    """A checksum of 32 bits is no proof: an enemy finds another file that has it."""
    with zipfile.ZipFile(backup) as archive:
        files = json.loads(archive.read("manifest.json"))["files"]

    rewritten(backup, files=[{**files[0], "sha256": "0" * 64}])

    assert "endommag" in refused(backup)


@pytest.mark.parametrize(
    "name",
    ["../base.not", "/etc/passwd", "documents/ab/../../x", "base.not\0", "Base.not", "a/b", ""],
)
def test_a_member_never_gets_a_name_of_its_own(backup: Path, name: str) -> None:
    with zipfile.ZipFile(backup) as archive:
        files = json.loads(archive.read("manifest.json"))["files"]

    rewritten(backup, files=[{**files[0], "name": name}])

    assert refused(backup)


def test_a_document_under_another_name_is_refused(tmp_path: Path, base: Path) -> None:
    path = tmp_path / "Base.archs"
    write_package(
        path,
        manifest(base, PackageKind.ARCHIVE),
        [Member("base.not", base), Member(DOCUMENT, b"another")],
    )

    assert "endommag" in refused(path)


def test_a_package_that_would_fill_the_disk_is_refused(tmp_path: Path, base: Path) -> None:
    path = tmp_path / "Base.archs"
    write_package(
        path,
        manifest(base, PackageKind.ARCHIVE),
        [Member("base.not", base), document(bytes(4_000_000))],
    )

    for limits in (Limits(ratio=50, free_bytes=0), Limits(most_bytes=1_000_000)):
        with pytest.raises(PackageRefused, match="far more"):
            unpack_package(path, tmp_path / "out", expect=set(PackageKind), limits=limits)
    assert not (tmp_path / "out").exists()


def test_a_deflated_bomb_ends_at_the_size_it_told(backup: Path) -> None:
    """Its manifest tells a small size: not a byte more is made of it."""
    with zipfile.ZipFile(backup) as archive:
        first = archive.read("manifest.json")
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = bomb.compress(bytes(100_000_000)) + bomb.flush()
    local = package_zip._local(b"base.not", 8, 0, 0)
    with backup.open("wb") as file:
        writer = package_zip.ZipWriter(file.write)
        writer.add(
            "manifest.json",
            iter([first]),
            crc=zlib.crc32(first),
            size=len(first),
            compress=False,
        )
        file.write(local + data)

    tracemalloc.start()
    try:
        assert refused(backup)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_a_package_of_another_kind_is_refused(tmp_path: Path, backup: Path) -> None:
    with pytest.raises(PackageRefused) as refusal:
        unpack_package(backup, tmp_path / "out", expect={PackageKind.HOSTING_BASE})

    assert ".HNOT" in refusal.value.fr
    assert not (tmp_path / "out").exists()


def test_a_missing_package_is_refused(tmp_path: Path) -> None:
    assert "n'existe pas" in refused(tmp_path / "no.sauvs")


def test_a_source_that_changes_is_no_backup(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "Base 202001.sauvs"
    said = manifest(base)
    contents: Iterator[bytes] = iter([b"abc", b"abd"])
    monkeypatch.setattr(
        packages, "measured", lambda *_: (packages.PackagedFile("base.not", 3, "0" * 64), 0)
    )
    monkeypatch.setattr(packages, "pieces_of", lambda *_: iter([next(contents)]))

    with pytest.raises(StorageFailed):
        write_package(path, said, [Member("base.not", base)])

    assert not path.exists()


def test_a_check_that_refuses_leaves_what_was_there(tmp_path: Path, base: Path) -> None:
    path = tmp_path / "Base 202001.sauvs"
    path.write_bytes(b"the one before")

    def refuse(draft: Path) -> None:
        assert prove_package(draft).header is not None
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_package(path, manifest(base), [Member("base.not", base)], check=refuse)

    assert path.read_bytes() == b"the one before"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["Base 202001.sauvs", "source.not"]


# The base inside


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER t AFTER INSERT ON mark BEGIN DELETE FROM mark; END",
        "CREATE TABLE more (x)",
        "CREATE INDEX more ON pupil (last_name)",
        "DROP TABLE photo",
        "ALTER TABLE photo ADD COLUMN x DEFAULT (abs(1))",
    ],
)
def test_a_base_with_something_of_its_own_is_hostile(base: Path, sql: str) -> None:
    with sqlite3.connect(base) as conn:
        conn.execute(sql)
    conn.close()

    with pytest.raises(BaseFileRefused, match="does not put there"):
        prove_base(base)


def test_a_dangling_reference_and_a_broken_rule_are_damage(base: Path, tmp_path: Path) -> None:
    data = base.read_bytes()
    for number, sql in enumerate(
        (
            "INSERT INTO pupil_group VALUES (1, 1)",
            "UPDATE header SET school_year = 'x'",
            "UPDATE header SET created_at = 'hier'",
            "DELETE FROM header",
            "UPDATE header SET revision = -1",
            "UPDATE grid SET slot_minutes = 0",
        )
    ):
        path = tmp_path / f"{number}.not"
        path.write_bytes(data)
        conn = sqlite3.connect(path, isolation_level=None)
        conn.execute("PRAGMA ignore_check_constraints = ON")
        conn.execute(sql)
        conn.close()
        with pytest.raises(BaseFileRefused):
            prove_base(path)


@pytest.mark.parametrize("file", sorted(KEPT.glob("*.not")), ids=lambda path: path.name)
def test_a_base_of_an_older_format_is_proven_as_it_is(tmp_path: Path, file: Path) -> None:
    path = tmp_path / file.name
    path.write_bytes(file.read_bytes())

    proof = prove_base(path)

    assert f"r{proof.header.format_version:04}" in file.name
    assert path.read_bytes() == file.read_bytes()


def test_a_newer_base_is_refused(base: Path) -> None:
    with sqlite3.connect(base) as conn:
        conn.execute("PRAGMA user_version = 999")
    conn.close()

    with pytest.raises(BaseFileRefused, match="later version"):
        prove_base(base)
