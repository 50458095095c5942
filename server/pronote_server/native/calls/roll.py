"""Answers on roll calls."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import roll as calls
from pronote_server.hosting import roll
from pronote_server.native.calls.visit import Visit, answers


async def list_roll_calls(visit: Visit, wish: calls.ListRollCalls) -> Page[calls.RollCallRow]:
    return await roll.list_roll_calls(visit.school, visit.session, wish)


async def read_roll(visit: Visit, wish: calls.ReadRoll) -> calls.RollShown:
    return await roll.read_roll(visit.school, visit.session, wish)


async def take_roll(visit: Visit, wish: calls.TakeRoll) -> calls.RollTaken:
    return await roll.take_roll(visit.school, visit.session, visit.key, wish)


ANSWERS: Final = (
    answers(calls.LIST_ROLL_CALLS, list_roll_calls),
    answers(calls.READ_ROLL, read_roll),
    answers(calls.TAKE_ROLL, take_roll),
)
