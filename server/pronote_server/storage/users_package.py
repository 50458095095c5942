"""
What is in a ``.profils`` file: three lists of records.

It may come from anywhere, so that every value is looked at before anybody uses it.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import attrs

from pronote_protocol.words import GroupType, Mode, Rank
from pronote_server.domain.accounts import Account, Credentials, Group, Profile
from pronote_server.storage.manifests import damaged
from pronote_server.storage.packages import LIMITS, Member, PackageKind, unpack_package
from pronote_server.storage.whole_files import saying_what_the_disk_said, scratch_folder

__all__ = ["UsersFile", "read_users", "users_members"]

_MOST_RECORDS: Final = 20_000
_MOST_BYTES: Final = 64 * 1024 * 1024
_PERSON: Final = re.compile(r"(teacher|staff):[^\x00-\x1f]{1,60}")
_ITERATIONS: Final = range(4_096, 10_000_001)
_LONGEST: Final = 200
_MOST_IDLE_MINUTES: Final = 24 * 60


@attrs.frozen(kw_only=True)
class UsersFile:
    """Ids are the file's own; only what refers to them inside it counts."""

    groups: tuple[Group, ...]
    profiles: tuple[Profile, ...]
    accounts: tuple[Account, ...]


def users_members(users: UsersFile) -> list[Member]:
    """Return *users* as the members of a package."""
    return [
        _member("groups", [_group(each) for each in users.groups]),
        _member("profiles", [_profile(each) for each in users.profiles]),
        _member("accounts", [_account(each) for each in users.accounts]),
    ]


def _member(name: str, records: list[dict[str, Any]]) -> Member:
    text = json.dumps(records, ensure_ascii=False, indent=1)
    return Member(f"{name}.json", text.encode())


def _group(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "name": group.name,
        "type": group.type.value,
        "idle_minutes": group.idle_minutes,
    }


def _profile(profile: Profile) -> dict[str, Any]:
    return {
        "id": profile.id,
        "name": profile.name,
        "kind": profile.kind.value,
        "idle_minutes": profile.idle_minutes,
    }


def _account(account: Account) -> dict[str, Any]:
    keys = account.credentials
    return {
        "login": account.login,
        "name": account.name,
        "rank": account.rank.value,
        "group": account.group_id,
        "teacher_profile": account.teacher_profile_id,
        "staff_profile": account.staff_profile_id,
        "person": account.person,
        "active": account.active,
        "must_change": account.must_change,
        "scram_sha_256": None
        if keys is None
        else {
            "salt": keys.salt.hex(),
            "stored_key": keys.stored_key.hex(),
            "server_key": keys.server_key.hex(),
            "iterations": keys.iterations,
        },
    }


def read_users(path: Path) -> UsersFile:
    """
    Return what is in the file at *path*. Blocking.

    Raises:
        PackageRefused: It is no such file, damaged, newer, or holds what cannot be.
        StorageFailed: The disk said no.
    """
    limits = attrs.evolve(LIMITS, most_bytes=_MOST_BYTES)
    with saying_what_the_disk_said(), scratch_folder(path) as scratch:
        folder = scratch / "members"
        manifest = unpack_package(
            path, folder, expect={PackageKind.USERS}, limits=limits, sync=False
        )
        try:
            return UsersFile(
                groups=tuple(map(_read_group, _records(folder, "groups"))),
                profiles=tuple(map(_read_profile, _records(folder, "profiles"))),
                accounts=tuple(
                    _read_account(record, manifest.made_at)
                    for record in _records(folder, "accounts")
                ),
            )
        except (ValueError, TypeError, KeyError, RecursionError):
            raise damaged() from None


def _records(folder: Path, name: str) -> list[dict[str, Any]]:
    path = folder / f"{name}.json"
    if not path.exists():
        raise ValueError
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, list) or len(found) > _MOST_RECORDS:
        raise ValueError
    if not all(isinstance(record, dict) for record in found):
        raise ValueError
    return found


def _read_group(record: dict[str, Any]) -> Group:
    return Group(
        _count(record["id"]),
        _word(record["name"]),
        GroupType(record["type"]),
        _minutes(record["idle_minutes"]),
    )


def _read_profile(record: dict[str, Any]) -> Profile:
    return Profile(
        _count(record["id"]),
        _word(record["name"]),
        Mode(record["kind"]),
        _minutes(record["idle_minutes"]),
    )


def _read_account(record: dict[str, Any], made_at: datetime) -> Account:
    person = record["person"]
    if person is not None and not _PERSON.fullmatch(_word(person)):
        raise ValueError
    return Account(
        id=0,
        login=_word(record["login"]),
        name=_word(record["name"]),
        rank=Rank(record["rank"]),
        group_id=_optional_count(record["group"]),
        teacher_profile_id=_optional_count(record["teacher_profile"]),
        staff_profile_id=_optional_count(record["staff_profile"]),
        person=person,
        active=_flag(record["active"]),
        must_change=_flag(record["must_change"]),
        credentials=_keys(record["scram_sha_256"]),
        created_at=made_at,
    )


def _keys(record: Any) -> Credentials | None:
    if record is None:
        return None
    salt, stored, server = (
        bytes.fromhex(record[name]) for name in ("salt", "stored_key", "server_key")
    )
    iterations = _count(record["iterations"])
    # Another length would tell such an account from the decoys of unknown logins.
    if not 8 <= len(salt) <= 64 or (len(stored), len(server)) != (32, 32):
        raise ValueError
    if iterations not in _ITERATIONS:
        raise ValueError
    return Credentials(salt, stored, server, iterations)


def _word(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
        raise ValueError
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError
    return value


def _optional_count(value: Any) -> int | None:
    return None if value is None else _count(value)


def _minutes(value: Any) -> int | None:
    if value is not None and not 1 <= _count(value) <= _MOST_IDLE_MINUTES:
        raise ValueError
    return _optional_count(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value
