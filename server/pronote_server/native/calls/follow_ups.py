"""Answers on follow-ups."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import follow_ups as calls
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.messages import Nothing
from pronote_server.hosting import follow_ups
from pronote_server.native.calls.visit import Visit, answers


async def list_follow_ups(visit: Visit, wish: calls.ListFollowUps) -> Page[calls.FollowUpRow]:
    return await follow_ups.list_follow_ups(visit.school, wish)


async def read_follow_up(visit: Visit, wish: ThingRef) -> calls.FollowUpRow:
    return await follow_ups.read_follow_up(visit.school, wish)


async def enter_follow_up(visit: Visit, wish: calls.EnterFollowUp) -> calls.FollowUpRow:
    return await follow_ups.enter_follow_up(visit.school, visit.session, visit.key, wish)


async def change_follow_up(visit: Visit, wish: calls.ChangeFollowUp) -> calls.FollowUpRow:
    return await follow_ups.change_follow_up(visit.school, visit.session, visit.key, wish)


async def delete_follow_up(visit: Visit, wish: ThingRef) -> Nothing:
    return await follow_ups.delete_follow_up(visit.school, visit.session, visit.key, wish)


ANSWERS: Final = (
    answers(calls.LIST_FOLLOW_UPS, list_follow_ups),
    answers(calls.READ_FOLLOW_UP, read_follow_up),
    answers(calls.ENTER_FOLLOW_UP, enter_follow_up),
    answers(calls.CHANGE_FOLLOW_UP, change_follow_up),
    answers(calls.DELETE_FOLLOW_UP, delete_follow_up),
)
