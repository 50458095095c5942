"""Answers on accounts, groups and profiles."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import users as calls
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Mode
from pronote_server.domain.accounts import Account, Directory
from pronote_server.hosting import groups, passwords, users
from pronote_server.native.calls.visit import Visit, answers


def user_row(directory: Directory, account: Account) -> calls.UserRow:
    """Return *account* as the list shows it."""
    group = directory.group_of(account)
    return calls.UserRow(
        account.id,
        account.login,
        account.name,
        account.rank,
        tuple(mode for mode in Mode if mode in directory.modes_of(account)),
        group.name if group is not None else None,
        _profile(directory, account.teacher_profile_id),
        _profile(directory, account.staff_profile_id),
        _password_state(account),
        account.must_change,
        account.active,
        account.last_login_at,
    )


def _profile(directory: Directory, ident: int | None) -> str | None:
    profile = None if ident is None else directory.profile(ident)
    return None if profile is None else profile.name


def _password_state(account: Account) -> str:
    if account.credentials is None:
        return "unset"
    return "personalised" if account.generated_password is None else "generated"


def _generated(account: Account) -> calls.GeneratedPassword:
    return calls.GeneratedPassword(
        id=account.id, login=account.login, password=account.generated_password or ""
    )


def _find(visit: Visit, ref: calls.UserRef) -> Account:
    return users.find(visit.school, ref.id, ref.login)


def list_users(visit: Visit, wish: calls.ListUsers) -> Page[calls.UserRow]:
    found = users.search(visit.school, wish.search, wish.mode)
    return Page(
        total=len(found),
        offset=wish.offset,
        rows=tuple(
            user_row(visit.school.directory, account)
            for account in found[wish.offset : wish.offset + wish.limit]
        ),
    )


async def create_user(visit: Visit, wish: calls.CreateUser) -> calls.GeneratedPassword:
    account = await users.create_user(
        visit.school,
        visit.asker,
        name=wish.name,
        login=wish.login,
        group=wish.group,
        teacher_profile=wish.teacher_profile,
        staff_profile=wish.staff_profile,
    )
    return _generated(account)


async def change_user(visit: Visit, wish: calls.ChangeUser) -> calls.UserRow:
    account = await users.change_user(
        visit.school,
        visit.asker,
        _find(visit, wish.user),
        name=wish.name,
        group=wish.group,
        teacher_profile=wish.teacher_profile,
        staff_profile=wish.staff_profile,
        active=wish.active,
        force_change=wish.force_change,
        superadministrator=wish.superadministrator,
    )
    return user_row(visit.school.directory, account)


async def delete_user(visit: Visit, ref: calls.UserRef) -> Nothing:
    await users.delete_user(visit.school, visit.asker, _find(visit, ref))
    return Nothing()


def read_password(visit: Visit, ref: calls.UserRef) -> calls.GeneratedPassword:
    account = _find(visit, ref)
    passwords.read_generated_password(account)
    return _generated(account)


async def reset_password(visit: Visit, ref: calls.UserRef) -> calls.GeneratedPassword:
    account = await passwords.reset_password(visit.school, _find(visit, ref), visit.asker)
    return _generated(account)


def list_groups(visit: Visit, _: Nothing) -> calls.GroupsShown:
    directory = visit.school.directory
    return calls.GroupsShown(
        rows=tuple(
            calls.GroupRow(
                group.id,
                group.name,
                group.type,
                group.builtin,
                sum(1 for each in directory.accounts if each.group_id == group.id),
            )
            for group in directory.groups
        )
    )


async def create_group(visit: Visit, wish: calls.CreateGroup) -> calls.GroupRow:
    group = await groups.create_group(visit.school, visit.asker, wish.name, wish.type)
    return calls.GroupRow(group.id, group.name, group.type, group.builtin, 0)


async def delete_group(visit: Visit, ref: calls.GroupRef) -> Nothing:
    await groups.delete_group(visit.school, visit.asker, ref.name)
    return Nothing()


def list_profiles(visit: Visit, _: Nothing) -> calls.ProfilesShown:
    directory = visit.school.directory
    return calls.ProfilesShown(
        rows=tuple(
            calls.ProfileRow(
                profile.id,
                profile.name,
                profile.kind,
                profile.builtin,
                sum(
                    1
                    for each in directory.accounts
                    if profile.id in (each.teacher_profile_id, each.staff_profile_id)
                ),
            )
            for profile in directory.profiles
        )
    )


ANSWERS: Final = (
    answers(calls.LIST_USERS, list_users),
    answers(calls.CREATE_USER, create_user),
    answers(calls.CHANGE_USER, change_user),
    answers(calls.DELETE_USER, delete_user),
    answers(calls.READ_PASSWORD, read_password),
    answers(calls.RESET_PASSWORD, reset_password),
    answers(calls.LIST_GROUPS, list_groups),
    answers(calls.CREATE_GROUP, create_group),
    answers(calls.DELETE_GROUP, delete_group),
    answers(calls.LIST_PROFILES, list_profiles),
)
