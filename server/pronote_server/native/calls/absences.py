"""Answers on absences."""

from __future__ import annotations

from typing import Final

from pronote_protocol.catalogue import Page, half_days
from pronote_protocol.catalogue import absences as calls
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.messages import Nothing
from pronote_server.hosting import absences, half_day_options
from pronote_server.native.calls.visit import Visit, answers


async def list_absences(visit: Visit, wish: calls.ListAbsences) -> Page[calls.AbsenceRow]:
    return await absences.list_absences(visit.school, wish)


async def read_absence(visit: Visit, wish: ThingRef) -> calls.AbsenceRow:
    return await absences.read_absence(visit.school, wish)


async def count_half_days(visit: Visit, wish: calls.CountHalfDays) -> calls.HalfDaysShown:
    return await absences.count_half_days(visit.school, wish)


async def enter_absence(visit: Visit, wish: calls.EnterAbsence) -> calls.AbsenceRow:
    return await absences.enter_absence(visit.school, visit.session, visit.key, wish)


async def change_absence(visit: Visit, wish: calls.ChangeAbsence) -> calls.AbsenceRow:
    return await absences.change_absence(visit.school, visit.session, visit.key, wish)


async def settle_absences(visit: Visit, wish: calls.SettleAbsences) -> calls.AbsencesShown:
    return await absences.settle_absences(visit.school, visit.session, visit.key, wish)


async def close_absence(visit: Visit, wish: calls.CloseAbsence) -> calls.AbsenceRow:
    return await absences.close_absence(visit.school, visit.session, visit.key, wish)


async def delete_absence(visit: Visit, wish: ThingRef) -> Nothing:
    return await absences.delete_absence(visit.school, visit.session, visit.key, wish)


async def read_half_day_options(visit: Visit, _: Nothing) -> half_days.HalfDayOptions:
    return await half_day_options.read_options(visit.school)


async def change_half_day_options(
    visit: Visit, wish: half_days.ChangeHalfDayOptions
) -> half_days.HalfDayOptions:
    return await half_day_options.change_options(visit.school, visit.session, visit.key, wish)


ANSWERS: Final = (
    answers(calls.LIST_ABSENCES, list_absences),
    answers(calls.READ_ABSENCE, read_absence),
    answers(calls.COUNT_HALF_DAYS, count_half_days),
    answers(half_days.READ_HALF_DAY_OPTIONS, read_half_day_options),
    answers(half_days.CHANGE_HALF_DAY_OPTIONS, change_half_day_options),
    answers(calls.ENTER_ABSENCE, enter_absence),
    answers(calls.CHANGE_ABSENCE, change_absence),
    answers(calls.SETTLE_ABSENCES, settle_absences),
    answers(calls.CLOSE_ABSENCE, close_absence),
    answers(calls.DELETE_ABSENCE, delete_absence),
)
