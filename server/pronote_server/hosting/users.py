"""
Accounts (*Administration des utilisateurs*).

Each change is on disk before the directory in memory shows it, and in the journal with it.
"""

from __future__ import annotations

import secrets

import attrs
from sqlalchemy import Connection

from pronote_protocol.errors import Conflict, NotAllowed, NotFound
from pronote_protocol.words import Mode, Rank
from pronote_server.domain.accounts import Account, login_of
from pronote_server.domain.passwords import generate_password
from pronote_server.domain.search import fold
from pronote_server.hosting import connections
from pronote_server.hosting.asker import Asker, changing_directory, entry, update_account
from pronote_server.hosting.groups import group_id, profile_id
from pronote_server.hosting.login import GENERATED_ITERATIONS
from pronote_server.hosting.passwords import derive_credentials
from pronote_server.hosting.school import School
from pronote_server.storage import accounts as kept
from pronote_server.storage.journal import append_journal

__all__ = ["change_user", "create_user", "delete_user", "find", "search"]


def find(school: School, account_id: int | None, login: str | None) -> Account:
    """
    Return the account with this id, or else this login.

    Raises:
        NotFound: There is none.
    """
    account = None
    if account_id is not None:
        account = school.directory.by_id(account_id)
    elif login is not None:
        account = school.directory.by_login(login)
    if account is None:
        raise NotFound(what=f"user {login if account_id is None else account_id}")
    return account


def search(school: School, text: str | None, mode: Mode | None) -> list[Account]:
    """Return the accounts whose name or login holds every word of *text*, by name."""
    words = fold(text or "").split()
    return [
        account
        for account in school.directory.accounts
        if (mode is None or mode in school.directory.modes_of(account))
        and all(word in fold(f"{account.name} {account.login}") for word in words)
    ]


async def create_user(
    school: School,
    asker: Asker,
    *,
    name: str,
    login: str | None,
    group: str | None,
    teacher_profile: str | None,
    staff_profile: str | None,
) -> Account:
    """
    Create an account with a generated password.

    Raises:
        Conflict, NotFound: The login is taken, or a group or profile is unknown.
    """
    name = _readable(name)
    last_name, _, first_name = name.partition(" ")
    wanted = login if login is not None else login_of(last_name, first_name)
    password = generate_password(secrets)
    credentials = await derive_credentials(school, password, GENERATED_ITERATIONS)
    async with changing_directory(school):
        draft = Account(
            id=0,
            login=wanted if login is not None else school.directory.free_login(wanted),
            name=name,
            group_id=group_id(school, group),
            teacher_profile_id=profile_id(school, teacher_profile, Mode.TEACHER),
            staff_profile_id=profile_id(school, staff_profile, Mode.SCHOOL_LIFE),
            credentials=credentials,
            generated_password=password,
            must_change=True,
            created_at=school.now(),
        )
        school.directory.check(draft)

        line = entry(school, "user.created", asker, {"login": draft.login})

        def write(conn: Connection) -> Account:
            account = kept.insert_account(conn, draft)
            append_journal(conn, line)
            return account

        account = await school.records.write(write)
        school.directory.put(account)
        return account


async def change_user(
    school: School,
    asker: Asker,
    account: Account,
    *,
    name: str | None = None,
    group: str | None = None,
    teacher_profile: str | None = None,
    staff_profile: str | None = None,
    active: bool | None = None,
    force_change: bool | None = None,
    superadministrator: bool | None = None,
) -> Account:
    """
    Change what is not None; an empty group or profile takes it away.

    Disabling an account, or taking away what opened the mode it is in, ends its sessions.

    Raises:
        NotAllowed: Only the supervisor names superadministrators.
        Conflict, NotFound: A rule of the school; nothing is changed.
    """
    async with changing_directory(school):
        account = find(school, account.id, None)
        changes: dict[str, object] = {}
        if name is not None:
            changes["name"] = _readable(name)
        if group is not None:
            changes["group_id"] = group_id(school, group)
        if teacher_profile is not None:
            changes["teacher_profile_id"] = profile_id(school, teacher_profile, Mode.TEACHER)
        if staff_profile is not None:
            changes["staff_profile_id"] = profile_id(school, staff_profile, Mode.SCHOOL_LIFE)
        if active is not None:
            changes["active"] = active
        if force_change is not None:
            changes["must_change"] = force_change
        if superadministrator is not None:
            if not asker.may_name_superadministrators:
                raise NotAllowed(
                    "Seul le superviseur nomme les superadministrateurs.",
                    "Only the supervisor names superadministrators.",
                )
            changes["rank"] = Rank.SUPERADMINISTRATOR if superadministrator else Rank.USER
        if account.rank is Rank.SUPERADMINISTRATOR and not asker.may_name_superadministrators:
            raise NotAllowed(
                "Seul le superviseur modifie un superadministrateur.",
                "Only the supervisor changes a superadministrator.",
            )
        changed = attrs.evolve(account, **changes)  # type: ignore[arg-type]
        school.directory.check(changed)
        await update_account(school, changed, "user.changed", asker, changed=sorted(changes))
        modes = school.directory.modes_of(changed)
        if not changed.active or any(
            session.mode not in modes for session in school.sessions.of_account(changed.id)
        ):
            connections.end_sessions_of(school, changed.id, asker.name)
        return changed


async def delete_user(school: School, asker: Asker, account: Account) -> None:
    """
    Delete an account; its sessions end.

    Raises:
        Conflict: It is the supervisor's.
    """
    async with changing_directory(school):
        account = find(school, account.id, None)
        school.directory.check_removal(account.id)
        if account.rank is Rank.SUPERADMINISTRATOR and not asker.may_name_superadministrators:
            raise NotAllowed()

        line = entry(school, "user.deleted", asker, {"login": account.login})

        def write(conn: Connection) -> None:
            kept.delete_account(conn, account.id)
            append_journal(conn, line)

        await school.records.write(write)
        school.directory.remove(account.id)
        connections.end_sessions_of(school, account.id, asker.name)


def _readable(name: str) -> str:
    """
    Return *name* without the blanks around it.

    Raises:
        Conflict: It is empty, or holds what cannot be read.
    """
    name = name.strip()
    if not fold(name) or not name.isprintable():
        raise Conflict("Il faut un nom lisible.", "A readable name is needed.")
    return name
