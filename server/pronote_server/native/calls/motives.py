"""Answers on motives."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import motives as calls
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.messages import Nothing
from pronote_server.hosting import motives
from pronote_server.native.calls.visit import Visit, answers


async def list_motives(visit: Visit, wish: calls.ListMotives) -> calls.MotivesShown:
    return await motives.list_motives(visit.school, wish)


async def create_motive(visit: Visit, wish: calls.CreateMotive) -> calls.MotiveRow:
    return await motives.create_motive(visit.school, visit.session, visit.key, wish)


async def change_motive(visit: Visit, wish: calls.ChangeMotive) -> calls.MotiveRow:
    return await motives.change_motive(visit.school, visit.session, visit.key, wish)


async def delete_motive(visit: Visit, wish: ThingRef) -> Nothing:
    return await motives.delete_motive(visit.school, visit.session, visit.key, wish)


ANSWERS: Final = (
    answers(calls.LIST_MOTIVES, list_motives),
    answers(calls.CREATE_MOTIVE, create_motive),
    answers(calls.CHANGE_MOTIVE, change_motive),
    answers(calls.DELETE_MOTIVE, delete_motive),
)
