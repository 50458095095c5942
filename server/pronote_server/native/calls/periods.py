"""Answers on the periods of the school year and their sealing."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import periods as calls
from pronote_protocol.messages import Nothing
from pronote_server.hosting import periods
from pronote_server.native.calls.visit import Visit, answers, reads
from pronote_server.storage.short_reads import Query


def list_periods(_: Visit, wish: calls.ListPeriods) -> Query[Page[calls.PeriodRow]]:
    return periods.list_periods(wish)


async def create(visit: Visit, wish: calls.CreatePeriod) -> calls.PeriodKept:
    return await periods.create_period(visit.school, visit.session, wish, visit.key)


async def change(visit: Visit, wish: calls.ChangePeriod) -> calls.PeriodKept:
    return await periods.change_period(visit.school, visit.session, wish, visit.key)


async def delete(visit: Visit, wish: calls.DeletePeriod) -> Nothing:
    return await periods.delete_period(visit.school, visit.session, wish, visit.key)


async def list_sealings(visit: Visit, wish: calls.ListSealings) -> Page[calls.SealingRow]:
    return await periods.list_sealings(visit.school, wish)


async def seal(visit: Visit, wish: calls.SealPeriod) -> calls.SealingsChanged:
    return await periods.seal(visit.school, visit.session, wish, visit.key)


async def unseal(visit: Visit, wish: calls.UnsealPeriod) -> calls.SealingsChanged:
    return await periods.unseal(visit.school, visit.session, wish, visit.key)


ANSWERS: Final = (
    reads(calls.LIST_PERIODS, list_periods),
    answers(calls.CREATE_PERIOD, create),
    answers(calls.CHANGE_PERIOD, change),
    answers(calls.DELETE_PERIOD, delete),
    answers(calls.LIST_SEALINGS, list_sealings),
    answers(calls.SEAL_PERIOD, seal),
    answers(calls.UNSEAL_PERIOD, unseal),
)
