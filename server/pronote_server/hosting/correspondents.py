"""
Who may write to whom: every account that is active and has the right to communicate.

The base names people as `entries.who` does. An account that is nobody of the base is named by
its login, which may be given again after it was deleted: what is older than an account was for
somebody else, and is not shown to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from pronote_protocol.errors import NotFound
from pronote_protocol.words import Mode, Population, Right
from pronote_server.domain.accounts import Account
from pronote_server.domain.rights import rights_of
from pronote_server.domain.sessions import Session
from pronote_server.hosting.school import School
from pronote_server.hosting.school_life import names_of

__all__ = [
    "accounts_by_person",
    "chosen",
    "correspondents",
    "named",
    "person_of",
    "populations_of",
    "since",
]


def person_of(account: Account) -> str:
    """Return how a base names whose account this is; as `entries.who` does."""
    return account.person or f"account:{account.login}"


def correspondents(school: School) -> list[Account]:
    """Return the accounts one can write to, by name."""
    return [each for each in school.directory.accounts if _may_communicate(school, each)]


def chosen(school: School, account_ids: Iterable[int]) -> list[Account]:
    """
    Return those accounts.

    Raises:
        NotFound: One is not of those one can write to.
    """
    found = []
    for account_id in account_ids:
        account = school.directory.by_id(account_id)
        if account is None or not _may_communicate(school, account):
            raise NotFound(what=f"account {account_id}")
        found.append(account)
    return found


def populations_of(school: School, account: Account) -> tuple[Population, ...]:
    """Return of whom it is: teachers; staff, who are all others and those who are both."""
    modes = school.directory.modes_of(account)
    of = []
    if Mode.TEACHER in modes:
        of.append(Population.TEACHERS)
    if modes - {Mode.TEACHER}:
        of.append(Population.STAFF)
    return tuple(of)


def accounts_by_person(school: School) -> dict[str, Account]:
    """Return the accounts by what a base calls them; to be taken before a command runs."""
    return {person_of(account): account for account in school.directory.accounts}


def named(
    conn: Connection, accounts: Mapping[str, Account], persons: Iterable[str]
) -> dict[str, str]:
    """Return the names of *persons*, also of those who have no account any more."""
    persons = set(persons)
    names = names_of(conn, persons - accounts.keys())
    names.update((person, accounts[person].name) for person in persons & accounts.keys())
    return names


def since(school: School, session: Session) -> datetime | None:
    """Return from when on what is said to this session's person is meant for it."""
    account = school.directory.by_id(session.account_id)
    if session.person is not None or account is None:
        return None
    return account.created_at


def _may_communicate(school: School, account: Account) -> bool:
    directory = school.directory
    return account.active and any(
        Right.COMMUNICATE in rights_of(directory, account, mode)
        for mode in directory.modes_of(account)
    )
