"""Answers on resources of every kind, on who belongs to whom, and on the school's days."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pronote_protocol.catalogue import Page, calendar, people, structure
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.messages import Nothing
from pronote_server.hosting import memberships, resource_entries, school_days
from pronote_server.hosting.resource_kinds import KINDS, Managed
from pronote_server.native.calls.visit import Answer, Visit, answers


def _answers(managed: Managed) -> Iterator[tuple[str, Answer]]:
    calls = managed.calls

    async def list_page(visit: Visit, wish: Any) -> Page[Any]:
        return await resource_entries.list_page(visit.school, managed, wish)

    async def read(visit: Visit, ref: ThingRef) -> Any:
        return await resource_entries.read(visit.school, managed, ref)

    async def create(visit: Visit, wish: Any) -> Any:
        return await resource_entries.create(
            visit.school, visit.session, visit.key, managed, wish
        )

    async def change(visit: Visit, wish: Any) -> Any:
        return await resource_entries.change(
            visit.school, visit.session, visit.key, managed, wish
        )

    async def delete(visit: Visit, ref: ThingRef) -> Nothing:
        return await resource_entries.delete(
            visit.school, visit.session, visit.key, managed, ref
        )

    yield answers(calls.list, list_page)
    yield answers(calls.read, read)
    yield answers(calls.create, create)
    yield answers(calls.change, change)
    yield answers(calls.delete, delete)


async def list_members(
    visit: Visit, wish: structure.ListGroupMembers
) -> Page[structure.GroupMemberRow]:
    return await memberships.list_members(visit.school, wish)


async def set_members(
    visit: Visit, wish: structure.SetGroupMembers
) -> structure.SchoolGroupRow:
    return await memberships.set_members(visit.school, visit.session, visit.key, wish)


async def list_links(
    visit: Visit, wish: people.ListGuardianLinks
) -> Page[people.GuardianLinkRow]:
    return await memberships.list_links(visit.school, wish)


async def put_link(visit: Visit, wish: people.PutGuardianLink) -> people.GuardianLinkRow:
    return await memberships.put_link(visit.school, visit.session, visit.key, wish)


async def delete_link(visit: Visit, wish: people.GuardianLinkRef) -> Nothing:
    return await memberships.delete_link(visit.school, visit.session, visit.key, wish)


async def read_calendar(visit: Visit, _: Nothing) -> calendar.CalendarShown:
    return await school_days.read_calendar(visit.school)


async def read_time_grid(visit: Visit, _: Nothing) -> calendar.TimeGridShown:
    return await school_days.read_time_grid(visit.school)


ANSWERS: Final = (
    *(pair for managed in KINDS for pair in _answers(managed)),
    answers(structure.LIST_GROUP_MEMBERS, list_members),
    answers(structure.SET_GROUP_MEMBERS, set_members),
    answers(people.LIST_GUARDIAN_LINKS, list_links),
    answers(people.PUT_GUARDIAN_LINK, put_link),
    answers(people.DELETE_GUARDIAN_LINK, delete_link),
    answers(calendar.READ_CALENDAR, read_calendar),
    answers(calendar.READ_TIME_GRID, read_time_grid),
)
