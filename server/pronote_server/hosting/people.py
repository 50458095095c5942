"""Accounts for the people of a base: teachers and staff who come with a timetable."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator

import attrs
import trio
from sqlalchemy import Connection

from pronote_protocol.errors import NotFound
from pronote_protocol.scram import derive
from pronote_protocol.words import Mode
from pronote_server.domain.accounts import Account, Credentials, Profile, login_of
from pronote_server.domain.passwords import Chooser, generate_password
from pronote_server.domain.school_data import SchoolData
from pronote_server.domain.search import fold
from pronote_server.hosting.asker import Asker, changing_directory
from pronote_server.hosting.login import GENERATED_ITERATIONS
from pronote_server.hosting.school import School
from pronote_server.storage import accounts as kept

__all__ = ["Person", "open_accounts", "staff_of", "teachers_of"]


@attrs.frozen
class Person:
    """Somebody of the base who gets an account; ``key`` is ``teacher:CODE``."""

    key: str
    last_name: str
    first_name: str

    @property
    def name(self) -> str:
        return f"{self.last_name} {self.first_name}".strip()


def teachers_of(data: SchoolData) -> Iterator[Person]:
    for teacher in data.teachers:
        yield Person(f"teacher:{teacher.code}", teacher.last_name, teacher.first_name)


def staff_of(data: SchoolData) -> Iterator[Person]:
    for member in data.staff:
        yield Person(f"staff:{member.code}", member.last_name, member.first_name)


async def open_accounts(
    school: School,
    asker: Asker,
    people: Iterable[Person],
    mode: Mode,
    *,
    random: Chooser = secrets,
) -> int:
    """
    Make an account for everybody who has none, opening *mode* by the first profile of its
    kind; give that profile to those who have an account without one.

    Returns:
        How many accounts were created.
    """
    async with changing_directory(school):
        profile = next((p for p in school.directory.profiles if p.kind is mode), None)
        if profile is None:
            raise NotFound(what=f"profile of {mode.value}")
        by_person = {a.person: a for a in school.directory.accounts if a.person is not None}
        known, new, taken = [], [], set[str]()
        for person in people:
            account = by_person.get(person.key)
            if account is not None:
                known.append(_opened(attrs.evolve(account, name=person.name), profile))
                continue
            login = _login_for(school, person, taken)
            taken.add(fold(login))
            new.append((person, login, generate_password(random)))
        passwords = [password for _, _, password in new]

        def derive_all() -> list[Credentials]:
            made = (derive(password, GENERATED_ITERATIONS) for password in passwords)
            return [Credentials(k.salt, k.stored_key, k.server_key, k.iterations) for k in made]

        credentials = await trio.to_thread.run_sync(derive_all, limiter=school.deriving)
        created_at = school.now()
        drafts = [
            _opened(
                Account(
                    id=0,
                    login=login,
                    name=person.name,
                    person=person.key,
                    credentials=keys,
                    generated_password=password,
                    must_change=True,
                    created_at=created_at,
                ),
                profile,
            )
            for (person, login, password), keys in zip(new, credentials, strict=True)
        ]

        def write(conn: Connection) -> list[Account]:
            for account in known:
                kept.update_account(conn, account)
            return [kept.insert_account(conn, draft) for draft in drafts]

        for account in [*known, *await school.records.write(write)]:
            school.directory.put(account)
        await school.journal.record(
            "users.created", asker.name, asker.address, mode=mode.value, count=len(drafts)
        )
        return len(drafts)


def _opened(account: Account, profile: Profile) -> Account:
    if profile.kind is Mode.TEACHER:
        return attrs.evolve(account, teacher_profile_id=profile.id)
    return attrs.evolve(account, staff_profile_id=profile.id)


def _login_for(school: School, person: Person, taken: set[str]) -> str:
    wanted = login_of(person.last_name, person.first_name)
    login, number = school.directory.free_login(wanted), 2
    while fold(login) in taken:
        login = school.directory.free_login(f"{wanted}{number}")
        number += 1
    return login
