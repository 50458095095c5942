"""
Suspended addresses (fiche 11, *Sécurité*): the verdict on every path, and the lifting.

Offences are counted in memory at once; a suspension is on disk, and in the journal, before
the client that caused it is answered. Sessions that are open are never cut by one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import Connection

from pronote_protocol.catalogue.security import SuspensionRow
from pronote_protocol.errors import AddressSuspended
from pronote_server.domain.sessions import Session
from pronote_server.domain.suspensions import Suspension, Verdict
from pronote_server.hosting.journal import SERVER
from pronote_server.hosting.school import School
from pronote_server.storage.suspensions import save_latches, save_suspensions

__all__ = [
    "check",
    "lift",
    "suspended",
    "suspended_meanwhile",
    "suspension_rows",
    "sweep",
    "unauthorised_call",
    "wrong_password",
]

log = structlog.get_logger()

_CAUSES_FR = {
    "wrong_passwords": "plusieurs connexions avec un mot de passe erroné",
    "saturation": "des tentatives de saturation du serveur",
    "unauthorised_calls": "des appels non autorisés",
}


def check(school: School, address: str, instance: str | None, login: str | None = None) -> None:
    """
    Let the client at *address* go on, or refuse it and remember that it was told.

    Raises:
        AddressSuspended: With cause, end and reference.
    """
    now = school.clock.timestamp()
    verdict = school.suspensions.verdict(address, now, login=login, instance=instance)
    if verdict is None:
        return
    if instance is not None and school.suspensions.told(instance, address, now, login):
        # Written by the next sweep: a flood of refused clients costs one write a second.
        school.suspensions_changed = True
    raise _refusal(verdict, now)


def _refusal(verdict: Verdict, now: float) -> AddressSuspended:
    until = datetime.fromtimestamp(verdict.until, UTC)
    if verdict.latched:
        fr = (
            "Votre adresse IP a été débloquée, mais ce client avait été refusé : fermez-le "
            "et relancez-le."
        )
        en = (
            "Your IP address was unblocked, but this client had been refused: close it and "
            "start it again."
        )
    else:
        cause = _CAUSES_FR[verdict.cause.value]
        fr = (
            f"Votre adresse IP est provisoirement suspendue ({cause}) jusqu'au "
            f"{until:%d/%m/%Y %H:%M} UTC. Réf. {verdict.reference}. Une fois débloquée, "
            "fermez et relancez votre client."
        )
        en = (
            f"Your IP address is suspended ({verdict.cause.value}) until "
            f"{until:%Y-%m-%d %H:%M} UTC. Ref. {verdict.reference}. Once it is lifted, close "
            "and start your client again."
        )
    return AddressSuspended(
        fr,
        en,
        retry_after=None if verdict.latched else max(0.0, verdict.until - now),
        reference=verdict.reference,
        cause=verdict.cause.value,
        until=until.isoformat().replace("+00:00", "Z"),
        latched=verdict.latched,
    )


async def wrong_password(school: School, address: str, login: str) -> None:
    """Count the offence; a suspension it leads to is on disk when this returns."""
    suspension = school.suspensions.wrong_password(address, login, school.clock.timestamp())
    await suspended(school, address, suspension)


async def unauthorised_call(school: School, session: Session, method: str) -> None:
    """Count a call outside the session's rights (fiche 11)."""
    log.info("call.unauthorised", session=session.id, method=method)
    suspension = school.suspensions.unauthorised_call(
        session.address, session.login, school.clock.timestamp()
    )
    await suspended(school, session.address, suspension)


def suspended_meanwhile(school: School, address: str, suspension: Suspension | None) -> None:
    """The same where nobody can wait: the next sweep writes it down."""
    if suspension is None:
        return
    _log(school, suspension)
    school.suspensions_changed = True
    school.journal.note("address.suspended", SERVER, address, **_details(suspension))


async def suspended(school: School, address: str, suspension: Suspension | None) -> None:
    """Write down the suspension an offence led to, if it did."""
    if suspension is None:
        return
    _log(school, suspension)
    await _save(school)
    await school.journal.record("address.suspended", SERVER, address, **_details(suspension))


def _log(school: School, suspension: Suspension) -> None:
    log.info(
        "address.suspended",
        school=school.rne,
        prefix=suspension.prefix,
        cause=suspension.cause.value,
        reference=suspension.reference,
    )


def _details(suspension: Suspension) -> dict[str, Any]:
    return {
        "cause": suspension.cause.value,
        "prefix": suspension.prefix,
        "until": datetime.fromtimestamp(suspension.until, UTC).isoformat(),
        "accounts": list(suspension.accounts),
        "reference": suspension.reference,
    }


def suspension_rows(school: School) -> list[SuspensionRow]:
    """Return the suspensions in force, oldest first."""
    return [
        SuspensionRow(
            each.prefix,
            each.login,
            each.cause,
            datetime.fromtimestamp(each.since, UTC),
            datetime.fromtimestamp(each.until, UTC),
            each.offences,
            each.accounts,
            each.reference,
        )
        for each in school.suspensions.current(school.clock.timestamp())
    ]


async def lift(school: School, where: str | None, by: str, address: str | None) -> list[str]:
    """
    Lift the suspensions of *where* (an address, a network, None for all).

    Returns:
        The prefixes lifted. Their users must close and start their clients again.

    Raises:
        ValueError: *where* is no address and no network.
    """
    lifted = school.suspensions.lift(where, school.clock.timestamp())
    await _save(school)
    await school.journal.record(
        "address.lifted", by, address, prefixes=[each.prefix for each in lifted], asked=where
    )
    return [each.prefix for each in lifted]


def sweep(school: School) -> None:
    """Write down the suspensions and the clients told that nobody waited for."""
    if school.suspensions_changed:
        school.suspensions_changed = False
        school.records.post(_snapshot(school))


async def _save(school: School) -> None:
    """
    Return once the suspensions of this moment are on disk.

    Whoever comes while they are being written shares the next writing: a wave of
    suspensions costs two, whatever their number.
    """
    school.suspensions_asked += 1
    asked = school.suspensions_asked
    async with school.suspensions_saving:
        if school.suspensions_saved >= asked:
            return
        covers = school.suspensions_asked
        await school.records.write(_snapshot(school))
        school.suspensions_saved = max(school.suspensions_saved, covers)


def _snapshot(school: School) -> Callable[[Connection], None]:
    now = school.clock.timestamp()
    rows, latches = school.suspensions.export(now), school.suspensions.export_latches(now)

    def write(conn: Connection) -> None:
        save_suspensions(conn, rows)
        save_latches(conn, latches)

    return write
