"""
The account of a hosted school with its host (fiche 3, *Mon compte*): who it is, and whom to
write to.

The lengths are those of the publisher's sibling products: twelve digits for the hosting
number, ten for an invoice, fourteen characters for the console's password.
"""

from __future__ import annotations

import string
from typing import Final

import attrs

from .passwords import Chooser, generate_password

__all__ = [
    "HOSTING_NUMBER_DIGITS",
    "INVOICE_NUMBER_DIGITS",
    "HostingAccount",
    "Identity",
    "masked_email",
    "masked_mobile",
    "new_identity",
]

HOSTING_NUMBER_DIGITS: Final = 12
INVOICE_NUMBER_DIGITS: Final = 10
_REFERENCE_DIGITS: Final = 7
_HIDDEN: Final = "•"


@attrs.frozen(kw_only=True)
class Identity:
    """
    What the host gave the school when it became a client.

    Attributes:
        console_password: In clear: it is sent again to whoever lost it (fiche 2).
    """

    client_reference: str
    hosting_number: str
    invoice_number: str
    console_password: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class HostingAccount:
    """
    An identity, and the responsible (*responsable de l'hébergement*) it is sent to.

    Attributes:
        identity: What counts: made, or set by the operator.
        identity_made: What the school was given at first.
        responsible: Name.
        email, mobile: None when the host does not know them.
    """

    identity: Identity
    identity_made: Identity
    responsible: str | None = None
    email: str | None = None
    mobile: str | None = None


def new_identity(random: Chooser) -> Identity:
    """
    Return what a new client is given.

    Args:
        random: The module `secrets`; in tests, a seeded ``random.Random``.
    """
    return Identity(
        client_reference=_digits(random, _REFERENCE_DIGITS),
        hosting_number=_digits(random, HOSTING_NUMBER_DIGITS),
        invoice_number=_digits(random, INVOICE_NUMBER_DIGITS),
        console_password=generate_password(random),
    )


def masked_email(email: str) -> str:
    """Return ``r•••••@ecole.example``: enough to recognise it, too little to write to it."""
    name, at, domain = email.rpartition("@")
    return f"{name[:1]}{_HIDDEN * 5}{at}{domain}"


def masked_mobile(mobile: str) -> str:
    """Return ``•••••••78``: the last two digits."""
    return f"{_HIDDEN * 7}{mobile[-2:]}"


def _digits(random: Chooser, number: int) -> str:
    # The first is no zero: people drop it when they copy.
    first = random.choice(string.digits[1:])
    return first + "".join(random.choice(string.digits) for _ in range(number - 1))
