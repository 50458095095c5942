"""
*Mon compte* (fiches 2, 3 and 4): what it shows, and what may be changed there.

A change of the contract counts at once: seats are handed out by the new plan, and whoever
holds one keeps it; a day of expiry that has passed lets nobody new in.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import attrs
from sqlalchemy import Connection

from pronote_protocol.catalogue.account import AccountShown
from pronote_protocol.errors import BadRequest
from pronote_server.domain.hosting_account import masked_email, masked_mobile
from pronote_server.domain.passwords import generate_password
from pronote_server.hosting import passwords
from pronote_server.hosting.account_terms import TERMS, account_of, agreed
from pronote_server.hosting.asker import Asker, changing_directory, entry
from pronote_server.hosting.school import School
from pronote_server.storage.journal import append_journal
from pronote_server.storage.settings import put_setting

__all__ = [
    "CHANGES",
    "IDENTITY",
    "change_supervisor_password",
    "change_terms",
    "new_console_password",
    "set_reserved",
    "set_supervisor_password",
    "show_account",
]

# Where the school's records keep what was changed while it ran, and what it was given.
CHANGES = "account.changes"
IDENTITY = "account.identity"

# Of these the journal says that they changed, and not to what: it is read by many.
_PERSONAL = {"responsible", "email", "mobile", "invoice_number"}


def show_account(school: School) -> AccountShown:
    """Return the account; what the host sends by other ways is masked or left out."""
    account, contract = school.account, school.contract
    return AccountShown(
        client_reference=account.identity.client_reference,
        hosting_number=account.identity.hosting_number,
        expires=contract.expires,
        expired=school.contract_expired,
        modification=contract.modification,
        reserved_for_administrators=contract.reserved_for_administrators,
        teachers=contract.teachers,
        edt=contract.edt,
        consultation=contract.consultation,
        consultation_edt=contract.consultation_edt,
        sms=contract.sms,
        sms_edt=contract.sms_edt,
        pronote_net=contract.pronote_net,
        responsible=account.responsible,
        email=None if account.email is None else masked_email(account.email),
        mobile=None if account.mobile is None else masked_mobile(account.mobile),
    )


async def change_terms(
    school: School, changes: Mapping[str, str | None], asker: Asker
) -> AccountShown:
    """
    Change terms of the contract or of the account, at once and for good.

    Args:
        changes: Terms (`TERMS`) to texts; None takes back what was changed, so that
            ``server.toml`` counts again.

    Raises:
        BadRequest: A term is unknown, a text means nothing for it, or together they make
            no contract; nothing is changed.
    """
    unknown = [term for term in changes if term not in TERMS]
    if unknown or not changes:
        said = ", ".join(unknown) or "rien"
        raise BadRequest(problems=f"{said} : il y a {', '.join(TERMS)}")
    async with changing_directory(school):
        merged = {**school.account_changes, **changes}
        kept = {term: text for term, text in merged.items() if text is not None}
        settings = agreed(school.settings, kept)
        said_of = {
            term: "modifié" if term in _PERSONAL and text is not None else text
            for term, text in changes.items()
        }
        line = entry(school, "account.changed", asker, dict(said_of))

        def write(conn: Connection) -> None:
            put_setting(conn, CHANGES, kept)
            append_journal(conn, line)

        await school.records.write(write)
        school.account_changes = kept
        school.contract = settings.contract
        school.account = account_of(settings, school.account.identity_made)
        school.seats.replan(settings.contract.seat_plan())
    return show_account(school)


async def set_reserved(school: School, reserved: int, asker: Asker) -> AccountShown:
    """
    Reserve licences for administrators (fiche 11); whoever holds one keeps it.

    Raises:
        BadRequest: There are not so many.
    """
    return await change_terms(school, {"reserved": str(reserved)}, asker)


async def new_console_password(school: School, asker: Asker) -> str:
    """Return a new password of the console, as the host's support gives one."""
    async with changing_directory(school):
        password = generate_password(secrets)
        made = attrs.evolve(school.account.identity_made, console_password=password)
        line = entry(school, "account.console_password_renewed", asker, {})

        def write(conn: Connection) -> None:
            put_setting(conn, IDENTITY, attrs.asdict(made))
            append_journal(conn, line)

        await school.records.write(write)
        settings = agreed(school.settings, school.account_changes)
        school.account = account_of(settings, made)
    return password


async def change_supervisor_password(
    school: School, current: str, new: str, asker: Asker
) -> None:
    """
    Change the supervisor's password for somebody who knows it (fiche 4).

    Raises:
        BadCredentials: *current* is not the password; the offence is counted.
        PasswordRefused: *new* breaks rules.
    """
    supervisor = school.directory.supervisor
    assert supervisor is not None, "a school is created with its supervisor"
    await passwords.change_own_password(
        school, supervisor.id, current, new, asker.address or ""
    )
    await _record_supervisor_password(school, asker)


async def set_supervisor_password(school: School, new: str, asker: Asker) -> None:
    """
    Give the supervisor a password, for the operator of the server or the console's user,
    who have proved themselves in another way.

    Raises:
        PasswordRefused: *new* breaks rules.
    """
    supervisor = school.directory.supervisor
    assert supervisor is not None, "a school is created with its supervisor"
    await passwords.personalise(school, supervisor.id, new, asker.address)
    await _record_supervisor_password(school, asker)


async def _record_supervisor_password(school: School, asker: Asker) -> None:
    await school.journal.record(
        "account.supervisor_password_changed", asker.name, asker.address
    )
