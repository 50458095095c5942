"""Groups of administrative users, profiles of teachers and staff, and their inactivity."""

from __future__ import annotations

import attrs
from sqlalchemy import Connection

from pronote_protocol.errors import Conflict, NotFound, NotInContract
from pronote_protocol.words import GroupType, Mode
from pronote_server.domain.accounts import Group, Profile
from pronote_server.domain.search import fold
from pronote_server.hosting.asker import Asker, changing_directory, entry
from pronote_server.hosting.school import School
from pronote_server.storage import accounts as kept
from pronote_server.storage.journal import append_journal

__all__ = [
    "create_group",
    "delete_group",
    "find_group",
    "group_id",
    "profile_id",
    "set_inactivity",
]


async def create_group(school: School, asker: Asker, name: str, kind: GroupType) -> Group:
    """
    Create a group of type modification or consultation.

    Raises:
        Conflict: The name is taken or says nothing, or the type is admin.
        NotInContract: Consultation was not bought.
    """
    if not fold(name):
        raise Conflict("Il faut un nom.", "A name is needed.")
    if kind is GroupType.ADMIN:
        raise Conflict(
            "Le groupe Administration est le seul de son type.",
            "Group Administration is the only one of its type.",
        )
    if kind is GroupType.CONSULTATION and not school.contract.consultation:
        raise NotInContract(option="Consultation")
    async with changing_directory(school):
        if any(fold(group.name) == fold(name) for group in school.directory.groups):
            raise Conflict("Ce groupe existe déjà.", "This group exists already.")

        line = entry(school, "group.created", asker, {"group": name, "type": kind.value})

        def write(conn: Connection) -> Group:
            group = kept.insert_group(conn, Group(0, name.strip(), kind))
            append_journal(conn, line)
            return group

        group = await school.records.write(write)
        school.directory.put(group)
        return group


async def delete_group(school: School, asker: Asker, name: str) -> None:
    """
    Raises:
        NotFound: No such group.
        Conflict: It is built in, or has members.
    """
    async with changing_directory(school):
        group = find_group(school, name)
        if group.builtin:
            raise Conflict("Un groupe prédéfini ne se supprime pas.", "A built-in group stays.")
        if any(account.group_id == group.id for account in school.directory.accounts):
            raise Conflict("Ce groupe a des membres.", "This group has members.")

        line = entry(school, "group.deleted", asker, {"group": name})

        def write(conn: Connection) -> None:
            kept.delete_group(conn, group.id)
            append_journal(conn, line)

        await school.records.write(write)
        school.directory.remove_group(group.id)


async def set_inactivity(
    school: School, asker: Asker, kind: str, ident: int, minutes: int | None
) -> None:
    """
    Set after how many minutes without a call a group or profile is disconnected.

    It holds for open sessions too.

    Raises:
        NotFound: No such group or profile.
    """
    async with changing_directory(school):
        found: Group | Profile | None
        if kind == "group":
            found = school.directory.group(ident)
        else:
            found = school.directory.profile(ident)
        if found is None:
            raise NotFound(what=f"{kind} {ident}")
        changed = attrs.evolve(found, idle_minutes=minutes)

        details: dict[str, object] = {kind: changed.name, "minutes": minutes}
        line = entry(school, "inactivity.set", asker, details)

        def write(conn: Connection) -> None:
            if isinstance(changed, Group):
                kept.update_group(conn, changed)
            else:
                kept.update_profile(conn, changed)
            append_journal(conn, line)

        await school.records.write(write)
        school.directory.put(changed)
        for session in school.sessions:
            account = school.directory.by_id(session.account_id)
            if account is not None:
                session.idle_minutes = school.directory.idle_minutes_of(account, session.mode)


def find_group(school: School, name: str) -> Group:
    for group in school.directory.groups:
        if fold(group.name) == fold(name):
            return group
    raise NotFound(what=f"group {name}")


def group_id(school: School, name: str | None) -> int | None:
    return find_group(school, name).id if name else None


def profile_id(school: School, name: str | None, kind: Mode) -> int | None:
    if not name:
        return None
    for profile in school.directory.profiles:
        if profile.kind is kind and fold(profile.name) == fold(name):
            return profile.id
    raise NotFound(what=f"profile {name}")
