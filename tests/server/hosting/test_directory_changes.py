"""
Changes of accounts that race with one another, with logins and with cancellation.

On real threads and the real clock: what races here are tasks that wait for the disk.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from pronote_protocol.errors import AccountDisabled, Conflict, NotFound, Refused
from pronote_protocol.words import GroupType
from pronote_server.hosting import groups, passwords, users
from pronote_server.hosting.asker import Asker
from pronote_server.hosting.school import School
from pronote_server.storage.accounts import load_accounts, load_groups
from pronote_server.testing import WireClient, open_test_door, open_test_school

ASKER = Asker("test", None, may_name_superadministrators=True)


@pytest.fixture
async def real_school(tmp_path: Path) -> AsyncIterator[School]:
    async with open_test_school(tmp_path) as school:
        yield school


async def assert_directory_is_what_is_on_disk(school: School) -> None:
    kept = await school.records.read(load_accounts)
    strip = {account.id: account for account in kept}
    shown = {account.id: account for account in school.directory.accounts}
    assert shown == strip
    assert {g.id: g for g in school.directory.groups} == {
        g.id: g for g in await school.records.read(load_groups)
    }


async def test_deleting_and_changing_one_account_leaves_no_ghost(real_school: School) -> None:
    school = real_school
    for round_ in range(10):
        made = await users.create_user(
            school,
            ASKER,
            name=f"ROUND {round_}",
            login=None,
            group="Secrétariat",
            teacher_profile=None,
            staff_profile=None,
        )

        async def change(made=made) -> None:  # type: ignore[no-untyped-def]
            with contextlib.suppress(NotFound):
                await users.change_user(school, ASKER, made, name="CHANGED")

        async def delete(made=made) -> None:  # type: ignore[no-untyped-def]
            await users.delete_user(school, ASKER, made)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(change)
            nursery.start_soon(delete)
        assert school.directory.by_id(made.id) is None
    await assert_directory_is_what_is_on_disk(school)


async def test_two_changes_of_one_account_both_stay(real_school: School) -> None:
    school = real_school
    account = users.find(school, None, "sec1")

    async with trio.open_nursery() as nursery:

        async def rename() -> None:
            await users.change_user(school, ASKER, account, name="RENAMED Zoé")

        async def disable() -> None:
            await users.change_user(school, ASKER, account, active=False)

        async def reset() -> None:
            await passwords.reset_password(school, account, ASKER)

        for act in (rename, disable, reset):
            nursery.start_soon(act)

    now = users.find(school, None, "sec1")
    assert (now.name, now.active, now.must_change) == ("RENAMED Zoé", False, True)
    await assert_directory_is_what_is_on_disk(school)


async def test_groups_of_one_name_and_their_members(real_school: School) -> None:
    school = real_school
    outcomes: list[str] = []

    async def create() -> None:
        try:
            await groups.create_group(school, ASKER, "Infirmerie", GroupType.MODIFICATION)
            outcomes.append("made")
        except Conflict:
            outcomes.append("refused")

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(create)
    assert sorted(outcomes) == ["made", "refused", "refused", "refused"]

    async def join() -> None:
        with contextlib.suppress(Refused):
            await users.change_user(
                school, ASKER, users.find(school, None, "sec2"), group="Infirmerie"
            )

    async def drop() -> None:
        with contextlib.suppress(Refused):
            await groups.delete_group(school, ASKER, "Infirmerie")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(join)
        nursery.start_soon(drop)
    await assert_directory_is_what_is_on_disk(school)


async def test_a_change_whose_asker_is_gone_is_shown_all_the_same(real_school: School) -> None:
    school = real_school
    account = users.find(school, None, "sec3")
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:

            async def change() -> None:
                await users.change_user(school, ASKER, account, name="GONE ASKER")

            nursery.start_soon(change)
            await trio.lowlevel.checkpoint()
            await trio.lowlevel.checkpoint()
            scope.cancel()
    await assert_directory_is_what_is_on_disk(school)


async def test_an_account_deleted_between_login_and_entering_does_not_enter(
    real_school: School,
) -> None:
    school = real_school
    async with open_test_door(school) as door:
        client = WireClient.connect(door)
        await client.greet()
        await client.log_in("sec4")
        await users.delete_user(school, ASKER, users.find(school, None, "sec4"))
        with pytest.raises(AccountDisabled):
            await client.enter()
    await assert_directory_is_what_is_on_disk(school)


async def test_the_last_login_is_noted_and_survives_other_changes(real_school: School) -> None:
    school = real_school
    async with open_test_door(school) as door:
        await WireClient.inside(door, "sec5")
        await users.change_user(
            school, ASKER, users.find(school, None, "sec5"), name="SEEN Léa"
        )
        noted = users.find(school, None, "sec5").last_login_at
    assert noted is not None
    await assert_directory_is_what_is_on_disk(school)


@pytest.mark.parametrize("name", ["", "   ", "A\0B", "A\nB"])
async def test_a_name_nobody_can_read_is_refused(real_school: School, name: str) -> None:
    with pytest.raises(Conflict):
        await users.create_user(
            real_school,
            ASKER,
            name=name,
            login=None,
            group=None,
            teacher_profile=None,
            staff_profile=None,
        )
