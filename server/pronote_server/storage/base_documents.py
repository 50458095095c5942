"""Documents and photos: what they are called, whose they are, and where their bytes are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    func,
    insert,
    select,
    union,
    update,
)

from pronote_protocol.words import DocumentOwner
from pronote_server.storage import base_schema as schema

__all__ = [
    "Content",
    "DocumentLine",
    "OwnerFacts",
    "PhotoLine",
    "delete_document",
    "delete_photo",
    "document",
    "documents_of",
    "insert_document",
    "owner",
    "photo",
    "photos",
    "pupil_name",
    "put_photo",
    "referred_contents",
]


@attrs.frozen
class Content:
    """The bytes, by their name; size in bytes."""

    sha256: str
    size: int
    media_type: str


@attrs.frozen(kw_only=True)
class DocumentLine:
    id: int
    sha256: str
    size: int
    media_type: str
    name: str
    owner_kind: DocumentOwner
    owner_id: int
    added_by: str
    added_at: datetime
    revision: int

    @property
    def values(self) -> dict[str, Any]:
        """What was entered: all but the id and the revision."""
        values = {**attrs.asdict(self), "owner_kind": self.owner_kind.value}
        del values["id"], values["revision"]
        return values


@attrs.frozen(kw_only=True)
class PhotoLine:
    pupil_id: int
    pupil: str
    sha256: str
    size: int
    media_type: str
    revision: int

    @property
    def values(self) -> dict[str, Any]:
        return {"sha256": self.sha256, "size": self.size, "media_type": self.media_type}


@attrs.frozen(kw_only=True)
class OwnerFacts:
    """
    What a document is attached to, as far as its rights are concerned.

    Attributes:
        service_id: Of what was entered for a service.
        pupil_id: Of what is about a pupil.
        author: Who said it; ``readers``: to whom, of what somebody said to some.
    """

    service_id: int | None = None
    pupil_id: int | None = None
    author: str | None = None
    readers: frozenset[str] = frozenset()


def owner(conn: Connection, kind: DocumentOwner, owner_id: int) -> OwnerFacts | None:
    """Return what is known of it, or None when there is no such thing."""
    table = schema.DOCUMENT_OWNERS[kind]
    row = conn.execute(select(table).where(table.c.id == owner_id)).one_or_none()
    if row is None:
        return None
    match kind:
        case DocumentOwner.PUPIL:
            return OwnerFacts(pupil_id=owner_id)
        case DocumentOwner.ASSESSMENT | DocumentOwner.EVALUATION | DocumentOwner.NOTEBOOK_ENTRY:
            return OwnerFacts(service_id=row.service_id)
        case DocumentOwner.HOMEWORK:
            return owner(conn, DocumentOwner.NOTEBOOK_ENTRY, row.notebook_entry_id)
        case DocumentOwner.INFORMATION:
            receipt = schema.receipt.c
            wanted = select(receipt.person).where(receipt.information_id == owner_id)
            return OwnerFacts(author=row.by, readers=_persons(conn, wanted))
        case DocumentOwner.MESSAGE:
            takes_part = schema.participant.c
            wanted = select(takes_part.person).where(
                takes_part.discussion_id == row.discussion_id, takes_part.left_at.is_(None)
            )
            return OwnerFacts(author=row.by, readers=_persons(conn, wanted))
        case DocumentOwner.PUNISHMENT:
            return OwnerFacts(pupil_id=row.pupil_id, author=row.given_by)
        case _:
            return OwnerFacts(pupil_id=row.pupil_id)


def _persons(conn: Connection, wanted: Select[Any]) -> frozenset[str]:
    return frozenset(conn.execute(wanted).scalars())


# Documents


def document(conn: Connection, document_id: int) -> DocumentLine | None:
    table = schema.document
    row = conn.execute(select(table).where(table.c.id == document_id)).one_or_none()
    return None if row is None else _line(row._mapping)


def documents_of(
    conn: Connection, kind: DocumentOwner, owner_id: int, offset: int, limit: int
) -> tuple[int, list[DocumentLine]]:
    """Return how many are attached to it, and a page of them, the oldest first."""
    table = schema.document
    wanted = and_(table.c.owner_kind == kind.value, table.c.owner_id == owner_id)
    total = conn.execute(select(func.count()).select_from(table).where(wanted)).scalar_one()
    rows = conn.execute(
        select(table).where(wanted).order_by(table.c.id).offset(offset).limit(limit)
    )
    return total, [_line(row._mapping) for row in rows]


def insert_document(conn: Connection, new: DocumentLine) -> int:
    """Add *new*, whose id does not count, and return its id."""
    key = conn.execute(
        insert(schema.document).values(**new.values, revision=new.revision)
    ).inserted_primary_key
    assert key is not None
    id_: int = key[0]
    return id_


def delete_document(conn: Connection, document_id: int) -> None:
    """Delete the row; the bytes stay until they are collected."""
    conn.execute(delete(schema.document).where(schema.document.c.id == document_id))


def referred_contents(conn: Connection) -> set[str]:
    """Return the SHA-256 of everything that documents and photos refer to."""
    both = union(select(schema.document.c.sha256), select(schema.photo.c.sha256))
    return {row.sha256 for row in conn.execute(both)}


# Photos


def photos(
    conn: Connection,
    *,
    class_id: int | None,
    pupil_ids: Collection[int] | None,
    offset: int,
    limit: int,
) -> tuple[int, list[PhotoLine]]:
    """
    Return how many photos match, and a page of them by the name of the pupil.

    Args:
        pupil_ids: Only of these pupils; None: of all.
    """
    table, pupil = schema.photo, schema.pupil
    wanted: list[ColumnElement[bool]] = []
    if class_id is not None:
        wanted.append(pupil.c.class_id == class_id)
    if pupil_ids is not None:
        wanted.append(pupil.c.id.in_(sorted(set(pupil_ids))))
    source = table.join(pupil, pupil.c.id == table.c.pupil_id)
    matching = and_(True, *wanted)
    total = conn.execute(select(func.count()).select_from(source).where(matching)).scalar_one()
    rows = conn.execute(
        _photos()
        .where(matching)
        .order_by(pupil.c.sort_name, pupil.c.id)
        .offset(offset)
        .limit(limit)
    )
    return total, [PhotoLine(**row._mapping) for row in rows]


def photo(conn: Connection, pupil_id: int) -> PhotoLine | None:
    row = conn.execute(_photos().where(schema.photo.c.pupil_id == pupil_id)).one_or_none()
    return None if row is None else PhotoLine(**row._mapping)


def put_photo(
    conn: Connection, pupil_id: int, content: Content, revision: int, *, new: bool
) -> None:
    """Write the photo of a pupil; *new* says that he had none."""
    values = {**attrs.asdict(content), "revision": revision}
    table = schema.photo
    if new:
        conn.execute(insert(table).values(pupil_id=pupil_id, **values))
    else:
        conn.execute(update(table).where(table.c.pupil_id == pupil_id).values(**values))


def delete_photo(conn: Connection, pupil_id: int) -> None:
    """Delete the row; the bytes stay until they are collected."""
    conn.execute(delete(schema.photo).where(schema.photo.c.pupil_id == pupil_id))


def pupil_name(conn: Connection, pupil_id: int) -> str | None:
    """Return the name of a pupil, former ones too; None when there is none."""
    row = conn.execute(select(_name()).where(schema.pupil.c.id == pupil_id)).one_or_none()
    return None if row is None else row.pupil


def _name() -> Any:
    pupil = schema.pupil.c
    return func.trim(pupil.last_name + " " + pupil.first_name).label("pupil")


def _photos() -> Select[Any]:
    table, pupil = schema.photo, schema.pupil
    return select(
        table.c.pupil_id,
        _name(),
        table.c.sha256,
        table.c.size,
        table.c.media_type,
        table.c.revision,
    ).select_from(table.join(pupil, pupil.c.id == table.c.pupil_id))


def _line(row: Any) -> DocumentLine:
    return DocumentLine(**{**row, "owner_kind": DocumentOwner(row["owner_kind"])})
