"""
Sessions from entering to goodbye (fiches 5 and 11).

Everything that checks a condition and acts on it is one synchronous step here: there is no
``await`` between finding a seat free and taking it, nor between a session's end and its
seat's. What goes into the journal is queued by the same step.
"""

from __future__ import annotations

import secrets

import attrs
import structlog
import trio

from pronote_protocol.catalogue.call import ADMINISTRATION
from pronote_protocol.conversation import encode_event
from pronote_protocol.errors import (
    AccountDisabled,
    Conflict,
    ModeNotAllowed,
    NotAllowed,
    NotFound,
    NotInService,
    PasswordMustChange,
    ResumeRefused,
    SeatsExhausted,
    ServerStopping,
)
from pronote_protocol.messages import Enter, Entered, Goodbye, Hello, Resume
from pronote_protocol.words import Access, Farewell, Mode
from pronote_server.domain.accounts import Account
from pronote_server.domain.base_states import BaseState
from pronote_server.domain.rights import rights_in_previous_year, rights_of
from pronote_server.domain.seats import Seat, pool_for
from pronote_server.domain.sessions import Link, Session
from pronote_server.hosting import security
from pronote_server.hosting.entered import NO_BASE, shown
from pronote_server.hosting.exclusive_use import end_exclusive, is_forced, leave_exclusive
from pronote_server.hosting.farewells import announcement, goodbye
from pronote_server.hosting.journal import SERVER
from pronote_server.hosting.presence import telling
from pronote_server.hosting.school import School, new_token
from pronote_server.hosting.watching import MODES_FR
from pronote_server.storage.accounts import note_login

__all__ = [
    "Caller",
    "bury",
    "change_access",
    "disconnect",
    "end",
    "end_all",
    "end_sessions_of",
    "enter",
    "link_gone",
    "receive",
    "resume",
    "sweep",
]

log = structlog.get_logger()


@attrs.frozen
class Caller:
    """Who is at the other end of a connection, as far as it said so itself."""

    address: str
    hello: Hello


def receive(school: School, caller: Caller) -> None:
    """
    Let a client that has just said hello go on to its login.

    Raises:
        ServerStopping, AddressSuspended: It may not.
    """
    if school.stopping:
        raise ServerStopping()
    security.check(school, caller.address, caller.hello.instance)


def enter(
    school: School, caller: Caller, account: Account, wish: Enter, link: Link
) -> tuple[Session, Entered]:
    """
    Take a seat and begin a session; the console, mode hosting, needs neither seat nor base.

    Raises:
        ServerStopping, ContractExpired, NotInService, PasswordMustChange, ModeNotAllowed,
        NotInContract, NotAllowed, SeatsExhausted: Nothing was taken.
    """
    if school.stopping:
        raise ServerStopping()
    at_console = wish.mode is Mode.HOSTING
    in_the_past = wish.school_year is not None
    base_name = NO_BASE
    if not at_console:
        school.check_contract()
        base_name = school.base_in_service().shown_name
        if school.base_state is BaseState.STOPPING:
            raise NotInService("La base est en cours d'arrêt.", "The base is being stopped.")
    if wish.school_year is not None:
        if wish.mode is not Mode.ADMINISTRATIVE:
            raise ModeNotAllowed(
                "Une année précédente se consulte en mode Administratif.",
                "A previous year is consulted in mode Administratif.",
                mode=wish.mode.value,
            )
        base_name = school.previous.base_of(wish.school_year).shown_name
    # What an administrator changed since the login counts.
    current = school.directory.by_id(account.id)
    if current is None or not current.active:
        raise AccountDisabled()
    account = current
    if account.must_change:
        raise PasswordMustChange()
    hello, directory = caller.hello, school.directory
    allowed = directory.accesses_of(account, wish.mode)
    if not allowed or not _is_open(school, wish.mode):
        raise ModeNotAllowed(
            f"Ce compte n'est pas autorisé en mode {MODES_FR[wish.mode]}.",
            mode=wish.mode.value,
        )
    if not (at_console or in_the_past):
        school.check_options(hello.application, wish.access)
    if at_console and wish.access not in allowed:
        raise NotAllowed(
            "La console d'hébergement n'a pas de mode consultation.",
            "The hosting console has no consultation.",
        )
    if wish.access not in allowed and not in_the_past:
        raise NotAllowed(
            "Votre groupe n'est autorisé qu'en consultation.",
            "Your group is allowed in consultation only.",
        )
    administrator = wish.mode is Mode.ADMINISTRATIVE and directory.is_administrator(account)
    _supersede_cut(school, caller, account)
    access = Access.CONSULTATION if in_the_past else wish.access
    seat: Seat | None = None
    try:
        if not (at_console or in_the_past):
            seat = school.seats.take(pool_for(wish.mode, access), administrator)
    except SeatsExhausted as refusal:
        log.info("seat.refused", school=school.rne, pool=refusal.details.get("pool"))
        if not (wish.fall_back and school.may_consult(hello.application)):
            raise
        access = Access.CONSULTATION
        seat = school.seats.take(pool_for(wish.mode, access), administrator)
    now = school.clock.timestamp()
    rights = rights_of(directory, account, wish.mode)
    session = Session(
        id=f"s-{secrets.token_hex(4)}",
        account_id=account.id,
        login=account.login,
        name=account.name,
        rank=account.rank,
        person=account.person,
        administrator=administrator,
        mode=wish.mode,
        access=access,
        rights=rights_in_previous_year(rights) if in_the_past else rights,
        year=wish.school_year,
        application=hello.application,
        client=hello.client,
        workstation=hello.workstation,
        address=caller.address,
        instance=hello.instance,
        base=base_name,
        since=now,
        last_call_at=now,
        idle_minutes=directory.idle_minutes_of(account, wish.mode),
        seat=seat,
        link=link,
        resumable=wish.resumable,
        token=new_token() if wish.resumable else None,
    )
    others = school.sessions.of_account(account.id)
    if others:
        session.presence = others[0].presence
    with telling(school, account.id, account.name):
        school.sessions.begin(session)
    session.forced = is_forced(school, session)
    at = school.clock.now()
    school.directory.put(attrs.evolve(account, last_login_at=at))
    school.journal.note(
        "session.began",
        session.name,
        session.address,
        together=lambda conn: note_login(conn, account.id, at),
        session=session.id,
        login=session.login,
        mode=session.mode.value,
        access=session.access.value,
        application=session.application.value,
        workstation=session.workstation,
        client=session.client,
    )
    return session, shown(school, session)


def _is_open(school: School, mode: Mode) -> bool:
    return mode in ADMINISTRATION or mode in school.open_modes


def _supersede_cut(school: School, caller: Caller, account: Account) -> None:
    """
    Free the seat this user left behind on this workstation by a cut.

    A client that crashed and was started again has no token; without this its user could
    wait for the end of his own lost session.
    """
    for session in school.sessions.of_account(account.id):
        if (
            session.link is None
            and session.workstation == caller.hello.workstation
            and session.address == caller.address
        ):
            end(school, session, goodbye(Farewell.SUPERSEDED))


def resume(school: School, caller: Caller, wish: Resume, link: Link) -> tuple[Session, Entered]:
    """
    Give a session a new connection; the old one, if it still lives, is told so.

    Raises:
        ServerStopping, NotInService, ResumeRefused.
        NotFound: The previous year the session looked at is not loaded any more.
    """
    if school.stopping:
        raise ServerStopping()
    known = school.sessions.get(wish.session)
    if known is None or known.mode is not Mode.HOSTING:
        school.base_in_service()
    if known is None:
        raise ResumeRefused()
    old = known.link
    with telling(school, known.account_id, known.name):
        session = school.sessions.resume(wish.session, wish.token, link, new_token())
    if old is not None:
        old.hang_up(encode_event(goodbye(Farewell.SUPERSEDED)), Farewell.SUPERSEDED.value)
    session.address = caller.address
    session.last_call_at = school.clock.timestamp()
    school.journal.note("session.resumed", session.name, caller.address, session=session.id)
    return session, shown(school, session)


def end(
    school: School,
    session: Session,
    farewell: Goodbye,
    by: str | None = None,
    *,
    leaving: bool = False,
) -> bool:
    """
    End *session* for good: its seat is free when this returns. Idempotent, synchronous.

    Args:
        leaving: The client goes by itself: its connection is not hung up.

    Returns:
        Whether it had not ended before.
    """
    link = session.link
    seconds = school.clock.timestamp() - session.since
    with telling(school, session.account_id, session.name):
        if not school.sessions.end(session, farewell.code.value):
            return False
    school.departures.pop(session.id, None)
    school.uploads.forget_all_of(session)
    school.document_uploads.forget_all_of(session)
    if link is not None and not leaving:
        link.hang_up(encode_event(farewell), farewell.code.value)
    leave_exclusive(school, session)
    school.journal.note(
        "session.ended",
        by or farewell.by or session.name,
        session.address,
        session=session.id,
        user=session.name,
        login=session.login,
        reason=farewell.code.value,
        seconds=round(seconds, 1),
    )
    return True


def link_gone(school: School, session: Session, link: Link, *, reason: Farewell) -> None:
    """
    Say that the connection behind *link* is over.

    Args:
        reason: ``LOGOUT`` when the client said goodbye, ``LOST`` when it just went, else
            what the server held against it.
    """
    if session.ended or session.link is not link:
        return  # ended before, or resumed on another connection
    if reason is Farewell.LOST and session.resumable and not school.stopping:
        with telling(school, session.account_id, session.name):
            school.sessions.cut(session, trio.current_time() + school.resume_seconds)
        school.journal.note("session.cut", session.name, session.address, session=session.id)
        return
    end(school, session, goodbye(reason), leaving=reason is Farewell.LOGOUT)


def bury(school: School, session: Session, link: Link) -> None:
    """End the session of a client that has been silent for too long; its seat is free."""
    if session.link is link:
        end(school, session, goodbye(Farewell.LOST), SERVER)


def change_access(school: School, session: Session, access: Access) -> None:
    """
    Move *session* to *access*, with the seat that goes with it.

    Raises:
        SeatsExhausted, NotInContract, NotAllowed: The session is as it was.
    """
    account = school.directory.by_id(session.account_id)
    if account is None or access not in school.directory.accesses_of(account, session.mode):
        raise NotAllowed()
    if session.year is not None and access is Access.MODIFICATION:
        raise NotAllowed(
            "Une année précédente se consulte seulement.", "A previous year is only consulted."
        )
    if access is session.access or session.seat is None:
        return
    school.check_options(session.application, access)
    session.seat = school.seats.exchange(
        session.seat, pool_for(session.mode, access), session.administrator
    )
    session.access = access
    if access is Access.CONSULTATION and session.exclusive:
        end_exclusive(school, session)
    session.forced = is_forced(school, session)
    school.journal.note(
        "session.access_changed",
        session.name,
        session.address,
        session=session.id,
        access=access.value,
    )


async def disconnect(
    school: School,
    session_ids: tuple[str, ...],
    *,
    everyone: bool,
    asker: Session | None,
    by: str,
    address: str | None,
    message: str | None,
    delay_seconds: float,
) -> list[str]:
    """
    Disconnect sessions (fiche 11, *Déconnecter*), at once or after an announced delay.

    Args:
        asker: Never among ``everyone``; may name itself.
        by: Who decides it: the client is told.

    Returns:
        The sessions that leave.

    Raises:
        NotFound: A session is not there; nobody is disconnected.
        Conflict: Nobody was named.
    """
    if everyone:
        chosen = [each for each in school.sessions if each is not asker]
    else:
        if not session_ids:
            raise Conflict("Désignez au moins une session.", "Name at least one session.")
        chosen = []
        for session_id in dict.fromkeys(session_ids):
            session = school.sessions.get(session_id)
            if session is None:
                raise NotFound(what=f"session {session_id}")
            chosen.append(session)
    words: dict[str, str | None] = {"by": by, "message": message}
    code = Farewell.DISCONNECTED_BY_ADMINISTRATOR
    for session in chosen:
        if delay_seconds > 0:
            at = trio.current_time() + delay_seconds
            school.departures[session.id] = (at, goodbye(code, **words))
            if session.link is not None:
                session.link.tell(encode_event(announcement(code, delay_seconds, **words)))
        else:
            end(school, session, goodbye(code, **words), by)
    await school.journal.record(
        "sessions.disconnected",
        by,
        address,
        users=[session.name for session in chosen],
        sessions=[session.id for session in chosen],
        message=message,
        delay_seconds=delay_seconds or None,
    )
    return [session.id for session in chosen]


def end_sessions_of(school: School, account_id: int, by: str) -> None:
    """End every session of an account that was disabled or deleted."""
    for session in school.sessions.of_account(account_id):
        end(school, session, goodbye(Farewell.DISCONNECTED_BY_ADMINISTRATOR, by=by), by)


def end_all(school: School, code: Farewell, *, message: str | None = None) -> None:
    """End every session: the server is closing, or the base, which leaves the consoles."""
    for session in school.sessions:
        if code is Farewell.BASE_CLOSED and session.mode is Mode.HOSTING:
            continue
        end(school, session, goodbye(code, message=message), SERVER)


def sweep(school: School, transport_now: float) -> None:
    """End what time ends: cut sessions, announced departures, inactive users."""
    for session in school.sessions.lost(transport_now):
        end(school, session, goodbye(Farewell.LOST), SERVER)
    for session_id, (at, farewell) in list(school.departures.items()):
        session_or_none = school.sessions.get(session_id)
        if session_or_none is None:
            del school.departures[session_id]
        elif at <= transport_now:
            end(school, session_or_none, farewell)
    for session in school.sessions.inactive(school.clock.timestamp()):
        end(school, session, goodbye(Farewell.IDLE), SERVER)
