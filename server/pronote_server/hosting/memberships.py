"""Who belongs to whom: pupils to groups, guardians to pupils."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, insert, select
from sqlalchemy.sql.functions import coalesce

from pronote_protocol.catalogue import Page, people, structure
from pronote_protocol.errors import Conflict, NotFound
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Kinship
from pronote_server.domain.sessions import Session
from pronote_server.hosting import group_members
from pronote_server.hosting.entries import SCHOOL_LIFE, Entry, enter
from pronote_server.hosting.resource_entries import noun, row_of, the_row
from pronote_server.hosting.resource_kinds import KINDS
from pronote_server.hosting.school import School
from pronote_server.storage import base_schema as schema
from pronote_server.storage.base_kinds import exists

__all__ = ["delete_link", "list_links", "list_members", "put_link", "set_members"]

MOST_GUARDIANS: Final = 10
MOST_LEGAL: Final = 2

_GROUPS: Final = next(each for each in KINDS if each.calls is structure.SCHOOL_GROUPS)
_LINK: Final = schema.pupil_guardian


# ------------------------------------------------------------------------------- groups


async def list_members(
    school: School, wish: structure.ListGroupMembers
) -> Page[structure.GroupMemberRow]:
    """
    Raises:
        NotFound: There is no such group.
    """
    pupil, class_, member = schema.pupil, schema.school_class, schema.pupil_group

    def read(conn: Connection) -> Page[structure.GroupMemberRow]:
        group = schema.school_group.c
        if conn.execute(select(group.id).where(group.id == wish.group_id)).first() is None:
            raise NotFound(what=f"group {wish.group_id}")
        rows = conn.execute(
            select(
                pupil.c.id,
                pupil.c.code,
                pupil.c.last_name,
                pupil.c.first_name,
                func.coalesce(class_.c.name, "").label("class_name"),
            )
            .select_from(
                member.join(pupil, pupil.c.id == member.c.pupil_id).outerjoin(
                    class_, class_.c.id == pupil.c.class_id
                )
            )
            .where(member.c.group_id == wish.group_id)
            .order_by(pupil.c.sort_name, pupil.c.id)
        ).all()
        return Page(
            total=len(rows),
            offset=wish.offset,
            rows=tuple(
                structure.GroupMemberRow(
                    row.id,
                    row.code,
                    f"{row.last_name} {row.first_name}".strip(),
                    row.class_name,
                )
                for row in rows[wish.offset : wish.offset + wish.limit]
            ),
        )

    return await school.base_in_service().database.read(read)


async def set_members(
    school: School, session: Session, key: str | None, wish: structure.SetGroupMembers
) -> structure.SchoolGroupRow:
    """
    Raises:
        NotFound, StaleRevision: No such group, or changed since; a pupil is not there.
        BadRequest: A pupil is named twice.
        Conflict: A pupil is of none of the group's classes.
    """
    wished = group_members.wished(wish.pupil_ids)

    def command(entry: Entry) -> structure.SchoolGroupRow:
        conn, ident = entry.conn, wish.group_id
        group = the_row(conn, _GROUPS, ident)
        entry.check_fresh("school_group", ident, group["revision"], wish.if_revision)
        group_members.check_members(conn, group["class_ids"], wished)
        group_members.put_members(entry, ident, wished)
        row: structure.SchoolGroupRow = row_of(_GROUPS, the_row(conn, _GROUPS, ident))
        return row

    return await enter(school, session, structure.SET_GROUP_MEMBERS, key, command)


# ---------------------------------------------------------------------------- guardians


async def list_links(
    school: School, wish: people.ListGuardianLinks
) -> Page[people.GuardianLinkRow]:
    """Return a page of who is whose guardian."""
    wanted: list[ColumnElement[bool]] = []
    if wish.pupil_id is not None:
        wanted.append(_LINK.c.pupil_id == wish.pupil_id)
    if wish.guardian_id is not None:
        wanted.append(_LINK.c.guardian_id == wish.guardian_id)

    def read(conn: Connection) -> Page[people.GuardianLinkRow]:
        total = conn.execute(
            select(func.count()).select_from(_LINK).where(*wanted)
        ).scalar_one()
        rows = conn.execute(
            _links()
            .where(*wanted)
            .order_by(
                schema.pupil.c.sort_name,
                schema.pupil.c.id,
                schema.guardian.c.sort_name,
                schema.guardian.c.id,
            )
            .offset(wish.offset)
            .limit(wish.limit)
        )
        return Page(total=total, offset=wish.offset, rows=tuple(map(_link_row, rows)))

    return await school.base_in_service().database.read(read)


async def put_link(
    school: School, session: Session, key: str | None, wish: people.PutGuardianLink
) -> people.GuardianLinkRow:
    """
    Raises:
        NotFound: There is no such pupil, or guardian.
        StaleRevision: The link was changed since.
        Conflict: The pupil has enough guardians, or enough legal ones.
    """
    values = {"kinship": wish.kinship.value, "legal": wish.legal, "contact": wish.contact}

    def command(entry: Entry) -> people.GuardianLinkRow:
        conn = entry.conn
        for table, ident in (
            (schema.pupil, wish.pupil_id),
            (schema.guardian, wish.guardian_id),
        ):
            if not exists(conn, table, ident):
                raise NotFound(what=f"{noun(table.name)} {ident}")
        old = _find(conn, wish.pupil_id, wish.guardian_id)
        revision = 0 if old is None else old.revision
        name = f"{wish.pupil_id}/{wish.guardian_id}"
        entry.check_fresh(_LINK.name, name, revision, wish.if_revision)
        before = None if old is None else {each: getattr(old, each) for each in values}
        if before != values:
            _check_count(conn, wish)
            _unlink(conn, wish.pupil_id, wish.guardian_id)
            conn.execute(
                insert(_LINK).values(
                    pupil_id=wish.pupil_id,
                    guardian_id=wish.guardian_id,
                    revision=entry.revision,
                    **values,
                )
            )
            entry.changed("guardians", _LINK.name, name, before, values, SCHOOL_LIFE)
        row = _find(conn, wish.pupil_id, wish.guardian_id)
        assert row is not None
        return _link_row(row)

    return await enter(school, session, people.PUT_GUARDIAN_LINK, key, command)


async def delete_link(
    school: School, session: Session, key: str | None, wish: people.GuardianLinkRef
) -> Nothing:
    """
    Raises:
        NotFound, StaleRevision: He is no guardian of that pupil, or was changed since.
    """

    def command(entry: Entry) -> Nothing:
        conn = entry.conn
        old = _find(conn, wish.pupil_id, wish.guardian_id)
        name = f"{wish.pupil_id}/{wish.guardian_id}"
        if old is None:
            raise NotFound(what=f"guardian {wish.guardian_id} of pupil {wish.pupil_id}")
        entry.check_fresh(_LINK.name, name, old.revision, wish.if_revision)
        _unlink(conn, wish.pupil_id, wish.guardian_id)
        before = {each: getattr(old, each) for each in ("kinship", "legal", "contact")}
        entry.changed("guardians", _LINK.name, name, before, None, SCHOOL_LIFE)
        return Nothing()

    return await enter(school, session, people.DELETE_GUARDIAN_LINK, key, command)


def _check_count(conn: Connection, wish: people.PutGuardianLink) -> None:
    others = conn.execute(
        select(_LINK.c.legal).where(
            _LINK.c.pupil_id == wish.pupil_id, _LINK.c.guardian_id != wish.guardian_id
        )
    ).all()
    if len(others) >= MOST_GUARDIANS:
        raise Conflict(
            "Cet élève a déjà {most} responsables.",
            "This pupil has {most} guardians already.",
            most=MOST_GUARDIANS,
        )
    if wish.legal and sum(row.legal for row in others) >= MOST_LEGAL:
        raise Conflict(
            "Cet élève a déjà {most} responsables légaux.",
            "This pupil has {most} legal guardians already.",
            most=MOST_LEGAL,
        )


def _unlink(conn: Connection, pupil_id: int, guardian_id: int) -> None:
    conn.execute(
        delete(_LINK).where(_LINK.c.pupil_id == pupil_id, _LINK.c.guardian_id == guardian_id)
    )


def _find(conn: Connection, pupil_id: int, guardian_id: int) -> Row[Any] | None:
    return conn.execute(
        _links().where(_LINK.c.pupil_id == pupil_id, _LINK.c.guardian_id == guardian_id)
    ).one_or_none()


def _links() -> Select[Any]:
    pupil, guardian, class_ = schema.pupil, schema.guardian, schema.school_class
    return select(
        _LINK,
        func.trim(pupil.c.last_name + " " + pupil.c.first_name).label("pupil"),
        coalesce(class_.c.name, "").label("class_name"),
        func.trim(guardian.c.last_name + " " + guardian.c.first_name).label("guardian"),
    ).select_from(
        _LINK.join(pupil, pupil.c.id == _LINK.c.pupil_id)
        .join(guardian, guardian.c.id == _LINK.c.guardian_id)
        .outerjoin(class_, class_.c.id == pupil.c.class_id)
    )


def _link_row(row: Row[Any]) -> people.GuardianLinkRow:
    return people.GuardianLinkRow(
        row.pupil_id,
        row.pupil,
        row.class_name,
        row.guardian_id,
        row.guardian,
        Kinship(row.kinship),
        row.legal,
        row.contact,
        row.revision,
    )
