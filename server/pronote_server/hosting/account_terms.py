"""
What the contract and the account are, from two sources (fiche 3).

``server.toml`` says what was agreed; ``pronote-server account set`` changes one thing of it
while the server runs, and is kept in the school's own records until it is unset. So an
operator's file stays the place to look at, and a test changes a formula in a moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs
import structlog

from pronote_protocol.errors import BadRequest
from pronote_server.config_reading import kind_of
from pronote_server.config_school import Contract, HostingAccountSettings, SchoolSettings
from pronote_server.domain.hosting_account import HostingAccount, Identity

__all__ = ["TERMS", "account_of", "agreed", "fitting"]

log = structlog.get_logger()

_SECTIONS: Final[Mapping[str, type]] = {
    "contract": Contract,
    "account": HostingAccountSettings,
}
# What the operator says, and the setting it stands for.
TERMS: Final[Mapping[str, str]] = {
    "modification": "contract.modification",
    "reserved": "contract.reserved_for_administrators",
    "teachers": "contract.teachers",
    "consultation": "contract.consultation",
    "consultation_edt": "contract.consultation_edt",
    "edt": "contract.edt",
    "sms": "contract.sms",
    "sms_edt": "contract.sms_edt",
    "pronote_net": "contract.pronote_net",
    "expires": "contract.expires",
    "client_reference": "account.client_reference",
    "hosting_number": "account.hosting_number",
    "invoice_number": "account.invoice_number",
    "responsible": "account.responsible",
    "email": "account.email",
    "mobile": "account.mobile",
}
_WORDS: Final = {"oui": "true", "non": "false", "yes": "true", "no": "false"}


def agreed(settings: SchoolSettings, changes: Mapping[str, str]) -> SchoolSettings:
    """
    Return *settings* with *changes*, terms and texts.

    Raises:
        BadRequest: A term is unknown, or its text says nothing of the kind; or together
            they make no contract.
    """
    values: dict[str, dict[str, Any]] = {name: {} for name in _SECTIONS}
    problems = []
    for term, text in changes.items():
        if term not in TERMS:
            problems.append(f"{term} : inconnu ; il y a {', '.join(TERMS)}")
            continue
        section, _, field = TERMS[term].partition(".")
        annotation = attrs.fields_dict(attrs.resolve_types(_SECTIONS[section]))[field].type
        kind = kind_of(annotation)
        assert kind is not None, f"{term} has no kind"
        try:
            said = kind.from_text(_WORDS.get(text.strip().lower(), text.strip()))
            values[section][field] = kind.accept(said)
        except ValueError as error:
            problems.append(f"{term} : {error}")
    if not problems:
        contract = attrs.evolve(settings.contract, **values["contract"])
        if contract.reserved_for_administrators <= contract.modification:
            account = attrs.evolve(settings.account, **values["account"])
            return attrs.evolve(settings, contract=contract, account=account)
        problems.append(
            f"reserved : {contract.reserved_for_administrators} licences réservées sur "
            f"{contract.modification}"
        )
    raise BadRequest(problems=" ; ".join(problems))


def fitting(settings: SchoolSettings, changes: Mapping[str, str]) -> dict[str, str]:
    """
    Return those of *changes* that still fit *settings*, warning of the others.

    The file may have been edited meanwhile; a server that would not start for it could not
    be told to unset anything either.
    """
    kept: dict[str, str] = {}
    for term, text in changes.items():
        try:
            agreed(settings, {**kept, term: text})
        except BadRequest as refusal:
            log.warning(
                "account.change_ignored", school=settings.rne, term=term, why=refusal.fr
            )
        else:
            kept[term] = text
    return kept


def account_of(settings: SchoolSettings, made: Identity) -> HostingAccount:
    """Return the account: what *settings* leave open is as it was *made*."""
    said = settings.account
    identity = attrs.evolve(
        made,
        client_reference=said.client_reference or made.client_reference,
        hosting_number=said.hosting_number or made.hosting_number,
        invoice_number=said.invoice_number or made.invoice_number,
    )
    return HostingAccount(
        identity=identity,
        identity_made=made,
        responsible=said.responsible,
        email=said.email,
        mobile=said.mobile,
    )
