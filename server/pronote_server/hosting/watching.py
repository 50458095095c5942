"""What administrators watch (fiche 11, *Suivi des connexions*): seats and connections."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from pronote_protocol.catalogue.sessions import ConnectionRow, SeatsShown
from pronote_protocol.words import Mode, Pool
from pronote_server.hosting.school import School

__all__ = ["MODES_FR", "connection_rows", "seats_shown"]

# As the guide writes them (fiche 5).
MODES_FR: Final = {
    Mode.ADMINISTRATIVE: "Administratif",
    Mode.TEACHER: "Enseignant",
    Mode.SCHOOL_LIFE: "Vie scolaire",
    Mode.HOSTING: "Hébergement",
}


def seats_shown(school: School) -> SeatsShown:
    """Return the counters of fiche 11, *Licences utilisées*."""
    counted = school.seats.statistics()
    plan, used = counted.plan, counted.in_use
    return SeatsShown(
        modification_used=used[Pool.MODIFICATION],
        modification_total=plan.modification,
        reserved_for_administrators=plan.reserved_for_administrators,
        consultation_used=used[Pool.CONSULTATION] if plan.consultation else None,
        teachers=used[Pool.TEACHER],
        teachers_total=plan.teachers,
        school_life=used[Pool.SCHOOL_LIFE],
    )


def connection_rows(school: School) -> list[ConnectionRow]:
    """Return the table of fiche 11, the oldest session first."""
    now = school.clock.timestamp()
    return [
        ConnectionRow(
            session.id,
            session.workstation,
            session.application,
            session.state,
            session.mode,
            session.name,
            session.base,
            now - session.since,
            session.login,
            session.address,
            datetime.fromtimestamp(session.since, UTC),
            now - session.last_call_at,
        )
        for session in sorted(school.sessions, key=lambda each: each.since)
    ]
