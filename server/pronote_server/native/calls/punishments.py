"""Answers on punishments."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import punishments as calls
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.messages import Nothing
from pronote_server.hosting import punishments
from pronote_server.native.calls.visit import Visit, answers


async def list_punishments(
    visit: Visit, wish: calls.ListPunishments
) -> Page[calls.PunishmentRow]:
    return await punishments.list_punishments(visit.school, visit.session, wish)


async def read_punishment(visit: Visit, wish: ThingRef) -> calls.PunishmentRow:
    return await punishments.read_punishment(visit.school, visit.session, wish)


async def give_punishment(visit: Visit, wish: calls.GivePunishment) -> calls.PunishmentRow:
    return await punishments.give_punishment(visit.school, visit.session, visit.key, wish)


async def change_punishment(visit: Visit, wish: calls.ChangePunishment) -> calls.PunishmentRow:
    return await punishments.change_punishment(visit.school, visit.session, visit.key, wish)


async def programme_detention(
    visit: Visit, wish: calls.ProgrammeDetention
) -> calls.PunishmentRow:
    return await punishments.programme_detention(visit.school, visit.session, visit.key, wish)


async def mark_punishment(visit: Visit, wish: calls.MarkPunishment) -> calls.PunishmentRow:
    return await punishments.mark_punishment(visit.school, visit.session, visit.key, wish)


async def delete_punishment(visit: Visit, wish: ThingRef) -> Nothing:
    return await punishments.delete_punishment(visit.school, visit.session, visit.key, wish)


ANSWERS: Final = (
    answers(calls.LIST_PUNISHMENTS, list_punishments),
    answers(calls.READ_PUNISHMENT, read_punishment),
    answers(calls.GIVE_PUNISHMENT, give_punishment),
    answers(calls.CHANGE_PUNISHMENT, change_punishment),
    answers(calls.PROGRAMME_DETENTION, programme_detention),
    answers(calls.MARK_PUNISHMENT, mark_punishment),
    answers(calls.DELETE_PUNISHMENT, delete_punishment),
)
