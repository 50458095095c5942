"""Recovering users (fiche 8): who is here stays, who is not comes, and nothing by surprise."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from trio.testing import MockClock

from pronote_protocol.words import GroupType, Mode, Rank
from pronote_server.domain.accounts import Account, Credentials, Group, Profile
from pronote_server.hosting.asker import Asker
from pronote_server.hosting.users_files import generate_users_file, recover
from pronote_server.storage.manifests import PackageRefused
from pronote_server.storage.packages import Manifest, Member, PackageKind, write_package
from pronote_server.storage.users_package import UsersFile, read_users, users_members
from pronote_server.testing import PASSWORD, TEST_RNE, open_test_school

NOW: Final = datetime(2020, 10, 5, 10, 0, tzinfo=UTC)
SUPERVISOR = Asker("Superviseur", None, may_name_superadministrators=True)
CHIEF = Asker("Chef", None)
GROUPS = (
    Group(1, "Administration", GroupType.ADMIN),
    Group(2, "Infirmerie", GroupType.MODIFICATION, 30),
    Group(3, "Direction", GroupType.ADMIN),
)
PROFILES = (Profile(1, "Profil 1", Mode.TEACHER), Profile(2, "Remplaçants", Mode.TEACHER, 15))
KEYS = Credentials(b"s" * 16, b"a" * 32, b"b" * 32, 4096)


def account(login: str, **fields: Any) -> Account:
    return Account(id=0, login=login, name=login.upper(), created_at=NOW, **fields)


def written(folder: Path, members: list[Member]) -> Path:
    path = folder / "essai.profils"
    manifest = Manifest(
        kind=PackageKind.USERS,
        rne=TEST_RNE,
        base="Base",
        school_year=2020,
        base_format=1,
        revision=0,
        made_at=NOW,
    )
    write_package(path, manifest, members)
    return path


def users_file(folder: Path, *accounts: Account) -> Path:
    users = UsersFile(groups=GROUPS, profiles=PROFILES, accounts=accounts)
    return written(folder, users_members(users))


async def test_groups_and_profiles_of_a_new_name_come_with_their_settings(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    path = users_file(
        tmp_path,
        account("nurse", group_id=2, credentials=KEYS, must_change=True),
        account("standin", teacher_profile_id=2, person="teacher:T9"),
        account("head", group_id=3),
    )
    async with open_test_school(tmp_path / "school", inline=True) as school:
        report = await recover(school, path, SUPERVISOR)

        assert report["groups"] == ["Infirmerie"]
        assert report["profiles"] == ["Remplaçants"]
        assert (report["added"], report["kept"], report["refused"]) == (3, 0, 0)
        nurse = school.directory.by_login("nurse")
        assert nurse is not None
        assert nurse.credentials == KEYS
        group = school.directory.group_of(nurse)
        assert group is not None
        assert (group.name, group.idle_minutes, group.builtin) == ("Infirmerie", 30, False)
        head = school.directory.by_login("head")
        assert head is not None
        # There is one group of type admin, whatever it is called elsewhere.
        assert head.group_id == next(
            each.id for each in school.directory.groups if each.type is GroupType.ADMIN
        )
        again = await recover(school, path, SUPERVISOR)
        assert (again["added"], again["kept"], again["groups"]) == (0, 3, [])


async def test_only_the_supervisor_brings_superadministrators(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    path = users_file(tmp_path, account("boss", group_id=1, rank=Rank.SUPERADMINISTRATOR))
    async with open_test_school(tmp_path / "a", inline=True) as school:
        report = await recover(school, path, CHIEF)
        boss = school.directory.by_login("boss")
        assert report["lowered"] == ["boss"]
        assert boss is not None
        assert boss.rank is Rank.USER
    async with open_test_school(tmp_path / "b", inline=True) as school:
        await recover(school, path, SUPERVISOR)
        boss = school.directory.by_login("boss")
        assert boss is not None
        assert boss.rank is Rank.SUPERADMINISTRATOR


async def test_who_cannot_come_is_refused_with_the_reason_and_the_others_come(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    path = users_file(
        tmp_path,
        account("Admin"),
        account("twin", teacher_profile_id=1, person="teacher:T1"),
        account("lost", group_id=9),
        account("loose", rank=Rank.SUPERADMINISTRATOR),
        account("fine", group_id=2),
    )
    async with open_test_school(tmp_path / "school", inline=True) as school:
        report = await recover(school, path, SUPERVISOR)

        assert report["added_logins"] == ["fine"]
        assert report["kept_logins"] == ["Admin"]
        reasons = dict(report["refusals"])
        assert reasons.keys() == {"twin", "lost", "loose"}
        assert "déjà un compte" in reasons["twin"]


async def test_the_supervisor_of_the_file_changes_nothing_of_the_one_here(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    path = users_file(
        tmp_path, account("CHEF", rank=Rank.SUPERVISOR, credentials=KEYS), account("SPR")
    )
    async with open_test_school(tmp_path / "school", inline=True) as school:
        before = school.directory.supervisor
        report = await recover(school, path, SUPERVISOR)

        assert report["kept_logins"] == ["CHEF", "SPR"]
        assert school.directory.supervisor == before


async def test_a_file_holds_no_password_one_could_read_and_not_the_supervisors(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_test_school(tmp_path / "school", inline=True) as school:
        clear = attrs.evolve(
            next(a for a in school.directory.accounts if a.login == "sec1"),
            generated_password="En-clair-4-lire!",
        )
        school.directory.put(clear)
        made = await generate_users_file(school, by="test")

    path = Path(made["folder"]) / made["file"]
    users = read_users(path)
    spr = next(each for each in users.accounts if each.rank is Rank.SUPERVISOR)
    sec1 = next(each for each in users.accounts if each.login == "sec1")
    assert spr.credentials is None
    assert sec1.credentials is not None
    assert all(each.generated_password is None for each in users.accounts)
    for secret in (b"En-clair-4-lire!", PASSWORD.encode()):
        assert secret not in path.read_bytes()


def record(**changes: Any) -> dict[str, Any]:
    return {
        "login": "x",
        "name": "X",
        "rank": "user",
        "group": None,
        "teacher_profile": None,
        "staff_profile": None,
        "person": None,
        "active": True,
        "must_change": False,
        "scram_sha_256": None,
    } | changes


def keys(**changes: Any) -> dict[str, Any]:
    return {
        "salt": "00" * 16,
        "stored_key": "00" * 32,
        "server_key": "00" * 32,
        "iterations": 4096,
    } | changes


@pytest.mark.parametrize(
    "accounts",
    [
        {},
        [3],
        [{}],
        [record(login="")],
        [record(login="a" * 201)],
        [record(name="a\nb")],
        [record(rank="king")],
        [record(group="1")],
        [record(group=True)],
        [record(active=1)],
        [record(person="pupil:P1")],
        [record(scram_sha_256=keys(salt="zz"))],
        [record(scram_sha_256=keys(salt="00"))],
        [record(scram_sha_256=keys(stored_key="00" * 31))],
        [record(scram_sha_256=keys(iterations=1))],
        [record(scram_sha_256=keys(iterations=2**40))],
        [record(scram_sha_256={})],
    ],
    ids=lambda accounts: json.dumps(accounts)[:60],
)
def test_records_that_cannot_be_are_refused_as_a_whole(tmp_path: Path, accounts: Any) -> None:
    members = [
        Member("groups.json", b"[]"),
        Member("profiles.json", b"[]"),
        Member("accounts.json", json.dumps(accounts).encode()),
    ]
    with pytest.raises(PackageRefused):
        read_users(written(tmp_path, members))


@pytest.mark.parametrize("missing", ["groups", "profiles", "accounts"])
def test_a_file_without_one_of_its_lists_is_refused(tmp_path: Path, missing: str) -> None:
    lists = {"groups", "profiles", "accounts"} - {missing}
    with pytest.raises(PackageRefused):
        read_users(written(tmp_path, [Member(f"{name}.json", b"[]") for name in sorted(lists)]))
