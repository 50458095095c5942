"""Calls on the account with the host (fiche 3, *Mon compte*; fiche 4, *Mot de passe*)."""

from __future__ import annotations

import datetime
from typing import Final

import attrs

from pronote_protocol.catalogue.call import ADMINISTRATION, Call
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Mode, Right


@attrs.frozen(kw_only=True)
class AccountShown:
    """
    *Mon compte*, as fiche 3 shows it.

    Attributes:
        hosting_number: Twelve digits; the invoice number and the console's password are
            never shown, only sent.
        expires: The last day on which somebody new gets in, on the school's calendar; nil
            never.
        expired: Whether that day has passed.
        modification: *Administrateurs et modifiants*.
        reserved_for_administrators: Part of it others may not take.
        teachers: At the same time; nil for *Profs illimités*.
        edt: *Connexion EDT*.
        consultation, consultation_edt, sms, sms_edt, pronote_net: The other options.
        responsible: Name of the responsible for the hosting.
        email, mobile: The responsible's, masked; nil when the host does not know them.
    """

    client_reference: str
    hosting_number: str
    expires: datetime.date | None
    expired: bool
    modification: int
    reserved_for_administrators: int
    teachers: int | None
    edt: bool
    consultation: bool
    consultation_edt: bool
    sms: bool
    sms_edt: bool
    pronote_net: bool
    responsible: str | None
    email: str | None
    mobile: str | None


@attrs.frozen(kw_only=True)
class SetReserved:
    """
    Attributes:
        reserved_for_administrators: At most as many as there are licences in modification.
    """

    reserved_for_administrators: int = attrs.field(
        validator=[attrs.validators.ge(0), attrs.validators.le(10_000)]
    )


@attrs.frozen(kw_only=True)
class ChangeSupervisorPassword:
    """
    Both travel inside TLS, or on loopback; see `messages.Personalise`.

    Attributes:
        current_password: The supervisor's, whoever asks; a wrong one counts as an offence.
    """

    current_password: str = attrs.field(repr=False, validator=attrs.validators.max_len(256))
    new_password: str = attrs.field(repr=False, validator=attrs.validators.max_len(256))


@attrs.frozen(kw_only=True)
class CredentialsSent:
    """
    Where the messages go; nobody waits for them to arrive.

    Attributes:
        email: Masked; nil when it is left to the operator of the server.
        mobile: Likewise.
    """

    email: str | None
    mobile: str | None


SHOW_ACCOUNT: Final = Call(
    name="account.show",
    params=Nothing,
    result=AccountShown,
    right=Right.SEE_ACCOUNT,
    modes=ADMINISTRATION,
    summary="Show the contract and the account (fiche 3, *Mon compte*).",
)
SET_RESERVED: Final = Call(
    name="account.set_reserved",
    params=SetReserved,
    result=AccountShown,
    right=Right.MANAGE_ACCOUNT,
    modes=ADMINISTRATION,
    summary="Reserve licences for administrators, at once (fiche 11).",
)
CHANGE_SUPERVISOR_PASSWORD: Final = Call(
    name="account.change_supervisor_password",
    params=ChangeSupervisorPassword,
    result=Nothing,
    right=Right.MANAGE_ACCOUNT,
    modes=ADMINISTRATION,
    summary="Change the supervisor's password (fiche 4, *Mon compte > Mot de passe*).",
)
RECEIVE_CREDENTIALS: Final = Call(
    name="account.receive_credentials",
    params=Nothing,
    result=CredentialsSent,
    right=Right.RECEIVE_CREDENTIALS,
    modes=frozenset({Mode.ADMINISTRATIVE}),
    summary=(
        "Send the responsible the hosting and invoice numbers by e-mail and the console's "
        "password by SMS (fiche 2, *Recevoir mes identifiants d'hébergement*)."
    ),
)
