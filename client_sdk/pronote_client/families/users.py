"""Accounts, groups and profiles."""

from __future__ import annotations

from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import users as calls
from pronote_protocol.catalogue.users import (
    GeneratedPassword,
    GroupRow,
    ProfileRow,
    UserRef,
    UserRow,
)
from pronote_protocol.words import GroupType, Mode

__all__ = ["Groups", "Profiles", "Users"]


def _ref(user: int | str) -> UserRef:
    return UserRef(id=user) if isinstance(user, int) else UserRef(login=user)


class Users(Family):
    """The accounts; a *user* is an id or a login."""

    async def list(
        self,
        *,
        search: str | None = None,
        mode: Mode | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Page[UserRow]:
        """Return part of the list."""
        return await self._call(
            calls.LIST_USERS,
            calls.ListUsers(search=search, mode=mode, offset=offset, limit=limit),
        )

    async def list_all(
        self, *, search: str | None = None, mode: Mode | None = None
    ) -> tuple[UserRow, ...]:
        """Return the whole list."""
        return await every_row(
            lambda offset: self.list(search=search, mode=mode, offset=offset, limit=500)
        )

    async def create(
        self,
        name: str,
        *,
        login: str | None = None,
        group: str | None = None,
        teacher_profile: str | None = None,
        staff_profile: str | None = None,
    ) -> GeneratedPassword:
        """Create an account; its first password comes with the answer."""
        return await self._call(
            calls.CREATE_USER,
            calls.CreateUser(
                name=name,
                login=login,
                group=group,
                teacher_profile=teacher_profile,
                staff_profile=staff_profile,
            ),
        )

    async def change(
        self,
        user: int | str,
        *,
        name: str | None = None,
        group: str | None = None,
        teacher_profile: str | None = None,
        staff_profile: str | None = None,
        active: bool | None = None,
        force_change: bool | None = None,
        superadministrator: bool | None = None,
    ) -> UserRow:
        """Change what is not None; an empty text takes a group or profile away."""
        return await self._call(
            calls.CHANGE_USER,
            calls.ChangeUser(
                user=_ref(user),
                name=name,
                group=group,
                teacher_profile=teacher_profile,
                staff_profile=staff_profile,
                active=active,
                force_change=force_change,
                superadministrator=superadministrator,
            ),
        )

    async def delete(self, user: int | str) -> None:
        """Delete an account; its sessions end."""
        await self._call(calls.DELETE_USER, _ref(user))

    async def password(self, user: int | str) -> GeneratedPassword:
        """
        Return a generated password.

        Raises:
            NotFound: The user has personalised it: nobody can read it any more.
        """
        return await self._call(calls.READ_PASSWORD, _ref(user))

    async def reset_password(self, user: int | str) -> GeneratedPassword:
        """Generate a new one, to be personalised at the next connection."""
        return await self._call(calls.RESET_PASSWORD, _ref(user))


class Groups(Family):
    """The groups of administrative users."""

    async def list(self) -> tuple[GroupRow, ...]:
        """Return them all."""
        return (await self._call(calls.LIST_GROUPS)).rows

    async def create(self, name: str, type: GroupType = GroupType.MODIFICATION) -> GroupRow:
        """Create one, of type modification or consultation."""
        return await self._call(calls.CREATE_GROUP, calls.CreateGroup(name=name, type=type))

    async def delete(self, name: str) -> None:
        """
        Delete one.

        Raises:
            Conflict: It has members or is built in.
        """
        await self._call(calls.DELETE_GROUP, calls.GroupRef(name=name))


class Profiles(Family):
    """The profiles of teachers and staff."""

    async def list(self) -> tuple[ProfileRow, ...]:
        """Return them all."""
        return (await self._call(calls.LIST_PROFILES)).rows
