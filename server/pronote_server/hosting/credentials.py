"""
*Recevoir mes identifiants d'hébergement* (fiche 2): numbers by e-mail, password by SMS.

They go to the responsible of the hosting, whoever asks; who asked only learns that they went.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from pronote_protocol.catalogue.account import CredentialsSent
from pronote_protocol.errors import Conflict
from pronote_server.domain.hosting_account import masked_email, masked_mobile
from pronote_server.domain.outgoing import Channel
from pronote_server.hosting.asker import Asker, entry
from pronote_server.hosting.outbox import new_message, put_into_outbox
from pronote_server.hosting.school import School
from pronote_server.storage.journal import append_journal
from pronote_server.storage.settings import get_setting, put_setting

__all__ = ["send_credentials"]

_ASKED: Final = "credentials.asked"
# The responsible's telephone rings at each: somebody who clicks again must not make it ring.
_BETWEEN: Final = timedelta(minutes=10)
_PERIOD: Final = timedelta(days=1)
_MOST_IN_PERIOD: Final = 5

_SUBJECT: Final = "Vos identifiants d'hébergement PRONOTE"
_EMAIL: Final = """\
Bonjour{responsible},

{asker} a demandé les identifiants d'hébergement de {school} ({rne}).

N° d'hébergement : {hosting_number}
N° de la dernière facture : {invoice_number}

Le mot de passe de la console vous est envoyé par SMS.

Si personne n'aurait dû le demander, regardez l'historique de votre base.

Référence : {{id}}
"""
_SMS: Final = "PRONOTE {rne} : mot de passe de la console {password} (réf. {{id}})"


async def send_credentials(school: School, asker: Asker) -> CredentialsSent:
    """
    Put the e-mail and the SMS into the outbox, with a line in the journal, all or nothing.

    Raises:
        Conflict: It was asked a moment ago, or too often today.
    """
    account, now = school.account, school.clock.now()
    identity = account.identity
    email = new_message(
        school,
        Channel.EMAIL,
        account.email,
        _SUBJECT,
        _EMAIL.format(
            responsible=f" {account.responsible}" if account.responsible else "",
            asker=asker.name,
            school=school.name,
            rne=school.rne,
            hosting_number=identity.hosting_number,
            invoice_number=identity.invoice_number,
        ),
    )
    sms = new_message(
        school,
        Channel.SMS,
        account.mobile,
        _SUBJECT,
        _SMS.format(rne=school.rne, password=identity.console_password),
    )
    # What cannot leave by itself waits for the operator, and the asker is told so.
    sent = CredentialsSent(
        email=None if account.email is None else masked_email(account.email),
        mobile=(
            None
            if account.mobile is None or not school.contract.sms
            else masked_mobile(account.mobile)
        ),
    )
    line = entry(
        school, "account.credentials_asked", asker, {"email": sent.email, "mobile": sent.mobile}
    )

    def write(conn: Connection) -> None:
        _count(conn, now)
        put_into_outbox(conn, email, sms)
        append_journal(conn, line)

    await school.records.write(write)
    school.outbox_changed.set()
    return sent


def _count(conn: Connection, now: datetime) -> None:
    """
    Raises:
        Conflict: It was asked a moment ago, or too often.
    """
    asked = [datetime.fromisoformat(each) for each in get_setting(conn, _ASKED, [])]
    # What lies ahead was asked before the clock went back.
    recent = [each for each in asked if now - _PERIOD < each <= now]
    waits = [each + _BETWEEN for each in recent[-1:]]
    if len(recent) >= _MOST_IN_PERIOD:
        waits.append(recent[-_MOST_IN_PERIOD] + _PERIOD)
    wait = max(((each - now).total_seconds() for each in waits), default=0.0)
    if wait > 0:
        raise Conflict(
            "Les identifiants viennent d'être envoyés au responsable de l'hébergement ; "
            "réessayez dans {minutes} min.",
            "The credentials have just been sent to the responsible for the hosting; try "
            "again in {minutes} min.",
            retry_after=wait,
            minutes=-(-int(wait) // 60),
        )
    put_setting(conn, _ASKED, [each.isoformat() for each in [*recent, now]])
