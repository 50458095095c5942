"""Calls on sessions, seats and the base in service (fiches 9 and 11)."""

from __future__ import annotations

import datetime
from typing import Final

import attrs

from pronote_protocol.catalogue.call import ADMINISTRATION, EVERY_SESSION, Call, Page
from pronote_protocol.messages import Nothing, PasswordRulesShown
from pronote_protocol.records import row
from pronote_protocol.words import Access, Application, Mode, Rank, Right, SessionState

ADMINISTRATIVE: Final = frozenset({Mode.ADMINISTRATIVE})


@attrs.frozen(kw_only=True)
class SessionShown:
    """Who I am, as the server sees it; ``seconds`` since the session began."""

    session: str
    login: str
    name: str
    rank: Rank
    mode: Mode
    access: Access
    state: SessionState
    base: str
    seconds: float
    idle_minutes: int | None


@attrs.frozen(kw_only=True)
class ChangeAccess:
    """Move to *access*; leaving modification frees the seat, returning needs one."""

    access: Access


@attrs.frozen(kw_only=True)
class AccessGranted:
    access: Access
    state: SessionState


@attrs.frozen(kw_only=True)
class EndExclusiveUse:
    """
    Attributes:
        save: Keep what was changed; False gives the base back as it was at the beginning.
    """

    save: bool = True


@attrs.frozen(kw_only=True)
class ExclusiveShown:
    holder: str | None


@attrs.frozen(kw_only=True)
class ChangePassword:
    """Both travel inside TLS, or on loopback; see `messages.Personalise`."""

    current_password: str = attrs.field(repr=False, validator=attrs.validators.max_len(256))
    new_password: str = attrs.field(repr=False, validator=attrs.validators.max_len(256))


@attrs.frozen(kw_only=True)
class SeatsShown:
    """
    The counters of fiche 11, *Licences utilisées*.

    Attributes:
        modification_used, modification_total: ``0/6`` in the guide.
        reserved_for_administrators: Part of the total others may not take.
        consultation_used: Nil when consultation is not in the contract (*aucune*).
        teachers, teachers_total: Nil total = unlimited.
        school_life: Connected in mode Vie scolaire; never limited.
    """

    modification_used: int
    modification_total: int
    reserved_for_administrators: int
    consultation_used: int | None
    teachers: int
    teachers_total: int | None
    school_life: int


@row
@attrs.frozen
class ConnectionRow:
    """
    A line of the table of fiche 11: workstation, application, state, mode, user, base,
    duration; and what an administrator needs besides.
    """

    session: str
    workstation: str
    application: Application
    state: SessionState
    mode: Mode
    user: str
    base: str
    seconds: float
    login: str
    address: str
    since: datetime.datetime
    idle_seconds: float


@attrs.frozen(kw_only=True)
class ListConnections:
    offset: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    limit: int = attrs.field(
        default=500, validator=[attrs.validators.ge(1), attrs.validators.le(500)]
    )


@attrs.frozen(kw_only=True)
class Disconnect:
    """
    Attributes:
        sessions: Whom, by the identifiers of the table.
        everyone: All but the one who asks, instead of ``sessions``.
        message: Told to them, in the announcement and the goodbye.
        delay_seconds: Between the announcement and the end; 0 ends them at once.
    """

    sessions: tuple[str, ...] = ()
    everyone: bool = False
    message: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.max_len(300))
    )
    delay_seconds: float = attrs.field(
        default=0.0, validator=[attrs.validators.ge(0), attrs.validators.le(3600)]
    )


@attrs.frozen(kw_only=True)
class Disconnected:
    """
    The sessions that end, now or after the delay.

    Attributes:
        sessions: The first five hundred of ``total``.
    """

    sessions: tuple[str, ...]
    total: int


@attrs.frozen(kw_only=True)
class CountersShown:
    """The seventeen counters of fiche 9."""

    teachers: int
    subjects: int
    classes: int
    groups: int
    pupils: int
    former_pupils: int
    assessments: int
    marks: int
    homework_notebooks: int
    attached_documents: int
    appraisals: int
    evaluations: int
    sanctions: int
    punishments: int
    absences: int
    latenesses: int
    follow_ups: int


@attrs.frozen(kw_only=True)
class BaseShown:
    """The header of fiche 9: state, base, created, last entry, counters."""

    in_service: bool
    base: str
    school_year: int
    created_at: datetime.datetime
    last_entry_at: datetime.datetime | None
    revision: int
    counters: CountersShown


WHO_AM_I: Final = Call(
    name="session.show",
    params=Nothing,
    result=SessionShown,
    right=Right.OWN,
    modes=EVERY_SESSION,
    summary="Tell the session about itself.",
)
CHANGE_ACCESS: Final = Call(
    name="session.change_access",
    params=ChangeAccess,
    result=AccessGranted,
    right=Right.OWN,
    summary="Move between consultation and modification inside a session.",
)
SHOW_EXCLUSIVE: Final = Call(
    name="exclusive.show",
    params=Nothing,
    result=ExclusiveShown,
    right=Right.OWN,
    summary="Tell who has the base in exclusive use.",
)
BEGIN_EXCLUSIVE: Final = Call(
    name="exclusive.begin",
    params=Nothing,
    result=ExclusiveShown,
    right=Right.EXCLUSIVE_USE,
    modes=ADMINISTRATIVE,
    writes=True,
    summary="Take the base in exclusive use: everybody else is in consultation until it ends.",
)
END_EXCLUSIVE: Final = Call(
    name="exclusive.end",
    params=EndExclusiveUse,
    result=ExclusiveShown,
    right=Right.EXCLUSIVE_USE,
    modes=ADMINISTRATIVE,
    writes=True,
    summary="End the exclusive use.",
)
CHANGE_PASSWORD: Final = Call(
    name="password.change",
    params=ChangePassword,
    result=Nothing,
    right=Right.OWN,
    modes=EVERY_SESSION,
    summary="Change one's own password.",
)
PASSWORD_RULES: Final = Call(
    name="password.rules",
    params=Nothing,
    result=PasswordRulesShown,
    right=Right.OWN,
    modes=EVERY_SESSION,
    summary="Show what a new password must satisfy.",
)
SHOW_SEATS: Final = Call(
    name="seats.show",
    params=Nothing,
    result=SeatsShown,
    right=Right.SEE_SEATS,
    modes=ADMINISTRATION,
    summary="Show how many seats are in use (fiche 11).",
)
LIST_CONNECTIONS: Final = Call(
    name="connections.list",
    params=ListConnections,
    result=Page[ConnectionRow],
    right=Right.SEE_CONNECTIONS,
    modes=ADMINISTRATION,
    summary="List who is connected (fiche 11, *Liste des utilisateurs connectés*).",
)
DISCONNECT: Final = Call(
    name="connections.disconnect",
    params=Disconnect,
    result=Disconnected,
    right=Right.DISCONNECT,
    modes=ADMINISTRATION,
    summary="Disconnect one, several or all the others (fiche 11, *Déconnecter*).",
)
SHOW_BASE: Final = Call(
    name="base.show",
    params=Nothing,
    result=BaseShown,
    right=Right.SEE_COUNTERS,
    modes=ADMINISTRATIVE,
    summary="Show the base in service and its counters (fiche 9).",
)
