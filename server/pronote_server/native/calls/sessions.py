"""Answers on sessions, seats and the base in service."""

from __future__ import annotations

from typing import Final

import attrs

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import sessions as calls
from pronote_protocol.messages import Nothing, PasswordRulesShown
from pronote_server.hosting import connections, exclusive_work, passwords, resources, watching
from pronote_server.hosting.login import show_rules
from pronote_server.native.calls.visit import Visit, answers


def show_session(visit: Visit, _: Nothing) -> calls.SessionShown:
    session = visit.session
    return calls.SessionShown(
        session=session.id,
        login=session.login,
        name=session.name,
        rank=session.rank,
        mode=session.mode,
        access=session.access,
        state=session.state,
        base=session.base,
        seconds=visit.school.clock.timestamp() - session.since,
        idle_minutes=session.idle_minutes,
    )


def change_access(visit: Visit, wish: calls.ChangeAccess) -> calls.AccessGranted:
    connections.change_access(visit.school, visit.session, wish.access)
    return calls.AccessGranted(access=visit.session.access, state=visit.session.state)


def show_exclusive(visit: Visit, _: Nothing) -> calls.ExclusiveShown:
    return calls.ExclusiveShown(holder=visit.school.exclusive.holder_name)


async def begin_exclusive(visit: Visit, _: Nothing) -> calls.ExclusiveShown:
    await exclusive_work.begin(visit.school, visit.session)
    return calls.ExclusiveShown(holder=visit.school.exclusive.holder_name)


async def end_exclusive(visit: Visit, wish: calls.EndExclusiveUse) -> calls.ExclusiveShown:
    await exclusive_work.end(visit.school, visit.session, save=wish.save)
    return calls.ExclusiveShown(holder=visit.school.exclusive.holder_name)


async def change_password(visit: Visit, wish: calls.ChangePassword) -> Nothing:
    await passwords.change_own_password(
        visit.school,
        visit.session.account_id,
        wish.current_password,
        wish.new_password,
        visit.session.address,
    )
    return Nothing()


def password_rules(visit: Visit, _: Nothing) -> PasswordRulesShown:
    return show_rules(visit.school.rules)


def show_seats(visit: Visit, _: Nothing) -> calls.SeatsShown:
    return watching.seats_shown(visit.school)


def list_connections(visit: Visit, wish: calls.ListConnections) -> Page[calls.ConnectionRow]:
    rows = watching.connection_rows(visit.school)
    return Page(
        total=len(rows),
        offset=wish.offset,
        rows=tuple(rows[wish.offset : wish.offset + wish.limit]),
    )


async def disconnect(visit: Visit, wish: calls.Disconnect) -> calls.Disconnected:
    session = visit.session
    gone = await connections.disconnect(
        visit.school,
        wish.sessions,
        everyone=wish.everyone,
        asker=session,
        by=session.name,
        address=session.address,
        message=wish.message,
        delay_seconds=wish.delay_seconds,
    )
    return calls.Disconnected(sessions=tuple(gone[:500]), total=len(gone))


async def show_base(visit: Visit, _: Nothing) -> calls.BaseShown:
    header, counted = await resources.counters(visit.school)
    return calls.BaseShown(
        in_service=visit.school.in_service,
        base=header.name,
        school_year=header.school_year,
        created_at=header.created_at,
        last_entry_at=header.last_entry_at,
        revision=header.revision,
        counters=calls.CountersShown(**attrs.asdict(counted)),
    )


ANSWERS: Final = (
    answers(calls.WHO_AM_I, show_session),
    answers(calls.CHANGE_ACCESS, change_access),
    answers(calls.SHOW_EXCLUSIVE, show_exclusive),
    answers(calls.BEGIN_EXCLUSIVE, begin_exclusive),
    answers(calls.END_EXCLUSIVE, end_exclusive),
    answers(calls.CHANGE_PASSWORD, change_password),
    answers(calls.PASSWORD_RULES, password_rules),
    answers(calls.SHOW_SEATS, show_seats),
    answers(calls.LIST_CONNECTIONS, list_connections),
    answers(calls.DISCONNECT, disconnect),
    answers(calls.SHOW_BASE, show_base),
)
