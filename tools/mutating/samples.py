"""The packages that are mutated."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

import attrs

from pronote_server.domain.school_data import SchoolData
from pronote_server.hosting.bases import STANDARD_GRID
from pronote_server.storage.base_file import create_base, replace_school_data
from pronote_server.storage.base_proof import prove_base
from pronote_server.storage.manifests import document_member
from pronote_server.storage.packages import Manifest, Member, PackageKind, write_package
from pronote_server.storage.sqlite import checkpoint, writing_engine
from pronote_server.testing import sample_school

__all__ = ["KEY", "Sample", "make_samples"]

KEY: Final = bytes(range(32))
_MADE: Final = datetime(2020, 7, 2, 14, 55, tzinfo=UTC)


@attrs.frozen
class Sample:
    """A package that is as it should be, and what is in it."""

    path: Path
    key: bytes | None
    members: dict[str, bytes]


def make_samples(folder: Path) -> list[Sample]:
    """Return a backup, an archive, and an encrypted archive."""
    folder.mkdir(exist_ok=True)
    base = folder / "sample.not"
    if not base.exists():
        _make_base(base, sample_school())
    proof = prove_base(base)
    documents = [Random(n).randbytes(3_000 * n) for n in (1, 2)]
    samples: list[Sample] = []
    for kind, key in (
        (PackageKind.BACKUP, None),
        (PackageKind.ARCHIVE, None),
        (PackageKind.ARCHIVE, KEY),
    ):
        path = folder / f"sample{len(samples)}{kind.extension}"
        members = [Member("base.not", base)]
        if kind is PackageKind.ARCHIVE:
            members += [_document(content) for content in documents]
        write_package(
            path,
            Manifest(
                kind=kind,
                rne=proof.header.rne,
                base=proof.header.name,
                school_year=proof.header.school_year,
                base_format=proof.header.format_version,
                revision=proof.header.revision,
                made_at=_MADE,
                created_at=proof.header.created_at,
                counters=attrs.asdict(proof.counters),
            ),
            members,
            key=key,
        )
        samples.append(
            Sample(
                path,
                key,
                {
                    each.name: each.source
                    if isinstance(each.source, bytes)
                    else each.source.read_bytes()
                    for each in members
                },
            )
        )
    return samples


def _document(content: bytes) -> Member:
    name = document_member(hashlib.sha256(content).hexdigest())
    return Member(name, content, compress=False)


def _make_base(path: Path, data: SchoolData) -> None:
    create_base(
        path, name="Base", rne=data.rne, school_year=2020, grid=STANDARD_GRID, now=_MADE
    )
    with writing_engine(path).connect() as conn:
        with conn.begin():
            replace_school_data(conn, data, _MADE)
        checkpoint(conn)
