"""Calls on accounts, groups and profiles (*Administration des utilisateurs*)."""

from __future__ import annotations

import datetime
from typing import Final

import attrs

from pronote_protocol.catalogue.call import ADMINISTRATION, Call, Page
from pronote_protocol.messages import Nothing
from pronote_protocol.records import row
from pronote_protocol.words import GroupType, Mode, Rank, Right

_LOGIN: Final = attrs.validators.optional(attrs.validators.max_len(64))
# Names of groups and profiles.
_NAME: Final = attrs.validators.optional(attrs.validators.max_len(60))


@row
@attrs.frozen
class UserRow:
    """
    An account.

    ``password`` is ``generated``, ``personalised`` or ``unset``; ``group`` names the group
    of administrative users, if any; ``modes`` are those the account may enter.
    """

    id: int
    login: str
    name: str
    rank: Rank
    modes: tuple[Mode, ...]
    group: str | None
    teacher_profile: str | None
    staff_profile: str | None
    password: str
    must_change: bool
    active: bool
    last_login_at: datetime.datetime | None


@attrs.frozen(kw_only=True)
class ListUsers:
    """``search`` ignores case and accents; ``mode`` keeps those who may enter it."""

    search: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.max_len(100))
    )
    mode: Mode | None = None
    offset: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    limit: int = attrs.field(
        default=100, validator=[attrs.validators.ge(1), attrs.validators.le(500)]
    )


@attrs.frozen(kw_only=True)
class CreateUser:
    """
    Attributes:
        name: ``NOM Prénom``; the login is made from it unless given.
        group: Name of a group: opens mode Administratif.
        teacher_profile, staff_profile: Names: open modes Enseignant and Vie scolaire.
    """

    name: str = attrs.field(
        validator=[attrs.validators.min_len(1), attrs.validators.max_len(100)]
    )
    login: str | None = attrs.field(default=None, validator=_LOGIN)
    group: str | None = attrs.field(default=None, validator=_NAME)
    teacher_profile: str | None = attrs.field(default=None, validator=_NAME)
    staff_profile: str | None = attrs.field(default=None, validator=_NAME)


@attrs.frozen(kw_only=True)
class UserRef:
    """An account, by its id or by its login."""

    id: int | None = None
    login: str | None = attrs.field(default=None, validator=_LOGIN)


@attrs.frozen(kw_only=True)
class ChangeUser:
    """
    What is nil stays as it is; an empty text takes the group or profile away.

    ``force_change`` makes the user personalise the password at the next connection.
    """

    user: UserRef
    name: str | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(
            [attrs.validators.min_len(1), attrs.validators.max_len(100)]
        ),
    )
    group: str | None = attrs.field(default=None, validator=_NAME)
    teacher_profile: str | None = attrs.field(default=None, validator=_NAME)
    staff_profile: str | None = attrs.field(default=None, validator=_NAME)
    active: bool | None = None
    force_change: bool | None = None
    superadministrator: bool | None = None


@attrs.frozen(kw_only=True)
class GeneratedPassword:
    """Readable until the user personalises it, and never after."""

    id: int
    login: str
    password: str = attrs.field(repr=False)


@row
@attrs.frozen
class GroupRow:
    id: int
    name: str
    type: GroupType
    builtin: bool
    members: int


@attrs.frozen(kw_only=True)
class GroupsShown:
    rows: tuple[GroupRow, ...]


@row
@attrs.frozen
class ProfileRow:
    id: int
    name: str
    mode: Mode
    builtin: bool
    members: int


@attrs.frozen(kw_only=True)
class ProfilesShown:
    rows: tuple[ProfileRow, ...]


@attrs.frozen(kw_only=True)
class CreateGroup:
    """A group of type consultation needs the consultation option in the contract."""

    name: str = attrs.field(
        validator=[attrs.validators.min_len(1), attrs.validators.max_len(60)]
    )
    type: GroupType = GroupType.MODIFICATION


@attrs.frozen(kw_only=True)
class GroupRef:
    name: str = attrs.field(validator=attrs.validators.max_len(60))


LIST_USERS: Final = Call(
    name="users.list",
    params=ListUsers,
    result=Page[UserRow],
    right=Right.SEE_USERS,
    modes=ADMINISTRATION,
    summary="List the accounts.",
)
CREATE_USER: Final = Call(
    name="users.create",
    params=CreateUser,
    result=GeneratedPassword,
    right=Right.MANAGE_USERS,
    modes=ADMINISTRATION,
    summary="Create an account; its first password is generated.",
)
CHANGE_USER: Final = Call(
    name="users.change",
    params=ChangeUser,
    result=UserRow,
    right=Right.MANAGE_USERS,
    modes=ADMINISTRATION,
    summary="Change an account; disabling it ends its sessions.",
)
DELETE_USER: Final = Call(
    name="users.delete",
    params=UserRef,
    result=Nothing,
    right=Right.MANAGE_USERS,
    modes=ADMINISTRATION,
    summary="Delete an account; its sessions end.",
)
READ_PASSWORD: Final = Call(
    name="users.password",
    params=UserRef,
    result=GeneratedPassword,
    right=Right.READ_GENERATED_PASSWORDS,
    modes=ADMINISTRATION,
    summary="Read a generated password, until it is personalised.",
)
RESET_PASSWORD: Final = Call(
    name="users.reset_password",
    params=UserRef,
    result=GeneratedPassword,
    right=Right.MANAGE_USERS,
    modes=ADMINISTRATION,
    summary="Generate a new password; it must be personalised at the next connection.",
)
LIST_GROUPS: Final = Call(
    name="groups.list",
    params=Nothing,
    result=GroupsShown,
    right=Right.SEE_USERS,
    modes=ADMINISTRATION,
    summary="List the groups of administrative users.",
)
CREATE_GROUP: Final = Call(
    name="groups.create",
    params=CreateGroup,
    result=GroupRow,
    right=Right.MANAGE_USERS,
    modes=ADMINISTRATION,
    summary="Create a group of type modification or consultation.",
)
DELETE_GROUP: Final = Call(
    name="groups.delete",
    params=GroupRef,
    result=Nothing,
    right=Right.MANAGE_USERS,
    modes=ADMINISTRATION,
    summary="Delete a group that has no members and is not built in.",
)
LIST_PROFILES: Final = Call(
    name="profiles.list",
    params=Nothing,
    result=ProfilesShown,
    right=Right.SEE_USERS,
    modes=ADMINISTRATION,
    summary="List the profiles of teachers and staff.",
)
