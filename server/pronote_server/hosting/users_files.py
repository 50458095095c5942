"""
The users of a school in a ``.profils`` file, and back (fiche 8, *Récupérer les utilisateurs*).

It holds groups, profiles and accounts with what proves their passwords: keep it like a key. The
supervisor's password never travels, and generated passwords, which an administrator could
read, do not either.

The rule of recovering: whoever is here already stays as he is, and so do groups and profiles of
the same name; whoever is not is added. The report says of each what was done.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
from sqlalchemy import Connection

from pronote_protocol.errors import Conflict, Refused
from pronote_protocol.words import GroupType, Rank
from pronote_server.domain.accounts import Account, Directory, Group, Profile
from pronote_server.domain.search import fold
from pronote_server.hosting.asker import Asker, changing_directory
from pronote_server.hosting.base_creation import school_year_at
from pronote_server.hosting.school import School
from pronote_server.storage import accounts as kept
from pronote_server.storage.base_header import FORMAT_VERSION
from pronote_server.storage.packages import Manifest, PackageKind, write_package
from pronote_server.storage.users_package import UsersFile, read_users, users_members
from pronote_server.storage.whole_files import saying_what_the_disk_said

__all__ = ["generate_users_file", "recover"]

_MOST_TOLD: Final = 200


async def generate_users_file(
    school: School, *, to: Path | None = None, by: str, address: str | None = None
) -> dict[str, Any]:
    """
    Write the users of the school to ``RNE.profils``, in its exports or in the folder *to*.

    Raises:
        StorageFailed: The disk said no.
    """
    directory = school.directory
    users = UsersFile(
        groups=directory.groups,
        profiles=directory.profiles,
        accounts=tuple(
            attrs.evolve(
                account,
                credentials=None if account.rank is Rank.SUPERVISOR else account.credentials,
                generated_password=None,
            )
            for account in directory.accounts
        ),
    )
    now, base = school.now(), school.base
    manifest = Manifest(
        kind=PackageKind.USERS,
        rne=school.rne,
        base=school.name if base is None else base.header.name,
        school_year=school_year_at(now) if base is None else base.header.school_year,
        base_format=FORMAT_VERSION,
        revision=0,
        made_at=now,
        counters={"accounts": len(users.accounts)},
    )
    folder = school.folder / "exports" if to is None else to
    path = folder / f"{school.rne}{PackageKind.USERS.extension}"

    disk = school.backups.folder.disk

    def write() -> None:
        with saying_what_the_disk_said():
            disk.make_folder(folder)
        write_package(path, manifest, users_members(users), disk=disk)

    await school.in_thread(write)
    await school.journal.record(
        "users.exported", by, address, file=path.name, accounts=len(users.accounts)
    )
    return {"folder": str(folder), "file": path.name, "accounts": len(users.accounts)}


async def recover(school: School, path: Path, asker: Asker) -> dict[str, Any]:
    """
    Add the users in the file at *path* that the school does not have.

    Returns:
        ``added``, ``kept`` and ``refused`` (login and reason): how many; and of the accounts
        the first two hundred each. ``groups`` and ``profiles`` that were added, by name.
        ``lowered``: superadministrators who became users, since only the supervisor names
        them.

    Raises:
        BaseFileRefused: It is no such file, or damaged; nothing was changed.
        StorageFailed: The disk said no; likewise.
    """
    users = await school.in_thread(partial(read_users, path))
    async with changing_directory(school):
        book = school.directory
        here = (book.accounts, book.groups, book.profiles)
        merging = _Merging(here, asker, school.now())
        made = await school.records.write(lambda conn: merging.write(conn, users))
        for item in made:
            school.directory.put(item)
    report = merging.report()
    await school.journal.record(
        "users.recovered",
        asker.name,
        asker.address,
        **{name: report[name] for name in ("added", "kept", "refused")},
    )
    return report


@attrs.define(eq=False)
class _Merging:
    """One recovery; what it writes is one command of the records' writer."""

    here: tuple[tuple[Account, ...], tuple[Group, ...], tuple[Profile, ...]]
    asker: Asker
    now: datetime
    added: list[str] = attrs.field(factory=list)
    kept: list[str] = attrs.field(factory=list)
    lowered: list[str] = attrs.field(factory=list)
    refused: list[tuple[str, str]] = attrs.field(factory=list)
    groups: list[str] = attrs.field(factory=list)
    profiles: list[str] = attrs.field(factory=list)

    def write(self, conn: Connection, users: UsersFile) -> list[Account | Group | Profile]:
        # A book of its own: what the disk refuses in the end must not be in the school's.
        book = Directory(*self.here)
        for told in (self.added, self.kept, self.lowered, self.groups, self.profiles):
            told.clear()
        self.refused.clear()
        made: list[Account | Group | Profile] = []
        group_ids = self._groups(conn, users, book, made)
        profile_ids = self._profiles(conn, users, book, made)
        persons = {account.person for account in book.accounts}
        for account in users.accounts:
            there = book.by_login(account.login)
            if account.rank is Rank.SUPERVISOR or there is not None:
                self.kept.append(account.login)
                continue
            draft = self._draft(account, group_ids, profile_ids)
            try:
                if draft.person is not None and draft.person in persons:
                    raise Conflict(
                        "Cette personne a déjà un compte.", "Has an account already."
                    )
                book.check(draft)
            except Refused as refusal:
                self.refused.append((account.login, refusal.fr))
                continue
            stored = kept.insert_account(conn, draft)
            book.put(stored)
            persons.add(stored.person)
            made.append(stored)
            self.added.append(account.login)
        return made

    def _groups(
        self,
        conn: Connection,
        users: UsersFile,
        book: Directory,
        made: list[Account | Group | Profile],
    ) -> dict[int, int]:
        """Return the id here of each group of the file."""
        here = {fold(group.name): group for group in book.groups}
        ids = {}
        for group in users.groups:
            known = here.get(fold(group.name))
            # Of type admin there is one, which every school has.
            if known is None and group.type is GroupType.ADMIN:
                known = next(g for g in book.groups if g.type is GroupType.ADMIN)
            if known is None:
                known = kept.insert_group(conn, attrs.evolve(group, builtin=False))
                here[fold(group.name)] = known
                book.put(known)
                made.append(known)
                self.groups.append(known.name)
            ids[group.id] = known.id
        return ids

    def _profiles(
        self,
        conn: Connection,
        users: UsersFile,
        book: Directory,
        made: list[Account | Group | Profile],
    ) -> dict[int, int]:
        here = {(profile.kind, fold(profile.name)): profile for profile in book.profiles}
        ids = {}
        for profile in users.profiles:
            place = (profile.kind, fold(profile.name))
            known = here.get(place)
            if known is None:
                known = kept.insert_profile(conn, attrs.evolve(profile, builtin=False))
                here[place] = known
                book.put(known)
                made.append(known)
                self.profiles.append(known.name)
            ids[profile.id] = known.id
        return ids

    def _draft(
        self, account: Account, groups: dict[int, int], profiles: dict[int, int]
    ) -> Account:
        rank = account.rank
        if rank is Rank.SUPERADMINISTRATOR and not self.asker.may_name_superadministrators:
            rank = Rank.USER
            self.lowered.append(account.login)

        def here(ids: dict[int, int], ident: int | None) -> int | None:
            return None if ident is None else ids.get(ident, -1)

        return attrs.evolve(
            account,
            id=0,
            rank=rank,
            group_id=here(groups, account.group_id),
            teacher_profile_id=here(profiles, account.teacher_profile_id),
            staff_profile_id=here(profiles, account.staff_profile_id),
            generated_password=None,
            created_at=self.now,
            last_login_at=None,
        )

    def report(self) -> dict[str, Any]:
        return {
            "added": len(self.added),
            "kept": len(self.kept),
            "refused": len(self.refused),
            "groups": self.groups,
            "profiles": self.profiles,
            "added_logins": self.added[:_MOST_TOLD],
            "kept_logins": self.kept[:_MOST_TOLD],
            "lowered": self.lowered[:_MOST_TOLD],
            "refusals": [list(each) for each in self.refused[:_MOST_TOLD]],
        }
