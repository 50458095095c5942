"""
Who may do what, in one table.

What is known of the real product (support pages of its publisher, 2020-2024; the full list of
authorisations of a group is not public):

* the supervisor (SPR) has every right and alone names superadministrators;
* a superadministrator has all the rest;
* group Administration has every right on *data* but not on deployment, on rights and users,
  nor on security (automatic disconnection, authentication policy);
* mode Vie scolaire is a selection of functions, mode Enseignant one's own classes.

Ours, where that is silent: group Administration watches, disconnects and lifts suspensions
(the publisher's sibling EDT lets it), and reads generated passwords, since handing them out is
its daily work; the other groups read resources and timetables and see how many seats are left.
"""

from __future__ import annotations

from typing import Final

from pronote_protocol.words import GroupType, Mode, Rank, Right

from .accounts import Account, Directory

__all__ = ["rights_in_previous_year", "rights_of"]


_TEACHER: Final = frozenset(
    {
        Right.OWN,
        Right.READ_MARKS,
        Right.ENTER_MARKS,
        Right.TAKE_ROLL,
        Right.GIVE_PUNISHMENTS,
        Right.READ_NOTEBOOK,
        Right.ENTER_NOTEBOOK,
        Right.READ_DOCUMENTS,
        Right.ADD_DOCUMENTS,
        Right.COMMUNICATE,
    }
)
_SCHOOL_LIFE: Final = frozenset(
    {
        Right.OWN,
        Right.READ_RESOURCES,
        Right.READ_TIMETABLES,
        Right.READ_SCHOOL_LIFE,
        Right.ENTER_SCHOOL_LIFE,
        Right.TAKE_ROLL,
        Right.GIVE_PUNISHMENTS,
        Right.READ_NOTEBOOK,
        Right.READ_DOCUMENTS,
        Right.ADD_DOCUMENTS,
        Right.COMMUNICATE,
    }
)
_GROUP: Final = (
    _SCHOOL_LIFE
    | _TEACHER
    | {
        Right.SEE_COUNTERS,
        Right.SEE_SEATS,
        Right.SEAL_PERIODS,
        Right.SCHOOL_SETTINGS,
        Right.MANAGE_RESOURCES,
    }
)
_ADMINISTRATION: Final = _GROUP | {
    Right.SEE_CONNECTIONS,
    Right.DISCONNECT,
    Right.SEE_SUSPENSIONS,
    Right.LIFT_SUSPENSIONS,
    Right.SEE_USERS,
    Right.READ_GENERATED_PASSWORDS,
    Right.EXCLUSIVE_USE,
    Right.SEE_JOURNAL,
    Right.SEE_BASES,
    Right.SEE_BACKUPS,
    Right.SEE_ACCOUNT,
    Right.RECEIVE_CREDENTIALS,
}
_SUPERVISOR: Final = frozenset(Right)
_SUPERADMINISTRATOR: Final = _SUPERVISOR - {Right.NAME_SUPERADMINISTRATORS}
# The console works on bases as wholes, never on what is in one.
_CONSOLE: Final = frozenset(
    {
        Right.OWN,
        Right.SEE_SEATS,
        Right.SEE_CONNECTIONS,
        Right.DISCONNECT,
        Right.SEE_SUSPENSIONS,
        Right.LIFT_SUSPENSIONS,
        Right.MANAGE_SECURITY,
        Right.SEE_USERS,
        Right.READ_GENERATED_PASSWORDS,
        Right.MANAGE_USERS,
        Right.NAME_SUPERADMINISTRATORS,
        Right.SEE_JOURNAL,
        Right.SEE_BASES,
        Right.MANAGE_BASES,
        Right.SEE_BACKUPS,
        Right.MANAGE_BACKUPS,
        Right.SEE_ACCOUNT,
        Right.MANAGE_ACCOUNT,
    }
)
# What a year that is over is looked at with (fiche 5): nothing that changes anything.
_PREVIOUS_YEAR: Final = frozenset(
    {
        Right.OWN,
        Right.READ_RESOURCES,
        Right.READ_TIMETABLES,
        Right.SEE_COUNTERS,
        Right.READ_MARKS,
        Right.READ_SCHOOL_LIFE,
        Right.READ_NOTEBOOK,
        Right.READ_DOCUMENTS,
    }
)


def rights_in_previous_year(rights: frozenset[Right]) -> frozenset[Right]:
    """Return what is left of *rights* for who consults the base of a previous year."""
    return rights & _PREVIOUS_YEAR


def rights_of(directory: Directory, account: Account, mode: Mode) -> frozenset[Right]:
    """
    Return what *account* may do in *mode*.

    A rank counts in mode Administratif and at the console only: a superadministrator who
    enters as a teacher is a teacher. A disabled account, or a mode that is not this account's,
    has no right at all; end the sessions of an account when disabling it, for a refused call is
    an offence of the address.
    """
    if not account.active or mode not in directory.modes_of(account):
        return frozenset()
    if mode is Mode.TEACHER:
        return _TEACHER
    if mode is Mode.SCHOOL_LIFE:
        return _SCHOOL_LIFE
    ranks = {Rank.SUPERVISOR: _SUPERVISOR, Rank.SUPERADMINISTRATOR: _SUPERADMINISTRATOR}
    if account.rank in ranks:
        has = ranks[account.rank]
        return has & _CONSOLE if mode is Mode.HOSTING else has
    group = directory.group_of(account)
    if group is not None and group.type is GroupType.ADMIN:
        return _ADMINISTRATION
    return _GROUP
