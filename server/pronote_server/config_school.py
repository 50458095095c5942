"""The settings of one hosted school: its contract, its account, its passwords."""

from __future__ import annotations

from typing import Annotated, Final

import attrs

from .config_setting import section, setting
from .config_values import (
    Day,
    Email,
    Flag,
    HostingNumber,
    InvoiceNumber,
    Mobile,
    Rne,
    TeacherCap,
    Text,
    whole,
)
from .domain.passwords import PasswordRules
from .domain.seats import SeatPlan

__all__ = ["Contract", "HostingAccountSettings", "Passwords", "SchoolSettings"]

LONGEST_PASSWORD: Final = 256


@attrs.frozen(kw_only=True)
class Contract:
    """What the school bought (fiche 3, *Mon compte*)."""

    modification: Annotated[int, whole(0, 10_000)] = setting(
        6, "Administrators and modifiers of the guide's school; the standard contract has 4."
    )
    reserved_for_administrators: Annotated[int, whole(0, 10_000)] = setting(
        1, "An administrator always gets in (fiche 11)."
    )
    teachers: TeacherCap = setting(
        None, 'At the same time: 30, 50, 80, or `"unlimited"`, which the guide\'s school has.'
    )
    consultation: Flag = setting(
        False, "*Consultation PRONOTE*, an option; the guide's school has none."
    )
    consultation_edt: Flag = setting(
        False, "*Consultation EDT*: the same for EDT clients, sold apart."
    )
    edt: Flag = setting(True, "*Connexion EDT*: timetables may be transferred (fiche 6).")
    sms: Flag = setting(True, "*SMS PRONOTE*; without it no SMS leaves, they are spooled.")
    sms_edt: Flag = setting(True, "*SMS EDT*; shown in the account.")
    pronote_net: Flag = setting(
        True, "*PRONOTE.net*; without it that program is not let in (fiche 10)."
    )
    expires: Day | None = setting(None, "The last day on which somebody new gets in.")

    def seat_plan(self) -> SeatPlan:
        """Return the seats it amounts to."""
        return SeatPlan(
            modification=self.modification,
            reserved_for_administrators=self.reserved_for_administrators,
            teachers=self.teachers,
            consultation=self.consultation or self.consultation_edt,
        )


@attrs.frozen(kw_only=True)
class Passwords:
    """What a personal password must be, and what guessing it costs."""

    min_length: Annotated[int, whole(1, LONGEST_PASSWORD)] = setting(
        12, "The CNIL's advice for a password that stands alone."
    )
    max_length: Annotated[int, whole(1, LONGEST_PASSWORD)] = setting(
        64, "A sentence fits; a file does not."
    )
    need_lower: Flag = setting(True, "The CNIL's advice: four kinds of characters.")
    need_upper: Flag = setting(True, "As above.")
    need_digit: Flag = setting(True, "As above.")
    need_special: Flag = setting(True, "As above.")
    scram_iterations: Annotated[int, whole(4096, 10_000_000)] = setting(
        600_000, "OWASP's figure for PBKDF2-SHA-256; paid by the client. 4096 is SCRAM's floor."
    )

    def rules(self) -> PasswordRules:
        """Return what personal passwords are judged by."""
        return PasswordRules(
            min_length=self.min_length,
            max_length=self.max_length,
            need_lower=self.need_lower,
            need_upper=self.need_upper,
            need_digit=self.need_digit,
            need_special=self.need_special,
        )


@attrs.frozen(kw_only=True)
class HostingAccountSettings:
    """Who the school is to its host, and whom the host writes to (fiches 2 and 3)."""

    client_reference: Text | None = setting(None, "None: made at the first start.")
    hosting_number: HostingNumber | None = setting(
        None, "Twelve digits, to log in to the console; none: made at the first start."
    )
    invoice_number: InvoiceNumber | None = setting(
        None, "Ten digits, asked when a machine is enrolled; none: made at the first start."
    )
    responsible: Text | None = setting(None, "The responsible for the hosting, by name.")
    email: Email | None = setting(
        None, "The responsible's: lost numbers are sent there; none: they are spooled."
    )
    mobile: Mobile | None = setting(
        None, "The responsible's: the lost password is sent there; none: it is spooled."
    )


@attrs.frozen(kw_only=True)
class SchoolSettings:
    """One hosted school; a server may have several."""

    rne: Rne = attrs.field(
        metadata={"reason": "Seven digits and a check letter; it names the school to clients."}
    )
    name: Text = attrs.field(metadata={"reason": "What clients show."})
    contract: Contract = section(Contract, "What it bought.")
    account: HostingAccountSettings = section(HostingAccountSettings, "Who it is.")
    passwords: Passwords = section(Passwords, "Its rules.")
