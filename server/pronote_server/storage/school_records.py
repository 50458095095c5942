"""
``school.sqlite``: accounts, settings, suspensions, latched clients, journal.

What restoring a base must never bring back lives here, apart from the base. The functions are
in `accounts`, `settings`, `suspensions` and `journal`; this module makes the file ready.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from pronote_protocol.words import GroupType, Mode
from pronote_server.domain.accounts import Group, Profile
from pronote_server.storage.accounts import insert_group, insert_profile
from pronote_server.storage.migrations import SCHOOL_FAMILY

__all__ = ["create_school_records", "prepare_school_records"]

_FIRST_GROUPS: Final = (
    ("Administration", GroupType.ADMIN),
    ("Secrétariat", GroupType.MODIFICATION),
    ("CPE", GroupType.MODIFICATION),
    ("Consultation", GroupType.CONSULTATION),
)
_FIRST_PROFILES: Final = (("Profil 1", Mode.TEACHER), ("Profil 1", Mode.SCHOOL_LIFE))


def create_school_records(conn: Connection) -> None:
    """Make the tables in an empty file, with the groups and profiles a new school has."""
    SCHOOL_FAMILY.create(conn)
    for name, type_ in _FIRST_GROUPS:
        insert_group(conn, Group(0, name, type_, builtin=True))
    for name, kind in _FIRST_PROFILES:
        insert_profile(conn, Profile(0, name, kind, builtin=True))


def prepare_school_records(conn: Connection) -> bool:
    """
    Create what is missing, or bring an older file up to date; True when it was created.

    Raises:
        NewerThanThisProgram: A later version of the program wrote it.
    """
    if SCHOOL_FAMILY.version(conn) is None:
        create_school_records(conn)
        return True
    SCHOOL_FAMILY.upgrade(conn)
    return False
