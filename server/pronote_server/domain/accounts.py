"""
Who may connect to a school: accounts, the groups of administrative users, the profiles of
teachers and staff, and the book that holds them all in memory.

An administrative user has the rights of his *group*; a teacher or a member of staff those of
his *profile d'autorisation*. One account may have all three: it then chooses its mode when it
enters.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import attrs

from pronote_protocol import errors
from pronote_protocol.words import Access, GroupType, Mode, Rank

from .search import fold

__all__ = ["Account", "Credentials", "Directory", "Group", "Profile", "login_of"]

_EVERY_ACCESS: Final = frozenset(Access)
_READING: Final = frozenset({Access.CONSULTATION})
_WRITING: Final = frozenset({Access.MODIFICATION})


def _concealed(_: object) -> str:
    return "..."


@attrs.frozen
class Credentials:
    """What SCRAM-SHA-256 keeps instead of a password; none of it is ever shown."""

    salt: bytes = attrs.field(repr=_concealed)
    stored_key: bytes = attrs.field(repr=_concealed)
    server_key: bytes = attrs.field(repr=_concealed)
    iterations: int


@attrs.frozen(kw_only=True)
class Account:
    """
    One person, or one desk, that can log in.

    Attributes:
        name: As the school writes it: ``DUPAS Nicole``.
        group_id: Group of administrative users; None without mode Administratif.
        teacher_profile_id: None without mode Enseignant.
        staff_profile_id: None without mode Vie scolaire.
        person: Whom of the base this is: ``teacher:CODE``, ``staff:CODE``, or None.
        credentials: None until a first password is set; nobody can then log in.
        generated_password: Readable by an administrator until it is personalised, then None.
        must_change: The password must be personalised before entering.
        active: A disabled account proves its password and is then refused.
    """

    id: int
    login: str
    name: str
    rank: Rank = Rank.USER
    group_id: int | None = None
    teacher_profile_id: int | None = None
    staff_profile_id: int | None = None
    person: str | None = None
    credentials: Credentials | None = None
    generated_password: str | None = attrs.field(default=None, repr=False)
    must_change: bool = False
    active: bool = True
    created_at: datetime
    last_login_at: datetime | None = None


@attrs.frozen
class Group:
    """
    A group of administrative users; its type decides what they may ask for.

    Attributes:
        idle_minutes: Minutes without a call before its members are disconnected; None never.
        builtin: Comes with the product (the grey lines): its type cannot be changed.
    """

    id: int
    name: str
    type: GroupType
    idle_minutes: int | None = None
    builtin: bool = False


@attrs.frozen
class Profile:
    """
    A *profil d'autorisation* of teachers or of staff.

    Attributes:
        kind: `Mode.TEACHER` or `Mode.SCHOOL_LIFE`; administrative users have groups.
        idle_minutes: Minutes without a call before its users are disconnected; None never.
    """

    id: int
    name: str
    kind: Mode = attrs.field()
    idle_minutes: int | None = None
    builtin: bool = False

    @kind.validator
    def _is_of_teachers_or_staff(self, _: object, kind: Mode) -> None:
        if kind not in (Mode.TEACHER, Mode.SCHOOL_LIFE):
            raise ValueError("administrative users have groups, not profiles")


class Directory:
    """
    The accounts, groups and profiles of one school, as last committed.

    The book is loaded from storage and follows it: `put` and `remove` come *after* the
    commit, `check` before it. Two logins that differ only by case or accents are the same.
    """

    def __init__(
        self,
        accounts: Iterable[Account] = (),
        groups: Iterable[Group] = (),
        profiles: Iterable[Profile] = (),
    ) -> None:
        self._groups = {group.id: group for group in groups}
        self._profiles = {profile.id: profile for profile in profiles}
        self._accounts: dict[int, Account] = {}
        self._by_login: dict[str, int] = {}
        self._sorted: tuple[Account, ...] | None = None
        # How many have a password, and how many of these chose it: asked at each login.
        self._passwords = self._personalised = 0
        for account in accounts:
            self.put(account)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """Every account, in the order of names."""
        if self._sorted is None:
            self._sorted = tuple(
                sorted(self._accounts.values(), key=lambda a: (fold(a.name), a.id))
            )
        return self._sorted

    @property
    def groups(self) -> tuple[Group, ...]:
        return tuple(sorted(self._groups.values(), key=lambda g: (fold(g.name), g.id)))

    @property
    def profiles(self) -> tuple[Profile, ...]:
        return tuple(sorted(self._profiles.values(), key=lambda p: (fold(p.name), p.id)))

    @property
    def supervisor(self) -> Account | None:
        """The SPR; None only before the first putting into service."""
        return next((a for a in self.accounts if a.rank is Rank.SUPERVISOR), None)

    def by_login(self, login: str) -> Account | None:
        account_id = self._by_login.get(fold(login))
        return None if account_id is None else self._accounts[account_id]

    def by_id(self, account_id: int) -> Account | None:
        return self._accounts.get(account_id)

    def group(self, group_id: int) -> Group | None:
        return self._groups.get(group_id)

    def profile(self, profile_id: int) -> Profile | None:
        return self._profiles.get(profile_id)

    def check(self, account: Account) -> None:
        """
        Refuse *account* where storing it would break a rule of the school.

        Raises:
            Conflict: Its login is empty or another's; it would be a second supervisor, or
                the supervisor disabled or demoted; a superadministrator outside a group of
                type admin.
            NotFound: Its group or one of its profiles does not exist.
        """
        owner = self.by_login(account.login)
        if not fold(account.login):
            raise errors.Conflict("Il faut un identifiant.", "A login is needed.")
        if owner is not None and owner.id != account.id:
            raise errors.Conflict(
                "L'identifiant {login} est déjà utilisé.",
                "The login {login} is already in use.",
                login=account.login,
            )
        self._check_ranks(account)
        if account.group_id is not None and account.group_id not in self._groups:
            raise errors.NotFound(what=f"group {account.group_id}")
        for profile_id, kind in (
            (account.teacher_profile_id, Mode.TEACHER),
            (account.staff_profile_id, Mode.SCHOOL_LIFE),
        ):
            if profile_id is None:
                continue
            profile = self._profiles.get(profile_id)
            if profile is None or profile.kind is not kind:
                raise errors.NotFound(what=f"profile {profile_id}")

    def _check_ranks(self, account: Account) -> None:
        supervisor = self.supervisor
        if account.rank is Rank.SUPERVISOR:
            if supervisor is not None and supervisor.id != account.id:
                raise errors.Conflict(
                    "Il y a déjà un superviseur.", "There already is a supervisor."
                )
            if not account.active:
                raise errors.Conflict(
                    "Le superviseur ne peut pas être désactivé.",
                    "The supervisor cannot be disabled.",
                )
        elif supervisor is not None and supervisor.id == account.id:
            raise errors.Conflict(
                "Le superviseur garde son rang.", "The supervisor keeps his rank."
            )
        group = self.group_of(account)
        if account.rank is Rank.SUPERADMINISTRATOR and (
            group is None or group.type is not GroupType.ADMIN
        ):
            raise errors.Conflict(
                "Un superadministrateur appartient au groupe Administration.",
                "A superadministrator belongs to the group Administration.",
            )

    def check_removal(self, account_id: int) -> None:
        """
        Refuse to remove the supervisor, or nobody.

        Raises:
            Conflict: It is the supervisor.
            NotFound: No such account.
        """
        account = self._accounts.get(account_id)
        if account is None:
            raise errors.NotFound(what=f"account {account_id}")
        if account.rank is Rank.SUPERVISOR:
            raise errors.Conflict(
                "Le superviseur ne peut pas être supprimé.", "The supervisor cannot be removed."
            )

    def put(self, item: Account | Group | Profile) -> None:
        """
        Take *item* as storage now has it, in place of what had its id.

        Raises:
            ValueError: Another account has that login; storage must not allow it.
        """
        match item:
            case Group():
                self._groups[item.id] = item
            case Profile():
                self._profiles[item.id] = item
            case Account():
                key = fold(item.login)
                if self._by_login.get(key, item.id) != item.id:
                    raise ValueError(f"two accounts have the login {item.login!r}")
                self.remove(item.id)
                self._accounts[item.id] = item
                self._by_login[key] = item.id
                self._count(item, 1)

    def remove(self, account_id: int) -> None:
        """Forget an account; harmless when it is not there."""
        account = self._accounts.pop(account_id, None)
        if account is not None:
            del self._by_login[fold(account.login)]
            self._count(account, -1)
        self._sorted = None

    def _count(self, account: Account, step: int) -> None:
        if account.credentials is not None:
            self._passwords += step
            self._personalised += step * (account.generated_password is None)

    @property
    def personalised_share(self) -> float:
        """The share of passwords that were chosen by their users; 1 when there is none."""
        return self._personalised / self._passwords if self._passwords else 1.0

    def remove_group(self, group_id: int) -> None:
        """Forget a group that has no members; harmless when it is not there."""
        self._groups.pop(group_id, None)

    def group_of(self, account: Account) -> Group | None:
        return None if account.group_id is None else self._groups.get(account.group_id)

    def free_login(self, wanted: str) -> str:
        """Return *wanted*, followed by a number from 2 on when it has homonyms."""
        if fold(wanted) not in self._by_login:
            return wanted
        return next(
            login
            for number in itertools.count(2)
            if fold(login := f"{wanted}{number}") not in self._by_login
        )

    def modes_of(self, account: Account) -> frozenset[Mode]:
        """Return the modes this account may enter; whether it is active is another matter."""
        modes = set()
        if account.rank is not Rank.USER or self.group_of(account) is not None:
            modes.add(Mode.ADMINISTRATIVE)
        if account.rank is not Rank.USER:
            modes.add(Mode.HOSTING)
        if self._profile_for(account, Mode.TEACHER) is not None:
            modes.add(Mode.TEACHER)
        if self._profile_for(account, Mode.SCHOOL_LIFE) is not None:
            modes.add(Mode.SCHOOL_LIFE)
        return frozenset(modes)

    def accesses_of(self, account: Account, mode: Mode) -> frozenset[Access]:
        """Return what this account may ask for in *mode*: nothing in a mode not his."""
        if mode not in self.modes_of(account):
            return frozenset()
        if mode is Mode.HOSTING:
            return _WRITING
        group = self.group_of(account)
        if (
            mode is Mode.ADMINISTRATIVE
            and account.rank is Rank.USER
            and group is not None
            and group.type is GroupType.CONSULTATION
        ):
            return _READING
        return _EVERY_ACCESS

    def is_administrator(self, account: Account) -> bool:
        """Whether the seats reserved for administrators are for this account (fiche 11)."""
        if account.rank is not Rank.USER:
            return True
        group = self.group_of(account)
        return group is not None and group.type is GroupType.ADMIN

    def idle_minutes_of(self, account: Account, mode: Mode) -> int | None:
        """Minutes of inactivity allowed in *mode*; None for ever, as it is by default."""
        if mode in (Mode.ADMINISTRATIVE, Mode.HOSTING):
            group = self.group_of(account)
            return None if group is None else group.idle_minutes
        profile = self._profile_for(account, mode)
        return None if profile is None else profile.idle_minutes

    def _profile_for(self, account: Account, mode: Mode) -> Profile | None:
        profile_id = (
            account.teacher_profile_id if mode is Mode.TEACHER else account.staff_profile_id
        )
        profile = None if profile_id is None else self._profiles.get(profile_id)
        return profile if profile is not None and profile.kind is mode else None


def login_of(last_name: str, first_name: str) -> str:
    """
    Return the login made of a person's name: ``dupas`` for DUPAS Nicole.

    Letters and digits only, without accents, lower case: what any keyboard types. Whoever has
    no such letter in his last name gets his first name, and failing that ``utilisateur``.
    `Directory.free_login` numbers homonyms.
    """
    for name in (last_name, first_name):
        login = "".join(c for c in fold(name) if c.isascii() and c.isalnum())
        if login:
            return login
    return "utilisateur"
