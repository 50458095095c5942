"""Ways to damage a package: by chance, and with hashes that fit."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zipfile
import zlib
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Any, Final

from mutating.samples import Sample
from pronote_server.storage.package_zip import ZipWriter

__all__ = ["DAMAGES", "repacked"]


def _flip(data: bytearray, random: Random) -> None:
    for _ in range(random.choice((1, 1, 2, 8, 64))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _overwrite(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data))
    data[at : at + random.randrange(1, 64)] = random.randbytes(random.randrange(1, 64))


def _cut(data: bytearray, random: Random) -> None:
    del data[random.randrange(len(data)) :]


def _take_out(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data))
    del data[at : at + random.randrange(1, 5_000)]


def _double(data: bytearray, random: Random) -> None:
    at, length = random.randrange(len(data)), random.randrange(1, 5_000)
    data[at:at] = data[at : at + length]


def _zero(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data))
    length = min(random.choice((1, 16, 512, 4096)), len(data) - at)
    data[at : at + length] = bytes(length)


def _exchange(data: bytearray, random: Random) -> None:
    length = random.choice((16, 512, 4096))
    if len(data) < 2 * length:
        return
    one, other = (random.randrange(len(data) - length) for _ in range(2))
    data[one : one + length], data[other : other + length] = (
        data[other : other + length],
        data[one : one + length],
    )


def _append(data: bytearray, random: Random) -> None:
    data += random.randbytes(random.randrange(1, 100))


def _number(data: bytearray, random: Random) -> None:
    """Put a number where a size or an offset may be."""
    at = random.randrange(max(1, len(data) - 8))
    value = random.choice((0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, len(data)))
    data[at : at + 4] = value.to_bytes(4, random.choice(("little", "big")))


DAMAGES: Final = (
    _flip,
    _overwrite,
    _cut,
    _take_out,
    _double,
    _zero,
    _exchange,
    _append,
    _number,
)


def _damaged_page(data: bytearray, random: Random) -> None:
    """Damage the head of a page, where SQLite keeps what leads elsewhere."""
    page = 4096 * random.randrange(max(1, len(data) // 4096))
    at = page + random.choice((0, 1, 3, 5, 7, 8, 9, 10, 11, 12, 16, 18, 20, 24, 28, 36, 52))
    if at < len(data):
        data[at] = random.choice((0, 1, 2, 5, 10, 13, 0x7F, 0x80, 0xFF, random.randrange(256)))


def _sql(base: bytes, random: Random, folder: Path) -> bytes:
    """Have SQLite itself put something into the base that does not belong there."""
    path = folder / "rewritten.not"
    path.write_bytes(base)
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA ignore_check_constraints = ON")
        conn.execute("PRAGMA writable_schema = ON")
        statement = random.choice(
            (
                "CREATE TRIGGER t AFTER INSERT ON pupil BEGIN DELETE FROM pupil; END",
                "CREATE VIEW v AS SELECT load_extension('x')",
                "CREATE TABLE more (x)",
                "DROP TABLE mark",
                "DELETE FROM header",
                "UPDATE header SET school_year = 'x'",
                "UPDATE header SET revision = -5",
                "UPDATE header SET name = zeroblob(1000000)",
                "DELETE FROM teacher",
                "DELETE FROM school_class",
                "UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '')",
                "UPDATE sqlite_master SET rootpage = 3",
                f"UPDATE sqlite_master SET rootpage = {random.randrange(200)} "
                f"WHERE rowid = {random.randrange(1, 100)}",
                f"PRAGMA user_version = {random.choice((0, 1, 2, 99, 2**31 - 1))}",
                "PRAGMA application_id = 0",
                f"UPDATE lesson SET day = {random.choice((-1, 99, 1.5))}",
                "UPDATE pupil SET last_name = NULL",
            )
        )
        # What even SQLite does not do leaves the base as it is.
        with suppress(sqlite3.Error):
            conn.execute(statement)
    path_bytes = path.read_bytes()
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return path_bytes


def _lying(said: dict[str, Any], random: Random) -> None:
    """Change something in a manifest."""
    names = list(said)
    values: tuple[Any, ...] = (
        None,
        0,
        -1,
        2**63,
        1.5,
        "",
        "x" * 300,
        [],
        {},
        True,
        "\0",
        "../x",
        "2020-13-01T00:00Z",
    )
    value = random.choice(values)
    where = random.choice(("head", "head", "file", "counters", "more"))
    files = said.get("files")
    if where == "file" and isinstance(files, list) and files:
        file = random.choice(files)
        file[random.choice(list(file))] = value
    elif where == "counters" and isinstance(said.get("counters"), dict):
        said["counters"][random.choice(["marks", "pupils", "new", "../x"])] = value
    elif where == "more":
        said[random.choice(["more", "FORMAT", ""])] = value
    else:
        said[random.choice(names)] = value


def repacked(sample: Sample, random: Random, folder: Path) -> bytes:
    """Return a package whose hashes fit, and which is wrong all the same."""
    unpacked = dict(sample.members)
    with zipfile.ZipFile(_plain_of(sample, folder)) as archive:
        said = json.loads(archive.read("manifest.json"))
    how = random.randrange(3)
    if how < 2:
        base = bytearray(unpacked["base.not"])
        if how == 0:
            for _ in range(random.choice((1, 1, 3))):
                random.choice((_damaged_page, _damaged_page, *DAMAGES))(base, random)
                if not base:
                    base = bytearray(b"\0")
            unpacked["base.not"] = bytes(base)
        else:
            unpacked["base.not"] = _sql(bytes(base), random, folder)
        said["files"][0]["size"] = len(unpacked["base.not"])
        said["files"][0]["sha256"] = hashlib.sha256(unpacked["base.not"]).hexdigest()
    else:
        for _ in range(random.choice((1, 1, 2))):
            _lying(said, random)
    files = said.pop("files") if isinstance(said.get("files"), list) else []
    lines = [json.dumps(said, ensure_ascii=False)[:-1] + ', "files": [']
    lines += [json.dumps(each) + ("," if each is not files[-1] else "") for each in files]
    first = "\n".join([*lines, "]}\n"]).encode("utf-8", "surrogatepass")
    out = bytearray()
    writer = ZipWriter(out.extend)
    for name, content in [("manifest.json", first), *unpacked.items()]:
        writer.add(
            name,
            iter([content]),
            crc=zlib.crc32(content),
            size=len(content),
            compress=name == "base.not",
        )
    writer.finish()
    return bytes(out)


def _plain_of(sample: Sample, folder: Path) -> Path:
    """Return the sample that is not encrypted."""
    if sample.key is None:
        return sample.path
    return folder / "sample1.archs"
