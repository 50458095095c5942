"""Answers on suspended addresses, inactivity and the journal."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import security as calls
from pronote_protocol.errors import BadRequest
from pronote_protocol.messages import Nothing
from pronote_protocol.words import Mode
from pronote_server.hosting import groups, security
from pronote_server.native.calls.visit import Visit, answers


def list_suspensions(visit: Visit, wish: calls.ListSuspensions) -> Page[calls.SuspensionRow]:
    rows = security.suspension_rows(visit.school)
    return Page(
        total=len(rows),
        offset=wish.offset,
        rows=tuple(rows[wish.offset : wish.offset + wish.limit]),
    )


async def lift(visit: Visit, wish: calls.LiftSuspensions) -> calls.Lifted:
    try:
        lifted = await security.lift(
            visit.school, wish.address, visit.session.name, visit.session.address
        )
    except ValueError:
        raise BadRequest(problems=f"{wish.address} is no address and no network") from None
    return calls.Lifted(addresses=tuple(lifted[:500]), total=len(lifted))


def list_inactivity(visit: Visit, _: Nothing) -> calls.InactivityShown:
    directory = visit.school.directory
    rows = [
        calls.InactivityRow(
            "group", group.id, group.name, Mode.ADMINISTRATIVE, group.idle_minutes
        )
        for group in directory.groups
    ]
    rows += [
        calls.InactivityRow(
            "profile", profile.id, profile.name, profile.kind, profile.idle_minutes
        )
        for profile in directory.profiles
    ]
    return calls.InactivityShown(rows=tuple(rows))


async def set_inactivity(visit: Visit, wish: calls.SetInactivity) -> Nothing:
    await groups.set_inactivity(visit.school, visit.asker, wish.kind, wish.id, wish.minutes)
    return Nothing()


async def read_journal(visit: Visit, wish: calls.ReadJournal) -> calls.JournalPage:
    entries, next_before = await visit.school.journal.read(
        before=wish.before, limit=wish.limit, kind=wish.kind, search=wish.search
    )
    rows = tuple(
        calls.JournalRow(
            entry.id, entry.at, entry.kind, entry.actor, entry.address, dict(entry.details)
        )
        for entry in entries
    )
    return calls.JournalPage(rows=rows, next_before=next_before)


ANSWERS: Final = (
    answers(calls.LIST_SUSPENSIONS, list_suspensions),
    answers(calls.LIFT_SUSPENSIONS, lift),
    answers(calls.LIST_INACTIVITY, list_inactivity),
    answers(calls.SET_INACTIVITY, set_inactivity),
    answers(calls.READ_JOURNAL, read_journal),
)
