"""Rights: the whole table, written out a second time."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest

from pronote_protocol.words import GroupType, Mode, Rank, Right
from pronote_server.domain.accounts import Account, Directory, Group, Profile
from pronote_server.domain.rights import rights_of

DIRECTORY = Directory(
    groups=[
        Group(1, "Administration", GroupType.ADMIN),
        Group(2, "CPE", GroupType.MODIFICATION),
        Group(3, "Médecins", GroupType.CONSULTATION),
    ],
    profiles=[Profile(1, "Profil 1", Mode.TEACHER), Profile(2, "Profil 1", Mode.SCHOOL_LIFE)],
)
A, T, V, H = Mode.ADMINISTRATIVE, Mode.TEACHER, Mode.SCHOOL_LIFE, Mode.HOSTING

# A column a right; s the supervisor, p a superadministrator, a group Administration,
# m a modification group, c a consultation group: all in mode Administratif.
# v in mode Vie scolaire, t in mode Enseignant, whoever it is. At the console: h the
# supervisor and k a superadministrator.
TABLE = {
    "own": "spamcvthk",
    "read-resources": "spamcv",
    "read-timetables": "spamcv",
    "read-marks": "spamct",
    "enter-marks": "spamct",
    "seal-periods": "spamc",
    "school-settings": "spamc",
    "manage-resources": "spamc",
    "read-school-life": "spamcv",
    "enter-school-life": "spamcv",
    "take-roll": "spamcvt",
    "give-punishments": "spamcvt",
    "read-notebook": "spamcvt",
    "enter-notebook": "spamct",
    "read-documents": "spamcvt",
    "add-documents": "spamcvt",
    "communicate": "spamcvt",
    "see-counters": "spamc",
    "see-seats": "spamchk",
    "see-connections": "spahk",
    "disconnect": "spahk",
    "see-suspensions": "spahk",
    "lift-suspensions": "spahk",
    "see-users": "spahk",
    "read-generated-passwords": "spahk",
    "exclusive-use": "spa",
    "see-journal": "spahk",
    "manage-security": "sphk",
    "manage-users": "sphk",
    "transfer-timetable": "sp",
    "service": "sp",
    "name-superadministrators": "sh",
    "see-bases": "spahk",
    "manage-bases": "sphk",
    "see-backups": "spahk",
    "manage-backups": "sphk",
    "see-account": "spahk",
    "manage-account": "sphk",
    "receive-credentials": "spa",
}


def account(rank: Rank = Rank.USER, group_id: int | None = None) -> Account:
    """Somebody who may also teach and help with Vie scolaire."""
    return Account(
        id=1,
        login="dupas",
        name="DUPAS Nicole",
        rank=rank,
        group_id=group_id,
        teacher_profile_id=1,
        staff_profile_id=2,
        created_at=datetime(2020, 6, 27, tzinfo=UTC),
    )


PEOPLE = {
    "s": account(Rank.SUPERVISOR),
    "p": account(Rank.SUPERADMINISTRATOR, 1),
    "a": account(group_id=1),
    "m": account(group_id=2),
    "c": account(group_id=3),
}


def column(letter: str) -> set[Right]:
    return {Right(right) for right, letters in TABLE.items() if letter in letters}


def test_the_table_names_every_right() -> None:
    assert set(TABLE) == {right.value for right in Right}


@pytest.mark.parametrize("letter", PEOPLE)
def test_administrative_rights_are_those_of_the_table(letter: str) -> None:
    assert rights_of(DIRECTORY, PEOPLE[letter], A) == column(letter)


@pytest.mark.parametrize("letter", PEOPLE)
@pytest.mark.parametrize(("mode", "expected"), [(T, "t"), (V, "v")])
def test_rank_and_group_do_not_count_in_the_other_modes(
    letter: str, mode: Mode, expected: str
) -> None:
    assert rights_of(DIRECTORY, PEOPLE[letter], mode) == column(expected)


@pytest.mark.parametrize(("letter", "expected"), [("s", "h"), ("p", "k")])
def test_the_console_is_for_the_chiefs_and_reads_nothing_in_the_base(
    letter: str, expected: str
) -> None:
    assert rights_of(DIRECTORY, PEOPLE[letter], H) == column(expected)


@pytest.mark.parametrize("letter", "amc")
def test_the_console_is_closed_to_everybody_else(letter: str) -> None:
    assert rights_of(DIRECTORY, PEOPLE[letter], H) == frozenset()


@pytest.mark.parametrize("mode", Mode)
def test_no_right_in_a_mode_that_is_not_ones_own(mode: Mode) -> None:
    nobody = attrs.evolve(account(), teacher_profile_id=None, staff_profile_id=None)

    assert rights_of(DIRECTORY, nobody, mode) == frozenset()


@pytest.mark.parametrize("mode", Mode)
def test_disabled_account_has_no_right(mode: Mode) -> None:
    disabled = attrs.evolve(PEOPLE["p"], active=False)

    assert rights_of(DIRECTORY, disabled, mode) == frozenset()
