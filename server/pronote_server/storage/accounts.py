"""
Accounts, groups and profiles on disk.

These functions belong inside a command given to `Database.write`. What the school's rules
refuse, `domain.accounts.Directory.check` has refused before; the constraints of the tables are
the last line (`ConstraintBroken`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, TypeVar

import attrs
from sqlalchemy import Connection, Row, Table, bindparam, delete, insert, select, update

from pronote_protocol.words import GroupType, Mode, Rank
from pronote_server.domain.accounts import Account, Credentials, Group, Profile
from pronote_server.domain.search import fold
from pronote_server.storage.prepared import Prepared
from pronote_server.storage.school_schema import account, profile, user_group

__all__ = [
    "delete_account",
    "delete_group",
    "delete_profile",
    "insert_account",
    "insert_group",
    "insert_profile",
    "load_accounts",
    "load_groups",
    "load_profiles",
    "note_login",
    "update_account",
    "update_group",
    "update_profile",
]

T = TypeVar("T", Account, Group, Profile)

_NOTE_LOGIN: Final = Prepared(
    update(account)
    .where(account.c.id == bindparam("which"))
    .values(last_login_at=bindparam("at", type_=account.c.last_login_at.type))
)


def load_accounts(conn: Connection) -> list[Account]:
    return [_account(row) for row in conn.execute(select(account).order_by(account.c.id))]


def load_groups(conn: Connection) -> list[Group]:
    return [
        Group(row.id, row.name, GroupType(row.type), row.idle_minutes, row.builtin)
        for row in conn.execute(select(user_group).order_by(user_group.c.id))
    ]


def load_profiles(conn: Connection) -> list[Profile]:
    return [
        Profile(row.id, row.name, Mode(row.kind), row.idle_minutes, row.builtin)
        for row in conn.execute(select(profile).order_by(profile.c.id))
    ]


def insert_account(conn: Connection, draft: Account) -> Account:
    """Return *draft* with the id it got; the one it had does not count."""
    return _insert(conn, account, draft, _account_values(draft))


def insert_group(conn: Connection, draft: Group) -> Group:
    """Return *draft* with the id it got; the one it had does not count."""
    return _insert(conn, user_group, draft, _group_values(draft))


def insert_profile(conn: Connection, draft: Profile) -> Profile:
    """Return *draft* with the id it got; the one it had does not count."""
    return _insert(conn, profile, draft, _profile_values(draft))


def update_account(conn: Connection, changed: Account) -> None:
    """
    Raises:
        LookupError: No account has that id (as for groups and profiles).
    """
    values = _account_values(changed)
    # Logins are noted meanwhile, by `note_login`.
    del values["last_login_at"]
    _update(conn, account, changed.id, values)


def note_login(conn: Connection, account_id: int, at: datetime) -> None:
    """Write when somebody last logged in; nothing to do for an account that is gone."""
    _NOTE_LOGIN.run(conn, ({"which": account_id, "at": at},))


def update_group(conn: Connection, changed: Group) -> None:
    _update(conn, user_group, changed.id, _group_values(changed))


def update_profile(conn: Connection, changed: Profile) -> None:
    _update(conn, profile, changed.id, _profile_values(changed))


def delete_account(conn: Connection, account_id: int) -> None:
    """
    Raises:
        LookupError: No account has that id.
        ConstraintBroken: It is the supervisor's (said by `Database.write`).
    """
    _delete(conn, account, account_id)


def delete_group(conn: Connection, group_id: int) -> None:
    """
    Raises:
        LookupError: No group has that id.
        ConstraintBroken: It has members (said by `Database.write`).
    """
    _delete(conn, user_group, group_id)


def delete_profile(conn: Connection, profile_id: int) -> None:
    """
    Raises:
        LookupError: No profile has that id.
        ConstraintBroken: It is somebody's (said by `Database.write`).
    """
    _delete(conn, profile, profile_id)


def _insert(conn: Connection, table: Table, draft: T, values: dict[str, Any]) -> T:
    key = conn.execute(insert(table), values).inserted_primary_key
    assert key is not None
    return attrs.evolve(draft, id=key[0])


def _update(conn: Connection, table: Table, row_id: int, values: dict[str, Any]) -> None:
    if conn.execute(update(table).where(table.c.id == row_id), values).rowcount != 1:
        raise LookupError(f"no {table.name} {row_id}")


def _delete(conn: Connection, table: Table, row_id: int) -> None:
    if conn.execute(delete(table).where(table.c.id == row_id)).rowcount != 1:
        raise LookupError(f"no {table.name} {row_id}")


def _account(row: Row[Any]) -> Account:
    credentials = None
    if row.salt is not None:
        credentials = Credentials(row.salt, row.stored_key, row.server_key, row.iterations)
    return Account(
        id=row.id,
        login=row.login,
        name=row.name,
        rank=Rank(row.rank),
        group_id=row.group_id,
        teacher_profile_id=row.teacher_profile_id,
        staff_profile_id=row.staff_profile_id,
        person=row.person,
        credentials=credentials,
        generated_password=row.generated_password,
        must_change=row.must_change,
        active=row.active,
        created_at=row.created_at,
        last_login_at=row.last_login_at,
    )


def _account_values(one: Account) -> dict[str, Any]:
    keys = one.credentials
    return {
        "login": one.login,
        "folded_login": fold(one.login),
        "name": one.name,
        "rank": one.rank.value,
        "group_id": one.group_id,
        "teacher_profile_id": one.teacher_profile_id,
        "staff_profile_id": one.staff_profile_id,
        "person": one.person,
        "salt": None if keys is None else keys.salt,
        "stored_key": None if keys is None else keys.stored_key,
        "server_key": None if keys is None else keys.server_key,
        "iterations": None if keys is None else keys.iterations,
        "generated_password": one.generated_password,
        "must_change": one.must_change,
        "active": one.active,
        "created_at": one.created_at,
        "last_login_at": one.last_login_at,
    }


def _group_values(one: Group) -> dict[str, Any]:
    return {
        "name": one.name,
        "folded_name": fold(one.name),
        "type": one.type.value,
        "idle_minutes": one.idle_minutes,
        "builtin": one.builtin,
    }


def _profile_values(one: Profile) -> dict[str, Any]:
    return {
        "name": one.name,
        "folded_name": fold(one.name),
        "kind": one.kind.value,
        "idle_minutes": one.idle_minutes,
        "builtin": one.builtin,
    }
