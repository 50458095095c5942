"""Accounts, groups, settings, suspensions: what goes in comes out, and what cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError, IntegrityError, StatementError

from pronote_protocol.words import GroupType, Mode, OffenceCause, Rank
from pronote_server.domain.accounts import Account, Credentials, Group, Profile
from pronote_server.domain.latches import Latch
from pronote_server.domain.suspensions import SuspensionRecord
from pronote_server.storage.accounts import (
    delete_account,
    delete_group,
    delete_profile,
    insert_account,
    insert_group,
    insert_profile,
    load_accounts,
    load_groups,
    load_profiles,
    update_account,
    update_group,
    update_profile,
)
from pronote_server.storage.school_records import create_school_records, prepare_school_records
from pronote_server.storage.settings import get_setting, put_setting
from pronote_server.storage.sqlite import writing_engine
from pronote_server.storage.suspensions import (
    load_latches,
    load_suspensions,
    save_latches,
    save_suspensions,
)

NOW = datetime(2020, 7, 2, 14, 55, 1, 250_000, tzinfo=UTC)
KEYS = Credentials(b"salt", b"stored", b"server", 4096)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Connection]:
    with writing_engine(tmp_path / "school.sqlite").connect() as conn, conn.begin():
        create_school_records(conn)
        yield conn


def account(login: str, **given: Any) -> Account:
    return Account(**{"id": 0, "login": login, "name": login, "created_at": NOW, **given})


def supervisor(login: str = "SPR") -> Account:
    return account(login, rank=Rank.SUPERVISOR)


def test_a_new_school_has_the_groups_and_profiles_of_the_product(records: Connection) -> None:
    assert [(g.name, g.type, g.idle_minutes, g.builtin) for g in load_groups(records)] == [
        ("Administration", GroupType.ADMIN, None, True),
        ("Secrétariat", GroupType.MODIFICATION, None, True),
        ("CPE", GroupType.MODIFICATION, None, True),
        ("Consultation", GroupType.CONSULTATION, None, True),
    ]
    assert [(p.name, p.kind, p.idle_minutes, p.builtin) for p in load_profiles(records)] == [
        ("Profil 1", Mode.TEACHER, None, True),
        ("Profil 1", Mode.SCHOOL_LIFE, None, True),
    ]
    assert load_accounts(records) == []


def test_preparing_creates_once(tmp_path: Path) -> None:
    with writing_engine(tmp_path / "school.sqlite").connect() as conn:
        with conn.begin():
            assert prepare_school_records(conn)
        with conn.begin():
            insert_account(conn, supervisor())
            assert not prepare_school_records(conn)
            assert len(load_accounts(conn)) == 1
            assert len(load_groups(conn)) == 4


def test_an_account_comes_back_as_it_was(records: Connection) -> None:
    group, teacher, staff = load_groups(records)[0], *load_profiles(records)
    draft = account(
        "Éloïse",
        name="DUPAS Éloïse",
        rank=Rank.SUPERADMINISTRATOR,
        group_id=group.id,
        teacher_profile_id=teacher.id,
        staff_profile_id=staff.id,
        person="teacher:T1",
        credentials=KEYS,
        generated_password="Premier-mot-2",
        must_change=True,
        last_login_at=NOW + timedelta(days=1),
    )

    written = insert_account(records, draft)

    assert written == attrs.evolve(draft, id=written.id)
    assert load_accounts(records) == [written]

    changed = attrs.evolve(
        written, generated_password=None, must_change=False, active=False, credentials=None
    )
    update_account(records, changed)
    assert load_accounts(records) == [changed]

    delete_account(records, written.id)
    assert load_accounts(records) == []


def test_instants_are_kept_whatever_zone_they_were_said_in(records: Connection) -> None:
    paris = timezone(timedelta(hours=2))

    written = insert_account(records, account("a", created_at=NOW.astimezone(paris)))

    (read,) = load_accounts(records)
    assert read.created_at == written.created_at == NOW
    assert read.created_at.tzinfo is UTC


def test_an_instant_without_a_zone_is_a_mistake(records: Connection) -> None:
    with pytest.raises(StatementError, match="without a time zone"):
        insert_account(records, account("a", created_at=NOW.replace(tzinfo=None)))


def test_an_id_is_never_given_again(records: Connection) -> None:
    """The journal may speak of somebody who is gone."""
    first = insert_account(records, account("a"))
    delete_account(records, first.id)

    assert insert_account(records, account("b")).id > first.id


def test_groups_and_profiles_are_changed_and_deleted(records: Connection) -> None:
    group = insert_group(records, Group(0, "Infirmerie", GroupType.MODIFICATION, 20))
    profile = insert_profile(records, Profile(0, "Profil 2", Mode.TEACHER))
    assert group in load_groups(records)
    assert profile in load_profiles(records)

    renamed = attrs.evolve(group, name="Santé", idle_minutes=None)
    lazier = attrs.evolve(profile, idle_minutes=45)
    update_group(records, renamed)
    update_profile(records, lazier)
    assert renamed in load_groups(records)
    assert lazier in load_profiles(records)

    delete_group(records, group.id)
    delete_profile(records, profile.id)
    assert renamed not in load_groups(records)
    assert lazier not in load_profiles(records)


def test_who_does_not_exist_is_neither_changed_nor_deleted(records: Connection) -> None:
    with pytest.raises(LookupError):
        update_account(records, account("nobody", id=99))
    with pytest.raises(LookupError):
        delete_account(records, 99)
    with pytest.raises(LookupError):
        update_group(records, Group(99, "Nul", GroupType.MODIFICATION))


@pytest.mark.parametrize(
    "wrong",
    [
        account("DUPÄS"),
        account("  "),
        supervisor("second"),
        account("x", group_id=99),
        account("x", teacher_profile_id=99),
        account("x", staff_profile_id=99),
        account("x", person="teacher:T1"),
        account("x", person="pupil:P1"),
        account("x", person="teacher:"),
        account("x", generated_password="without credentials"),
        account("x", rank=Rank.SUPERADMINISTRATOR),
        account("x", credentials=attrs.evolve(KEYS, iterations=0)),
    ],
)
def test_an_account_that_cannot_be_is_refused_by_the_tables(
    records: Connection, wrong: Account
) -> None:
    insert_account(records, supervisor())
    insert_account(records, account("dupas", person="teacher:T1"))

    with pytest.raises(IntegrityError):
        insert_account(records, wrong)


def test_the_supervisor_stays(records: Connection) -> None:
    written = insert_account(records, supervisor())

    with pytest.raises(IntegrityError, match="a school has a supervisor"):
        delete_account(records, written.id)
    with pytest.raises(IntegrityError, match="a school has a supervisor"):
        update_account(records, attrs.evolve(written, rank=Rank.USER))
    with pytest.raises(IntegrityError):
        update_account(records, attrs.evolve(written, active=False))

    update_account(records, attrs.evolve(written, name="Le proviseur"))


@pytest.mark.parametrize(
    "wrong",
    [
        Group(0, "administration", GroupType.MODIFICATION),
        Group(0, "Autres chefs", GroupType.ADMIN),
        Group(0, "x", GroupType.MODIFICATION, 0),
        Group(0, " ", GroupType.MODIFICATION),
    ],
)
def test_a_group_that_cannot_be_is_refused_by_the_tables(
    records: Connection, wrong: Group
) -> None:
    with pytest.raises(IntegrityError):
        insert_group(records, wrong)


def test_a_group_or_profile_somebody_has_is_not_deleted(records: Connection) -> None:
    group, (teacher, _) = load_groups(records)[1], load_profiles(records)
    insert_account(records, account("a", group_id=group.id, teacher_profile_id=teacher.id))

    with pytest.raises(IntegrityError):
        delete_group(records, group.id)
    with pytest.raises(IntegrityError):
        delete_profile(records, teacher.id)


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE account SET rank = 'king'",
        "UPDATE account SET active = 2",
        "UPDATE account SET salt = x'00'",
        "UPDATE user_group SET type = 'other' WHERE id = 2",
        "UPDATE profile SET kind = 'administrative' WHERE id = 1",
    ],
)
def test_words_that_do_not_exist_are_refused_by_the_tables(
    records: Connection, wrong: str
) -> None:
    insert_account(records, account("a"))

    with pytest.raises(DatabaseError):
        records.exec_driver_sql(wrong)


@pytest.mark.parametrize("value", [None, True, 0, "texte", [1, "é"], {"a": {"b": None}}])
def test_a_setting_is_what_was_last_put(records: Connection, value: Any) -> None:
    assert get_setting(records, "key", "default") == "default"

    put_setting(records, "key", "before")
    put_setting(records, "key", value)
    put_setting(records, "other", 1)

    assert get_setting(records, "key", "default") == value


def suspended(**given: Any) -> SuspensionRecord:
    usual: dict[str, Any] = {
        "prefix": "192.0.2.1",
        "login": None,
        "cause": OffenceCause.WRONG_PASSWORDS,
        "since": 1_600_000_000.25,
        "until": 1_600_001_800.25,
        "offences": 5,
        "recidive": 1,
        "accounts": ("dupas", "étienne"),
        "reference": "S-1",
        "earned": 2,
        "ended": None,
    }
    return SuspensionRecord(**{**usual, **given})


def latched(**given: Any) -> Latch:
    usual: dict[str, Any] = {
        "instance": "i-1",
        "prefix": "192.0.2.1",
        "login": None,
        "cause": OffenceCause.SATURATION,
        "reference": "S-1",
        "told_at": 1_600_000_100.5,
        "lifted": False,
    }
    return Latch(**{**usual, **given})


def test_suspensions_come_back_as_they_were_saved_last(records: Connection) -> None:
    several = [
        suspended(),
        suspended(login="dupas", ended=1_600_000_900.0),
        suspended(prefix="::"),
    ]

    save_suspensions(records, [suspended(prefix="203.0.113.9")])
    save_suspensions(records, several)

    assert load_suspensions(records) == several
    save_suspensions(records, [])
    assert load_suspensions(records) == []


def test_latches_come_back_as_they_were_saved_last(records: Connection) -> None:
    several = [latched(), latched(login="dupas", lifted=True), latched(instance="i-2")]

    save_latches(records, [latched(instance="gone")])
    save_latches(records, several)

    assert load_latches(records) == several
    save_latches(records, [])
    assert load_latches(records) == []


def test_one_key_is_suspended_or_latched_once(records: Connection) -> None:
    """Also where the login is NULL, which a unique constraint takes for always different."""
    with pytest.raises(IntegrityError):
        save_suspensions(records, [suspended(), suspended(reference="S-2")])
    with pytest.raises(IntegrityError):
        save_suspensions(records, [suspended(login="a"), suspended(login="a")])
    with pytest.raises(IntegrityError):
        save_latches(records, [latched(), latched(reference="S-2")])
    with pytest.raises(IntegrityError):
        save_suspensions(records, [suspended(until=0.0)])
