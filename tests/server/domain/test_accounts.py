"""The book of accounts: finding them, naming them, and what they may enter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronote_protocol.catalogue.call import ANY_MODE
from pronote_protocol.errors import Conflict, NotFound
from pronote_protocol.words import Access, GroupType, Mode, Rank
from pronote_server.domain.accounts import (
    Account,
    Credentials,
    Directory,
    Group,
    Profile,
    login_of,
)

ADMINISTRATION = Group(1, "Administration", GroupType.ADMIN, idle_minutes=30, builtin=True)
CPE = Group(2, "CPE", GroupType.MODIFICATION)
DOCTORS = Group(3, "Médecins", GroupType.CONSULTATION, idle_minutes=10)
TEACHERS = Profile(1, "Profil 1", Mode.TEACHER, idle_minutes=20)
STAFF = Profile(2, "Profil 1", Mode.SCHOOL_LIFE)

EVERY_ACCESS = {Access.MODIFICATION, Access.CONSULTATION}


def account(id: int, login: str, name: str | None = None, **fields: Any) -> Account:
    return Account(
        id=id,
        login=login,
        name=name or login.upper(),
        created_at=datetime(2020, 6, 27, 17, 6, tzinfo=UTC),
        **fields,
    )


SUPERVISOR = account(1, "SPR", "Superviseur", rank=Rank.SUPERVISOR)


@pytest.fixture
def directory() -> Directory:
    return Directory([SUPERVISOR], [ADMINISTRATION, CPE, DOCTORS], [TEACHERS, STAFF])


@pytest.mark.parametrize("typed", ["hélène", "HELENE", "  Hélène ", "he\u0301le\u0300ne"])
def test_login_is_found_whatever_its_case_and_accents(directory: Directory, typed: str) -> None:
    helene = account(2, "Hélène")
    directory.put(helene)

    assert directory.by_login(typed) is helene


@pytest.mark.parametrize("typed", ["", " ", "SPR2", "\0", "S" * 10_000])
def test_unknown_login_is_nobody(directory: Directory, typed: str) -> None:
    assert directory.by_login(typed) is None


def test_renamed_login_replaces_the_old_one(directory: Directory) -> None:
    directory.put(account(2, "dupas"))
    directory.put(account(2, "dupas-martin"))

    assert directory.by_login("dupas") is None
    assert directory.by_login("dupas-martin") is directory.by_id(2)


def test_removed_account_is_forgotten_and_its_login_is_free(directory: Directory) -> None:
    directory.put(account(2, "dupas"))

    directory.remove(2)
    directory.remove(2)

    assert directory.by_id(2) is directory.by_login("dupas") is None
    assert directory.free_login("dupas") == "dupas"
    assert directory.accounts == (SUPERVISOR,)


def test_accounts_are_in_the_order_of_names_without_case_and_accents(
    directory: Directory,
) -> None:
    for id, name in enumerate(["Zola Émile", "ÉLUARD Paul", "eluard ANNE", "Dupas Nicole"], 2):
        directory.put(account(id, f"login{id}", name))

    assert [a.name for a in directory.accounts] == [
        "Dupas Nicole",
        "eluard ANNE",
        "ÉLUARD Paul",
        "Superviseur",
        "Zola Émile",
    ]


def test_two_accounts_with_one_login_are_a_mistake_of_storage(directory: Directory) -> None:
    with pytest.raises(ValueError, match="two accounts"):
        directory.put(account(2, "spr"))

    assert directory.by_login("spr") is SUPERVISOR


def test_homonyms_get_a_number(directory: Directory) -> None:
    for id in range(2, 5):
        directory.put(account(id, directory.free_login("dupas")))

    assert [directory.by_id(id).login for id in range(2, 5)] == ["dupas", "dupas2", "dupas3"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("last", "first", "login"),
    [
        ("DUPAS", "Nicole", "dupas"),
        ("DE LA FONTAINE", "Zoé", "delafontaine"),
        ("LE GOFF-O'BRIEN", "", "legoffobrien"),
        ("Œuvrard-Lefèvre", "", "oeuvrardlefevre"),
        ("李", "Ning", "ning"),
        ("李", "寧", "utilisateur"),
        ("", "", "utilisateur"),
    ],
)
def test_login_is_made_of_the_persons_name(last: str, first: str, login: str) -> None:
    assert login_of(last, first) == login


@given(last=st.text(max_size=20), first=st.text(max_size=20))
def test_any_name_makes_a_login_that_any_keyboard_types(last: str, first: str) -> None:
    login = login_of(last, first)

    assert login
    assert login.isascii()
    assert login.isalnum()
    assert login == login.lower()


@pytest.mark.parametrize(
    ("fields", "modes"),
    [
        ({}, set()),
        ({"rank": Rank.SUPERVISOR}, {Mode.ADMINISTRATIVE, Mode.HOSTING}),
        (
            {"rank": Rank.SUPERADMINISTRATOR, "group_id": 1},
            {Mode.ADMINISTRATIVE, Mode.HOSTING},
        ),
        ({"group_id": 2}, {Mode.ADMINISTRATIVE}),
        ({"group_id": 99}, set()),
        ({"teacher_profile_id": 1}, {Mode.TEACHER}),
        ({"staff_profile_id": 2}, {Mode.SCHOOL_LIFE}),
        ({"teacher_profile_id": 2, "staff_profile_id": 1}, set()),
        ({"group_id": 3, "teacher_profile_id": 1, "staff_profile_id": 2}, ANY_MODE),
    ],
)
def test_modes_come_from_rank_group_and_profiles(
    directory: Directory, fields: dict[str, Any], modes: set[Mode]
) -> None:
    somebody = account(2, "somebody", **fields)

    assert directory.modes_of(somebody) == modes
    for mode in Mode:
        assert bool(directory.accesses_of(somebody, mode)) == (mode in modes)


@pytest.mark.parametrize(
    ("fields", "mode", "accesses"),
    [
        ({"rank": Rank.SUPERVISOR}, Mode.ADMINISTRATIVE, EVERY_ACCESS),
        ({"rank": Rank.SUPERVISOR, "group_id": 3}, Mode.ADMINISTRATIVE, EVERY_ACCESS),
        ({"rank": Rank.SUPERVISOR}, Mode.HOSTING, {Access.MODIFICATION}),
        ({"group_id": 1}, Mode.ADMINISTRATIVE, EVERY_ACCESS),
        ({"group_id": 2}, Mode.ADMINISTRATIVE, EVERY_ACCESS),
        ({"group_id": 3}, Mode.ADMINISTRATIVE, {Access.CONSULTATION}),
        ({"group_id": 3, "teacher_profile_id": 1}, Mode.TEACHER, EVERY_ACCESS),
        ({"group_id": 3, "staff_profile_id": 2}, Mode.SCHOOL_LIFE, EVERY_ACCESS),
    ],
)
def test_consultation_group_only_reads_and_only_in_its_mode(
    directory: Directory, fields: dict[str, Any], mode: Mode, accesses: set[Access]
) -> None:
    assert directory.accesses_of(account(2, "somebody", **fields), mode) == accesses


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"rank": Rank.SUPERVISOR}, True),
        ({"rank": Rank.SUPERADMINISTRATOR, "group_id": 1}, True),
        ({"group_id": 1}, True),
        ({"group_id": 2}, False),
        ({"group_id": 3}, False),
        ({"teacher_profile_id": 1}, False),
    ],
)
def test_reserved_seats_are_for_the_group_administration_and_above(
    directory: Directory, fields: dict[str, Any], expected: bool
) -> None:
    assert directory.is_administrator(account(2, "somebody", **fields)) is expected


def test_idle_minutes_are_those_of_the_mode_entered(directory: Directory) -> None:
    somebody = account(2, "somebody", group_id=3, teacher_profile_id=1, staff_profile_id=2)

    minutes = {mode: directory.idle_minutes_of(somebody, mode) for mode in Mode}

    assert minutes == {
        Mode.ADMINISTRATIVE: 10,
        Mode.TEACHER: 20,
        Mode.SCHOOL_LIFE: None,
        Mode.HOSTING: 10,
    }
    assert all(directory.idle_minutes_of(SUPERVISOR, mode) is None for mode in Mode)


def test_changed_group_counts_for_its_members_at_once(directory: Directory) -> None:
    doctor = account(2, "doctor", group_id=3)
    directory.put(doctor)

    directory.put(attrs.evolve(DOCTORS, type=GroupType.MODIFICATION))

    assert directory.accesses_of(doctor, Mode.ADMINISTRATIVE) == EVERY_ACCESS
    assert [group.name for group in directory.groups] == ["Administration", "CPE", "Médecins"]


@pytest.mark.parametrize(
    "wrong",
    [
        account(2, "spr"),
        account(2, "  "),
        account(2, "other", rank=Rank.SUPERVISOR),
        attrs.evolve(SUPERVISOR, active=False),
        attrs.evolve(SUPERVISOR, rank=Rank.USER, group_id=1),
        account(2, "other", rank=Rank.SUPERADMINISTRATOR),
        account(2, "other", rank=Rank.SUPERADMINISTRATOR, group_id=2),
    ],
)
def test_account_that_breaks_a_rule_of_the_school_is_refused(
    directory: Directory, wrong: Account
) -> None:
    with pytest.raises(Conflict):
        directory.check(wrong)


@pytest.mark.parametrize(
    "dangling", [{"group_id": 9}, {"teacher_profile_id": 2}, {"staff_profile_id": 9}]
)
def test_account_of_an_unknown_group_or_profile_is_refused(
    directory: Directory, dangling: dict[str, Any]
) -> None:
    with pytest.raises(NotFound):
        directory.check(account(2, "other", **dangling))


def test_good_account_passes_the_check_and_its_own_login_is_not_a_homonym(
    directory: Directory,
) -> None:
    directory.check(attrs.evolve(SUPERVISOR, login="Spr"))
    directory.check(account(2, "x", group_id=1, teacher_profile_id=1, staff_profile_id=2))
    directory.check(account(3, "y", rank=Rank.SUPERADMINISTRATOR, group_id=1))


def test_supervisor_cannot_be_removed(directory: Directory) -> None:
    directory.put(account(2, "dupas"))
    directory.check_removal(2)

    with pytest.raises(Conflict):
        directory.check_removal(SUPERVISOR.id)
    with pytest.raises(NotFound):
        directory.check_removal(3)


def test_no_secret_shows_when_an_account_is_printed() -> None:
    secrets = Credentials(b"the-salt", b"the-stored-key", b"the-server-key", 4096)
    printed = repr(account(2, "x", credentials=secrets, generated_password="Hunter2!"))

    assert "the-" not in printed
    assert "Hunter2!" not in printed


def test_administrative_users_have_no_profile() -> None:
    with pytest.raises(ValueError, match="groups"):
        Profile(1, "Profil 1", Mode.ADMINISTRATIVE)
