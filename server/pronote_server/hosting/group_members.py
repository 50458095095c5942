"""Who may be in which group, and who leaves one because he moves on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import Connection, delete, insert, select, update

from pronote_protocol.errors import BadRequest, Conflict, NotFound
from pronote_server.hosting.entries import EVERYBODY, Entry
from pronote_server.storage import base_schema as schema

__all__ = ["check_members", "classes_of", "leave_groups", "members_of", "put_members", "wished"]

_FAMILY = "school_groups"


def members_of(conn: Connection, group_id: int) -> list[int]:
    """Return the ids of who is in the group, in their order."""
    member = schema.pupil_group.c
    wanted = select(member.pupil_id).where(member.group_id == group_id)
    return list(conn.execute(wanted.order_by(member.pupil_id)).scalars())


def classes_of(conn: Connection, group_id: int) -> set[int]:
    """Return the ids of the classes the group is of."""
    part = schema.group_class.c
    wanted = select(part.class_id).where(part.group_id == group_id)
    return set(conn.execute(wanted).scalars())


def check_members(
    conn: Connection, class_ids: Collection[int], pupil_ids: Collection[int]
) -> None:
    """
    Raises:
        NotFound: One of them is not there, or has left.
        Conflict: One of them is of none of these classes.
    """
    pupil = schema.pupil.c
    rows = conn.execute(
        select(pupil.id, pupil.class_id).where(
            pupil.id.in_(list(pupil_ids)), pupil.left_on.is_(None)
        )
    )
    classes = {row.id: row.class_id for row in rows}
    for pupil_id in pupil_ids:
        if pupil_id not in classes:
            raise NotFound(what=f"pupil {pupil_id}")
    strangers = [id_ for id_, class_id in classes.items() if class_id not in class_ids]
    if class_ids and strangers:
        raise Conflict(
            "{count} membres ne sont d'aucune des classes du groupe.",
            "{count} members are of none of the group's classes.",
            count=len(strangers),
            pupil_ids=strangers[:20],
        )


def put_members(entry: Entry, group_id: int, pupil_ids: Collection[int]) -> bool:
    """Make these the members; return whether anything changed."""
    conn, member = entry.conn, schema.pupil_group
    before, after = members_of(conn, group_id), sorted(pupil_ids)
    if before == after:
        return False
    gone, come = set(before) - set(after), sorted(set(after) - set(before))
    if gone:
        conn.execute(
            delete(member).where(
                member.c.group_id == group_id, member.c.pupil_id.in_(sorted(gone))
            )
        )
    if come:
        conn.execute(insert(member), [{"group_id": group_id, "pupil_id": id_} for id_ in come])
    group = schema.school_group
    conn.execute(update(group).where(group.c.id == group_id).values(revision=entry.revision))
    entry.changed(
        _FAMILY, group.name, group_id, {"members": before}, {"members": after}, EVERYBODY
    )
    return True


def leave_groups(
    entry: Entry, pupil_id: int, class_id: int | None, left_on: date | None
) -> None:
    """Take a pupil who left, or changed class, out of the groups he cannot be in any more."""
    conn, member = entry.conn, schema.pupil_group.c
    groups = conn.execute(select(member.group_id).where(member.pupil_id == pupil_id)).scalars()
    for group_id in groups.all():
        of = classes_of(conn, group_id)
        if left_on is not None or (of and class_id not in of):
            rest = [id_ for id_ in members_of(conn, group_id) if id_ != pupil_id]
            put_members(entry, group_id, rest)


def wished(pupil_ids: Collection[int]) -> list[int]:
    """
    Raises:
        BadRequest: One is named twice.
    """
    if len(set(pupil_ids)) != len(pupil_ids):
        raise BadRequest(problems="pupil_ids: one is named twice")
    return sorted(pupil_ids)
