"""Answers on sanctions."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import sanctions as calls
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.messages import Nothing
from pronote_server.hosting import sanctions
from pronote_server.native.calls.visit import Visit, answers


async def list_sanctions(visit: Visit, wish: calls.ListSanctions) -> Page[calls.SanctionRow]:
    return await sanctions.list_sanctions(visit.school, wish)


async def read_sanction(visit: Visit, wish: ThingRef) -> calls.SanctionRow:
    return await sanctions.read_sanction(visit.school, wish)


async def decide_sanction(visit: Visit, wish: calls.DecideSanction) -> calls.SanctionRow:
    return await sanctions.decide_sanction(visit.school, visit.session, visit.key, wish)


async def change_sanction(visit: Visit, wish: calls.ChangeSanction) -> calls.SanctionRow:
    return await sanctions.change_sanction(visit.school, visit.session, visit.key, wish)


async def delete_sanction(visit: Visit, wish: ThingRef) -> Nothing:
    return await sanctions.delete_sanction(visit.school, visit.session, visit.key, wish)


ANSWERS: Final = (
    answers(calls.LIST_SANCTIONS, list_sanctions),
    answers(calls.READ_SANCTION, read_sanction),
    answers(calls.DECIDE_SANCTION, decide_sanction),
    answers(calls.CHANGE_SANCTION, change_sanction),
    answers(calls.DELETE_SANCTION, delete_sanction),
)
