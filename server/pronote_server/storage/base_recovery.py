"""
What a base takes from another (fiche 7): read there, written here.

Pupils are the same when their codes and last names are, or their names and days of birth. What
is here already stays as it is; the other base is only read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import attrs
from sqlalchemy import Connection, Table, insert, select

from pronote_protocol.words import DocumentOwner
from pronote_server.domain.search import fold
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_documents import Content

__all__ = [
    "OtherBase",
    "Pupils",
    "Taken",
    "add_letters",
    "add_parameters",
    "add_pupils_documents",
    "pupils_of",
    "read_documents",
    "read_letters",
    "read_parameters",
]

Row: TypeAlias = dict[str, Any]


@attrs.define
class Taken:
    """How many things there were, and what became of them; see `catalogue.recovery`."""

    found: int = 0
    recovered: int = 0
    known: int = 0
    unmatched: int = 0
    missing: int = 0


@attrs.define
class OtherBase:
    """What was read of the other base, as far as it was asked for."""

    parameters: Mapping[str, Sequence[Row]] = attrs.field(factory=dict)
    letters: Sequence[Row] = ()
    photos: Mapping[int, Content] = attrs.field(factory=dict)
    documents: Sequence[Row] = ()


@attrs.frozen
class Pupils:
    """The pupils of a base, former ones included, by what they are known by."""

    by_code: Mapping[tuple[str, str], int]
    by_birth: Mapping[tuple[str, Any], int]
    ids: frozenset[int]

    def same_as(self, other: Pupils) -> dict[int, int]:
        """Return which of *other*'s pupils are here: the id here, by the id there."""
        same = {
            there: self.by_birth[key]
            for key, there in other.by_birth.items()
            if key in self.by_birth
        }
        for key, there in other.by_code.items():
            if key in self.by_code:
                same[there] = self.by_code[key]
        return same


def pupils_of(conn: Connection) -> Pupils:
    """Return all of them; two of one name born on one day are known by their codes only."""
    pupil = schema.pupil.c
    rows = conn.execute(
        select(pupil.id, pupil.code, pupil.last_name, pupil.first_name, pupil.born)
    ).all()
    by_birth: dict[tuple[str, Any], int] = {}
    twice = set()
    for row in rows:
        if row.born is None:
            continue
        key = (fold(f"{row.last_name} {row.first_name}"), row.born)
        if key in by_birth:
            twice.add(key)
        by_birth[key] = row.id
    for key in twice:
        del by_birth[key]
    return Pupils(
        {(row.code, fold(row.last_name)): row.id for row in rows},
        by_birth,
        frozenset(row.id for row in rows),
    )


# What makes two parameters the same, by table; the id is no part of them.
_PARAMETERS: Final[Mapping[str, tuple[Table, Callable[[Row], Any]]]] = {
    "motive": (schema.motive, lambda row: (row["kind"], fold(row["name"]))),
    "staff_function": (schema.staff_function, lambda row: row["code"]),
    "skill": (schema.skill, lambda row: row["code"]),
    "half_day_options": (schema.half_day_options, lambda row: 1),
}


def read_parameters(conn: Connection) -> dict[str, list[Row]]:
    """Return what a school sets itself and keeps from year to year, by table."""
    return {name: _rows(conn, table) for name, (table, _) in _PARAMETERS.items()}


def add_parameters(
    conn: Connection, other: Mapping[str, Sequence[Row]], revision: int
) -> tuple[Taken, dict[str, list[Row]]]:
    """Add those that are not here; return the count, and the rows that are new, by table."""
    taken, added = Taken(), {}
    for name, (table, same) in _PARAMETERS.items():
        here = {same(row) for row in _rows(conn, table)}
        added[name] = _add(conn, table, other[name], here, same, revision, taken)
    return taken, added


def read_letters(conn: Connection) -> list[Row]:
    """Return the models of letters."""
    return _rows(conn, schema.letter)


def add_letters(
    conn: Connection, letters: Sequence[Row], revision: int
) -> tuple[Taken, list[Row]]:
    """Add those whose name is not here; a code that is taken gets a number."""
    taken = Taken()
    here = _rows(conn, schema.letter)
    codes = {row["code"] for row in here}
    names = {row["sort_name"] for row in here}
    new = []
    for row in letters:
        code, number = row["code"], 2
        if row["sort_name"] not in names:
            while code in codes:
                code, number = f"{row['code'][:16]}-{number}", number + 1
            codes.add(code)
        new.append({**row, "code": code})
    added = _add(conn, schema.letter, new, names, lambda row: row["sort_name"], revision, taken)
    return taken, added


def read_documents(conn: Connection) -> tuple[dict[int, Content], list[Row]]:
    """Return the photos, by pupil, and the documents attached to pupils."""
    photo, document = schema.photo, schema.document
    photos = {
        row.pupil_id: Content(row.sha256, row.size, row.media_type)
        for row in conn.execute(select(photo))
    }
    attached = document.c.owner_kind == DocumentOwner.PUPIL.value
    rows = conn.execute(select(document).where(attached).order_by(document.c.id)).mappings()
    return photos, [dict(row) for row in rows]


def add_pupils_documents(
    conn: Connection,
    other: OtherBase,
    same: Mapping[int, int],
    stored: frozenset[str],
    revision: int,
) -> Taken:
    """
    Give the pupils their photos and documents; who has a photo here keeps it.

    Args:
        same: The id here of each pupil who is here, by the id there.
        stored: SHA-256 of what this base has the bytes of.
    """
    photo, document = schema.photo, schema.document
    taken = Taken(found=len(other.photos) + len(other.documents))
    has_photo = set(conn.execute(select(photo.c.pupil_id)).scalars())
    attached = document.c.owner_kind == DocumentOwner.PUPIL.value
    has_document = {
        (row.owner_id, row.sha256, row.name)
        for row in conn.execute(
            select(document.c.owner_id, document.c.sha256, document.c.name).where(attached)
        )
    }
    photos, documents = [], []
    for there, content in other.photos.items():
        if _counts(
            taken, same.get(there), content.sha256 in stored, same.get(there) in has_photo
        ):
            photos.append(
                {"pupil_id": same[there], **attrs.asdict(content), "revision": revision}
            )
    for row in other.documents:
        here = same.get(row["owner_id"])
        known = (here, row["sha256"], row["name"]) in has_document
        if _counts(taken, here, row["sha256"] in stored, known):
            copy = {**row, "owner_id": here, "revision": revision}
            del copy["id"]
            documents.append(copy)
    if photos:
        conn.execute(insert(photo), photos)
    if documents:
        conn.execute(insert(document), documents)
    return taken


def _counts(taken: Taken, here: int | None, stored: bool, known: bool) -> bool:
    """Count one thing of a pupil; return whether it is to be added."""
    if here is None:
        taken.unmatched += 1
    elif known:
        taken.known += 1
    elif not stored:
        taken.missing += 1
    else:
        taken.recovered += 1
        return True
    return False


def _rows(conn: Connection, table: Table) -> list[Row]:
    wanted = select(table).order_by(*table.primary_key.columns)
    return [dict(row) for row in conn.execute(wanted).mappings()]


def _add(
    conn: Connection,
    table: Table,
    rows: Sequence[Row],
    here: set[Any],
    same: Callable[[Row], Any],
    revision: int,
    taken: Taken,
) -> list[Row]:
    taken.found += len(rows)
    new = []
    for row in rows:
        key = same(row)
        if key in here:
            taken.known += 1
            continue
        here.add(key)
        copy = {name: value for name, value in row.items() if name != "id"}
        if "revision" in table.c:
            copy["revision"] = revision
        if table is schema.half_day_options:
            copy["id"] = 1
        new.append(copy)
    if new:
        conn.execute(insert(table), new)
    taken.recovered += len(new)
    return new
