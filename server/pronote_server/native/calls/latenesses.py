"""Answers on latenesses."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import latenesses as calls
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.messages import Nothing
from pronote_server.hosting import latenesses
from pronote_server.native.calls.visit import Visit, answers


async def list_latenesses(visit: Visit, wish: calls.ListLatenesses) -> Page[calls.LatenessRow]:
    return await latenesses.list_latenesses(visit.school, wish)


async def read_lateness(visit: Visit, wish: ThingRef) -> calls.LatenessRow:
    return await latenesses.read_lateness(visit.school, wish)


async def enter_lateness(visit: Visit, wish: calls.EnterLateness) -> calls.LatenessRow:
    return await latenesses.enter_lateness(visit.school, visit.session, visit.key, wish)


async def change_lateness(visit: Visit, wish: calls.ChangeLateness) -> calls.LatenessRow:
    return await latenesses.change_lateness(visit.school, visit.session, visit.key, wish)


async def delete_lateness(visit: Visit, wish: ThingRef) -> Nothing:
    return await latenesses.delete_lateness(visit.school, visit.session, visit.key, wish)


ANSWERS: Final = (
    answers(calls.LIST_LATENESSES, list_latenesses),
    answers(calls.READ_LATENESS, read_lateness),
    answers(calls.ENTER_LATENESS, enter_lateness),
    answers(calls.CHANGE_LATENESS, change_lateness),
    answers(calls.DELETE_LATENESS, delete_lateness),
)
